import { divideHalfUp } from '../../money/rules.ts';
import { daysBetween } from '../../time/rules.ts';
import type { Boundary } from '../ledger/state.ts';

/** When an organisation wants to be told. */
export interface AlertSettings {
  /** Above so many per cent of what is released up to the current period's end. */
  warningPercent: number;
  criticalPercent: number;
  /** When the money is projected to be gone more than so many days before the period's or the plan's end. */
  runOutDays: number;
  /** When less than so many per cent of the allocation is spent in the last quarter of a plan. */
  underspendPercent: number;
}

export const DEFAULT_ALERTS: AlertSettings = {
  warningPercent: 75,
  criticalPercent: 90,
  runOutDays: 14,
  underspendPercent: 50,
};

export interface Level {
  threshold: number;
  severity: 'warning' | 'critical';
}

/** The percentages at which alerts are raised, and how grave each is. */
export function levelsOf({ warningPercent, criticalPercent }: AlertSettings): Level[] {
  return [
    { threshold: warningPercent, severity: 'warning' },
    { threshold: criticalPercent, severity: 'critical' },
  ];
}

/** The boundary that ends the funding period which contains `today`; undefined outside the pool's periods. */
export function currentBoundary(boundaries: readonly Boundary[], today: string): Boundary | undefined {
  return boundaries.find(({ endsOn }) => endsOn >= today);
}

/** Whether more than `threshold` per cent of what is released is spent. Of nothing released, nothing is. */
export function isAbove(
  { releasedCents, spentCents }: Pick<Boundary, 'releasedCents' | 'spentCents'>,
  threshold: number,
): boolean {
  return spentCents * 100 > releasedCents * threshold;
}

/** Whether `cents` more spent (less, when negative) up to a boundary cross any level, in either direction. */
export function crosses(boundary: Boundary, { cents, levels }: { cents: number; levels: readonly Level[] }): boolean {
  const after = { ...boundary, spentCents: boundary.spentCents + cents };
  return levels.some(({ threshold }) => isAbove(boundary, threshold) !== isAbove(after, threshold));
}

/** A plan is not projected in its first days: three shifts of one morning are no rate. */
export const DAYS_BEFORE_PROJECTING = 7;

/** A pool on a day: the funding period that contains it, and the plan as a whole. */
export interface PoolOn {
  today: string;
  plan: { startDate: string; endDate: string };
  /** The boundary that ends the present period, and the plan's last one. */
  period: Boundary;
  whole: Boundary;
}

/**
 * When the money is projected to be gone: for the present period, else for the plan, where that is more than
 * `runOutDays` before its end; null otherwise. The rate is what was spent a day since the plan's start, in cents,
 * rounded half up, as a BudgetView has it.
 */
export function runsOut({ today, plan, period, whole }: PoolOn, runOutDays: number): { inDays: number } | null {
  const daysGone = daysBetween(plan.startDate, today);
  const rate = divideHalfUp(whole.spentCents, daysGone + 1);
  if (rate <= 0 || daysGone < DAYS_BEFORE_PROJECTING) return null;
  for (const { endsOn, releasedCents, spentCents } of [period, { ...whole, endsOn: plan.endDate }]) {
    const inDays = Math.floor(Math.max(0, releasedCents - spentCents) / rate);
    if (inDays < daysBetween(today, endsOn) - runOutDays) return { inDays };
  }
  return null;
}

/** Whether, in the last quarter of a plan, less than `percent` of its allocation is spent. */
export function isUnderspent({ today, plan, whole }: PoolOn, percent: number): boolean {
  const isLate = 4 * daysBetween(plan.startDate, today) >= 3 * (daysBetween(plan.startDate, plan.endDate) + 1);
  return isLate && whole.spentCents * 100 < whole.releasedCents * percent;
}

/** An alert that there should be of a pool. */
export interface DueAlert {
  kind: 'budget_threshold' | 'run_out' | 'underspend';
  periodStart: string;
  threshold: number;
}

/** Every alert that there should be of a pool on a day; `poolAlertStatements` says the same in SQL. */
export function dueAlerts(pool: PoolOn & { periodStart: string }, settings: AlertSettings): DueAlert[] {
  const { period, periodStart, plan } = pool;
  const due: DueAlert[] = levelsOf(settings)
    .filter(({ threshold }) => isAbove(period, threshold))
    .map(({ threshold }) => ({ kind: 'budget_threshold', periodStart, threshold }));
  if (runsOut(pool, settings.runOutDays)) due.push({ kind: 'run_out', periodStart, threshold: settings.runOutDays });
  if (isUnderspent(pool, settings.underspendPercent)) {
    due.push({ kind: 'underspend', periodStart: plan.startDate, threshold: settings.underspendPercent });
  }
  return due;
}

/** Whether spending `cents` more up to a pool's present boundary ends a projection that held before. */
export function endsProjection(pool: PoolOn, { cents, settings }: { cents: number; settings: AlertSettings }): boolean {
  const after = {
    ...pool,
    period: { ...pool.period, spentCents: pool.period.spentCents + cents },
    whole: { ...pool.whole, spentCents: pool.whole.spentCents + cents },
  };
  const { runOutDays, underspendPercent } = settings;
  return (
    (runsOut(pool, runOutDays) !== null && runsOut(after, runOutDays) === null) ||
    (isUnderspent(pool, underspendPercent) && !isUnderspent(after, underspendPercent))
  );
}
