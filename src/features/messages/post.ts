import sql, { type Sql } from 'sql-template-tag';
import type { Context } from '../../context.ts';
import { refuse } from '../../http/problem.ts';
import { etag } from '../../http/revision.ts';
import { newId } from '../../ids.ts';
import { commitChange } from '../audit/commit.ts';
import { askToMail, mailingStatement } from '../emails/mailing.ts';
import type { Made } from '../idempotency/once.ts';
import { authorizeWrite } from '../sign-in/authorize.ts';
import { eventStatement } from '../threads/events.ts';
import { explain, namesAreKnown, threadIsOpen } from './guards.ts';
import type { MessageFieldsOutput, MessageView } from './schemas.ts';
import { messageView } from './view.ts';

/** Says something in a thread. */
export async function postMessage(
  ctx: Context,
  { threadId, fields }: { threadId: string; fields: MessageFieldsOutput },
): Promise<Made<MessageView>> {
  authorizeWrite(ctx, 'messages.write');
  const organizationId = ctx.tenant.id;
  const { userId } = ctx.actor;
  const row = {
    id: newId('msg'),
    thread_id: threadId,
    author_id: userId,
    body: fields.body,
    mentions: JSON.stringify(fields.mentions),
    document_ids: JSON.stringify(fields.documentIds),
    created_at: ctx.now,
    edited_at: null,
    deleted_at: null,
  };
  const { id } = row;
  const body = messageView(row);
  const { mentions, documentIds } = fields;
  const headers = { Location: `/v1/threads/${threadId}/messages/${id}`, ETag: etag(1) };
  const event = { organizationId, kind: 'message.created', threadId, messageId: id, userId, at: ctx.now } as const;
  const done = await commitChange(ctx, {
    table: 'messages',
    head: (
      changeId,
    ) => sql`INSERT INTO messages (id, organization_id, thread_id, number, author_id, body, mentions, document_ids, created_at, change_id)
      SELECT ${id}, ${organizationId}, ${threadId}, thread.message_count + 1, ${userId}, ${row.body}, ${row.mentions},
        ${row.document_ids}, ${ctx.now}, ${changeId}
      FROM threads thread WHERE thread.id = ${threadId} AND thread.organization_id = ${organizationId}
        AND ${threadIsOpen(ctx, threadId)} AND ${namesAreKnown(ctx, fields)}
      RETURNING id`,
    also: (proof) => [
      sql`UPDATE threads SET message_count = message_count + 1, last_message_at = max(last_message_at, ${ctx.now})
        WHERE id = ${threadId} AND +organization_id = ${organizationId} AND ${proof}`,
      ...mentionStatements(ctx, { id, mentions, proof }),
      ...(mentions.length === 0
        ? []
        : [mailingStatement({ template: 'mention', entityId: id }, { organizationId, at: ctx.now, proof })]),
      eventStatement(event, proof),
    ],
    // What is said is in the message; the record keeps what is changed or deleted of it.
    audit: { action: 'message.created', entityId: id, after: { threadId, mentions, documentIds } },
    answer: { status: 201, headers, body: JSON.stringify(body) },
  });
  if (!done) {
    await explain(ctx, { threadId, named: fields });
    refuse('CONFLICT', 'The thread was being changed at the same time: try again.');
  }
  if (mentions.length > 0) askToMail(ctx);
  return { body, status: 201, headers, recorded: ctx.idempotency !== null };
}

/** Writes whom a message mentions, once the message is there. */
export function mentionStatements(
  ctx: Context,
  { id, mentions, proof }: { id: string; mentions: readonly string[]; proof: Sql },
): Sql[] {
  if (mentions.length === 0) return [];
  return [
    sql`INSERT INTO message_mentions (user_id, thread_id, number, organization_id, message_id)
      SELECT named.value, message.thread_id, message.number, ${ctx.tenant.id}, message.id
      FROM json_each(${JSON.stringify(mentions)}) named CROSS JOIN messages message
      WHERE message.id = ${id} AND message.organization_id = ${ctx.tenant.id} AND ${proof}`,
  ];
}
