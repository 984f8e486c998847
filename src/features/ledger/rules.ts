import type { Boundary, LedgerState, Line, Plan, PlanLine } from './state.ts';

/** The choosing of what pays for a service, shared by recording and quoting (`api.md` §3, "What may be spent"). */

/**
 * What a service on `date` could take from a pool, in cents: the least that any boundary on or after it has left.
 * 0 outside the boundaries' days.
 */
export function availableOn(boundaries: readonly Boundary[], date: string): number {
  let least = Number.POSITIVE_INFINITY;
  for (const boundary of boundaries) {
    if (boundary.endsOn >= date) least = Math.min(least, boundary.releasedCents - boundary.spentCents);
  }
  return Number.isFinite(least) ? least : 0;
}

/** An item as lines are matched with it. */
export interface PayableItem {
  code: string;
  categoryCode: number;
  paceCategoryCode: number;
}

/** The category that a plan files the item under: the PACE one or the catalogue's first (`domain.md` §3.3). */
export function categoryIn(plan: Pick<Plan, 'system'>, item: PayableItem): number {
  return plan.system === 'pace' ? item.paceCategoryCode : item.categoryCode;
}

/** The lines that may pay for the item, in order: those stated for it, or, if there is none, those of its category. */
export function linesFor(plan: Plan, item: PayableItem): Line[] {
  const stated = plan.lines.filter((line) => line.supportItemCode === item.code);
  if (stated.length > 0) return stated;
  const category = categoryIn(plan, item);
  return plan.lines.filter((line) => line.supportItemCode === null && line.categoryCode === category);
}

export type Choice =
  | { line: Line; fits: boolean; availableCents: number }
  /** No line of the plan can pay for the item, or the named one cannot. */
  | null;

/**
 * The line that pays `costCents` on `date`: the first that can; when none can, the first, which does not fit.
 * A null cost asks only which line would be tried first.
 */
export function choose(
  plan: Plan,
  wanted: { item: PayableItem; date: string; costCents: number | null; budgetId: string | null },
): Choice {
  const able = linesFor(plan, wanted.item);
  const lines = wanted.budgetId === null ? able : able.filter((line) => line.id === wanted.budgetId);
  let first: Choice = null;
  for (const line of lines) {
    const availableCents = availableOn(plan.boundaries.get(line.poolId) ?? [], wanted.date);
    const fits = wanted.costCents === null || wanted.costCents <= availableCents;
    if (fits) return { line, fits, availableCents };
    first ??= { line, fits, availableCents };
  }
  return first;
}

/** The pool's boundaries after `cents` more are spent on `date`; less, when they are negative. */
export function spend(boundaries: readonly Boundary[], { date, cents }: { date: string; cents: number }): Boundary[] {
  return boundaries.map((boundary) =>
    boundary.endsOn >= date ? { ...boundary, spentCents: boundary.spentCents + cents } : boundary,
  );
}

/** The ledger after `cents` more are spent on a line on `date` (less, when they are negative), one version on. */
export function afterSpending(
  state: LedgerState,
  { plan, line, date, cents }: PlanLine & { date: string; cents: number },
): { state: LedgerState; plan: Plan } {
  const moved: Plan = {
    ...plan,
    lines: plan.lines.map((other) => (other === line ? { ...line, spentCents: line.spentCents + cents } : other)),
    boundaries: new Map(plan.boundaries).set(
      line.poolId,
      spend(plan.boundaries.get(line.poolId) ?? [], { date, cents }),
    ),
  };
  const plans = state.plans.map((other) => (other === plan ? moved : other));
  return { state: { ...state, version: state.version + 1, plans }, plan: moved };
}

/**
 * A pool's boundaries for the periods that its lines have. What was spent by a day on which no period ended `before`
 * is not known here: as much is assumed as by the next such day, and the database, which knows, has the last word.
 */
export function boundariesOf(lines: readonly Pick<Line, 'periods'>[], before: readonly Boundary[] = []): Boundary[] {
  const periods = lines.flatMap((line) => line.periods);
  const ends = [...new Set(periods.map((period) => period.endDate))].sort();
  return ends.map((endsOn) => {
    const known = before.find((boundary) => boundary.endsOn >= endsOn) ?? before.at(-1);
    const released = periods.filter((period) => period.startDate <= endsOn);
    const releasedCents = released.reduce((sum, period) => sum + period.amountCents, 0);
    return { endsOn, releasedCents, spentCents: known?.spentCents ?? 0 };
  });
}
