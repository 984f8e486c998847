import { addDays } from '../../time/rules.ts';
import type { Line, Period } from '../ledger/state.ts';

/**
 * The periods of a line once `period` has its amount: in place of the one with these dates, or cut out of one that
 * releases nothing yet. Null when it would overlap a period that does release something.
 */
export function withPeriod(periods: readonly Period[], period: Period): Period[] | null {
  const within = periods.some(
    (known) => known.amountCents === 0 && known.startDate <= period.startDate && period.endDate <= known.endDate,
  );
  // Nothing more is released by nothing.
  if (period.amountCents === 0 && within) return [...periods];
  const after: Period[] = [];
  let placed = false;
  for (const known of periods) {
    const same = known.startDate === period.startDate && known.endDate === period.endDate;
    const inside = known.startDate <= period.startDate && period.endDate <= known.endDate;
    if (same || (inside && known.amountCents === 0)) {
      placed = true;
      if (known.startDate < period.startDate) after.push({ ...known, endDate: addDays(period.startDate, -1) });
      after.push(period);
      if (period.endDate < known.endDate) after.push({ ...known, startDate: addDays(period.endDate, 1) });
    } else after.push(known);
  }
  return placed ? after : null;
}

/** The periods' amounts together, in cents. */
export function sumOf(periods: readonly Period[]): number {
  return periods.reduce((sum, period) => sum + period.amountCents, 0);
}

/** What a line has released up to and including a day, in cents. */
export function releasedOn(line: Pick<Line, 'periods'>, date: string): number {
  return sumOf(line.periods.filter((period) => period.startDate <= date));
}
