import sql, { raw, type Sql } from 'sql-template-tag';
import type { Rows } from '../../database/database.ts';
import type { BudgetRow } from '../budgets/table.ts';
import { type LedgerRows, ledgerStateOf } from '../ledger/load.ts';
import type { LedgerState } from '../ledger/state.ts';
import type { ParticipantRow } from '../participants/table.ts';
import { PLAN_COLUMNS } from '../plans/columns.ts';
import type { PlanRow } from '../plans/table.ts';

type PeriodRow = LedgerRows[3] & { participant_id: string };
type BoundaryRow = LedgerRows[4] & { participant_id: string };
export type ManyLedgers = [ParticipantRow, PlanRow, BudgetRow, PeriodRow, BoundaryRow];

/** The reads of many participants' rows and ledgers by their NDIS numbers: send them in one batch. */
export function manyLedgersStatements(
  organizationId: string,
  ndisNumbers: readonly string[],
): [Sql, Sql, Sql, Sql, Sql] {
  const wanted = sql`json_each(${JSON.stringify(ndisNumbers)}) wanted
    CROSS JOIN participants INDEXED BY participants_ndis_number
      ON participants.organization_id = ${organizationId} AND participants.ndis_number = wanted.value`;
  const plans = raw(PLAN_COLUMNS.sql.replaceAll(/\w+/g, 'plans.$&'));
  return [
    sql`SELECT participants.* FROM ${wanted}`,
    sql`SELECT ${plans} FROM ${wanted} CROSS JOIN plans ON plans.participant_id = participants.id ORDER BY plans.start_date`,
    sql`SELECT budgets.* FROM ${wanted} CROSS JOIN budgets ON budgets.participant_id = participants.id
      ORDER BY budgets.plan_id, budgets.number`,
    sql`SELECT budgets.participant_id, period.budget_id, period.start_date, period.end_date, period.amount_cents FROM ${wanted}
      CROSS JOIN budgets ON budgets.participant_id = participants.id
      CROSS JOIN funding_periods period ON period.budget_id = budgets.id ORDER BY period.budget_id, period.start_date`,
    sql`SELECT boundary.participant_id, boundary.plan_id, boundary.pool_id, boundary.ends_on, boundary.released_cents,
        boundary.spent_cents FROM ${wanted} CROSS JOIN pool_boundaries boundary ON boundary.participant_id = participants.id
      ORDER BY boundary.pool_id, boundary.ends_on`,
  ];
}

export interface KnownParticipant {
  row: ParticipantRow;
  ledger: LedgerState;
  plans: Map<string, PlanRow>;
}

/** What the rows of `manyLedgersStatements` describe, by NDIS number. */
export function knownParticipants(rows: Rows<ManyLedgers>): Map<string, KnownParticipant> {
  const [people, plans, budgets, periods, boundaries] = rows;
  const by = <Row extends { participant_id: string }>(list: readonly Row[]) =>
    Map.groupBy(list, (row) => row.participant_id);
  const of = { plans: by(plans), budgets: by(budgets), periods: by(periods), boundaries: by(boundaries) };
  const known = new Map<string, KnownParticipant>();
  for (const row of people) {
    const own = of.plans.get(row.id) ?? [];
    const ledger = ledgerStateOf([
      [row],
      own,
      of.budgets.get(row.id) ?? [],
      of.periods.get(row.id) ?? [],
      of.boundaries.get(row.id) ?? [],
    ]);
    if (ledger) known.set(row.ndis_number, { row, ledger, plans: new Map(own.map((plan) => [plan.id, plan])) });
  }
  return known;
}

/** A ledger as JSON keeps it: pools and their boundaries as pairs. */
export function storedLedger(ledger: LedgerState): unknown {
  return { ...ledger, plans: ledger.plans.map((plan) => ({ ...plan, boundaries: [...plan.boundaries] })) };
}

/** The ledger that `storedLedger` made JSON of. Safe: only it writes what is read here. */
export function restoredLedger(stored: unknown): LedgerState {
  const ledger = stored as LedgerState & { plans: { boundaries: Iterable<[string, never[]]> }[] };
  return { ...ledger, plans: ledger.plans.map((plan) => ({ ...plan, boundaries: new Map(plan.boundaries) })) };
}
