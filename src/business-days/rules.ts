import { addDays } from '../time/rules.ts';

/**
 * Business days of the Australian states and territories: Monday to Friday without the whole-day public holidays of all
 * of the state. Days of a region alone, of banks, and half days are business days; so a deadline counted here is never
 * later than the law's. The rules are those of the states' public holiday acts, as gazetted up to 2027.
 */

export const STATES = ['NSW', 'VIC', 'QLD', 'SA', 'WA', 'TAS', 'ACT', 'NT'] as const;
export type State = (typeof STATES)[number];

const [SUNDAY, MONDAY, TUESDAY, SATURDAY] = [0, 1, 2, 6] as const;

/** How a holiday's day is found in a year. */
type Rule =
  /** A date, and from which days of the weekend it moves to Monday. */
  | { on: string; moves: 'saturday-and-sunday' | 'sunday' | 'never' }
  | { nth: number; weekday: number; month: number }
  /** Days from Easter Sunday. */
  | { easter: number }
  /** The first Monday on or after a date. */
  | { mondayFrom: string };

const HOLIDAYS: { states: readonly State[]; years?: readonly [from: number, to: number]; rule: Rule }[] = [
  { states: STATES, rule: { on: '01-01', moves: 'saturday-and-sunday' } },
  { states: STATES, rule: { on: '01-26', moves: 'saturday-and-sunday' } },
  { states: STATES, rule: { easter: -2 } },
  { states: STATES, rule: { easter: 1 } },
  // Anzac Day moves where the state says so; New South Wales does for 2026 and 2027 alone.
  { states: ['VIC', 'TAS', 'SA'], rule: { on: '04-25', moves: 'never' } },
  { states: ['QLD', 'NT'], rule: { on: '04-25', moves: 'sunday' } },
  { states: ['WA', 'ACT'], rule: { on: '04-25', moves: 'saturday-and-sunday' } },
  { states: ['NSW'], years: [2026, 2027], rule: { on: '04-25', moves: 'saturday-and-sunday' } },
  { states: ['NSW'], rule: { on: '04-25', moves: 'never' } },
  // The sovereign's birthday.
  { states: ['NSW', 'VIC', 'SA', 'TAS', 'ACT', 'NT'], rule: { nth: 2, weekday: MONDAY, month: 6 } },
  { states: ['QLD'], rule: { nth: 1, weekday: MONDAY, month: 10 } },
  { states: ['WA'], rule: { nth: -1, weekday: MONDAY, month: 9 } },
  // Labour Day, by its several names.
  { states: ['NSW', 'ACT', 'SA'], rule: { nth: 1, weekday: MONDAY, month: 10 } },
  { states: ['VIC', 'TAS'], rule: { nth: 2, weekday: MONDAY, month: 3 } },
  { states: ['QLD', 'NT'], rule: { nth: 1, weekday: MONDAY, month: 5 } },
  { states: ['WA'], rule: { nth: 1, weekday: MONDAY, month: 3 } },
  // Adelaide Cup, Canberra Day, Western Australia Day, Picnic Day, Reconciliation Day.
  { states: ['SA', 'ACT'], rule: { nth: 2, weekday: MONDAY, month: 3 } },
  { states: ['WA'], rule: { nth: 1, weekday: MONDAY, month: 6 } },
  { states: ['NT'], rule: { nth: 1, weekday: MONDAY, month: 8 } },
  { states: ['ACT'], rule: { mondayFrom: '05-27' } },
  // Melbourne Cup.
  { states: ['VIC'], rule: { nth: 1, weekday: TUESDAY, month: 11 } },
];

function weekdayOf(date: string): number {
  return new Date(`${date}T00:00:00Z`).getUTCDay();
}

/** Easter Sunday of a year, by the anonymous Gregorian computation. */
function easterOf(year: number): string {
  const a = year % 19;
  const b = Math.floor(year / 100);
  const c = year % 100;
  const h = (19 * a + b - Math.floor(b / 4) - Math.floor((b - Math.floor((b + 8) / 25) + 1) / 3) + 15) % 30;
  const l = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - h - (c % 4)) % 7;
  const m = Math.floor((a + 11 * h + 22 * l) / 451);
  const days = h + l - 7 * m + 114;
  return new Date(Date.UTC(year, Math.floor(days / 31) - 1, (days % 31) + 1)).toISOString().slice(0, 10);
}

function dayOf(rule: Rule, year: number): string {
  if ('easter' in rule) return addDays(easterOf(year), rule.easter);
  if ('mondayFrom' in rule) {
    const from = `${year}-${rule.mondayFrom}`;
    return addDays(from, (MONDAY - weekdayOf(from) + 7) % 7);
  }
  if ('on' in rule) {
    const day = `${year}-${rule.on}`;
    const weekday = weekdayOf(day);
    if (weekday === SUNDAY && rule.moves !== 'never') return addDays(day, 1);
    return weekday === SATURDAY && rule.moves === 'saturday-and-sunday' ? addDays(day, 2) : day;
  }
  const month = String(rule.month).padStart(2, '0');
  if (rule.nth > 0) {
    const first = `${year}-${month}-01`;
    return addDays(first, ((rule.weekday - weekdayOf(first) + 7) % 7) + 7 * (rule.nth - 1));
  }
  const last = new Date(Date.UTC(year, rule.month, 0)).toISOString().slice(0, 10);
  return addDays(last, -((weekdayOf(last) - rule.weekday + 7) % 7));
}

/** Christmas and Boxing Day, and what is kept for them when they fall on a weekend: never one day for both. */
function christmasOf(year: number): string[] {
  const [christmas, boxing] = [`${year}-12-25`, `${year}-12-26`];
  switch (weekdayOf(christmas)) {
    case 5:
      return [christmas, `${year}-12-28`];
    case SATURDAY:
      return [`${year}-12-27`, `${year}-12-28`];
    case SUNDAY:
      return [boxing, `${year}-12-27`];
    default:
      return [christmas, boxing];
  }
}

const known = new Map<string, ReadonlySet<string>>();

/** The whole-day public holidays of a state in a year, those on weekends as the days that are kept for them. */
function holidaysOf(state: State, year: number): ReadonlySet<string> {
  const key = `${state} ${year}`;
  const remembered = known.get(key);
  if (remembered) return remembered;
  const own = HOLIDAYS.filter(
    ({ states, years }) => states.includes(state) && (!years || (years[0] <= year && year <= years[1])),
  );
  const days = new Set([...own.map(({ rule }) => dayOf(rule, year)), ...christmasOf(year)]);
  // The Friday before the last Saturday of September, when the football is.
  if (state === 'VIC') days.add(addDays(dayOf({ nth: -1, weekday: SATURDAY, month: 9 }, year), -1));
  known.set(key, days);
  return days;
}

/** Whether a date is a business day in a state. */
export function isBusinessDay(state: State, date: string): boolean {
  const weekday = weekdayOf(date);
  return weekday !== SUNDAY && weekday !== SATURDAY && !holidaysOf(state, Number(date.slice(0, 4))).has(date);
}

/** The date of the `count`th business day after a date, which does not count itself. */
export function addBusinessDays(date: string, { state, count }: { state: State; count: number }): string {
  let day = date;
  for (let left = count; left > 0; ) {
    day = addDays(day, 1);
    if (isBusinessDay(state, day)) left -= 1;
  }
  return day;
}
