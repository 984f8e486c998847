import { describe, expect, test } from 'vitest';
import type { Period, Plan } from '../../../src/features/ledger/state.ts';
import {
  type BudgetInput,
  movePeriods,
  overlap,
  overlapping,
  periodErrors,
  planErrors,
  planStatus,
  wholePeriod,
} from '../../../src/features/plans/rules.ts';

const YEAR = { startDate: '2026-07-01', endDate: '2027-06-30' };

const period = (startDate: string, endDate: string, amountCents = 1000): Period => ({
  startDate,
  endDate,
  amountCents,
});
const HALVES = [period('2026-07-01', '2026-12-31'), period('2027-01-01', '2027-06-30')];

const pointers = (periods: Period[], allocatedCents = periods.reduce((sum, one) => sum + one.amountCents, 0)) =>
  periodErrors({ periods, allocatedCents }, YEAR).map((error) => error.pointer);

describe("a line's funding periods", () => {
  test('are the whole plan when there are none of its own', () => {
    expect(wholePeriod(YEAR, 5000)).toEqual([period('2026-07-01', '2027-06-30', 5000)]);
    expect(periodErrors({ periods: wholePeriod(YEAR, 5000), allocatedCents: 5000 }, YEAR)).toEqual([]);
  });

  test('may be one, several or of a single day, as long as they tile the plan', () => {
    expect(pointers(HALVES)).toEqual([]);
    expect(pointers([period('2026-07-01', '2026-07-01'), period('2026-07-02', '2027-06-30')])).toEqual([]);
    expect(pointers([period('2026-07-01', '2027-06-29', 0), period('2027-06-30', '2027-06-30')])).toEqual([]);
  });

  test.each<[string, Period[], string[]]>([
    ['begin after the plan', [period('2026-07-02', '2027-06-30')], ['/periods/0/startDate']],
    ['begin before the plan', [period('2026-06-30', '2027-06-30')], ['/periods/0/startDate']],
    ['end before the plan', [period('2026-07-01', '2027-06-29')], ['/periods/0/endDate']],
    ['end after the plan', [period('2026-07-01', '2027-07-01')], ['/periods/0/endDate']],
    [
      'leave a day out',
      [period('2026-07-01', '2026-12-30'), period('2027-01-01', '2027-06-30')],
      ['/periods/1/startDate'],
    ],
    ['share a day', [period('2026-07-01', '2027-01-01'), period('2027-01-01', '2027-06-30')], ['/periods/1/startDate']],
    [
      'are in the wrong order',
      [...HALVES].reverse(),
      ['/periods/0/startDate', '/periods/1/startDate', '/periods/1/endDate'],
    ],
    ['end before they begin', [period('2026-07-01', '2026-06-30')], ['/periods/0/endDate']],
    [
      'end before they begin, though the next one begins the day after',
      [period('2026-07-01', '2026-06-30'), period('2026-07-01', '2027-06-30')],
      ['/periods/0/endDate'],
    ],
    ['are an empty list', [], ['/periods']],
  ])('are refused when they %s', (_, periods, expected) => {
    expect(pointers(periods)).toEqual(expected);
  });

  test('are refused when their sum is not the allocation', () => {
    expect(pointers(HALVES, 2001)).toEqual(['/periods']);
    expect(pointers(HALVES, 1999)).toEqual(['/periods']);
    expect(pointers(HALVES, 2000)).toEqual([]);
  });

  test('are told what they should have been', () => {
    const periods = [period('2026-07-01', '2026-12-30'), period('2027-01-01', '2027-06-30')];
    const [gap] = periodErrors({ periods, allocatedCents: 2000 }, YEAR);
    expect(gap?.message).toContain('2026-12-31');
  });
});

describe('a plan', () => {
  const line = (periods: Period[] | null): BudgetInput => ({
    categoryCode: 1,
    supportItemCode: null,
    managementType: null,
    flexible: false,
    allocatedCents: 2000,
    periods,
  });

  test('is refused when it ends before it begins; it may last a day', () => {
    expect(planErrors({ startDate: '2026-07-02', endDate: '2026-07-01', budgets: [] })).toEqual([
      { pointer: '/endDate', message: 'must not be before startDate' },
    ]);
    expect(planErrors({ startDate: '2026-07-01', endDate: '2026-07-01', budgets: [] })).toEqual([]);
  });

  test('names the line whose periods are wrong', () => {
    const wrong = [period('2026-07-01', '2027-06-29', 2000)];
    const errors = planErrors({ ...YEAR, budgets: [line(null), line(HALVES), line(wrong)] });
    expect(errors.map((error) => error.pointer)).toEqual(['/budgets/2/periods/0/endDate']);
  });

  test.each([
    ['2026-06-30', 'upcoming'],
    ['2026-07-01', 'current'],
    ['2027-06-30', 'current'],
    ['2027-07-01', 'ended'],
  ] as const)('on %s is %s', (today, status) => {
    expect(planStatus(YEAR, today)).toBe(status);
  });
});

describe('two plans', () => {
  const days = (startDate: string, endDate: string) => ({ startDate, endDate });

  test.each([
    ['2026-06-01', '2026-06-30', false],
    ['2026-06-01', '2026-07-01', true],
    ['2026-12-01', '2026-12-01', true],
    ['2026-01-01', '2027-12-31', true],
    ['2027-06-30', '2027-12-31', true],
    ['2027-07-01', '2027-12-31', false],
  ])('overlap when they share a day: %s to %s with the year: %s', (start, end, expected) => {
    expect(overlap(YEAR, days(start, end))).toBe(expected);
    expect(overlap(days(start, end), YEAR)).toBe(expected);
  });

  test('are told apart from the plan itself', () => {
    const plan = (id: string, startDate: string, endDate: string): Plan => ({
      ...days(startDate, endDate),
      id,
      system: 'pace',
      managementType: 'ndia_managed',
      revision: 1,
      lines: [],
      boundaries: new Map(),
    });
    const plans = [plan('a', '2025-07-01', '2026-06-30'), plan('b', '2026-07-01', '2027-06-30')];
    expect(overlapping(plans, days('2026-06-30', '2026-07-01'))?.id).toBe('a');
    expect(overlapping(plans, { ...days('2026-06-30', '2026-07-01'), except: 'a' })?.id).toBe('b');
    expect(overlapping(plans, { ...days('2026-07-01', '2027-07-30'), except: 'b' })).toBeUndefined();
    expect(overlapping(plans, days('2027-07-01', '2027-07-30'))).toBeUndefined();
  });
});

describe("a plan's new dates", () => {
  test('move the end of the last period and the start of the first, and no money', () => {
    expect(movePeriods(HALVES, { startDate: '2026-07-01', endDate: '2027-09-30' })).toEqual([
      period('2026-07-01', '2026-12-31'),
      period('2027-01-01', '2027-09-30'),
    ]);
    expect(movePeriods(HALVES, { startDate: '2026-06-01', endDate: '2027-03-31' })).toEqual([
      period('2026-06-01', '2026-12-31'),
      period('2027-01-01', '2027-03-31'),
    ]);
  });

  test('move both ends of a single period', () => {
    expect(
      movePeriods([period('2026-07-01', '2027-06-30')], { startDate: '2026-08-01', endDate: '2026-08-01' }),
    ).toEqual([period('2026-08-01', '2026-08-01')]);
  });

  test('are refused when a period would have no day left', () => {
    expect(movePeriods(HALVES, { startDate: '2026-12-31', endDate: '2027-01-01' })).not.toBeNull();
    expect(movePeriods(HALVES, { startDate: '2027-01-01', endDate: '2027-06-30' })).toBeNull();
    expect(movePeriods(HALVES, { startDate: '2026-07-01', endDate: '2026-12-31' })).toBeNull();
  });
});
