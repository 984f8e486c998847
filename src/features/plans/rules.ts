import type { FieldError } from '../../http/problem.ts';
import { addDays } from '../../time/rules.ts';
import type { ManagementType, Period, Plan, PlanSystem } from '../ledger/state.ts';

/** A budget line as it is asked for; a null `managementType` is the plan's, null `periods` release all at the start. */
export interface BudgetInput {
  categoryCode: number;
  supportItemCode: string | null;
  managementType: ManagementType | null;
  flexible: boolean;
  allocatedCents: number;
  periods: Period[] | null;
}

export interface PlanInput {
  planNumber: string | null;
  startDate: string;
  endDate: string;
  reviewDate: string | null;
  planManager: string | null;
  supportCoordinatorId: string | null;
  goals: string[];
  system: PlanSystem;
  managementType: ManagementType;
  budgets: BudgetInput[];
}

type Patch<Fields> = { [Name in keyof Fields]?: Fields[Name] | undefined };
/** Absent leaves as it is. */
export type PlanPatch = Patch<Omit<PlanInput, 'budgets'>>;
/** Absent leaves as it is; null `periods` release all at the plan's start. */
export type BudgetPatch = Patch<Pick<BudgetInput, 'allocatedCents' | 'periods' | 'flexible'>>;

interface Dates {
  startDate: string;
  endDate: string;
}

/** The periods of a line without any of its own: the whole allocation, released at the plan's start. */
export function wholePeriod(dates: Dates, allocatedCents: number): Period[] {
  return [{ startDate: dates.startDate, endDate: dates.endDate, amountCents: allocatedCents }];
}

/**
 * What is wrong with a line's periods (`api.md` §3): they must tile the plan, and their sum is the allocation; null
 * periods always fit. Pointers are relative to the line.
 */
export function periodErrors(
  { periods, allocatedCents }: { periods: readonly Period[] | null; allocatedCents: number },
  dates: Dates,
): FieldError[] {
  if (periods === null) return [];
  const errors: FieldError[] = [];
  let expected = dates.startDate;
  for (const [index, period] of periods.entries()) {
    if (period.startDate !== expected) {
      const why = index === 0 ? "the plan's first day" : 'the day after the period before';
      errors.push({ pointer: `/periods/${index}/startDate`, message: `must be ${expected}, ${why}` });
    }
    if (period.endDate < period.startDate) {
      errors.push({ pointer: `/periods/${index}/endDate`, message: 'must not be before the start' });
      return errors;
    }
    expected = addDays(period.endDate, 1);
  }
  const last = periods.length - 1;
  if (periods.length === 0) errors.push({ pointer: '/periods', message: 'must have at least one period, or be null' });
  else if (periods[last]?.endDate !== dates.endDate) {
    errors.push({ pointer: `/periods/${last}/endDate`, message: `must be ${dates.endDate}, the plan's last day` });
  }
  const sum = periods.reduce((total, period) => total + period.amountCents, 0);
  if (periods.length > 0 && sum !== allocatedCents) {
    errors.push({ pointer: '/periods', message: `must add up to allocatedCents, ${allocatedCents}; they make ${sum}` });
  }
  return errors;
}

/** What is wrong with a plan beyond its fields; pointers are from the plan. */
export function planErrors(plan: Pick<PlanInput, 'startDate' | 'endDate' | 'budgets'>): FieldError[] {
  if (plan.endDate < plan.startDate) return [{ pointer: '/endDate', message: 'must not be before startDate' }];
  return plan.budgets.flatMap((line, index) =>
    periodErrors(line, plan).map((error) => ({ ...error, pointer: `/budgets/${index}${error.pointer}` })),
  );
}

/** Whether two spans of days share one; both ends included. */
export function overlap(one: Dates, other: Dates): boolean {
  return one.startDate <= other.endDate && other.startDate <= one.endDate;
}

/**
 * A line's periods when its plan's dates move: the first begins with the plan and the last ends with it. Null when a
 * period would have no day left, because then money would be released on other days than agreed.
 */
export function movePeriods(periods: readonly Period[], dates: Dates): Period[] | null {
  const moved = periods.map((period, index) => ({
    ...period,
    startDate: index === 0 ? dates.startDate : period.startDate,
    endDate: index === periods.length - 1 ? dates.endDate : period.endDate,
  }));
  return moved.every((period) => period.startDate <= period.endDate) ? moved : null;
}

export type PlanStatus = 'upcoming' | 'current' | 'ended';

/** Where a plan stands on the organisation's date. */
export function planStatus(plan: Dates, today: string): PlanStatus {
  if (today < plan.startDate) return 'upcoming';
  return today <= plan.endDate ? 'current' : 'ended';
}

/** The first of `plans` other than `except` that shares a day with the dates. */
export function overlapping(
  plans: readonly Plan[],
  { except, ...dates }: Dates & { except?: string },
): Plan | undefined {
  return plans.find((plan) => plan.id !== except && overlap(plan, dates));
}
