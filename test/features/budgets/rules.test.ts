import { describe, expect, test } from 'vitest';
import {
  budgetsView,
  budgetView,
  budgetViews,
  categoryName,
  percentUsed,
  trafficLight,
} from '../../../src/features/budgets/rules.ts';
import type { Boundary, LedgerState, Line, Plan } from '../../../src/features/ledger/state.ts';

/** A line of $1,000 in category 1 for the financial year 2026-27, with nothing spent. */
function line(more: Partial<Line> = {}): Line {
  const allocatedCents = more.allocatedCents ?? 100_000;
  return {
    id: 'bud_1',
    planId: 'pln_1',
    number: 1,
    categoryCode: 1,
    supportItemCode: null,
    managementType: 'ndia_managed',
    flexible: false,
    poolId: 'bud_1',
    allocatedCents,
    spentCents: 0,
    revision: 1,
    periods: [{ startDate: '2026-07-01', endDate: '2027-06-30', amountCents: allocatedCents }],
    ...more,
  };
}

function plan(lines: Line[], boundaries: Record<string, Boundary[]> = {}, more: Partial<Plan> = {}): Plan {
  return {
    id: 'pln_1',
    startDate: '2026-07-01',
    endDate: '2027-06-30',
    system: 'pace',
    managementType: 'ndia_managed',
    revision: 1,
    lines,
    boundaries: new Map(Object.entries(boundaries)),
    ...more,
  };
}

const boundary = (endsOn: string, releasedCents: number, spentCents: number): Boundary => ({
  endsOn,
  releasedCents,
  spentCents,
});

/** The view of one line that stands alone, with `spentCents` of it spent. */
function viewOf(spentCents: number, today: string, more: Partial<Line> = {}) {
  const alone = line({ ...more, spentCents });
  return budgetView({ plan: plan([alone]), line: alone }, today);
}

describe('the share used', () => {
  test.each([
    [0, 100_000, 0],
    [1, 3, 33.3],
    [2, 3, 66.7],
    [1, 2000, 0.1], // 0.05 goes up
    [4, 10_000, 0], // 0.04
    [99_999, 100_000, 100], // 99.999
    [123_456, 100_000, 123.5],
    [0, 0, null],
    [500, 0, null],
  ])('of %i spent of %i is %s %%', (spent, allocated, percent) => {
    expect(percentUsed(spent, allocated)).toBe(percent);
  });
});

describe('the traffic light', () => {
  test.each([
    [0, 100_000, 'green'],
    [75_000, 100_000, 'green'], // 75 exactly
    [75_001, 100_000, 'amber'],
    [90_000, 100_000, 'amber'], // 90 exactly
    [90_001, 100_000, 'red'],
    [100_000, 100_000, 'red'],
    [150_000, 100_000, 'red'],
    // What one decimal shows as 75.0 and 90.0 is above both all the same.
    [7_500_000_001, 10_000_000_000, 'amber'],
    [9_000_000_001, 10_000_000_000, 'red'],
    [3, 4, 'green'],
    [9, 10, 'amber'],
    [0, 0, 'green'],
    [1, 0, 'red'],
  ] as const)('of %i spent of %i is %s', (spent, allocated, light) => {
    expect(trafficLight(spent, allocated)).toBe(light);
  });
});

describe('a budget view', () => {
  test('has exactly the fields of the contract', () => {
    expect(viewOf(40_000, '2026-11-22')).toEqual({
      id: 'bud_1',
      planId: 'pln_1',
      categoryCode: 1,
      categoryName: 'Assistance with Daily Life',
      supportItemCode: null,
      managementType: 'ndia_managed',
      flexible: false,
      allocatedCents: 100_000,
      releasedCents: 100_000,
      spentCents: 40_000,
      remainingCents: 60_000,
      availableCents: 0,
      percentUsed: 40,
      status: 'green',
      startDate: '2026-07-01',
      endDate: '2027-06-30',
      daysRemaining: 220,
      burnRateCentsPerDay: 276,
      projectedRunOutDate: '2027-06-27',
    });
  });

  test("says what is released of the line's own money up to today, each period's on its first day", () => {
    const periods = [
      { startDate: '2026-07-01', endDate: '2026-09-30', amountCents: 30_000 },
      { startDate: '2026-10-01', endDate: '2026-12-31', amountCents: 20_000 },
      { startDate: '2027-01-01', endDate: '2027-06-30', amountCents: 50_000 },
    ];
    const released = (today: string) => viewOf(0, today, { periods }).releasedCents;
    expect(released('2026-06-30')).toBe(0);
    expect(released('2026-07-01')).toBe(30_000);
    expect(released('2026-09-30')).toBe(30_000);
    expect(released('2026-10-01')).toBe(50_000);
    expect(released('2027-01-01')).toBe(100_000);
    expect(released('2027-12-31')).toBe(100_000);
  });

  test('has less than nothing remaining when a line of a pool is overspent', () => {
    expect(viewOf(120_000, '2026-11-22')).toMatchObject({ remainingCents: -20_000, percentUsed: 120, status: 'red' });
  });

  test('without an allocation has no share, and is red once anything is spent', () => {
    const nothing = { allocatedCents: 0, periods: [] };
    expect(viewOf(0, '2026-11-22', nothing)).toMatchObject({
      percentUsed: null,
      status: 'green',
      remainingCents: 0,
      projectedRunOutDate: null,
    });
    expect(viewOf(1000, '2026-11-22', nothing)).toMatchObject({
      percentUsed: null,
      status: 'red',
      remainingCents: -1000,
      projectedRunOutDate: '2026-11-22',
    });
  });

  test.each([
    ['2026-06-30', 365],
    ['2026-07-01', 364],
    ['2027-06-29', 1],
    ['2027-06-30', 0],
    ['2027-07-01', 0],
    ['2030-01-01', 0],
  ])('on %s has %i days remaining', (today, days) => {
    expect(viewOf(0, today).daysRemaining).toBe(days);
  });

  test('names the categories as the NDIS does', () => {
    expect(categoryName(7)).toBe('Support Coordination and Psychosocial Recovery Coaches');
    expect(categoryName(16)).toBe('Home and Living');
    const names = Array.from({ length: 21 }, (_, index) => categoryName(index + 1));
    expect(new Set(names).size).toBe(21);
    expect(names.some((name) => name.startsWith('Category'))).toBe(false);
  });
});

describe('what is available today', () => {
  const boundaries = {
    bud_1: [
      boundary('2026-09-30', 30_000, 30_000),
      boundary('2026-12-31', 50_000, 35_000),
      boundary('2027-06-30', 100_000, 90_000),
    ],
  };
  const available = (today: string) => {
    const alone = line();
    return budgetView({ plan: plan([alone], boundaries), line: alone }, today).availableCents;
  };

  test('is the least that any boundary from today on has left', () => {
    expect(available('2026-09-30')).toBe(0);
    expect(available('2026-10-01')).toBe(10_000); // 15,000 to the end of the year, but 10,000 to the end of the plan
    expect(available('2026-12-31')).toBe(10_000);
    expect(available('2027-01-01')).toBe(10_000);
    expect(available('2027-06-30')).toBe(10_000);
  });

  test('is nothing while the plan has not begun or is over', () => {
    expect(available('2026-06-30')).toBe(0);
    expect(available('2027-07-01')).toBe(0);
  });

  test("is the pool's, for every line of it", () => {
    const poolId = 'pln_1/ndia_managed';
    const first = line({ flexible: true, poolId, spentCents: 120_000 });
    const second = line({ id: 'bud_2', number: 2, flexible: true, poolId });
    const views = budgetViews(
      plan([first, second], { [poolId]: [boundary('2027-06-30', 200_000, 120_000)] }),
      '2026-11-22',
    );
    expect(views.map((view) => view.availableCents)).toEqual([80_000, 80_000]);
    expect(views.map((view) => view.remainingCents)).toEqual([-20_000, 100_000]);
  });
});

describe('the burn rate', () => {
  test.each([
    [10_000, '2026-06-30', 0], // not begun
    [10_000, '2026-07-01', 10_000], // the first day counts
    [10_000, '2026-07-03', 3333], // 3,333.3
    [5, '2026-07-10', 1], // half a cent goes up
    [4, '2026-07-10', 0],
    [0, '2026-11-22', 0],
    [36_500, '2027-06-30', 100],
    [36_600, '2027-07-01', 100], // after the plan the days go on
  ])('of %i cents spent by %s is %i cents a day', (spent, today, rate) => {
    expect(viewOf(spent, today).burnRateCentsPerDay).toBe(rate);
  });
});

describe('the day the money runs out', () => {
  test.each([
    [50_000, '2026-07-10', '2026-07-20'], // 5,000 a day, 50,000 left
    [49_999, '2026-07-10', '2026-07-20'], // 5,000 a day, 50,001 left
    [50_010, '2026-07-10', '2026-07-19'], // 5,001 a day, 49,990 left: nine whole days
    [100_000, '2026-11-22', '2026-11-22'], // nothing left
    [130_000, '2026-11-22', '2026-11-22'],
    [0, '2026-11-22', null], // nothing is spent
    [4, '2026-07-10', null], // the rate rounds to nothing
    [50_000, '2026-06-30', null], // not begun
    [100_000, '2027-06-30', '2027-06-30'], // on the last day
    [100_000, '2027-07-01', null], // after the end
    [50_000, '2026-12-29', '2027-06-28'], // 275 a day since 182 days: 181 whole days
    [50_045, '2026-12-30', '2027-06-30'], // 273 a day: 182 whole days, the plan's last day
    [50_000, '2026-12-30', null], // 183 whole days: the day after
    [10_000, '2026-12-30', null], // long after the end
  ])('with %i cents spent by %s is %s', (spent, today, date) => {
    expect(viewOf(spent, today).projectedRunOutDate).toBe(date);
  });

  test('at a tiny rate, when it would leave the calendar, is unknown', () => {
    expect(viewOf(183, '2026-12-30', { allocatedCents: 10_000_000_000 })).toMatchObject({
      burnRateCentsPerDay: 1,
      projectedRunOutDate: null,
    });
  });
});

describe('the plan that is shown', () => {
  const of = (id: string, startDate: string, endDate: string) =>
    plan([line({ id: `bud_${id}`, planId: id })], {}, { id, startDate, endDate });
  const state = (plans: Plan[]): LedgerState => ({
    participantId: 'par_1',
    organizationId: 'org_1',
    status: 'active',
    pricingZone: 'national',
    version: 7,
    plans,
  });
  const three = state([
    of('a', '2025-01-01', '2025-06-30'),
    of('b', '2025-07-01', '2025-12-31'),
    of('c', '2026-07-01', '2026-12-31'),
  ]);
  const shown = (today: string) => budgetsView(three, { today }).budgets.map((view) => view.id);

  test('is the one that contains today, both its ends included', () => {
    expect(shown('2025-01-01')).toEqual(['bud_a']);
    expect(shown('2025-06-30')).toEqual(['bud_a']);
    expect(shown('2025-07-01')).toEqual(['bud_b']);
  });

  test('is else the next', () => {
    expect(shown('2024-05-05')).toEqual(['bud_a']);
    expect(shown('2026-01-01')).toEqual(['bud_c']);
  });

  test('is else the last', () => {
    expect(shown('2027-01-01')).toEqual(['bud_c']);
  });

  test('is none without a plan, and the named one when one is named', () => {
    const today = '2026-01-01';
    expect(budgetsView(state([]), { today })).toEqual({ version: 7, asOf: today, budgets: [] });
    expect(budgetsView(three, { today, plan: three.plans[0] }).budgets.map((view) => view.id)).toEqual(['bud_a']);
  });
});
