import sql, { type Sql } from 'sql-template-tag';
import { idStem, newId } from '../../ids.ts';
import type { Origin } from '../audit/entry.ts';
import { countAlerts } from '../dashboard/count.ts';
import { type AlertSettings, DAYS_BEFORE_PROJECTING, levelsOf } from './rules.ts';

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

/** The kinds of alert that are about a pool, and that the writes which move its money keep in step. */
export const POOL_KINDS = sql`('budget_threshold', 'run_out', 'underspend')`;

interface Pools {
  /** Selects `pool_id` and `plan_id`. */
  pools: Sql;
  proof: Sql;
  /**
   * What may be raised. A write raises what it crosses itself; projections are judged once a day, because a morning's
   * three shifts would be told as money running out. Either is cleared by whatever ends it.
   */
  raise: 'thresholds' | 'everything';
}

/** Each pool in the funding period that contains today, of plans that do, of participants who are not archived. */
function currentPools(pools: Sql, { organizationId, today }: Looking): Sql {
  return sql`SELECT pool.pool_id, pool.plan_id, plan.start_date, plan.end_date, boundary.ends_on, boundary.participant_id,
      boundary.released_cents, boundary.spent_cents, whole.released_cents AS plan_cents, whole.spent_cents AS plan_spent_cents,
      CAST(julianday(${today}) - julianday(plan.start_date) AS INTEGER) AS days_gone,
      coalesce((SELECT date(max(earlier.ends_on), '+1 day') FROM pool_boundaries earlier
        WHERE earlier.pool_id = pool.pool_id AND earlier.ends_on < ${today}), plan.start_date) AS period_start
    FROM (${pools}) pool
    CROSS JOIN plans plan ON plan.id = pool.plan_id AND plan.organization_id = ${organizationId} AND plan.start_date <= ${today}
    CROSS JOIN participants participant ON participant.id = plan.participant_id AND participant.status <> 'archived'
    CROSS JOIN pool_boundaries boundary ON boundary.pool_id = pool.pool_id
      AND boundary.ends_on = (SELECT min(next.ends_on) FROM pool_boundaries next
        WHERE next.pool_id = pool.pool_id AND next.ends_on >= ${today})
    CROSS JOIN pool_boundaries whole ON whole.pool_id = pool.pool_id
      AND whole.ends_on = (SELECT max(last.ends_on) FROM pool_boundaries last WHERE last.pool_id = pool.pool_id)`;
}

/** What there should be an alert of, as `alerts/rules.ts` says it: `isAbove`, `runsOut` and `isUnderspent`, in SQL. */
function dueAlerts(looking: Looking, current: Sql): Sql {
  const { today, settings } = looking;
  const { runOutDays, underspendPercent } = settings;
  const levels = JSON.stringify(levelsOf(settings));
  const daysOfMoney = (rest: Sql) => sql`CASE WHEN ${rest} <= 0 THEN 0 ELSE ${rest} / rate END`;
  const daysUntil = (date: Sql) => sql`CAST(julianday(${date}) - julianday(${today}) AS INTEGER)`;
  // Cents a day so far, rounded half up, as the BudgetView has it.
  const projected = sql`SELECT paced.*, ${daysOfMoney(sql`(released_cents - spent_cents)`)} AS period_days,
      ${daysOfMoney(sql`(plan_cents - plan_spent_cents)`)} AS plan_days
    FROM (SELECT now.*, (2 * plan_spent_cents + days_gone + 1) / (2 * (days_gone + 1)) AS rate FROM (${current}) now) paced
    WHERE rate > 0 AND days_gone >= ${DAYS_BEFORE_PROJECTING}`;
  return sql`SELECT pool_id, plan_id, participant_id, 'budget_threshold' AS kind, level.value ->> 'severity' AS severity,
      period_start, level.value ->> 'threshold' AS threshold,
      json_object('spentCents', spent_cents, 'releasedCents', released_cents) AS figures
    FROM (${current}) CROSS JOIN json_each(${levels}) level
    WHERE spent_cents * 100 > released_cents * (level.value ->> 'threshold')
  UNION ALL SELECT pool_id, plan_id, participant_id, 'run_out', 'warning', period_start, ${runOutDays},
      CASE WHEN period_days < ${daysUntil(sql`ends_on`)} - ${runOutDays}
        THEN json_object('spentCents', spent_cents, 'releasedCents', released_cents, 'runOutDate', date(${today}, '+' || period_days || ' days'),
          'endsOn', ends_on)
        ELSE json_object('spentCents', plan_spent_cents, 'releasedCents', plan_cents, 'runOutDate', date(${today}, '+' || plan_days || ' days'),
          'endsOn', end_date) END
    FROM (${projected})
    WHERE period_days < ${daysUntil(sql`ends_on`)} - ${runOutDays} OR plan_days < ${daysUntil(sql`end_date`)} - ${runOutDays}
  UNION ALL SELECT pool_id, plan_id, participant_id, 'underspend', 'warning', start_date, ${underspendPercent},
      json_object('spentCents', plan_spent_cents, 'releasedCents', plan_cents)
    FROM (${current})
    WHERE 4 * days_gone >= 3 * (CAST(julianday(end_date) - julianday(start_date) AS INTEGER) + 1)
      AND plan_spent_cents * 100 < plan_cents * ${underspendPercent}`;
}

/**
 * Brings the alerts of pools in step with their boundaries, for the batch that moved them: what should be told and has
 * no standing alert gets one, what is not so any more is cleared. The first statement returns what was cleared, the
 * second what was raised.
 */
export function poolAlertStatements(looking: Looking, { pools, proof, raise }: Pools): Sql[] {
  const { organizationId, at } = looking;
  const token = newId('chg');
  const raised = raise === 'thresholds' ? sql`due.kind = 'budget_threshold'` : sql`true`;
  const due = sql`WITH current AS MATERIALIZED (${currentPools(pools, looking)}),
    due AS MATERIALIZED (${dueAlerts(looking, sql`SELECT * FROM current`)})`;
  return [
    sql`${due} UPDATE alerts SET status = 'resolved', resolved_at = coalesce(resolved_at, ${at}), cleared_at = ${at}, revision = revision + 1,
        change_id = ${token}
      WHERE subject_id IN (SELECT pool_id FROM (${pools})) AND kind IN ${POOL_KINDS} AND cleared_at IS NULL
        AND +organization_id = ${organizationId} AND ${proof}
        AND NOT EXISTS (SELECT 1 FROM due WHERE due.pool_id = alerts.subject_id AND due.kind = alerts.kind
          AND due.period_start = alerts.period_start AND due.threshold = alerts.threshold)
      RETURNING id`,
    sql`${due} INSERT INTO alerts (id, organization_id, participant_id, plan_id, subject_id, budget_id, kind, severity, period_start, threshold,
        figures, at, change_id)
      SELECT ${idStem('alr')} || printf('%05d', new.place), ${organizationId}, new.participant_id, new.plan_id, new.pool_id,
        (SELECT id FROM budgets WHERE plan_id = new.plan_id AND pool_id = new.pool_id ORDER BY number LIMIT 1),
        new.kind, new.severity, new.period_start, new.threshold, new.figures, ${at}, ${token}
      FROM (SELECT due.*, row_number() OVER (ORDER BY due.pool_id, due.kind, due.threshold) AS place FROM due
        WHERE ${raised} AND NOT EXISTS (SELECT 1 FROM alerts standing WHERE standing.subject_id = due.pool_id
          AND standing.kind = due.kind AND standing.period_start = due.period_start
          AND standing.threshold = due.threshold AND standing.cleared_at IS NULL)) new
      WHERE ${proof}
      RETURNING id`,
    auditAlerts(looking, token),
    ...countAlerts(organizationId, sql`alerts.change_id = ${token}`),
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
        AND alerts.kind IN ${POOL_KINDS} AND +alerts.organization_id = ${organizationId}`;
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
