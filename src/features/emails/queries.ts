import sql, { empty, raw } from 'sql-template-tag';
import type * as z from 'zod';
import type { Context } from '../../context.ts';
import { type Page, pageOf, readCursor } from '../../http/cursor.ts';
import { notFound } from '../../http/problem.ts';
import { timestampOf } from '../../time/rules.ts';
import type { EmailItemView, EmailView, ListEmails } from './schemas.ts';
import type { EmailLogRow } from './table.ts';

const LISTED = 'id, template, to_address, user_id, subject, entity_id, status, at, sent_at';
type Listed = Pick<
  EmailLogRow,
  'id' | 'template' | 'to_address' | 'user_id' | 'subject' | 'entity_id' | 'status' | 'at' | 'sent_at'
>;

function itemView(row: Listed): EmailItemView {
  return {
    id: row.id,
    template: row.template,
    to: row.to_address,
    userId: row.user_id,
    subject: row.subject,
    entityId: row.entity_id,
    status: row.status,
    at: new Date(row.at).toISOString(),
    sentAt: timestampOf(row.sent_at),
  };
}

/** A page of the organisation's messages, newest first. */
export async function listEmails(ctx: Context, query: z.output<typeof ListEmails>): Promise<Page<EmailItemView>> {
  const after = readCursor(query.cursor, { name: 'emails', shape: [''] });
  const [rows] = await ctx.database.read<[Listed]>(
    sql`SELECT ${raw(LISTED)} FROM email_logs INDEXED BY email_logs_by_creation WHERE organization_id = ${ctx.tenant.id}
        ${after ? sql`AND id < ${after[0]}` : empty} ${query.template === undefined ? empty : sql`AND template = ${query.template}`}
      ORDER BY id DESC LIMIT ${query.limit + 1}`,
  );
  return pageOf(rows, { limit: query.limit, name: 'emails', key: (row) => [row.id], view: itemView });
}

/** A message with what it says. */
export async function findEmail(
  ctx: Context,
  id: string,
): Promise<{ view: EmailView; html: string; revision: number }> {
  const [[row]] = await ctx.database.read<[Listed & Pick<EmailLogRow, 'body_text' | 'body_html' | 'updated_at'>]>(
    sql`SELECT ${raw(LISTED)}, body_text, body_html, updated_at FROM email_logs WHERE id = ${id} AND organization_id = ${ctx.tenant.id}`,
  );
  if (!row) notFound('e-mail');
  return { view: { ...itemView(row), text: row.body_text }, html: row.body_html, revision: row.updated_at };
}
