import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addDays,
  dateAt,
  daysBetween,
  instantOf,
  isDate,
  isTimeOfDay,
  isTimeZone,
  spanBetween,
  startOfDate,
} from '../../src/time/rules.ts';

/** In 2026 the clocks go back on 5 April and forward on 4 October; Lord Howe Island moves them by half an hour. */
const SYDNEY = 'Australia/Sydney';
const LORD_HOWE = 'Australia/Lord_Howe';
const DARWIN = 'Australia/Darwin';

const utc = (text: string) => Date.parse(text);
const minutes = (zone: string, date: string, start: string, end: string) => spanBetween(zone, { date, start, end });

/** What a clock on the wall shows, by the runtime's own calendar: `2026-04-05 02:30`. */
const clocks = new Map<string, Intl.DateTimeFormat>();
function wallClock(zone: string, instant: number): string {
  const known = clocks.get(zone);
  const clock =
    known ??
    new Intl.DateTimeFormat('en-CA', { timeZone: zone, dateStyle: 'short', timeStyle: 'short', hourCycle: 'h23' });
  if (!known) clocks.set(zone, clock);
  return clock.format(instant).replace(', ', ' ');
}

describe('a date', () => {
  test.each(['2026-01-01', '2026-12-31', '2024-02-29', '2000-02-29', '0001-01-01', '9999-12-31'])(
    '%s is one',
    (text) => {
      expect(isDate(text)).toBe(true);
    },
  );

  test.each([
    '2026-02-29',
    '2026-02-30',
    '1900-02-29',
    '2100-02-29',
    '2026-04-31',
    '2026-00-10',
    '2026-13-01',
    '2026-01-00',
    '2026-01-32',
    '0000-01-01',
    '2026-1-1',
    '20260101',
    ' 2026-01-01',
    '2026-01-01\n',
    '2026-01-01T00:00:00Z',
    '+002026-01-01',
    '２０２６-01-01',
    '',
  ])('%j is none', (text) => {
    expect(isDate(text)).toBe(false);
  });

  test('moves by days over months, years and leap days, whatever the clocks do', () => {
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01');
    expect(addDays('2024-02-28', 1)).toBe('2024-02-29');
    expect(addDays('2026-02-28', 1)).toBe('2026-03-01');
    expect(addDays('2026-04-04', 2)).toBe('2026-04-06');
    expect(addDays('2026-10-05', -2)).toBe('2026-10-03');
    expect(addDays('2026-07-01', 0)).toBe('2026-07-01');
  });

  test('is as many days from another as it takes to get there', () => {
    expect(daysBetween('2026-07-01', '2027-06-30')).toBe(364);
    expect(daysBetween('2024-02-01', '2024-03-01')).toBe(29);
    expect(daysBetween('2026-04-01', '2026-04-01')).toBe(0);
    expect(daysBetween('2026-04-06', '2026-04-04')).toBe(-2);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100_000 }), fc.integer({ min: -2000, max: 2000 }), (day, days) => {
        const date = new Date(day * 86_400_000).toISOString().slice(0, 10);
        expect(daysBetween(date, addDays(date, days))).toBe(days);
      }),
    );
  });
});

describe('a time of day', () => {
  test.each(['00:00', '09:30', '19:59', '23:59'])('%s is one', (text) => expect(isTimeOfDay(text)).toBe(true));
  test.each(['24:00', '23:60', '9:30', '09:3', '0930', '09:30:00', '-1:00', '09:30\n', ''])('%j is none', (text) =>
    expect(isTimeOfDay(text)).toBe(false),
  );
});

describe('a time zone', () => {
  test.each([SYDNEY, LORD_HOWE, DARWIN, 'UTC', 'America/Argentina/Buenos_Aires'])('%s is known', (zone) =>
    expect(isTimeZone(zone)).toBe(true),
  );
  test.each(['', 'Mars/Olympus', 'Australia/', '+10:00', 'GMT+25', 'Australia/Sydney; DROP', '../Sydney'])(
    '%j is unknown',
    (zone) => expect(isTimeZone(zone)).toBe(false),
  );
});

describe("an organisation's date", () => {
  test.each([
    [SYDNEY, '2026-11-22T12:59:59.999Z', '2026-11-22'], // daylight saving: UTC+11
    [SYDNEY, '2026-11-22T13:00:00.000Z', '2026-11-23'],
    [SYDNEY, '2026-07-01T13:59:59.999Z', '2026-07-01'], // standard time: UTC+10
    [SYDNEY, '2026-07-01T14:00:00.000Z', '2026-07-02'],
    [DARWIN, '2026-11-22T14:29:59.999Z', '2026-11-22'], // UTC+9:30 all year
    [DARWIN, '2026-11-22T14:30:00.000Z', '2026-11-23'],
    [LORD_HOWE, '2026-11-22T12:59:59.999Z', '2026-11-22'],
    [LORD_HOWE, '2026-11-22T13:00:00.000Z', '2026-11-23'],
    [LORD_HOWE, '2026-07-01T13:29:59.999Z', '2026-07-01'], // UTC+10:30
    [LORD_HOWE, '2026-07-01T13:30:00.000Z', '2026-07-02'],
    ['America/New_York', '2026-07-02T03:59:59.999Z', '2026-07-01'],
    ['Asia/Kathmandu', '2026-07-01T18:15:00.000Z', '2026-07-02'], // UTC+5:45
  ])('in %s at %s is %s', (zone, instant, date) => {
    expect(dateAt(zone, utc(instant))).toBe(date);
  });

  test.each([
    [SYDNEY, '2026-11-23', '2026-11-22T13:00:00Z'],
    [SYDNEY, '2026-04-05', '2026-04-04T13:00:00Z'],
    [SYDNEY, '2026-04-06', '2026-04-05T14:00:00Z'],
    [SYDNEY, '2026-10-05', '2026-10-04T13:00:00Z'],
    ['America/Santiago', '2026-09-06', '2026-09-06T04:00:00Z'], // begins at 01:00
  ])('in %s begins, on %s, at %s', (zone, date, instant) => {
    expect(startOfDate(zone, date)).toBe(utc(instant));
  });
});

describe('a wall-clock time', () => {
  test.each([
    [SYDNEY, '2026-01-15', '12:00', '2026-01-15T01:00:00Z'],
    [SYDNEY, '2026-07-15', '12:00', '2026-07-15T02:00:00Z'],
    [DARWIN, '2026-01-15', '12:00', '2026-01-15T02:30:00Z'],
    [SYDNEY, '2026-10-04', '01:59', '2026-10-03T15:59:00Z'],
    [SYDNEY, '2026-10-04', '03:00', '2026-10-03T16:00:00Z'],
    [LORD_HOWE, '2026-10-04', '01:59', '2026-10-03T15:29:00Z'],
    [LORD_HOWE, '2026-10-04', '02:30', '2026-10-03T15:30:00Z'],
    [DARWIN, '2026-10-04', '02:30', '2026-10-03T17:00:00Z'],
  ])('in %s on %s at %s is the instant %s', (zone, date, time, instant) => {
    expect(instantOf(zone, { date, time })).toBe(utc(instant));
  });

  test.each([
    [SYDNEY, '2026-04-05', '02:00', '2026-04-04T15:00:00Z'],
    [SYDNEY, '2026-04-05', '02:59', '2026-04-04T15:59:00Z'],
    [LORD_HOWE, '2026-04-05', '01:30', '2026-04-04T14:30:00Z'],
    [LORD_HOWE, '2026-04-05', '01:59', '2026-04-04T14:59:00Z'],
  ])('that %s has twice on %s, %s, is the first of the two', (zone, date, time, instant) => {
    expect(instantOf(zone, { date, time })).toBe(utc(instant));
  });

  test.each([
    [SYDNEY, '2026-10-04', '02:00'],
    [SYDNEY, '2026-10-04', '02:59'],
    [LORD_HOWE, '2026-10-04', '02:00'],
    [LORD_HOWE, '2026-10-04', '02:29'],
  ])('that %s skips on %s, %s, is none', (zone, date, time) => {
    expect(instantOf(zone, { date, time })).toBeNull();
  });
});

describe('the minutes of a shift', () => {
  test('are those between its times on an ordinary day', () => {
    expect(minutes(SYDNEY, '2026-11-20', '09:00', '11:30')).toEqual({ minutes: 150 });
    expect(minutes(SYDNEY, '2026-11-20', '00:00', '23:59')).toEqual({ minutes: 1439 });
  });

  test('run into the next day when the end is before the start', () => {
    expect(minutes(SYDNEY, '2026-11-20', '23:30', '00:15')).toEqual({ minutes: 45 });
    expect(minutes(SYDNEY, '2026-11-20', '22:00', '06:00')).toEqual({ minutes: 480 });
    expect(minutes(SYDNEY, '2026-11-20', '09:00', '08:59')).toEqual({ minutes: 1439 });
    expect(minutes(SYDNEY, '2026-12-31', '23:00', '00:00')).toEqual({ minutes: 60 });
  });

  test.each([
    [SYDNEY, '2026-04-04', 540], // one hour more in the night the clocks go back
    [SYDNEY, '2026-10-03', 420], // one less when they go forward
    [LORD_HOWE, '2026-04-04', 510],
    [LORD_HOWE, '2026-10-03', 450],
    [DARWIN, '2026-04-04', 480],
    [DARWIN, '2026-10-03', 480],
    [SYDNEY, '2026-04-05', 480], // the night after is an ordinary one
  ])('of a night shift, 22:00 to 06:00, in %s from %s are %i', (zone, date, expected) => {
    expect(minutes(zone, date, '22:00', '06:00')).toEqual({ minutes: expected });
  });

  test('count to the first of a time that happens twice, and from it', () => {
    expect(minutes(SYDNEY, '2026-04-05', '01:00', '02:30')).toEqual({ minutes: 90 });
    expect(minutes(SYDNEY, '2026-04-05', '02:30', '03:00')).toEqual({ minutes: 90 });
    expect(minutes(SYDNEY, '2026-04-05', '02:00', '02:30')).toEqual({ minutes: 30 });
    expect(minutes(LORD_HOWE, '2026-04-05', '01:45', '02:00')).toEqual({ minutes: 45 });
  });

  test('leave out the hour that is skipped', () => {
    expect(minutes(SYDNEY, '2026-10-04', '01:30', '03:30')).toEqual({ minutes: 60 });
    expect(minutes(LORD_HOWE, '2026-10-04', '01:30', '03:30')).toEqual({ minutes: 90 });
  });

  test('are none when both times are equal', () => {
    expect(minutes(SYDNEY, '2026-11-20', '09:00', '09:00')).toEqual({ empty: true });
    expect(minutes(SYDNEY, '2026-04-05', '02:30', '02:30')).toEqual({ empty: true });
  });

  test('are unknown when a time does not exist that day', () => {
    expect(minutes(SYDNEY, '2026-10-04', '02:30', '05:00')).toEqual({ missing: 'start' });
    expect(minutes(SYDNEY, '2026-10-04', '01:00', '02:30')).toEqual({ missing: 'end' });
    expect(minutes(SYDNEY, '2026-10-03', '22:00', '02:30')).toEqual({ missing: 'end' });
    expect(minutes(DARWIN, '2026-10-04', '02:30', '05:00')).toEqual({ minutes: 150 });
  });
});

describe("against the runtime's own calendar", () => {
  const zone = fc.constantFrom(
    SYDNEY,
    LORD_HOWE,
    DARWIN,
    'Australia/Adelaide',
    'Australia/Perth',
    'Australia/Eucla',
    'Indian/Christmas',
    'Pacific/Norfolk',
    'America/St_Johns',
    'America/Santiago',
    'Africa/Casablanca',
  );
  // Any minute from 2015 to 2040; half of them within a day and a half of a change of Sydney's clocks.
  const changes = [2024, 2025, 2026, 2027].flatMap((year) => [Date.UTC(year, 3, 6), Date.UTC(year, 9, 5)]);
  const minute = fc.oneof(
    fc.integer({ min: Date.UTC(2015, 0) / 60_000, max: Date.UTC(2040, 0) / 60_000 }),
    fc
      .tuple(fc.constantFrom(...changes), fc.integer({ min: -4320, max: 2160 }))
      .map(([change, offset]) => change / 60_000 + offset),
  );

  test('the date at any instant is the same', () => {
    fc.assert(
      fc.property(zone, minute, fc.integer({ min: 0, max: 59_999 }), (name, at, ms) => {
        expect(dateAt(name, at * 60_000 + ms)).toBe(wallClock(name, at * 60_000).slice(0, 10));
      }),
      { numRuns: 1000 },
    );
  });

  test('the instant of any wall-clock time is the first at which the clock shows it, or none', () => {
    fc.assert(
      fc.property(zone, minute, (name, wall) => {
        const [date = '', time = ''] = new Date(wall * 60_000).toISOString().slice(0, 16).split('T');
        // Every offset that a zone may have, the greatest first: those instants come first.
        const quarters = Array.from({ length: 27 * 4 }, (_, index) => 14 * 60 - index * 15);
        const instants = quarters.map((offset) => (wall - offset) * 60_000);
        const first = instants.find((instant) => wallClock(name, instant) === `${date} ${time}`) ?? null;
        expect(instantOf(name, { date, time })).toBe(first);
      }),
      { numRuns: 300 },
    );
  });
});
