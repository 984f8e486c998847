import { addDays, daysBetween } from '../../src/time/rules.ts';

/** The first day that the prices of `examples/support-items.csv` hold: no shift is moved before it. */
const PRICES_FROM = '2026-07-01';

export interface Week {
  /** How many whole weeks later than in the files everything happens; negative for earlier. */
  weeks: number;
  /** Monday and Sunday. */
  from: string;
  to: string;
}

/** The Monday of a date's week. */
function monday(date: string): string {
  const sinceMonday = (new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7;
  return addDays(date, -sinceMonday);
}

/**
 * The most recent week, Monday to Sunday, that is over on `today` or ends on it, and how far the files' own week is
 * from it. Whole weeks only, because support items go by the day of the week.
 */
export function weekToShow(dates: readonly string[], today: string): Week {
  const first = monday(dates.toSorted()[0] ?? today);
  let weeks = Math.floor(daysBetween(addDays(first, 6), today) / 7);
  while (addDays(first, 7 * weeks) < PRICES_FROM) weeks++;
  const from = addDays(first, 7 * weeks);
  return { weeks, from, to: addDays(from, 6) };
}

/** A date of the files, moved. */
export function moved(date: string, week: Week): string {
  return addDays(date, 7 * week.weeks);
}
