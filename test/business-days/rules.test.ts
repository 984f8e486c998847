import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addBusinessDays, isBusinessDay, STATES, type State } from '../../src/business-days/rules.ts';

const SEED = process.env['FC_SEED'];

/** Whole-day public holidays that fall on a weekday, as the states publish them: facts, not rules. */
const FACTS: Record<State, Record<number, string>> = {
  NSW: {
    2026: '01-01 01-26 04-03 04-06 04-27 06-08 10-05 12-25 12-28',
    2027: '01-01 01-26 03-26 03-29 04-26 06-14 10-04 12-27 12-28',
    2028: '01-03 01-26 04-14 04-17 04-25 06-12 10-02 12-25 12-26',
  },
  VIC: {
    2026: '01-01 01-26 03-09 04-03 04-06 06-08 09-25 11-03 12-25 12-28',
    2027: '01-01 01-26 03-08 03-26 03-29 06-14 09-24 11-02 12-27 12-28',
    2028: '01-03 01-26 03-13 04-14 04-17 04-25 06-12 09-29 11-07 12-25 12-26',
  },
  QLD: {
    2026: '01-01 01-26 04-03 04-06 05-04 10-05 12-25 12-28',
    2027: '01-01 01-26 03-26 03-29 04-26 05-03 10-04 12-27 12-28',
    2028: '01-03 01-26 04-14 04-17 04-25 05-01 10-02 12-25 12-26',
  },
  SA: {
    2026: '01-01 01-26 03-09 04-03 04-06 06-08 10-05 12-25 12-28',
    2027: '01-01 01-26 03-08 03-26 03-29 06-14 10-04 12-27 12-28',
    2028: '01-03 01-26 03-13 04-14 04-17 04-25 06-12 10-02 12-25 12-26',
  },
  WA: {
    2026: '01-01 01-26 03-02 04-03 04-06 04-27 06-01 09-28 12-25 12-28',
    2027: '01-01 01-26 03-01 03-26 03-29 04-26 06-07 09-27 12-27 12-28',
    2028: '01-03 01-26 03-06 04-14 04-17 04-25 06-05 09-25 12-25 12-26',
  },
  TAS: {
    2026: '01-01 01-26 03-09 04-03 04-06 06-08 12-25 12-28',
    2027: '01-01 01-26 03-08 03-26 03-29 06-14 12-27 12-28',
    2028: '01-03 01-26 03-13 04-14 04-17 04-25 06-12 12-25 12-26',
  },
  ACT: {
    2026: '01-01 01-26 03-09 04-03 04-06 04-27 06-01 06-08 10-05 12-25 12-28',
    2027: '01-01 01-26 03-08 03-26 03-29 04-26 05-31 06-14 10-04 12-27 12-28',
    2028: '01-03 01-26 03-13 04-14 04-17 04-25 05-29 06-12 10-02 12-25 12-26',
  },
  NT: {
    2026: '01-01 01-26 04-03 04-06 05-04 06-08 08-03 12-25 12-28',
    2027: '01-01 01-26 03-26 03-29 04-26 05-03 06-14 08-02 12-27 12-28',
    2028: '01-03 01-26 04-14 04-17 04-25 05-01 06-12 08-07 12-25 12-26',
  },
};
const YEARS = [2026, 2027, 2028];
const CASES = STATES.flatMap((state) => YEARS.map((year) => ({ state, year })));

const DAY = 86_400_000;
const dateOf = (time: number) => new Date(time).toISOString().slice(0, 10);

/** Monday to Friday of a year. */
function weekdays(year: number): string[] {
  const days: string[] = [];
  for (let time = Date.UTC(year, 0, 1); time < Date.UTC(year + 1, 0, 1); time += DAY) {
    const weekday = new Date(time).getUTCDay();
    if (weekday !== 0 && weekday !== 6) days.push(dateOf(time));
  }
  return days;
}

/** Whether a day of the years above is one to work on, by the facts alone. */
function isWorkedOn(state: State, date: string): boolean {
  const year = Number(date.slice(0, 4));
  return weekdays(year).includes(date) && !FACTS[state][year]?.split(' ').includes(date.slice(5));
}

describe('the weekdays that nobody has to work on', () => {
  test.each(CASES)('in $state in $year are its public holidays, and no others', ({ state, year }) => {
    const free = weekdays(year).filter((date) => !isBusinessDay(state, date));
    expect(free.map((date) => date.slice(5)).join(' ')).toBe(FACTS[state][year]);
  });

  test.each(STATES)('in %s have Christmas and Boxing Day both, whichever day of the week they fall on', (state) => {
    const free = (dates: string[]) => dates.filter((date) => !isBusinessDay(state, date)).map((date) => date.slice(8));
    const week = (year: number) => ['24', '25', '26', '27', '28', '29'].map((day) => `${year}-12-${day}`);
    // A Friday, a Saturday, a Sunday and a Wednesday.
    expect(free(week(2020))).toEqual(['25', '26', '27', '28']);
    expect(free(week(2021))).toEqual(['25', '26', '27', '28']);
    expect(free(week(2022))).toEqual(['24', '25', '26', '27']);
    expect(free(week(2024))).toEqual(['25', '26', '28', '29']);
  });

  test('have a Monday for Anzac Day in New South Wales in 2026 and 2027, and in no year before', () => {
    const mondays = ['2020-04-27', '2021-04-26', '2026-04-27', '2027-04-26'];
    expect(mondays.filter((date) => !isBusinessDay('NSW', date))).toEqual(['2026-04-27', '2027-04-26']);
    expect(mondays.filter((date) => !isBusinessDay('WA', date))).toEqual(mondays);
    expect(mondays.filter((date) => !isBusinessDay('VIC', date))).toEqual([]);
  });
});

test.each(STATES)('no Saturday and no Sunday is a business day in %s', (state) => {
  for (let time = Date.UTC(2026, 0, 3); time < Date.UTC(2029, 0, 1); time += 7 * DAY) {
    expect([dateOf(time), isBusinessDay(state, dateOf(time))]).toEqual([dateOf(time), false]);
    expect(isBusinessDay(state, dateOf(time + DAY))).toBe(false);
  }
});

describe('business days after a date', () => {
  test.each([
    ['do not count the date itself', 'NSW', '2026-11-23', 1, '2026-11-24'],
    ['are the date itself when none is asked for, a Sunday too', 'NSW', '2026-11-22', 0, '2026-11-22'],
    ['pass over a weekend', 'NSW', '2026-11-20', 5, '2026-11-27'],
    ['begin on Monday after a Saturday', 'NSW', '2026-11-21', 1, '2026-11-23'],
    ['begin on Monday after a Sunday', 'NSW', '2026-11-22', 5, '2026-11-27'],
    ['pass over Good Friday and Easter Monday', 'NSW', '2026-04-02', 5, '2026-04-13'],
    ['begin after Easter when counted from Good Friday', 'TAS', '2026-04-03', 1, '2026-04-07'],
    ['pass over Easter and Anzac Day in one', 'WA', '2026-04-02', 15, '2026-04-28'],
    [
      'do not pass over an Anzac Day that is on a Saturday where it does not move',
      'QLD',
      '2026-04-02',
      15,
      '2026-04-27',
    ],
    ['pass over Christmas, the Monday for Boxing Day, and New Year', 'NSW', '2026-12-24', 5, '2027-01-05'],
    ['pass over the Monday and the Tuesday for a Christmas on a weekend', 'VIC', '2027-12-24', 1, '2027-12-29'],
    ['pass over the Monday for a New Year on a Saturday', 'SA', '2027-12-31', 1, '2028-01-04'],
    ['go through the leap day', 'NT', '2028-02-28', 2, '2028-03-01'],
    ['pass over the Melbourne Cup in Victoria', 'VIC', '2026-11-02', 1, '2026-11-04'],
    ['do not pass over the Melbourne Cup elsewhere', 'ACT', '2026-11-02', 1, '2026-11-03'],
  ] as const)('%s', (_, state, date, count, expected) => {
    expect(addBusinessDays(date, { state, count })).toBe(expected);
  });

  test('are as many as were asked for, and the last one is one', () => {
    const start = fc.integer({ min: 0, max: 1_000 }).map((days) => dateOf(Date.UTC(2026, 0, 1) + days * DAY));
    fc.assert(
      fc.property(start, fc.constantFrom(...STATES), fc.integer({ min: 1, max: 20 }), (date, state, count) => {
        const last = addBusinessDays(date, { state, count });
        const between: string[] = [];
        for (let time = Date.parse(date) + DAY; dateOf(time) <= last; time += DAY) between.push(dateOf(time));
        expect(between.filter((day) => isWorkedOn(state, day))).toHaveLength(count);
        expect(isWorkedOn(state, last)).toBe(true);
      }),
      SEED === undefined ? {} : { seed: Number(SEED) },
    );
  });
});
