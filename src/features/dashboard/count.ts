import sql, { type Sql } from 'sql-template-tag';

/**
 * Keeps what the dashboard adds up, in the batch of whatever moves it. Plans and alerts remember how they were counted:
 * counting them again takes that away and adds how they are now, so that it is right whatever the batch did, and does
 * nothing when it did nothing.
 */

/** Counts a standing service of a day and its cost, or with `by` -1 takes them away. */
export function countService(
  { organizationId, date, cents }: { organizationId: string; date: string; cents: number },
  { by, proof }: { by: 1 | -1; proof: Sql },
): Sql {
  return sql`INSERT INTO service_days (organization_id, date, services, spent_cents)
    SELECT ${organizationId}, ${date}, ${by}, ${by * cents} WHERE ${proof}
    ON CONFLICT (organization_id, date) DO UPDATE SET services = services + excluded.services,
      spent_cents = spent_cents + excluded.spent_cents`;
}

/** The edges of a plan, and the parts of their dates that are counted. */
const EDGES = sql`(VALUES ('start.d', 'start', 10), ('start.m', 'start', 7), ('start.y', 'start', 4),
  ('end.d', 'end', 10), ('end.m', 'end', 7), ('end.y', 'end', 4)) edge`;

function addCounted(which: Sql, sign: Sql): Sql {
  return sql`INSERT INTO plan_days (organization_id, edge, bucket, plans, green, amber, red)
    SELECT plans.organization_id, edge.column1,
      substr(iif(edge.column2 = 'start', plans.counted_start, plans.counted_end), 1, edge.column3),
      ${sign} count(*), ${sign} sum(plans.counted_green), ${sign} sum(plans.counted_amber), ${sign} sum(plans.counted_red)
    FROM plans CROSS JOIN ${EDGES} WHERE plans.id IN (${which}) AND plans.counted_start IS NOT NULL GROUP BY 1, 2, 3
    ON CONFLICT (organization_id, edge, bucket) DO UPDATE SET plans = plans + excluded.plans, green = green + excluded.green,
      amber = amber + excluded.amber, red = red + excluded.red`;
}

/** Counts plans and the colours of their lines as they are now; `which` selects ids. Archived participants' are not counted. */
export function countPlans(which: Sql): Sql[] {
  const lines = (colour: string) => sql`(SELECT count(*) FROM budgets WHERE plan_id = plans.id AND colour = ${colour})`;
  const isCounted = sql`EXISTS (SELECT 1 FROM participants WHERE id = plans.participant_id AND status <> 'archived')`;
  return [
    addCounted(which, sql`-`),
    sql`UPDATE plans SET counted_start = iif(${isCounted}, start_date, NULL), counted_end = iif(${isCounted}, end_date, NULL),
        counted_green = ${lines('green')}, counted_amber = ${lines('amber')}, counted_red = ${lines('red')}
      WHERE id IN (${which})`,
    addCounted(which, sql`+`),
  ];
}

/** Counts alerts as they are now; `which` is a condition on `alerts`. */
export function countAlerts(organizationId: string, which: Sql): Sql[] {
  return [
    sql`UPDATE organizations SET open_alerts = open_alerts + (SELECT coalesce(sum((status = 'open') - is_counted), 0) FROM alerts
        WHERE ${which} AND +organization_id = ${organizationId})
      WHERE id = ${organizationId} AND EXISTS (SELECT 1 FROM alerts WHERE ${which} AND is_counted <> (status = 'open')
        AND +organization_id = ${organizationId})`,
    sql`UPDATE alerts SET is_counted = (status = 'open') WHERE ${which} AND is_counted <> (status = 'open')
      AND +organization_id = ${organizationId}`,
  ];
}

/** Counts participants' scores as they are now; `which` selects participants' ids. */
export function countScores(organizationId: string, which: Sql): Sql[] {
  const moved = sql`FROM compliance_checks WHERE participant_id IN (${which}) AND +organization_id = ${organizationId}`;
  return [
    sql`UPDATE organizations SET
        compliance_scored = compliance_scored + (SELECT coalesce(sum((score IS NOT NULL) - (counted_score IS NOT NULL)), 0) ${moved}),
        compliance_points = compliance_points + (SELECT coalesce(sum(coalesce(score, 0) - coalesce(counted_score, 0)), 0) ${moved}),
        compliance_hard_fails = compliance_hard_fails + (SELECT coalesce(sum(hard_fail - counted_fail), 0) ${moved})
      WHERE id = ${organizationId}`,
    sql`UPDATE compliance_checks SET counted_score = score, counted_fail = hard_fail
      WHERE participant_id IN (${which}) AND +organization_id = ${organizationId}`,
  ];
}
