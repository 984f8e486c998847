import sql, { raw, type Sql } from 'sql-template-tag';
import type { Context } from '../../context.ts';
import { type Page, pageOf, readCursor } from '../../http/cursor.ts';
import { notFound } from '../../http/problem.ts';
import type { UserView } from './schemas.ts';
import type { UserRow } from './table.ts';
import { userView } from './view.ts';

export const USER_COLUMNS = raw(
  `id, organization_id, external_id, email, email_key, first_name, last_name, phone, role, permissions, preferences, status,
  last_active_at, revision, change_id, created_at, updated_at, email_bounced_at, screening, sign_in_updated_at`,
);

/** A user's row; `NOT_FOUND` for an unknown id or another organisation's. */
export async function findUser(ctx: Context, id: string): Promise<UserRow> {
  const [[row]] = await ctx.database.read<[UserRow]>(
    sql`SELECT ${USER_COLUMNS} FROM users WHERE id = ${id} AND organization_id = ${ctx.tenant.id}`,
  );
  return row ?? notFound('user');
}

/** The users of an organisation, in the order in which they were added. */
export function listUsersStatement(organizationId: string, page: { limit: number; after: string }): Sql {
  return sql`SELECT ${USER_COLUMNS} FROM users WHERE organization_id = ${organizationId} AND id > ${page.after}
    ORDER BY id LIMIT ${page.limit + 1}`;
}

/** A page of users. */
export async function listUsers(
  ctx: Context,
  query: { limit: number; cursor?: string | undefined },
): Promise<Page<UserView>> {
  const after = readCursor(query.cursor, { name: 'users', shape: [''] })?.[0] ?? '';
  const [rows] = await ctx.database.read<[UserRow]>(listUsersStatement(ctx.tenant.id, { limit: query.limit, after }));
  return pageOf(rows, { limit: query.limit, name: 'users', key: (row) => [row.id], view: userView });
}
