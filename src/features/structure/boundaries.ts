import sql, { type Sql } from 'sql-template-tag';
import type { StructureCommit } from './statements.ts';

/**
 * Writes the boundaries of plans anew from their lines, periods, services and opening entries; nothing for no plans.
 * The database works the sums out inside the batch, so that whatever was written before is counted; the CHECK then has
 * the last word.
 */
export function rewriteBoundaries(
  plans: readonly { planId: string; participantId: string }[],
  { organizationId, proof }: Pick<StructureCommit, 'organizationId' | 'proof'>,
): Sql[] {
  if (plans.length === 0) return [];
  const list = JSON.stringify(plans);
  const lines = sql`json_each(${list}) wanted
    CROSS JOIN budgets ON budgets.plan_id = wanted.value ->> 'planId' AND budgets.organization_id = ${organizationId}`;
  return [
    sql`DELETE FROM pool_boundaries
      WHERE participant_id IN (SELECT value ->> 'participantId' FROM json_each(${list}))
        AND plan_id IN (SELECT value ->> 'planId' FROM json_each(${list})) AND organization_id = ${organizationId} AND ${proof}`,
    sql`INSERT INTO pool_boundaries (pool_id, ends_on, organization_id, participant_id, plan_id, released_cents, spent_cents)
      WITH lines AS MATERIALIZED (SELECT budgets.id, budgets.pool_id, budgets.plan_id, budgets.participant_id FROM ${lines}),
        spending AS MATERIALIZED (
          SELECT lines.pool_id, services.service_date AS day, services.total_cost_cents AS cents
          FROM lines CROSS JOIN services INDEXED BY services_by_budget ON services.budget_id = lines.id
          WHERE services.status = 'completed' AND services.organization_id = ${organizationId}
          UNION ALL
          SELECT lines.pool_id, entries.effective_on, entries.spent_delta_cents
          FROM lines CROSS JOIN ledger_entries entries INDEXED BY ledger_entries_budget ON entries.budget_id = lines.id
          WHERE entries.kind = 'opening' AND entries.organization_id = ${organizationId}
        ),
        releases AS MATERIALIZED (
          SELECT lines.pool_id, lines.plan_id, lines.participant_id, period.start_date, period.end_date, period.amount_cents AS cents
          FROM lines CROSS JOIN funding_periods period ON period.budget_id = lines.id
        ),
        ends AS (SELECT DISTINCT pool_id, plan_id, participant_id, end_date FROM releases)
      SELECT ends.pool_id, ends.end_date, ${organizationId}, ends.participant_id, ends.plan_id,
        (SELECT sum(cents) FROM releases WHERE releases.pool_id = ends.pool_id AND releases.start_date <= ends.end_date),
        (SELECT coalesce(sum(cents), 0) FROM spending WHERE spending.pool_id = ends.pool_id AND spending.day <= ends.end_date)
      FROM ends WHERE ${proof}`,
  ];
}
