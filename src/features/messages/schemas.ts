import * as z from 'zod';
import { EXAMPLE_IDS, id, instant, longText, MAX_LIST, nextCursor, page } from '../../http/fields.ts';
import { patchOf } from '../../http/patch.ts';

function distinct(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}

const fields = {
  body: longText()
    .refine((value) => value.trim() !== '', 'must not be empty')
    .meta({ minLength: 1, pattern: '\\S', description: 'Plain text, kept as it is written. It is never HTML.' }),
  mentions: z
    .array(id('usr'))
    .max(MAX_LIST)
    .refine(distinct, 'must not name anyone twice')
    .default([])
    .meta({ description: 'Users of the organisation who are told.' }),
  documentIds: z
    .array(id('doc'))
    .max(MAX_LIST)
    .refine(distinct, 'must not name anything twice')
    .default([])
    .meta({ description: 'Documents whose file is there.' }),
};

/** What a message says. */
export const MessageFields = z.strictObject(fields);
export type MessageFieldsOutput = z.output<typeof MessageFields>;

export const PostMessage = MessageFields.meta({
  id: 'PostMessage',
  examples: [
    { body: 'Mia was in good spirits today. @Kai, the new agreement is signed.', mentions: [EXAMPLE_IDS.usr] },
  ],
});
export const EditMessage = patchOf(MessageFields).meta({
  id: 'EditMessage',
  description: 'A JSON merge patch: absent leaves, null clears.',
  examples: [{ body: 'Mia was in very good spirits today.' }],
});
export const ListMessages = z.object(page);

const MESSAGE_EXAMPLE = {
  id: EXAMPLE_IDS.msg,
  threadId: EXAMPLE_IDS.thr,
  authorId: EXAMPLE_IDS.usr,
  body: 'Mia was in good spirits today. @Kai, the new agreement is signed.',
  mentions: [EXAMPLE_IDS.usr],
  documentIds: [EXAMPLE_IDS.doc],
  createdAt: '2026-11-23T03:15:00.000Z',
  editedAt: null,
  deletedAt: null,
};

export const Message = z
  .object({
    id: id('msg'),
    threadId: id('thr'),
    authorId: id('usr'),
    body: z.string().meta({ description: 'Plain text as it was written: escape it where it is shown.' }),
    mentions: z.array(id('usr')),
    documentIds: z.array(id('doc')),
    createdAt: instant(),
    editedAt: instant().nullable(),
    deletedAt: instant().nullable().meta({ description: 'A deleted message is empty, and in no list.' }),
  })
  .meta({ id: 'Message', examples: [MESSAGE_EXAMPLE] });
export type MessageView = z.infer<typeof Message>;

export const MessageList = z
  .object({ data: z.array(Message), nextCursor: nextCursor() })
  .meta({ id: 'MessageList', examples: [{ data: [MESSAGE_EXAMPLE], nextCursor: null }] });
