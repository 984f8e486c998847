import sql, { raw } from 'sql-template-tag';
import type { Context } from '../../context.ts';
import { type Page, pageOf, readCursor } from '../../http/cursor.ts';
import { notFound } from '../../http/problem.ts';
import type { MessageView } from './schemas.ts';
import type { MessageRow } from './table.ts';
import { messageView } from './view.ts';

const COLUMNS =
  raw(`id, organization_id, thread_id, number, author_id, body, mentions, document_ids, created_at, edited_at,
  deleted_at, revision, change_id`);

/** Where a message is. */
export interface MessageKey {
  threadId: string;
  id: string;
}

/** A message; `NOT_FOUND` for one that is unknown, another organisation's, of another thread, or deleted. */
export async function findMessage(ctx: Context, { threadId, id }: MessageKey): Promise<MessageRow> {
  const [[row]] = await ctx.database.read<[MessageRow]>(
    sql`SELECT ${COLUMNS} FROM messages WHERE id = ${id} AND thread_id = ${threadId} AND organization_id = ${ctx.tenant.id}`,
  );
  return row && row.deleted_at === null ? row : notFound('message');
}

/** A page of a thread's messages, newest first; deleted ones are in none. */
export async function listMessages(
  ctx: Context,
  { threadId, limit, cursor }: { threadId: string; limit: number; cursor?: string | undefined },
): Promise<Page<MessageView>> {
  const name = `messages:${threadId}`;
  const below = readCursor(cursor, { name, shape: [0] })?.[0] ?? Number.MAX_SAFE_INTEGER;
  const organizationId = ctx.tenant.id;
  const [thread, rows] = await ctx.database.read<[unknown, MessageRow]>(
    sql`SELECT 1 AS found FROM threads WHERE id = ${threadId} AND organization_id = ${organizationId}`,
    sql`SELECT ${COLUMNS} FROM messages WHERE thread_id = ${threadId} AND +organization_id = ${organizationId} AND number < ${below}
      AND deleted_at IS NULL ORDER BY number DESC LIMIT ${limit + 1}`,
  );
  if (thread.length === 0) notFound('thread');
  return pageOf(rows, { limit, name, key: (row) => [row.number], view: messageView });
}
