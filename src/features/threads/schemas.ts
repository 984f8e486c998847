import * as z from 'zod';
import { EXAMPLE_IDS, id, instant, name, nextCursor, page } from '../../http/fields.ts';
import { patchOf } from '../../http/patch.ts';
import { THREAD_STATUSES } from './table.ts';

export const CreateThread = z
  .strictObject({ participantId: id('par').nullable().default(null), title: name() })
  .meta({ id: 'CreateThread', examples: [{ participantId: EXAMPLE_IDS.par, title: 'Handover after the holidays' }] });

/** What can be changed of a thread. */
export const ThreadFields = z.strictObject({ title: name(), status: z.enum(THREAD_STATUSES) });
export const UpdateThread = patchOf(ThreadFields).meta({
  id: 'UpdateThread',
  description: 'A JSON merge patch: absent leaves.',
  examples: [{ status: 'closed' }],
});

export const ListThreads = z.object({
  ...page,
  participantId: id('par').optional(),
  status: z.enum(THREAD_STATUSES).optional(),
  sort: z.enum(['-createdAt', '-lastMessageAt']).default('-createdAt').meta({
    description:
      '`-lastMessageAt`: what was said last comes first; a thread in which someone speaks meanwhile moves to the front.',
  }),
});

export const MarkRead = z.object({
  messageId: id('msg').optional().meta({ description: 'Up to this message; without it, up to the newest.' }),
});

const THREAD_EXAMPLE = {
  id: EXAMPLE_IDS.thr,
  participantId: EXAMPLE_IDS.par,
  title: 'Handover after the holidays',
  status: 'open',
  unreadCount: 2,
  unreadMentions: 1,
  lastMessageAt: '2026-11-23T03:15:00.000Z',
  createdBy: EXAMPLE_IDS.usr,
  createdAt: '2026-11-20T01:00:00.000Z',
  updatedAt: '2026-11-20T01:00:00.000Z',
};

const core = {
  id: id('thr'),
  participantId: id('par').nullable().meta({ description: 'Null when it is of the organisation.' }),
  title: z.string(),
  status: z.enum(THREAD_STATUSES),
  lastMessageAt: instant().nullable(),
  createdBy: id('usr'),
  createdAt: instant(),
  updatedAt: instant(),
};

/** A thread as everyone sees it. */
export const ThreadCore = z.object(core);
export type ThreadCoreView = z.infer<typeof ThreadCore>;

export const Thread = z
  .object({
    ...core,
    unreadCount: z.int().meta({ description: "Others' messages after the one that you have read up to." }),
    unreadMentions: z.int().meta({ description: 'Those of them that mention you.' }),
  })
  .meta({ id: 'Thread', examples: [THREAD_EXAMPLE] });
export type ThreadView = z.infer<typeof Thread>;

export const ThreadList = z
  .object({ data: z.array(Thread), nextCursor: nextCursor() })
  .meta({ id: 'ThreadList', examples: [{ data: [THREAD_EXAMPLE], nextCursor: null }] });
