import sql, { type Sql } from 'sql-template-tag';
import { type Line, type Plan, poolOf } from '../ledger/state.ts';
import { type Entry, insertLines, type StructureCommit, unspentBoundaries } from '../structure/statements.ts';
import { type BudgetInput, type PlanInput, wholePeriod } from './rules.ts';
import type { PlanRow } from './table.ts';

/** A line as it will stand, from what was asked for and its plan. */
export function newLine(
  input: BudgetInput,
  place: { id: string; number: number; plan: Pick<Plan, 'id' | 'startDate' | 'endDate' | 'managementType'> },
): Line {
  const { id, number, plan } = place;
  const line = {
    id,
    planId: plan.id,
    managementType: input.managementType ?? plan.managementType,
    flexible: input.flexible,
  };
  return {
    ...line,
    number,
    categoryCode: input.categoryCode,
    supportItemCode: input.supportItemCode,
    poolId: poolOf(line),
    allocatedCents: input.allocatedCents,
    spentCents: 0,
    revision: 1,
    periods: input.periods ?? wholePeriod(plan, input.allocatedCents),
  };
}

/** A plan as it will stand; `budgetIds` has an id for each line. */
export function newPlan(input: PlanInput, ids: { planId: string; budgetIds: readonly string[] }): Plan {
  const plan = {
    id: ids.planId,
    startDate: input.startDate,
    endDate: input.endDate,
    managementType: input.managementType,
  };
  const lines = input.budgets.map((line, index) =>
    newLine(line, { id: ids.budgetIds[index] ?? '', number: index + 1, plan }),
  );
  return { ...plan, system: input.system, revision: 1, lines, boundaries: unspentBoundaries(lines) };
}

/** The row of a new plan. */
export function planRow(
  { input, plan }: { input: PlanInput; plan: Plan },
  commit: Pick<StructureCommit, 'organizationId' | 'participantId' | 'at'>,
): PlanRow {
  return {
    id: plan.id,
    organization_id: commit.organizationId,
    participant_id: commit.participantId,
    plan_number: input.planNumber,
    start_date: input.startDate,
    end_date: input.endDate,
    review_date: input.reviewDate,
    plan_manager: input.planManager,
    support_coordinator_id: input.supportCoordinatorId,
    goals: JSON.stringify(input.goals),
    system: input.system,
    management_type: input.managementType,
    dates_history: '[]',
    allocated_cents: plan.lines.reduce((sum, line) => sum + line.allocatedCents, 0),
    spent_cents: 0,
    revision: 1,
    created_at: commit.at,
    updated_at: commit.at,
  };
}

/** The entries that bring new lines' allocations into the ledger. */
export function openingEntries(lines: readonly Line[]): Entry[] {
  return lines.map((line) => ({
    budgetId: line.id,
    kind: 'budget.created',
    allocatedDeltaCents: line.allocatedCents,
    spentDeltaCents: 0,
  }));
}

/** Writes a new plan with its lines and periods; boundaries and entries are the caller's, as for every change. */
export function insertPlan({ row, plan }: { row: PlanRow; plan: Plan }, commit: StructureCommit): Sql[] {
  return [
    sql`INSERT INTO plans (id, organization_id, participant_id, plan_number, start_date, end_date, review_date, plan_manager,
        support_coordinator_id, goals, system, management_type, dates_history, allocated_cents, spent_cents, revision, created_at,
        updated_at)
      SELECT ${row.id}, ${row.organization_id}, ${row.participant_id}, ${row.plan_number}, ${row.start_date}, ${row.end_date},
        ${row.review_date}, ${row.plan_manager}, ${row.support_coordinator_id}, ${row.goals}, ${row.system}, ${row.management_type},
        ${row.dates_history}, ${row.allocated_cents}, 0, 1, ${row.created_at}, ${row.updated_at}
      WHERE ${commit.proof}`,
    ...(plan.lines.length === 0 ? [] : insertLines(plan.lines, commit)),
  ];
}
