import sql, { type Sql } from 'sql-template-tag';
import { newId } from '../../ids.ts';
import type { Origin } from '../audit/entry.ts';
import { type AlertSettings, levelsOf } from './rules.ts';

/** Whose budgets are looked at, on which day, by which settings. */
export interface Looking {
  organizationId: string;
  /** The organisation's date. */
  today: string;
  at: number;
  settings: AlertSettings;
  requestId: string;
}

/** How the audit names who raises alerts. */
const LABEL = 'alerts';

/**
 * Brings the threshold alerts of pools in step with their boundaries, for the batch that moved them: what is above a
 * level of the current funding period and has no standing alert gets one, what is not any more is cleared. `pools` selects
 * `pool_id` and `plan_id`; `most` is how many pools there may be. The second statement returns what was raised.
 */
export function thresholdStatements(
  looking: Looking,
  { pools, most, proof }: { pools: Sql; most: number; proof: Sql },
): Sql[] {
  const { organizationId, today, at, settings } = looking;
  const levels = JSON.stringify(levelsOf(settings));
  const ids = JSON.stringify(Array.from({ length: 2 * most }, () => newId('alr')));
  const token = newId('chg');
  // The period that contains today, of each pool whose plan does.
  const current = sql`SELECT pool.pool_id, pool.plan_id, boundary.participant_id, boundary.released_cents, boundary.spent_cents,
      coalesce((SELECT date(max(earlier.ends_on), '+1 day') FROM pool_boundaries earlier
        WHERE earlier.pool_id = pool.pool_id AND earlier.ends_on < ${today}), plan.start_date) AS period_start
    FROM (${pools}) pool
    CROSS JOIN plans plan ON plan.id = pool.plan_id AND plan.organization_id = ${organizationId} AND plan.start_date <= ${today}
    CROSS JOIN pool_boundaries boundary ON boundary.pool_id = pool.pool_id
      AND boundary.ends_on = (SELECT min(next.ends_on) FROM pool_boundaries next
        WHERE next.pool_id = pool.pool_id AND next.ends_on >= ${today})`;
  return [
    sql`WITH current AS MATERIALIZED (${current})
      UPDATE alerts SET status = 'resolved', resolved_at = coalesce(resolved_at, ${at}), cleared_at = ${at}, revision = revision + 1,
        change_id = ${token}
      WHERE subject_id IN (SELECT pool_id FROM (${pools})) AND kind = 'budget_threshold' AND cleared_at IS NULL
        AND +organization_id = ${organizationId} AND ${proof}
        AND NOT EXISTS (SELECT 1 FROM current CROSS JOIN json_each(${levels}) level
          WHERE current.pool_id = alerts.subject_id AND current.period_start = alerts.period_start
            AND level.value ->> 'threshold' = alerts.threshold
            AND current.spent_cents * 100 > current.released_cents * alerts.threshold)`,
    sql`INSERT INTO alerts (id, organization_id, participant_id, plan_id, subject_id, budget_id, kind, severity, period_start, threshold,
        figures, at, change_id)
      SELECT fresh.value, ${organizationId}, crossed.participant_id, crossed.plan_id, crossed.pool_id,
        (SELECT id FROM budgets WHERE plan_id = crossed.plan_id AND pool_id = crossed.pool_id ORDER BY number LIMIT 1),
        'budget_threshold', crossed.severity, crossed.period_start, crossed.threshold,
        json_object('spentCents', crossed.spent_cents, 'releasedCents', crossed.released_cents), ${at}, ${token}
      FROM (SELECT current.*, level.value ->> 'threshold' AS threshold, level.value ->> 'severity' AS severity,
          row_number() OVER (ORDER BY current.pool_id, level.key) - 1 AS place
        FROM (${current}) current CROSS JOIN json_each(${levels}) level
        WHERE current.spent_cents * 100 > current.released_cents * (level.value ->> 'threshold')
          AND NOT EXISTS (SELECT 1 FROM alerts standing WHERE standing.subject_id = current.pool_id
            AND standing.kind = 'budget_threshold' AND standing.period_start = current.period_start
            AND standing.threshold = level.value ->> 'threshold' AND standing.cleared_at IS NULL)) crossed
      CROSS JOIN json_each(${ids}) fresh ON fresh.key = crossed.place
      WHERE ${proof}
      RETURNING id`,
    auditAlerts(looking, token),
    sql`INSERT INTO mailings (organization_id, template, entity_id, occasion, at)
      SELECT organization_id, 'budget_alert', id, '', ${at} FROM alerts INDEXED BY alerts_by_change
      WHERE change_id = ${token} AND cleared_at IS NULL AND organization_id = ${organizationId}`,
  ];
}

/** The pools of plans: those that their lines have, and those that still have an alert though no line has them. */
export function poolsOf(planIds: readonly string[], organizationId: string): Sql {
  const list = JSON.stringify(planIds);
  return sql`SELECT budgets.pool_id, budgets.plan_id FROM json_each(${list}) wanted
      CROSS JOIN budgets ON budgets.plan_id = wanted.value AND +budgets.organization_id = ${organizationId}
    UNION SELECT alerts.subject_id, alerts.plan_id FROM json_each(${list}) wanted
      CROSS JOIN alerts INDEXED BY alerts_by_plan ON alerts.plan_id = wanted.value AND alerts.cleared_at IS NULL
        AND alerts.kind = 'budget_threshold' AND +alerts.organization_id = ${organizationId}`;
}

/** The audit rows of the alerts that a batch raised or cleared. */
export function auditAlerts(
  { organizationId, at, requestId }: Pick<Looking, 'organizationId' | 'at' | 'requestId'>,
  token: string,
): Sql {
  const origin: Origin = { organizationId, userId: null, label: LABEL, ip: null, userAgent: null, requestId };
  return sql`INSERT INTO audit_logs (organization_id, seq, at, action, entity_type, entity_id, user_id, actor, ip, user_agent,
      request_id, change_id, before, after, metadata)
    SELECT ${organizationId},
      (SELECT coalesce(max(seq), 0) + 1 FROM audit_logs WHERE organization_id = ${organizationId}) - 1 + row_number() OVER (ORDER BY id),
      ${at}, CASE WHEN cleared_at IS NULL THEN 'alert.raised' ELSE 'alert.resolved' END, 'alert', id, NULL, ${origin.label}, NULL, NULL,
      ${requestId}, ${token}, NULL, json_object('kind', kind, 'severity', severity, 'threshold', threshold, 'status', status), NULL
    FROM alerts INDEXED BY alerts_by_change WHERE change_id = ${token} AND organization_id = ${organizationId}`;
}
