import type { OperatorDatabase } from '../../../scripts/lib/database.ts';

const sum = (column: string, rest: string) => `(SELECT coalesce(sum(${column}), 0) FROM ${rest})`;

/** Rows whose stored figure is not the one that it sums up; the SQL is the tests' own. */
const CHECKS: Record<string, string> = {
  lines: `SELECT line.id, line.allocated_cents, line.spent_cents FROM budgets line WHERE
    line.allocated_cents <> ${sum('allocated_delta_cents', 'ledger_entries WHERE budget_id = line.id')}
    OR line.spent_cents <> ${sum('spent_delta_cents', 'ledger_entries WHERE budget_id = line.id')}
    OR line.spent_cents <> ${sum('total_cost_cents', "services WHERE budget_id = line.id AND status = 'completed'")}
    OR line.allocated_cents <> ${sum('amount_cents', 'funding_periods WHERE budget_id = line.id')}`,
  boundaries: `SELECT boundary.pool_id, boundary.ends_on, boundary.released_cents, boundary.spent_cents FROM pool_boundaries boundary WHERE
    boundary.spent_cents <> ${sum(
      'service.total_cost_cents',
      `budgets line JOIN services service ON service.budget_id = line.id WHERE line.pool_id = boundary.pool_id
        AND service.status = 'completed' AND service.service_date <= boundary.ends_on`,
    )}
    OR boundary.released_cents <> ${sum(
      'period.amount_cents',
      `budgets line JOIN funding_periods period ON period.budget_id = line.id WHERE line.pool_id = boundary.pool_id
        AND period.start_date <= boundary.ends_on`,
    )}
    OR boundary.spent_cents > boundary.released_cents`,
  plans: `SELECT plan.id, plan.allocated_cents, plan.spent_cents FROM plans plan WHERE
    plan.allocated_cents <> ${sum('allocated_cents', 'budgets WHERE plan_id = plan.id')}
    OR plan.spent_cents <> ${sum('spent_cents', 'budgets WHERE plan_id = plan.id')}`,
  versions: `SELECT participant.id, participant.ledger_version FROM participants participant WHERE participant.ledger_version <>
    (SELECT count(DISTINCT version) FROM ledger_entries WHERE participant_id = participant.id)`,
  'entries of services': `SELECT service.id FROM services service WHERE
    (SELECT count(*) FROM ledger_entries WHERE service_id = service.id AND kind = 'service.recorded') <> 1
    OR (SELECT count(*) FROM ledger_entries WHERE service_id = service.id AND kind = 'service.cancelled') <> (service.status = 'cancelled')`,
  'record of services': `SELECT service.id FROM services service WHERE
    (SELECT count(*) FROM audit_logs WHERE entity_id = service.id AND action = 'service.created') <> 1
    OR (SELECT count(*) FROM audit_logs WHERE entity_id = service.id AND action = 'service.cancelled') <> (service.status = 'cancelled')`,
  'record without a gap': `SELECT organization_id FROM audit_logs GROUP BY organization_id HAVING count(*) <> max(seq) OR min(seq) <> 1`,
};

/** What does not add up in a whole database, by what it is; empty when every balance is proved. */
export async function differences(database: OperatorDatabase): Promise<Record<string, unknown[]>> {
  const wrong: Record<string, unknown[]> = {};
  for (const [what, query] of Object.entries(CHECKS)) {
    const rows = await database.query(query);
    if (rows.length > 0) wrong[what] = rows.map((row) => ({ ...row }));
  }
  return wrong;
}
