import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import type * as z from 'zod';
import type { Context } from '../../context.ts';
import { type Page, pageOf, readCursor } from '../../http/cursor.ts';
import { addDays, startOfDate } from '../../time/rules.ts';
import type { AuditLogView, ListAuditLogs } from './schemas.ts';
import type { AuditRow } from './table.ts';

type Query = z.output<typeof ListAuditLogs>;

function parsed(json: string | null): unknown {
  return json === null ? null : JSON.parse(json);
}

/** What of a thing's fields is health data. */
const HEALTH: Record<string, readonly string[]> = {
  participant: ['medical'],
  incident: ['description', 'actionsTaken'],
};

/** A before or after as a reader may see it: health data only with the permission for it. */
function shown(
  json: string | null,
  { entityType, reader }: { entityType: string; reader: { medical: boolean } },
): unknown {
  const value = parsed(json);
  const hidden = HEALTH[entityType] ?? [];
  if (reader.medical || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => !hidden.includes(name)));
}

function auditLogView(row: AuditRow, reader: { medical: boolean }): AuditLogView {
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
    before: shown(row.before, { entityType: row.entity_type, reader }),
    after: shown(row.after, { entityType: row.entity_type, reader }),
    metadata: parsed(row.metadata),
  };
}

/** A bound as an instant: a date is its first moment in the organisation's zone, or, at the end, the next day's. */
function instantOf(bound: string, place: { timeZone: string; end: boolean }): number {
  if (bound.length > 10) return Date.parse(bound);
  return startOfDate(place.timeZone, place.end ? addDays(bound, 1) : bound);
}

/** The index that narrows most; named, because every query's organisation tempts the planner to walk all of it. */
function indexFor(query: Query, entityType: string | undefined): Sql {
  if (query.entityId !== undefined) return sql`INDEXED BY audit_logs_by_entity`;
  if (query.userId !== undefined) return sql`INDEXED BY audit_logs_by_user`;
  return entityType === undefined ? empty : sql`INDEXED BY audit_logs_by_type`;
}

/**
 * Rows are numbered as they are committed and dated as they were begun. No change is under way for longer than this
 * (ms), clocks that differ included: a row dated so much before a bound was committed before everything beyond it.
 */
const UNDER_WAY = 15 * 60_000;

/** The numbers between which the rows from an instant on, or before one, are. */
function numbers(organizationId: string, bound: { from?: number; before?: number }): Sql[] {
  const edge = (condition: Sql, direction: string) => sql`(SELECT seq FROM audit_logs INDEXED BY audit_logs_by_time
    WHERE organization_id = ${organizationId} AND ${condition} ORDER BY at ${raw(direction)} LIMIT 1)`;
  const earlier = (at: number) => sql`seq > coalesce(${edge(sql`at < ${at - UNDER_WAY}`, 'DESC')}, 0)`;
  const later = (at: number) =>
    sql`seq < coalesce(${edge(sql`at > ${at + UNDER_WAY}`, 'ASC')}, ${Number.MAX_SAFE_INTEGER})`;
  const { from, before } = bound;
  return [
    ...(from === undefined ? [] : [sql`at >= ${from}`, earlier(from)]),
    ...(before === undefined ? [] : [sql`at < ${before}`, later(before)]),
  ];
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
    ...numbers(tenant.id, {
      ...(query.from !== undefined && { from: instantOf(query.from, { timeZone, end: false }) }),
      ...(query.to !== undefined && { before: instantOf(query.to, { timeZone, end: true }) }),
    }),
    ...(after ? [sql`seq < ${after[0]}`] : []),
  ];
  return sql`SELECT organization_id, seq, at, action, entity_type, entity_id, user_id, actor, ip, user_agent, request_id, change_id,
      before, after, metadata FROM audit_logs ${indexFor(query, entityType)} WHERE ${join(where, ' AND ')} ORDER BY seq DESC LIMIT ${query.limit + 1}`;
}

/** A page of the record. */
export async function listAuditLogs(ctx: Context, query: Query): Promise<Page<AuditLogView>> {
  const [rows] = await ctx.database.read<[AuditRow]>(listAuditLogsStatement(ctx.tenant, query));
  const reader = { medical: ctx.actor.permissions.includes('participants.medical') };
  return pageOf(rows, {
    limit: query.limit,
    name: 'audit-logs',
    key: (row) => [row.seq],
    view: (row) => auditLogView(row, reader),
  });
}
