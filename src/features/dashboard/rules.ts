import { addDays } from '../../time/rules.ts';

/** Days of spending that the dashboard shows, today included; and how far it looks ahead for the ends of plans. */
export const SPENDING_DAYS = 30;
export const PLANS_AHEAD = 90;

/** The days of the present week, Monday to Sunday, that contains a date. */
export function weekOf(date: string): { from: string; to: string } {
  const weekday = new Date(`${date}T00:00:00Z`).getUTCDay();
  const from = addDays(date, -((weekday + 6) % 7));
  return { from, to: addDays(from, 6) };
}

/** A range of one kind of buckets: the years before a date's, the months of its year before its own, its month's days. */
export interface Buckets {
  level: 'y' | 'm' | 'd';
  from: string;
  /** Exclusive. */
  before: string;
}

/** The buckets that add up to everything up to a date, the date included: some fifty at the most. */
export function bucketsUpTo(date: string): Buckets[] {
  const year = date.slice(0, 4);
  const month = date.slice(0, 7);
  return [
    { level: 'y', from: '', before: year },
    { level: 'm', from: year, before: month },
    { level: 'd', from: month, before: addDays(date, 1) },
  ];
}

/** Each of the last days up to a date, the oldest first, with what was spent on it, in cents. */
export function spendingByDay(
  rows: readonly { date: string; spent_cents: number }[],
  today: string,
): { date: string; spentCents: number }[] {
  const spent = new Map(rows.map(({ date, spent_cents }) => [date, spent_cents]));
  return Array.from({ length: SPENDING_DAYS }, (_, index) => {
    const date = addDays(today, index + 1 - SPENDING_DAYS);
    return { date, spentCents: spent.get(date) ?? 0 };
  });
}
