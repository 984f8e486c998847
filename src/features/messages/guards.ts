import sql, { join, type Sql } from 'sql-template-tag';
import type { Context } from '../../context.ts';
import { AppError, refuse } from '../../http/problem.ts';
import { participantIsOpen, refuseArchived } from '../participants/open.ts';
import { rolesWith } from '../sign-in/rules.ts';
import { findThread } from '../threads/queries.ts';
import type { MessageFieldsOutput } from './schemas.ts';

/** Whom and what a message names. */
export type Named = Pick<MessageFieldsOutput, 'mentions' | 'documentIds'>;

/** True while messages may be written in a thread: it is open, and so is its participant. */
export function threadIsOpen(ctx: Context, threadId: string): Sql {
  return sql`EXISTS (SELECT 1 FROM threads WHERE id = ${threadId} AND organization_id = ${ctx.tenant.id} AND status = 'open'
    AND ${participantIsOpen(sql`threads.participant_id`, ctx.tenant.id)})`;
}

/** Those who could not be told: who is not an active user here, or may not read messages. */
function unreachable(ctx: Context, ids: readonly string[]): Sql {
  return sql`FROM json_each(${JSON.stringify(ids)}) named LEFT JOIN users ON users.id = named.value
      AND users.organization_id = ${ctx.tenant.id} AND users.status = 'active'
      AND (users.role IN (${join(rolesWith('messages.read'))})
        OR EXISTS (SELECT 1 FROM json_each(users.permissions) own WHERE own.value = 'messages.read'))
    WHERE users.id IS NULL`;
}

/** Documents that are not here, or have no file. */
function unattachable(ctx: Context, ids: readonly string[]): Sql {
  return sql`FROM json_each(${JSON.stringify(ids)}) named LEFT JOIN documents ON documents.id = named.value
      AND documents.organization_id = ${ctx.tenant.id} AND documents.status IN ('uploaded', 'verifying')
    WHERE documents.id IS NULL`;
}

/** True while everyone who is mentioned can be told, and every document is here with its file. */
export function namesAreKnown(ctx: Context, { mentions, documentIds }: Named): Sql {
  return sql`NOT EXISTS (SELECT 1 ${unreachable(ctx, mentions)}) AND NOT EXISTS (SELECT 1 ${unattachable(ctx, documentIds)})`;
}

/** Says why a message that names these could not be written in a thread; returns when there is no reason any more. */
export async function explain(ctx: Context, { threadId, named }: { threadId: string; named: Named }): Promise<void> {
  const thread = await findThread(ctx, threadId);
  if (thread.participant_status === 'archived') refuseArchived();
  if (thread.status === 'closed') refuse('CONFLICT', 'The thread is closed: open it again first.');
  const [people, documents] = await ctx.database.read<[{ value: string }, { value: string }]>(
    sql`SELECT named.value ${unreachable(ctx, named.mentions)}`,
    sql`SELECT named.value ${unattachable(ctx, named.documentIds)}`,
  );
  const errors = [
    ...people.map(({ value }) => ({
      pointer: `/mentions/${named.mentions.indexOf(value)}`,
      message: 'must be an active user who may read messages',
    })),
    ...documents.map(({ value }) => ({
      pointer: `/documentIds/${named.documentIds.indexOf(value)}`,
      message: 'must be a document whose file is there',
    })),
  ];
  const [first] = errors;
  if (first) throw new AppError({ code: 'VALIDATION_FAILED', detail: `${first.pointer} ${first.message}.`, errors });
}
