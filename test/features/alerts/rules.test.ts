import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  crosses,
  currentBoundary,
  DEFAULT_ALERTS,
  endsProjection,
  isAbove,
  isUnderspent,
  levelsOf,
  type PoolOn,
  runsOut,
} from '../../../src/features/alerts/rules.ts';
import { addDays, daysBetween } from '../../../src/time/rules.ts';

const boundary = (releasedCents: number, spentCents: number, endsOn = '2026-12-31') => ({
  endsOn,
  releasedCents,
  spentCents,
});

describe('a level', () => {
  test.each([
    [10_000, 7_500, false],
    [10_000, 7_501, true],
    [3, 2, false],
    [3, 3, true],
    [0, 0, false],
  ])('of 75 %% of %i cents is passed by %i: %s', (released, spent, above) => {
    expect(isAbove(boundary(released, spent), 75)).toBe(above);
  });

  test('is crossed exactly when being above it changes', () => {
    const levels = levelsOf(DEFAULT_ALERTS);
    const money = fc.nat(1_000);
    fc.assert(
      fc.property(money, money, fc.integer({ min: -1_000, max: 1_000 }), (released, spent, cents) => {
        const before = boundary(released, spent);
        const after = boundary(released, spent + cents);
        const changed = levels.some(({ threshold }) => isAbove(before, threshold) !== isAbove(after, threshold));
        expect(crosses(before, { cents, levels })).toBe(changed);
      }),
    );
  });
});

test('the current period is the first that has not ended', () => {
  const periods = [boundary(1, 0, '2026-03-31'), boundary(2, 0, '2026-06-30')];
  expect(currentBoundary(periods, '2026-03-31')).toBe(periods[0]);
  expect(currentBoundary(periods, '2026-04-01')).toBe(periods[1]);
  expect(currentBoundary(periods, '2026-07-01')).toBeUndefined();
});

const YEAR = { startDate: '2026-01-01', endDate: '2026-12-31' };

interface Money {
  today?: string;
  spent: number;
  /** Released up to the end of the present period, and of the plan. */
  period: number;
  whole?: number;
}

/** A pool of a plan over 2026 with a period to 31 March, all of whose spending lies in that period. */
function poolOn({ today = '2026-01-10', spent, period, whole = 100_000_000 }: Money): PoolOn {
  return {
    today,
    plan: YEAR,
    period: boundary(period, spent, '2026-03-31'),
    whole: boundary(whole, spent, YEAR.endDate),
  };
}

describe('money that runs out', () => {
  // On the tenth day, $10 spent: $1 a day. 80 days to the period's end, 355 to the plan's.
  test.each([
    ['in 65 days', { spent: 1_000, period: 7_599 }, 14, { inDays: 65 }],
    ['in 66 days, a cent later', { spent: 1_000, period: 7_600 }, 14, null],
    ['in 65 days, where that is not too early', { spent: 1_000, period: 7_599 }, 15, null],
    ['on the day before the period ends', { spent: 1_000, period: 8_999 }, 0, { inDays: 79 }],
    ['on the day that the period ends', { spent: 1_000, period: 9_000 }, 0, null],
    ['today', { spent: 1_000, period: 1_000 }, 14, { inDays: 0 }],
    ['before the plan ends alone', { spent: 1_000, period: 9_000, whole: 35_099 }, 14, { inDays: 340 }],
    ['in time for the plan, a cent later', { spent: 1_000, period: 9_000, whole: 35_100 }, 14, null],
    ['first in the period, then in the plan', { spent: 1_000, period: 7_599, whole: 35_099 }, 14, { inDays: 65 }],
  ] as [string, Money, number, { inDays: number } | null][])('%s', (_, money, runOutDays, expected) => {
    expect(runsOut(poolOn(money), runOutDays)).toEqual(expected);
  });

  test('is projected from the eighth day of the plan', () => {
    const money = { spent: 8_000, period: 8_500 };
    expect(runsOut(poolOn({ ...money, today: '2026-01-07' }), 14)).toBeNull();
    expect(runsOut(poolOn({ ...money, today: '2026-01-08' }), 14)).toEqual({ inDays: 0 });
  });

  test('goes at a rate of whole cents, rounded half up, and never at none', () => {
    const on = { today: '2026-01-08', period: 100 };
    expect(runsOut(poolOn({ ...on, spent: 0 }), 14)).toBeNull();
    expect(runsOut(poolOn({ ...on, spent: 3 }), 0)).toBeNull();
    expect(runsOut(poolOn({ ...on, spent: 4 }), 0)).toBeNull();
    expect(runsOut(poolOn({ ...on, spent: 12 }), 0)).toEqual({ inDays: 44 });
  });

  test('is gone on the first day on which a day’s money is not there any more', () => {
    const days = fc.integer({ min: 0, max: 364 });
    fc.assert(
      fc.property(days, fc.nat(50_000), fc.nat(50_000), fc.nat(60), (gone, spent, rest, runOutDays) => {
        const today = addDays(YEAR.startDate, gone);
        const whole = boundary(spent + rest, spent, YEAR.endDate);
        const pool = { today, plan: YEAR, period: whole, whole };
        const rate = Math.floor(spent / (gone + 1) + 0.5);
        let lasts = 0;
        for (let left = rest; rate > 0 && left >= rate; left -= rate) lasts += 1;
        const left = daysBetween(today, YEAR.endDate);
        const isEarly = gone >= 7 && rate > 0 && addDays(today, lasts + runOutDays) < YEAR.endDate;
        expect(isEarly).toBe(gone >= 7 && rate > 0 && lasts + runOutDays < left);
        expect(runsOut(pool, runOutDays)).toEqual(isEarly ? { inDays: lasts } : null);
      }),
    );
  });
});

describe('money that is hardly used', () => {
  const late = (today: string, spent = 0, whole = 10_000) => poolOn({ today, spent, period: whole, whole });

  test('is told in the last quarter of the plan', () => {
    expect(isUnderspent(late('2026-10-01'), 50)).toBe(false);
    expect(isUnderspent(late('2026-10-02'), 50)).toBe(true);
    expect(isUnderspent(late('2026-12-31'), 50)).toBe(true);
    const fourDays = { startDate: '2026-01-01', endDate: '2026-01-04' };
    const on = (today: string) => ({ ...late(today), plan: fourDays });
    expect([on('2026-01-03'), on('2026-01-04')].map((pool) => isUnderspent(pool, 50))).toEqual([false, true]);
  });

  test('is less than the share that is set, to the cent, and never so of no money', () => {
    expect(isUnderspent(late('2026-12-01', 4_999), 50)).toBe(true);
    expect(isUnderspent(late('2026-12-01', 5_000), 50)).toBe(false);
    expect(isUnderspent(late('2026-12-01', 0, 0), 100)).toBe(false);
    expect(isUnderspent(late('2026-12-01', 9_999), 100)).toBe(true);
    expect(isUnderspent(late('2026-12-01', 10_000), 100)).toBe(false);
  });
});

describe('a projection is ended', () => {
  const ends = (money: Money, cents: number) => endsProjection(poolOn(money), { cents, settings: DEFAULT_ALERTS });

  test('by the cent given back after which the money lasts, and by no spending that hastens it', () => {
    expect(ends({ spent: 1_000, period: 7_599 }, -1)).toBe(true);
    expect(ends({ spent: 1_000, period: 7_598 }, -1)).toBe(false);
    expect(ends({ spent: 1_000, period: 7_599 }, 1)).toBe(false);
    expect(ends({ spent: 1_000, period: 7_600 }, -1)).toBe(false);
  });

  test('not while the plan runs out though the period does not any more', () => {
    expect(ends({ spent: 1_000, period: 7_599, whole: 34_000 }, -1)).toBe(false);
  });

  test('by the cent that reaches the share of the allocation', () => {
    const money = { today: '2026-12-01', period: 10_000, whole: 10_000 };
    expect(ends({ ...money, spent: 4_999 }, 1)).toBe(true);
    expect(ends({ ...money, spent: 4_998 }, 1)).toBe(false);
    expect(ends({ ...money, spent: 5_000 }, 1)).toBe(false);
  });

  test('exactly when one of them held before and does not after', () => {
    const money = fc.nat(2_000);
    const days = fc.integer({ min: 0, max: 364 });
    fc.assert(
      fc.property(days, money, money, money, fc.integer({ min: -500, max: 500 }), (gone, spent, rest, later, cents) => {
        const today = addDays(YEAR.startDate, gone);
        const on = (extra: number): PoolOn => ({
          today,
          plan: YEAR,
          period: boundary(spent + rest, spent + extra, addDays(today, 20)),
          whole: boundary(spent + rest + later, spent + extra, YEAR.endDate),
        });
        const held = (pool: PoolOn) => [runsOut(pool, 14) !== null, isUnderspent(pool, 50)];
        const after = held(on(cents));
        const ended = held(on(0)).some((held, at) => held && !after[at]);
        expect(endsProjection(on(0), { cents, settings: DEFAULT_ALERTS })).toBe(ended);
      }),
    );
  });
});
