import sql, { join, raw, type Sql } from 'sql-template-tag';
import type * as z from 'zod';
import type { Context } from '../../context.ts';
import { type Page, pageOf, readCursor } from '../../http/cursor.ts';
import { notFound } from '../../http/problem.ts';
import type { ListThreads, ThreadView } from './schemas.ts';
import { type SeenRow, threadView } from './view.ts';

const COLUMNS =
  raw(`thread.id, thread.organization_id, thread.participant_id, thread.title, thread.status, thread.message_count,
  thread.last_message_at, thread.created_by, thread.created_at, thread.updated_at, thread.revision`);

/** A thread's columns as a user sees it: with how much of it they have not read. */
function seenBy(userId: string): Sql {
  const after = sql`message.thread_id = thread.id AND message.number > coalesce(mark.number, 0)`;
  return sql`${COLUMNS},
    -- All that came after the mark, but for their own and what was deleted: of both there is little.
    thread.message_count - coalesce(mark.number, 0)
      - (SELECT count(*) FROM messages message INDEXED BY messages_by_author WHERE ${after} AND message.author_id = ${userId})
      - (SELECT count(*) FROM messages message INDEXED BY messages_deleted
          WHERE ${after} AND message.deleted_at IS NOT NULL AND message.author_id <> ${userId}) AS unread_count,
    (SELECT count(*) FROM message_mentions WHERE user_id = ${userId} AND thread_id = thread.id
      AND number > coalesce(mark.number, 0)) AS unread_mentions`;
}

function markOf(ctx: Context): Sql {
  return sql`LEFT JOIN thread_reads mark ON mark.user_id = ${ctx.actor.userId} AND mark.thread_id = thread.id
    AND mark.organization_id = ${ctx.tenant.id}`;
}

/** The read of one thread as the caller sees it. */
export function threadStatement(ctx: Context, id: string): Sql {
  return sql`SELECT ${seenBy(ctx.actor.userId)}, (SELECT status FROM participants
      WHERE id = thread.participant_id AND organization_id = ${ctx.tenant.id}) AS participant_status
    FROM threads thread ${markOf(ctx)} WHERE thread.id = ${id} AND thread.organization_id = ${ctx.tenant.id}`;
}

/** A thread as the caller sees it; `NOT_FOUND` for an unknown id or another organisation's. */
export async function findThread(ctx: Context, id: string): Promise<SeenRow> {
  const [[row]] = await ctx.database.read<[SeenRow]>(threadStatement(ctx, id));
  return row ?? notFound('thread');
}

type Query = z.output<typeof ListThreads>;

const ORDERS = {
  '-createdAt': { order: sql`thread.id DESC`, shape: [''], key: (row: SeenRow) => [row.id] },
  '-lastMessageAt': {
    order: sql`thread.last_message_at DESC, thread.id DESC`,
    shape: [0, ''],
    key: (row: SeenRow) => [row.last_message_at, row.id],
  },
} as const;

function indexFor(query: Query): Sql {
  if (query.participantId !== undefined) return sql`INDEXED BY threads_by_participant`;
  if (query.sort === '-lastMessageAt') return sql`INDEXED BY threads_by_last_message`;
  return query.status === undefined ? sql`INDEXED BY threads_by_creation` : sql`INDEXED BY threads_by_status`;
}

function afterCursor(query: Query): Sql[] {
  const name = `threads:${query.sort}`;
  if (query.sort === '-createdAt') {
    const after = readCursor(query.cursor, { name, shape: ORDERS['-createdAt'].shape });
    return after ? [sql`thread.id < ${after[0]}`] : [];
  }
  const after = readCursor(query.cursor, { name, shape: ORDERS['-lastMessageAt'].shape });
  return after ? [sql`(thread.last_message_at, thread.id) < (${after[0]}, ${after[1]})`] : [];
}

/** A page of threads, each with how much of it the caller has not read, in one round trip. */
export async function listThreads(ctx: Context, query: Query): Promise<Page<ThreadView>> {
  const { order, key } = ORDERS[query.sort];
  const where = [
    sql`thread.organization_id = ${ctx.tenant.id}`,
    ...(query.participantId === undefined ? [] : [sql`thread.participant_id = ${query.participantId}`]),
    ...(query.status === undefined ? [] : [sql`thread.status = ${query.status}`]),
    ...afterCursor(query),
  ];
  const [rows] = await ctx.database.read<[SeenRow]>(
    sql`SELECT ${seenBy(ctx.actor.userId)}, NULL AS participant_status FROM threads thread ${indexFor(query)} ${markOf(ctx)}
      WHERE ${join(where, ' AND ')} ORDER BY ${order} LIMIT ${query.limit + 1}`,
  );
  return pageOf(rows, { limit: query.limit, name: `threads:${query.sort}`, key, view: threadView });
}
