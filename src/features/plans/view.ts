import { type BudgetView, budgetView } from '../budgets/rules.ts';
import type { Period, Plan, PlanLine } from '../ledger/state.ts';
import { type PlanStatus, planStatus } from './rules.ts';
import type { PlanRow } from './table.ts';

/** A line with its funding periods, as a plan and the line's own address show it. */
export interface BudgetDetail extends BudgetView {
  periods: Period[];
}

export interface DatesChange {
  startDate: string;
  endDate: string;
  changedAt: string;
  changedBy: string | null;
}

export interface PlanView {
  id: string;
  participantId: string;
  status: PlanStatus;
  planNumber: string | null;
  startDate: string;
  endDate: string;
  reviewDate: string | null;
  planManager: string | null;
  supportCoordinatorId: string | null;
  goals: string[];
  system: PlanRow['system'];
  managementType: PlanRow['management_type'];
  datesHistory: DatesChange[];
  allocatedCents: number;
  spentCents: number;
  budgets: BudgetDetail[];
  createdAt: string;
  updatedAt: string;
}

/** A line with its periods as it stands on `today`. */
export function budgetDetail({ plan, line }: PlanLine, today: string): BudgetDetail {
  return { ...budgetView({ plan, line }, today), periods: line.periods };
}

/** A plan as clients see it on `today`; `plan` is the ledger's half of the same row. */
export function planView({ row, plan }: { row: PlanRow; plan: Plan }, today: string): PlanView {
  return {
    id: row.id,
    participantId: row.participant_id,
    status: planStatus({ startDate: row.start_date, endDate: row.end_date }, today),
    planNumber: row.plan_number,
    startDate: row.start_date,
    endDate: row.end_date,
    reviewDate: row.review_date,
    planManager: row.plan_manager,
    supportCoordinatorId: row.support_coordinator_id,
    goals: JSON.parse(row.goals),
    system: row.system,
    managementType: row.management_type,
    datesHistory: JSON.parse(row.dates_history),
    allocatedCents: row.allocated_cents,
    spentCents: row.spent_cents,
    budgets: plan.lines.map((line) => budgetDetail({ plan, line }, today)),
    createdAt: new Date(row.created_at).toISOString(),
    updatedAt: new Date(row.updated_at).toISOString(),
  };
}
