import sql, { join, type Sql } from 'sql-template-tag';
import type * as z from 'zod';
import type { Context } from '../../context.ts';
import { type Page, pageOf, readCursor } from '../../http/cursor.ts';
import { firstIdAt } from '../../ids.ts';
import type { ListMetrics, MetricView } from './schemas.ts';
import type { MetricRow } from './table.ts';

/** A figure as it is answered. */
export function metricView(row: MetricRow): MetricView {
  const { id, metric, value } = row;
  return { id, metric, value, tags: JSON.parse(row.tags), userId: row.user_id, at: new Date(row.at).toISOString() };
}

type Query = z.output<typeof ListMetrics>;

function indexFor(query: Query): Sql {
  return query.metric === undefined ? sql`INDEXED BY metrics_by_creation` : sql`INDEXED BY metrics_by_name`;
}

/** How far a row's id may be from its instant (ms): they are made one after the other. */
const APART = 60_000;

function since(instant: number): Sql[] {
  return [sql`at >= ${instant}`, sql`id >= ${firstIdAt('met', instant - APART)}`];
}

function before(instant: number): Sql[] {
  return [sql`at < ${instant}`, sql`id < ${firstIdAt('met', instant + APART)}`];
}

/** A page of the organisation's own figures, newest first. */
export async function listMetrics(ctx: Context, query: Query): Promise<Page<MetricView>> {
  const after = readCursor(query.cursor, { name: 'metrics', shape: [''] });
  const where = [
    sql`organization_id = ${ctx.tenant.id}`,
    ...(query.metric === undefined ? [] : [sql`metric = ${query.metric}`]),
    ...(query.from === undefined ? [] : since(Date.parse(query.from))),
    ...(query.to === undefined ? [] : before(Date.parse(query.to))),
    ...(after ? [sql`id < ${after[0]}`] : []),
  ];
  const [rows] = await ctx.database.read<[MetricRow]>(
    sql`SELECT id, organization_id, metric, value, tags, user_id, at FROM metrics ${indexFor(query)}
      WHERE ${join(where, ' AND ')} ORDER BY id DESC LIMIT ${query.limit + 1}`,
  );
  return pageOf(rows, { limit: query.limit, name: 'metrics', key: (row) => [row.id], view: metricView });
}
