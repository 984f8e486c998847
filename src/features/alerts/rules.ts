import type { Boundary } from '../ledger/state.ts';

/** When an organisation wants to be told. */
export interface AlertSettings {
  /** Above so many per cent of what is released up to the current period's end. */
  warningPercent: number;
  criticalPercent: number;
  /** When the money is projected to be gone more than so many days before the plan's end. */
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
