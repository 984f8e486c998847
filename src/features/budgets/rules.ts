import { divideHalfUp } from '../../money/rules.ts';
import { addDays, daysBetween } from '../../time/rules.ts';
import { availableOn } from '../ledger/rules.ts';
import { type LedgerState, type Line, type Plan, type PlanLine, planShownOn } from '../ledger/state.ts';

export type TrafficLight = 'green' | 'amber' | 'red';

/** A budget line as everyone sees it (`api.md` §3, BudgetView); amounts in cents, rates in cents a day. */
export interface BudgetView {
  id: string;
  planId: string;
  categoryCode: number;
  categoryName: string;
  supportItemCode: string | null;
  managementType: Line['managementType'];
  flexible: boolean;
  allocatedCents: number;
  releasedCents: number;
  spentCents: number;
  remainingCents: number;
  availableCents: number;
  percentUsed: number | null;
  status: TrafficLight;
  startDate: string;
  endDate: string;
  daysRemaining: number;
  burnRateCentsPerDay: number;
  projectedRunOutDate: string | null;
}

/** The PACE names of the support categories (`domain.md` §3.3). */
const CATEGORY_NAMES: Record<number, string> = {
  1: 'Assistance with Daily Life',
  2: 'Transport',
  3: 'Consumables',
  4: 'Assistance with Social, Economic and Community Participation',
  5: 'Assistive Technology',
  6: 'Home Modifications',
  7: 'Support Coordination and Psychosocial Recovery Coaches',
  8: 'Improved Living Arrangements',
  9: 'Increased Social and Community Participation',
  10: 'Finding and Keeping a Job',
  11: 'Relationships',
  12: 'Health and Wellbeing',
  13: 'Lifelong Learning',
  14: 'Choice and Control',
  15: 'Improved Daily Living Skills',
  16: 'Home and Living',
  17: 'Specialist Disability Accommodation',
  18: 'Transport Recurring',
  19: 'Assistive Technology Maintenance, Repair and Rental',
  20: 'Behaviour Support',
  21: 'YPIRAC Cross Billing',
};

/** The name of a support category, 1 to 21; `Category N` for any other. */
export function categoryName(code: number): string {
  return CATEGORY_NAMES[code] ?? `Category ${code}`;
}

/** The share spent, in percent with one decimal; null when nothing is allocated. */
export function percentUsed(spentCents: number, allocatedCents: number): number | null {
  return allocatedCents === 0 ? null : divideHalfUp(spentCents * 1000, allocatedCents) / 10;
}

/** Green up to 75 % spent, amber above, red above 90 %, by the exact share; without an allocation, red once spent. */
export function trafficLight(spentCents: number, allocatedCents: number): TrafficLight {
  if (allocatedCents === 0) return spentCents > 0 ? 'red' : 'green';
  if (spentCents * 100 > allocatedCents * 90) return 'red';
  return spentCents * 100 > allocatedCents * 75 ? 'amber' : 'green';
}

/** Cents a day since the plan's start, today included, rounded half up; 0 before the start. */
function burnRate({ plan, line }: PlanLine, today: string): number {
  const days = daysBetween(plan.startDate, today) + 1;
  return days > 0 ? divideHalfUp(line.spentCents, days) : 0;
}

/** When the rest is used up at the present rate: today when nothing is left; null at rate 0 or after the plan's end. */
function runOutDate(
  plan: Plan,
  { remainingCents, rate, today }: { remainingCents: number; rate: number; today: string },
): string | null {
  if (rate === 0) return null;
  const days = remainingCents <= 0 ? 0 : Math.floor(remainingCents / rate);
  // A date past the plan's end is null anyway, and a tiny rate would leave the calendar.
  if (days > daysBetween(today, plan.endDate)) return null;
  return addDays(today, days);
}

/** A line as it stands on `today`, the organisation's date. */
export function budgetView({ plan, line }: PlanLine, today: string): BudgetView {
  const remainingCents = line.allocatedCents - line.spentCents;
  const rate = burnRate({ plan, line }, today);
  const inPlan = plan.startDate <= today && today <= plan.endDate;
  return {
    id: line.id,
    planId: plan.id,
    categoryCode: line.categoryCode,
    categoryName: categoryName(line.categoryCode),
    supportItemCode: line.supportItemCode,
    managementType: line.managementType,
    flexible: line.flexible,
    allocatedCents: line.allocatedCents,
    releasedCents: line.periods.reduce(
      (sum, period) => (period.startDate <= today ? sum + period.amountCents : sum),
      0,
    ),
    spentCents: line.spentCents,
    remainingCents,
    availableCents: inPlan ? availableOn(plan.boundaries.get(line.poolId) ?? [], today) : 0,
    percentUsed: percentUsed(line.spentCents, line.allocatedCents),
    status: trafficLight(line.spentCents, line.allocatedCents),
    startDate: plan.startDate,
    endDate: plan.endDate,
    daysRemaining: Math.max(0, daysBetween(today, plan.endDate)),
    burnRateCentsPerDay: rate,
    projectedRunOutDate: runOutDate(plan, { remainingCents, rate, today }),
  };
}

/** The lines of a plan as they stand on `today`. */
export function budgetViews(plan: Plan, today: string): BudgetView[] {
  return plan.lines.map((line) => budgetView({ plan, line }, today));
}

export interface BudgetsView {
  version: number;
  asOf: string;
  budgets: BudgetView[];
}

/** The lines of a plan on `today`; unless one is named, of the one that contains it, else the next, else the last. */
export function budgetsView(
  state: LedgerState,
  { today, plan = planShownOn(state, today) }: { today: string; plan?: Plan | undefined },
): BudgetsView {
  return { version: state.version, asOf: today, budgets: plan ? budgetViews(plan, today) : [] };
}
