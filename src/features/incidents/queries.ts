import sql, { join, raw, type Sql } from 'sql-template-tag';
import type * as z from 'zod';
import type { Context } from '../../context.ts';
import { type Page, pageOf, readCursor } from '../../http/cursor.ts';
import { notFound } from '../../http/problem.ts';
import type { IncidentView, ListIncidents } from './schemas.ts';
import type { IncidentRow } from './table.ts';
import { incidentView } from './view.ts';

const COLUMNS =
  raw(`id, organization_id, participant_id, category, caused_harm, description, actions_taken, state, occurred_at,
  became_aware_at, reportable, notified_at, reported_at, notify_by, report_by, status, created_by, created_at, updated_at, revision,
  change_id`);

/** An incident; `NOT_FOUND` for an unknown id or another organisation's. */
export async function findIncident(ctx: Context, id: string): Promise<IncidentRow> {
  const [[row]] = await ctx.database.read<[IncidentRow]>(
    sql`SELECT ${COLUMNS} FROM incidents WHERE id = ${id} AND organization_id = ${ctx.tenant.id}`,
  );
  return row ?? notFound('incident');
}

/** The state that a participant lives in, as their address says; null for nobody, or without an address. */
export async function homeOf(ctx: Context, participantId: string | null): Promise<string | null> {
  if (participantId === null) return null;
  const [[row]] = await ctx.database.read<[{ state: string | null }]>(
    sql`SELECT address ->> '$.state' AS state FROM participants WHERE id = ${participantId} AND organization_id = ${ctx.tenant.id}`,
  );
  return row?.state ?? null;
}

type Query = z.output<typeof ListIncidents>;

function indexFor(query: Query): Sql {
  if (query.participantId !== undefined) return sql`INDEXED BY incidents_by_participant`;
  if (query.category !== undefined) return sql`INDEXED BY incidents_by_category`;
  return query.status === undefined ? sql`INDEXED BY incidents_by_creation` : sql`INDEXED BY incidents_by_status`;
}

/** A page of incidents, newest first. */
export async function listIncidents(ctx: Context, query: Query): Promise<Page<IncidentView>> {
  const after = readCursor(query.cursor, { name: 'incidents', shape: [''] });
  const where = [
    sql`organization_id = ${ctx.tenant.id}`,
    ...(query.participantId === undefined ? [] : [sql`participant_id = ${query.participantId}`]),
    ...(query.status === undefined ? [] : [sql`status = ${query.status}`]),
    ...(query.category === undefined ? [] : [sql`category = ${query.category}`]),
    ...(after ? [sql`id < ${after[0]}`] : []),
  ];
  const [rows] = await ctx.database.read<[IncidentRow]>(
    sql`SELECT ${COLUMNS} FROM incidents ${indexFor(query)} WHERE ${join(where, ' AND ')} ORDER BY id DESC LIMIT ${query.limit + 1}`,
  );
  return pageOf(rows, {
    limit: query.limit,
    name: 'incidents',
    key: (row) => [row.id],
    view: (row) => incidentView(row, ctx.now),
  });
}
