import sql, { type Sql } from 'sql-template-tag';
import type { StructureCommit } from './statements.ts';

/**
 * Writes the boundaries of a plan anew from its lines, periods, services and opening entries. The database works the
 * sums out inside the batch, so that whatever was written before is counted; the CHECK then has the last word.
 */
export function rewriteBoundaries(
  planId: string,
  { organizationId, proof }: Pick<StructureCommit, 'organizationId' | 'proof'>,
): Sql[] {
  return [
    sql`DELETE FROM pool_boundaries WHERE (pool_id = ${planId} || '/self_managed' OR pool_id = ${planId} || '/plan_managed'
        OR pool_id = ${planId} || '/ndia_managed' OR pool_id IN (SELECT id FROM budgets WHERE plan_id = ${planId} AND organization_id = ${organizationId}))
      AND organization_id = ${organizationId} AND ${proof}`,
    sql`INSERT INTO pool_boundaries (pool_id, ends_on, organization_id, participant_id, plan_id, released_cents, spent_cents)
      ${boundarySums(planId, organizationId)} WHERE ${proof}`,
  ];
}

/** The boundaries that a plan should have: `pool_id, ends_on, organization_id, participant_id, plan_id, released, spent`. */
export function boundarySums(planId: string, organizationId: string): Sql {
  return sql`WITH spending AS MATERIALIZED (
        SELECT budget.pool_id, spent.day, sum(spent.cents) AS cents FROM (
          SELECT service.budget_id, service.service_date AS day, service.total_cost_cents AS cents
          FROM budgets line JOIN services service ON service.budget_id = line.id
          WHERE line.plan_id = ${planId} AND line.organization_id = ${organizationId} AND service.status = 'completed'
          UNION ALL
          SELECT entry.budget_id, entry.effective_on AS day, entry.spent_delta_cents AS cents
          FROM budgets line JOIN ledger_entries entry ON entry.budget_id = line.id
          WHERE line.plan_id = ${planId} AND line.organization_id = ${organizationId} AND entry.kind = 'opening'
        ) spent JOIN budgets budget ON budget.id = spent.budget_id GROUP BY 1, 2
      ),
      releases AS MATERIALIZED (
        SELECT budget.pool_id, budget.participant_id, period.start_date, period.end_date, period.amount_cents AS cents
        FROM budgets budget JOIN funding_periods period ON period.budget_id = budget.id
        WHERE budget.plan_id = ${planId} AND budget.organization_id = ${organizationId}
      ),
      ends AS (SELECT DISTINCT pool_id, participant_id, end_date FROM releases)
      SELECT ends.pool_id, ends.end_date, ${organizationId}, ends.participant_id, ${planId},
        (SELECT sum(cents) FROM releases WHERE pool_id = ends.pool_id AND start_date <= ends.end_date),
        (SELECT coalesce(sum(cents), 0) FROM spending WHERE pool_id = ends.pool_id AND day <= ends.end_date)
      FROM ends`;
}
