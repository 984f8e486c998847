import sql from 'sql-template-tag';
import type { Context } from '../../context.ts';
import { rowsAs } from '../../database/database.ts';
import { notFound } from '../../http/problem.ts';
import { newId } from '../../ids.ts';
import { KEPT, type Made } from '../idempotency/once.ts';
import { authorizeWrite } from '../sign-in/authorize.ts';
import { eventStatement } from './events.ts';
import { threadStatement } from './queries.ts';
import type { ThreadView } from './schemas.ts';
import { type SeenRow, threadView } from './view.ts';

/**
 * Marks a thread as read, up to a message, taken back meanwhile or not, or to the newest. The mark never goes back. It is
 * the user's own, and in no audit.
 */
export async function markRead(
  ctx: Context,
  { id, messageId }: { id: string; messageId: string | null },
): Promise<Made<ThreadView>> {
  authorizeWrite(ctx, 'messages.read');
  const organizationId = ctx.tenant.id;
  const { userId } = ctx.actor;
  const changeId = newId('chg');
  const upTo = sql`FROM messages WHERE thread_id = ${id} AND +organization_id = ${organizationId}
    AND ${messageId === null ? sql`true` : sql`id = ${messageId}`} ORDER BY number DESC LIMIT 1`;
  // A key that was used before is not for moving the mark: its answer, or its refusal, is already there.
  const isFresh = ctx.idempotency
    ? sql`NOT EXISTS (SELECT 1 FROM idempotency_keys WHERE organization_id = ${organizationId} AND key = ${ctx.idempotency.key}
        AND created_at > ${ctx.now - KEPT})`
    : sql`true`;
  const isMoved = sql`EXISTS (SELECT 1 FROM thread_reads
    WHERE user_id = ${userId} AND thread_id = ${id} AND organization_id = ${organizationId} AND change_id = ${changeId})`;
  const event = {
    organizationId,
    kind: 'thread.read',
    threadId: id,
    messageId: sql`(SELECT id ${upTo})`,
    userId,
    at: ctx.now,
  } as const;
  const [, , named, found] = await ctx.database.write([
    sql`INSERT INTO thread_reads (user_id, thread_id, organization_id, number, change_id, at)
      SELECT ${userId}, ${id}, ${organizationId}, number, ${changeId}, ${ctx.now} FROM (SELECT number ${upTo}) WHERE ${isFresh}
      ON CONFLICT (user_id, thread_id) DO UPDATE SET number = excluded.number, change_id = excluded.change_id, at = excluded.at
        WHERE excluded.number > number`,
    eventStatement(event, isMoved),
    sql`SELECT id ${upTo}`,
    threadStatement(ctx, id),
  ]);
  const [row] = rowsAs<SeenRow>(found);
  if (!row) notFound('thread');
  if (messageId !== null && rowsAs(named).length === 0) notFound('message');
  return { body: threadView(row), status: 200, headers: {}, recorded: false };
}
