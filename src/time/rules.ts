import { tzOffset } from '@date-fns/tz';

/**
 * Calendar dates (`YYYY-MM-DD`), times of day (`HH:MM`) and the zones they are read in. Dates compare as text.
 * Every zone argument is an IANA name; every instant is milliseconds since 1970 in UTC.
 */

const MINUTE = 60_000;
const DAY = 86_400_000;
/** All of the tz database's current rules change offset on a quarter of an hour. */
const QUARTER = 15 * MINUTE;

const offsets = new Map<string, number>();

/** The zone's offset from UTC at an instant, in ms; remembered, because Intl takes tens of microseconds. */
function offsetAt(zone: string, instant: number): number {
  const quarter = Math.floor(instant / QUARTER);
  const key = `${zone} ${quarter}`;
  const known = offsets.get(key);
  if (known !== undefined) return known;
  const offset = tzOffset(zone, new Date(quarter * QUARTER)) * MINUTE;
  if (offsets.size >= 4096) offsets.clear();
  offsets.set(key, offset);
  return offset;
}

/** Whether this runtime knows the IANA zone. */
export function isTimeZone(zone: string): boolean {
  return /^[A-Za-z]+(?:\/[A-Za-z0-9_+-]+)*$/.test(zone) && !Number.isNaN(tzOffset(zone, new Date(0)));
}

/** Whether the text is a day that the calendar has, in the years 1 to 9999. */
export function isDate(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || text.startsWith('0000')) return false;
  const instant = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(instant) && new Date(instant).toISOString().startsWith(text);
}

/** Whether the text is a time of day, `00:00` to `23:59`. */
export function isTimeOfDay(text: string): boolean {
  return /^(?:[01]\d|2[0-3]):[0-5]\d$/.test(text);
}

/** An instant as the API writes it; null where there is none. */
export function timestampOf(instant: number | null): string | null {
  return instant === null ? null : new Date(instant).toISOString();
}

/** The calendar date in the zone at an instant. */
export function dateAt(zone: string, instant: number): string {
  return new Date(instant + offsetAt(zone, instant)).toISOString().slice(0, 10);
}

/** The date `days` after `date` (before it, when negative). */
export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY).toISOString().slice(0, 10);
}

/** Days from `from` to `to`; negative when `to` is earlier. */
export function daysBetween(from: string, to: string): number {
  return (Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / DAY;
}

/**
 * The instant of a wall-clock time in a zone: the first of the two when the clock goes back, null when it goes
 * forward over it.
 */
export function instantOf(zone: string, { date, time }: { date: string; time: string }): number | null {
  const wall = Date.parse(`${date}T${time}:00Z`);
  const before = offsetAt(zone, wall - DAY);
  const after = offsetAt(zone, wall + DAY);
  const candidates = before === after ? [before] : [Math.max(before, after), Math.min(before, after)];
  for (const offset of candidates) {
    if (offsetAt(zone, wall - offset) === offset) return wall - offset;
  }
  return null;
}

/** The first instant of a date in the zone (a zone may begin its day at 01:00). */
export function startOfDate(zone: string, date: string): number {
  const began = instantOf(zone, { date, time: '00:00' }) ?? instantOf(zone, { date, time: '01:00' });
  return began ?? Date.parse(`${date}T00:00:00Z`);
}

export type Span = { minutes: number } | { missing: 'start' | 'end' } | { empty: true };

/**
 * The minutes that really pass between two wall-clock times: an end before the start is the next day's; a time that
 * the zone skips is `missing`; equal times are `empty` (`api.md` §3, Services).
 */
export function spanBetween(zone: string, shift: { date: string; start: string; end: string }): Span {
  if (shift.start === shift.end) return { empty: true };
  const endDate = shift.end < shift.start ? addDays(shift.date, 1) : shift.date;
  const start = instantOf(zone, { date: shift.date, time: shift.start });
  if (start === null) return { missing: 'start' };
  const end = instantOf(zone, { date: endDate, time: shift.end });
  if (end === null) return { missing: 'end' };
  // Both times inside the hour that happens twice, the later one first: nothing passes.
  return end > start ? { minutes: (end - start) / MINUTE } : { empty: true };
}
