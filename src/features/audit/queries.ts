import sql, { join, type Sql } from 'sql-template-tag';
import type { z } from 'zod';
import type { Context } from '../../context.ts';
import { type Page, pageOf, readCursor } from '../../http/cursor.ts';
import { addDays, startOfDate } from '../../time/rules.ts';
import type { AuditLogView, ListAuditLogs } from './schemas.ts';
import type { AuditRow } from './table.ts';

type Query = z.output<typeof ListAuditLogs>;

function parsed(json: string | null): unknown {
  return json === null ? null : JSON.parse(json);
}

function auditLogView(row: AuditRow): AuditLogView {
  return {
    seq: row.seq,
    at: new Date(row.at).toISOString(),
    action: row.action,
    entityType: row.entity_type,
    entityId: row.entity_id,
    userId: row.user_id,
    actor: row.actor,
    ip: row.ip,
    userAgent: row.user_agent,
    requestId: row.request_id,
    before: parsed(row.before),
    after: parsed(row.after),
    metadata: parsed(row.metadata),
  };
}

/** A bound as an instant: a date is its first moment in the organisation's zone, or, at the end, the next day's. */
function instantOf(bound: string, place: { timeZone: string; end: boolean }): number {
  if (bound.length > 10) return Date.parse(bound);
  return startOfDate(place.timeZone, place.end ? addDays(bound, 1) : bound);
}

/** The record, newest first. An action implies its entity's type, whose index it then shares. */
export function listAuditLogsStatement(tenant: { id: string; timeZone: string }, query: Query): Sql {
  const after = readCursor(query.cursor, { name: 'audit-logs', shape: [0] });
  const { timeZone } = tenant;
  const entityType = query.entityType ?? query.action?.split('.')[0];
  const where = [
    sql`organization_id = ${tenant.id}`,
    ...(entityType === undefined ? [] : [sql`entity_type = ${entityType}`]),
    ...(query.entityId === undefined ? [] : [sql`entity_id = ${query.entityId}`]),
    ...(query.action === undefined ? [] : [sql`action = ${query.action}`]),
    ...(query.userId === undefined ? [] : [sql`user_id = ${query.userId}`]),
    ...(query.from === undefined ? [] : [sql`at >= ${instantOf(query.from, { timeZone, end: false })}`]),
    ...(query.to === undefined ? [] : [sql`at < ${instantOf(query.to, { timeZone, end: true })}`]),
    ...(after ? [sql`seq < ${after[0]}`] : []),
  ];
  return sql`SELECT organization_id, seq, at, action, entity_type, entity_id, user_id, actor, ip, user_agent, request_id, change_id,
      before, after, metadata FROM audit_logs WHERE ${join(where, ' AND ')} ORDER BY seq DESC LIMIT ${query.limit + 1}`;
}

/** A page of the record. */
export async function listAuditLogs(ctx: Context, query: Query): Promise<Page<AuditLogView>> {
  const [rows] = await ctx.database.read<[AuditRow]>(listAuditLogsStatement(ctx.tenant, query));
  return pageOf(rows, { limit: query.limit, name: 'audit-logs', key: (row) => [row.seq], view: auditLogView });
}
