import sql, { type Sql } from 'sql-template-tag';
import type { Database, Rows } from '../../database/database.ts';
import type { BudgetRow, FundingPeriodRow } from '../budgets/table.ts';
import type { ParticipantRow } from '../participants/table.ts';
import type { PlanRow } from '../plans/table.ts';
import type { LedgerKey, LedgerState, Line, Plan } from './state.ts';
import type { PoolBoundaryRow } from './table.ts';

type PeriodRow = Pick<FundingPeriodRow, 'budget_id' | 'start_date' | 'end_date' | 'amount_cents'>;
export type LedgerRows = [
  Pick<ParticipantRow, 'id' | 'organization_id' | 'status' | 'pricing_zone' | 'ledger_version'>,
  Pick<PlanRow, 'id' | 'start_date' | 'end_date' | 'system' | 'management_type' | 'revision'>,
  Omit<BudgetRow, 'created_at' | 'updated_at'>,
  PeriodRow,
  Pick<PoolBoundaryRow, 'plan_id' | 'pool_id' | 'ends_on' | 'released_cents' | 'spent_cents'>,
];

/**
 * The reads that make a `LedgerState`: send them in one batch, so that they see one moment. The participant may be an
 * expression that finds them.
 */
export function ledgerStatements({
  organizationId,
  participantId,
}: {
  organizationId: string;
  participantId: string | Sql;
}): [Sql, Sql, Sql, Sql, Sql] {
  return [
    sql`SELECT id, organization_id, status, pricing_zone, ledger_version FROM participants
      WHERE id = ${participantId} AND organization_id = ${organizationId}`,
    sql`SELECT id, start_date, end_date, system, management_type, revision FROM plans
      WHERE participant_id = ${participantId} AND organization_id = ${organizationId} ORDER BY start_date`,
    sql`SELECT id, organization_id, participant_id, plan_id, number, category_code, support_item_code, management_type, flexible,
        pool_id, allocated_cents, spent_cents, revision FROM budgets
      WHERE participant_id = ${participantId} AND organization_id = ${organizationId} ORDER BY plan_id, number`,
    sql`SELECT period.budget_id, period.start_date, period.end_date, period.amount_cents
      FROM budgets JOIN funding_periods period ON period.budget_id = budgets.id
      WHERE budgets.participant_id = ${participantId} AND budgets.organization_id = ${organizationId}
      ORDER BY period.budget_id, period.start_date`,
    sql`SELECT plan_id, pool_id, ends_on, released_cents, spent_cents FROM pool_boundaries
      WHERE participant_id = ${participantId} AND organization_id = ${organizationId} ORDER BY pool_id, ends_on`,
  ];
}

/** The state that the rows of `ledgerStatements` describe; null when there is no such participant. */
export function ledgerStateOf(rows: Rows<LedgerRows>): LedgerState | null {
  const [[participant], planRows, budgetRows, periodRows, boundaryRows] = rows;
  if (!participant) return null;
  const plans = new Map<string, Plan>();
  for (const row of planRows) {
    plans.set(row.id, {
      id: row.id,
      startDate: row.start_date,
      endDate: row.end_date,
      system: row.system,
      managementType: row.management_type,
      revision: row.revision,
      lines: [],
      boundaries: new Map(),
    });
  }
  const lines = new Map<string, Line>();
  for (const row of budgetRows) {
    const line: Line = {
      id: row.id,
      planId: row.plan_id,
      number: row.number,
      categoryCode: row.category_code,
      supportItemCode: row.support_item_code,
      managementType: row.management_type,
      flexible: row.flexible === 1,
      poolId: row.pool_id,
      allocatedCents: row.allocated_cents,
      spentCents: row.spent_cents,
      revision: row.revision,
      periods: [],
    };
    lines.set(row.id, line);
    plans.get(row.plan_id)?.lines.push(line);
  }
  for (const row of periodRows) {
    lines.get(row.budget_id)?.periods.push({
      startDate: row.start_date,
      endDate: row.end_date,
      amountCents: row.amount_cents,
    });
  }
  for (const row of boundaryRows) {
    const pools = plans.get(row.plan_id)?.boundaries;
    const boundary = { endsOn: row.ends_on, releasedCents: row.released_cents, spentCents: row.spent_cents };
    const known = pools?.get(row.pool_id);
    if (known) known.push(boundary);
    else pools?.set(row.pool_id, [boundary]);
  }
  return {
    participantId: participant.id,
    organizationId: participant.organization_id,
    status: participant.status,
    pricingZone: participant.pricing_zone,
    version: participant.ledger_version,
    plans: [...plans.values()],
  };
}

/** A participant's ledger as D1 has it now; null when the organisation has no such participant. */
export async function loadLedger(database: Database, key: LedgerKey): Promise<LedgerState | null> {
  return ledgerStateOf(await database.read<LedgerRows>(...ledgerStatements(key)));
}
