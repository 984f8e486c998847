import sql, { type Sql } from 'sql-template-tag';
import type * as z from 'zod';
import type { Context } from '../../context.ts';
import { requireMatch } from '../../http/answer.ts';
import { mergePatch } from '../../http/patch.ts';
import { refuse } from '../../http/problem.ts';
import { invalid } from '../../http/validate.ts';
import { type Change, commitChange } from '../audit/commit.ts';
import { difference } from '../audit/rules.ts';
import { authorizeWrite } from '../sign-in/authorize.ts';
import { eventStatement } from '../threads/events.ts';
import { explain, type Named, namesAreKnown, threadIsOpen } from './guards.ts';
import { mentionStatements } from './post.ts';
import { findMessage, type MessageKey } from './queries.ts';
import { CHANGEABLE, isChangeable } from './rules.ts';
import { type EditMessage, MessageFields } from './schemas.ts';
import type { MessageRow } from './table.ts';
import { messageFields, messageView } from './view.ts';

const MAX_ATTEMPTS = 4;

/** Changes what one has said, within 15 minutes. */
export function editMessage(
  ctx: Context,
  { key, patch, ifMatch }: { key: MessageKey; patch: z.output<typeof EditMessage>; ifMatch: string | null },
): Promise<MessageRow> {
  return changeOwn(ctx, {
    key,
    ifMatch,
    async decide(row) {
      const parsed = MessageFields.safeParse(mergePatch(messageFields(row), patch));
      if (!parsed.success) throw invalid(parsed.error);
      const changed = difference(messageFields(row), parsed.data);
      if (!changed) return null;
      const { body, mentions, documentIds } = parsed.data;
      const next = { body, mentions: JSON.stringify(mentions), document_ids: JSON.stringify(documentIds) };
      return {
        kind: 'message.updated',
        mentions,
        added: {
          mentions: addedTo(messageFields(row).mentions, mentions),
          documentIds: addedTo(messageFields(row).documentIds, documentIds),
        },
        set: sql`body = ${next.body}, mentions = ${next.mentions}, document_ids = ${next.document_ids}, edited_at = ${ctx.now}`,
        audit: { action: 'message.updated', entityId: row.id, ...changed },
        next: { ...row, ...next, edited_at: ctx.now },
      };
    },
  });
}

/** Takes back what one has said, within 15 minutes: the message is emptied, and the record keeps what was. */
export function deleteMessage(
  ctx: Context,
  { key, ifMatch }: { key: MessageKey; ifMatch: string | null },
): Promise<MessageRow> {
  return changeOwn(ctx, {
    key,
    ifMatch,
    async decide(row) {
      const empty = { body: '', mentions: '[]', document_ids: '[]' };
      return {
        kind: 'message.deleted',
        mentions: [],
        added: { mentions: [], documentIds: [] },
        // What was said in the wrong place can be taken back, whatever has become of the place.
        isAlways: true,
        set: sql`body = '', mentions = '[]', document_ids = '[]', deleted_at = ${ctx.now}`,
        audit: { action: 'message.deleted', entityId: row.id, before: messageFields(row) },
        next: { ...row, ...empty, deleted_at: ctx.now },
      };
    },
  });
}

interface Decided {
  kind: 'message.updated' | 'message.deleted';
  mentions: readonly string[];
  /** What was named before needs not be there any more. */
  added: Named;
  /** Whether it may be done in a closed thread too. */
  isAlways?: boolean;
  set: Sql;
  audit: Change['audit'];
  next: MessageRow;
}

function addedTo(before: readonly string[], after: readonly string[]): string[] {
  return after.filter((id) => !before.includes(id));
}

async function changeOwn(
  ctx: Context,
  {
    key,
    ifMatch,
    decide,
  }: { key: MessageKey; ifMatch: string | null; decide: (row: MessageRow) => Promise<Decided | null> },
): Promise<MessageRow> {
  authorizeWrite(ctx, 'messages.write');
  const organizationId = ctx.tenant.id;
  const { userId } = ctx.actor;
  const { threadId, id } = key;
  for (let tries = 0; tries < MAX_ATTEMPTS; tries++) {
    const row = await findMessage(ctx, key);
    requireMatch(ifMatch, row.revision);
    if (row.author_id !== userId) refuse('FORBIDDEN', 'Only its author may change a message.');
    if (!isChangeable(row.created_at, ctx.now))
      refuse('CONFLICT', `A message may be changed for ${CHANGEABLE / 60_000} minutes, and this one is older.`);
    const decided = await decide(row);
    if (!decided) return row;
    const { kind, mentions, added, set, audit, next, isAlways } = decided;
    const event = { organizationId, kind, threadId, messageId: id, userId, at: ctx.now };
    const done = await commitChange(ctx, {
      table: 'messages',
      head: (changeId) => sql`UPDATE messages SET ${set}, revision = revision + 1, change_id = ${changeId}
        WHERE id = ${id} AND thread_id = ${threadId} AND +organization_id = ${organizationId} AND revision = ${row.revision}
          AND deleted_at IS NULL AND ${isAlways ? sql`true` : threadIsOpen(ctx, threadId)} AND ${namesAreKnown(ctx, added)}
        RETURNING id`,
      also: (proof) => [
        sql`DELETE FROM message_mentions WHERE message_id = ${id} AND +organization_id = ${organizationId} AND ${proof}`,
        ...mentionStatements(ctx, { id, mentions, proof }),
        eventStatement(event, proof),
        // Posting it again under the same key answers what it is now.
        sql`UPDATE idempotency_keys SET body = ${JSON.stringify(messageView(next))}
          WHERE created_at = ${row.created_at} AND organization_id = ${organizationId} AND user_id = ${userId}
            AND body ->> '$.id' = ${id} AND ${proof}`,
      ],
      audit,
    });
    if (done) {
      return { ...next, revision: row.revision + 1 };
    }
    if (!isAlways) await explain(ctx, { threadId, named: added });
  }
  refuse('CONFLICT', 'The message is being changed at the same time: try again.');
}
