import sql from 'sql-template-tag';
import type { Context } from '../../context.ts';
import { ConstraintError } from '../../database/database.ts';
import { newId } from '../../ids.ts';
import { KeyTaken, type Made } from '../idempotency/once.ts';
import { idempotencyStatement, KEY_TAKEN } from '../idempotency/record.ts';
import { authorizeWrite } from '../sign-in/authorize.ts';
import { metricView } from './queries.ts';
import type { MetricView, TrackMetricOutput } from './schemas.ts';
import type { MetricRow } from './table.ts';

/** Keeps a figure that the organisation has measured. It changes no record, and so leaves no row in the audit. */
export async function trackMetric(ctx: Context, input: TrackMetricOutput): Promise<Made<MetricView>> {
  authorizeWrite(ctx, 'metrics.read');
  const row: MetricRow = {
    id: newId('met'),
    organization_id: ctx.tenant.id,
    metric: input.metric,
    value: input.value,
    tags: JSON.stringify(input.tags),
    user_id: ctx.actor.userId,
    at: ctx.now,
  };
  const body = metricView(row);
  const commit = { organizationId: ctx.tenant.id, userId: ctx.actor.userId, at: ctx.now, proof: sql`true` };
  const answer = { status: 201, headers: {}, body: JSON.stringify(body) } as const;
  try {
    await ctx.database.write([
      sql`INSERT INTO metrics (id, organization_id, metric, value, tags, user_id, at)
        VALUES (${row.id}, ${row.organization_id}, ${row.metric}, ${row.value}, ${row.tags}, ${row.user_id}, ${row.at})`,
      ...(ctx.idempotency ? [idempotencyStatement({ request: ctx.idempotency, answer }, commit)] : []),
    ]);
  } catch (error) {
    if (error instanceof ConstraintError && error.constraint === KEY_TAKEN) throw new KeyTaken();
    throw error;
  }
  return { body, status: 201, headers: {}, recorded: ctx.idempotency !== null };
}
