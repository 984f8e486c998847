import sql, { join, raw, type Sql } from 'sql-template-tag';
import type * as z from 'zod';
import type { Context } from '../../context.ts';
import { type Page, pageOf, readCursor } from '../../http/cursor.ts';
import { notFound } from '../../http/problem.ts';
import { SERVICE_COLUMNS, serviceStatement } from './columns.ts';
import type { ListServices } from './schemas.ts';
import type { ServiceRow } from './table.ts';
import { type ServiceView, serviceView } from './view.ts';

/** A service's row; `NOT_FOUND` for an unknown id or another organisation's. */
export async function findService(ctx: Context, id: string): Promise<ServiceRow> {
  const [[row]] = await ctx.database.read<[ServiceRow]>(serviceStatement(id, ctx.tenant.id));
  return row ?? notFound('service');
}

type Query = z.output<typeof ListServices>;

/** The index that narrows most; named, because every query's organisation tempts the planner to walk all of it. */
function indexFor(query: Query): Sql {
  if (query.participantId !== undefined) return raw('services_by_participant');
  if (query.supportWorkerId !== undefined) return raw('services_by_worker');
  return raw(query.status === 'cancelled' ? 'services_cancelled' : 'services_by_organization');
}

/** Services, newest first. */
export function listServicesStatement(organizationId: string, query: Query): Sql {
  const after = readCursor(query.cursor, { name: 'services', shape: ['', ''] });
  const where = [
    sql`organization_id = ${organizationId}`,
    ...(query.participantId === undefined ? [] : [sql`participant_id = ${query.participantId}`]),
    ...(query.supportWorkerId === undefined ? [] : [sql`support_worker_id = ${query.supportWorkerId}`]),
    ...(query.from === undefined ? [] : [sql`service_date >= ${query.from}`]),
    ...(query.to === undefined ? [] : [sql`service_date <= ${query.to}`]),
    ...(after ? [sql`(service_date, id) < (${after[0]}, ${after[1]})`] : []),
  ];
  // A literal, because the index of cancelled services is a partial one.
  if (query.status === 'cancelled') where.push(sql`status = 'cancelled'`);
  if (query.status === 'completed') where.push(sql`status = 'completed'`);
  return sql`SELECT ${SERVICE_COLUMNS} FROM services INDEXED BY ${indexFor(query)} WHERE ${join(where, ' AND ')}
    ORDER BY service_date DESC, id DESC LIMIT ${query.limit + 1}`;
}

/** A page of services. */
export async function listServices(ctx: Context, query: Query): Promise<Page<ServiceView>> {
  const [rows] = await ctx.database.read<[ServiceRow]>(listServicesStatement(ctx.tenant.id, query));
  return pageOf(rows, {
    limit: query.limit,
    name: 'services',
    key: (row) => [row.service_date, row.id],
    view: serviceView,
  });
}
