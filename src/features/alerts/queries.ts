import sql, { join, raw, type Sql } from 'sql-template-tag';
import type * as z from 'zod';
import type { Context } from '../../context.ts';
import { type Page, pageOf, readCursor } from '../../http/cursor.ts';
import { notFound } from '../../http/problem.ts';
import type { AlertView, ListAlerts } from './schemas.ts';
import type { AlertRow } from './table.ts';
import { alertView } from './view.ts';

export const ALERT_COLUMNS =
  raw(`id, organization_id, participant_id, plan_id, subject_id, budget_id, kind, severity, status,
  period_start, threshold, figures, at, acknowledged_at, acknowledged_by, resolved_at, resolved_by, cleared_at, revision,
  change_id`);

/** An alert; `NOT_FOUND` for an unknown id or another organisation's. */
export async function findAlert(ctx: Context, id: string): Promise<AlertRow> {
  const [[row]] = await ctx.database.read<[AlertRow]>(
    sql`SELECT ${ALERT_COLUMNS} FROM alerts WHERE id = ${id} AND organization_id = ${ctx.tenant.id}`,
  );
  return row ?? notFound('alert');
}

type Query = z.output<typeof ListAlerts>;

function indexFor(query: Query): Sql {
  if (query.participantId !== undefined) return sql`INDEXED BY alerts_by_participant`;
  return query.status === undefined ? sql`INDEXED BY alerts_by_creation` : sql`INDEXED BY alerts_by_status`;
}

/** A page of alerts, newest first. */
export async function listAlerts(ctx: Context, query: Query): Promise<Page<AlertView>> {
  const after = readCursor(query.cursor, { name: 'alerts', shape: [''] });
  const where = [
    sql`organization_id = ${ctx.tenant.id}`,
    ...(query.participantId === undefined ? [] : [sql`participant_id = ${query.participantId}`]),
    ...(query.status === undefined ? [] : [sql`status = ${query.status}`]),
    ...(query.severity === undefined ? [] : [sql`severity = ${query.severity}`]),
    ...(query.kind === undefined ? [] : [sql`kind = ${query.kind}`]),
    ...(after ? [sql`id < ${after[0]}`] : []),
  ];
  const [rows] = await ctx.database.read<[AlertRow]>(
    sql`SELECT ${ALERT_COLUMNS} FROM alerts ${indexFor(query)} WHERE ${join(where, ' AND ')} ORDER BY id DESC LIMIT ${query.limit + 1}`,
  );
  return pageOf(rows, { limit: query.limit, name: 'alerts', key: (row) => [row.id], view: alertView });
}
