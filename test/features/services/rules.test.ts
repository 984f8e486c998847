import { describe, expect, test } from 'vitest';
import type { Boundary, LedgerState, Line, Plan } from '../../../src/features/ledger/state.ts';
import { assess, type ServiceRequest } from '../../../src/features/services/rules.ts';
import { itemOn, type SupportItem } from '../../../src/features/support-items/rules.ts';

const TODAY = '2026-11-23';

/** An item each, $10 everywhere, of category 1 in both systems. */
function item(more: Partial<SupportItem> = {}): SupportItem {
  return {
    code: '01_799_0107_1_1',
    name: 'Provider travel',
    registrationGroup: '0107',
    categoryCode: 1,
    paceCategoryCode: 1,
    unit: 'E',
    quotable: false,
    limits: { national: 1000, remote: 1400, very_remote: 1500 },
    startDate: '2025-07-01',
    endDate: null,
    flags: {
      nonFaceToFace: null,
      providerTravel: null,
      shortNoticeCancellation: null,
      ndiaRequestedReports: null,
      irregularSil: null,
    },
    ...more,
  };
}
const hourly = (more: Partial<SupportItem> = {}) => item({ unit: 'H', ...more });

type LineOptions = Partial<Line> & { left?: number };

/** A plan of 2026 with the lines; of each (or of its pool) `left` cents may still be spent on any day, $100 unless said. */
function plan(lines: LineOptions[], more: Partial<Plan> = {}): Plan {
  const boundaries = new Map<string, Boundary[]>();
  const built = lines.map(({ left = 10_000, ...line }, index): Line => {
    const id = line.id ?? `bud_${index + 1}`;
    const poolId = line.flexible ? 'pln_1/ndia_managed' : id;
    boundaries.set(poolId, [{ endsOn: '2026-12-31', releasedCents: 50_000 + left, spentCents: 50_000 }]);
    return {
      id,
      planId: 'pln_1',
      number: index + 1,
      categoryCode: 1,
      supportItemCode: null,
      managementType: 'ndia_managed',
      flexible: false,
      poolId,
      allocatedCents: 50_000 + left,
      spentCents: 50_000,
      revision: 1,
      periods: [{ startDate: '2026-01-01', endDate: '2026-12-31', amountCents: 50_000 + left }],
      ...line,
    };
  });
  return {
    id: 'pln_1',
    startDate: '2026-01-01',
    endDate: '2026-12-31',
    system: 'pace',
    managementType: 'ndia_managed',
    revision: 1,
    lines: built,
    boundaries,
    ...more,
  };
}

interface World {
  request?: Partial<ServiceRequest>;
  /** Null: there is no such participant. */
  state?: Partial<LedgerState> | null;
  items?: SupportItem[];
  timeZone?: string;
}

function judge({ request, state, items = [item()], timeZone = 'Australia/Sydney' }: World = {}) {
  const asked: ServiceRequest = {
    participantId: 'par_1',
    supportItemCode: '01_799_0107_1_1',
    serviceDate: '2026-11-20',
    startTime: null,
    endTime: null,
    notes: '',
    unitPriceCents: null,
    quantityHundredths: null,
    budgetId: null,
    ...request,
  };
  const known: LedgerState = {
    participantId: 'par_1',
    organizationId: 'org_1',
    status: 'active',
    pricingZone: 'national',
    version: 1,
    plans: [plan([{}])],
    ...state,
  };
  return assess(asked, { state: state === null ? null : known, items, timeZone, today: TODAY });
}

const codes = (world: World = {}) => judge(world).refusals.map((refusal) => refusal.code);
const paying = (world: World) => judge(world).charge?.line.id ?? null;

describe('a service that fits', () => {
  test('is charged to the line of its category at the price limit', () => {
    const assessment = judge();
    expect(assessment).toMatchObject({
      refusals: [],
      warnings: [],
      totalCostCents: 1000,
      unitPriceCents: 1000,
      priceLimitCents: 1000,
      budgetId: 'bud_1',
      availableCents: 10_000,
    });
    expect(assessment.charge).toMatchObject({
      plan: { id: 'pln_1' },
      line: { id: 'bud_1' },
      item: { code: '01_799_0107_1_1' },
      durationMinutes: null,
      quantityHundredths: 100,
      unitPriceCents: 1000,
      totalCostCents: 1000,
    });
  });

  test('may take the last cent, and not one more', () => {
    const state = { plans: [plan([{ left: 1000 }])] };
    expect(codes({ state })).toEqual([]);
    expect(codes({ state, request: { quantityHundredths: 101 } })).toEqual(['INSUFFICIENT_BUDGET']);
  });

  test('may cost nothing', () => {
    const state = { plans: [plan([{ left: 0 }])] };
    expect(judge({ state, request: { unitPriceCents: 0 } })).toMatchObject({ refusals: [], totalCostCents: 0 });
  });

  test('on an inactive participant comes with a warning', () => {
    expect(judge({ state: { status: 'inactive' } })).toMatchObject({
      refusals: [],
      warnings: [{ code: 'PARTICIPANT_INACTIVE' }],
    });
  });

  test('today is not in the future', () => {
    expect(codes({ request: { serviceDate: TODAY } })).toEqual([]);
  });
});

describe('each refusal', () => {
  const archived = { status: 'archived' as const };
  const invalid = (pointer: string) => expect.objectContaining({ errors: [expect.objectContaining({ pointer })] });

  test('VALIDATION_FAILED: half a pair of times', () => {
    expect(judge({ request: { startTime: '09:00' } }).refusals).toEqual([invalid('/endTime')]);
    expect(judge({ request: { endTime: '09:00' } }).refusals).toEqual([invalid('/startTime')]);
  });

  test('VALIDATION_FAILED: an hourly item without times, or with a quantity', () => {
    const items = [hourly()];
    expect(judge({ items }).refusals).toEqual([invalid('/startTime')]);
    const times = { startTime: '09:00', endTime: '10:00' };
    expect(judge({ items, request: { ...times, quantityHundredths: 100 } }).refusals).toEqual([invalid('/quantity')]);
    expect(codes({ items, request: times })).toEqual([]);
  });

  test('VALIDATION_FAILED: a cost above $100,000,000', () => {
    const items = [item({ limits: { national: null, remote: null, very_remote: null } })];
    const state = { plans: [plan([{ left: 100_000_000_000 }])] };
    const asked = (quantityHundredths: number) => ({
      items,
      state,
      request: { unitPriceCents: 10_000_000_000, quantityHundredths },
    });
    expect(codes(asked(100))).toEqual([]);
    expect(judge(asked(101)).refusals).toEqual([invalid('/quantity')]);
    const longer = { startTime: '09:00', endTime: '10:01', unitPriceCents: 10_000_000_000 };
    expect(
      judge({ items: [hourly({ limits: items[0]?.limits ?? item().limits })], state, request: longer }).refusals,
    ).toEqual([invalid('/unitPriceCents')]);
  });

  test('INVALID_TIME_RANGE: equal times, or a time that the clocks skip, for any unit', () => {
    expect(codes({ request: { startTime: '09:00', endTime: '09:00' } })).toEqual(['INVALID_TIME_RANGE']);
    const skipped = { serviceDate: '2026-10-04', startTime: '02:30', endTime: '05:00' };
    expect(codes({ request: skipped })).toEqual(['INVALID_TIME_RANGE']);
    expect(codes({ request: skipped, items: [hourly()] })).toEqual(['INVALID_TIME_RANGE']);
    expect(codes({ request: skipped, timeZone: 'Australia/Darwin' })).toEqual([]);
  });

  test('NOT_FOUND: no such participant', () => {
    expect(codes({ state: null })).toEqual(['NOT_FOUND']);
  });

  test('PARTICIPANT_ARCHIVED', () => {
    expect(codes({ state: archived })).toEqual(['PARTICIPANT_ARCHIVED']);
  });

  test('INVALID_DATE: after today', () => {
    expect(codes({ request: { serviceDate: '2026-11-24' } })).toEqual(['INVALID_DATE']);
  });

  test('SUPPORT_ITEM_NOT_FOUND: unknown, not yet, or no longer in the catalogue on the date', () => {
    expect(codes({ items: [] })).toEqual(['SUPPORT_ITEM_NOT_FOUND']);
    expect(codes({ items: [item({ startDate: '2026-11-21' })] })).toEqual(['SUPPORT_ITEM_NOT_FOUND']);
    expect(codes({ items: [item({ endDate: '2026-11-19' })] })).toEqual(['SUPPORT_ITEM_NOT_FOUND']);
    expect(codes({ items: [item({ startDate: '2026-11-20', endDate: '2026-11-20' })] })).toEqual([]);
  });

  test('NO_PLAN: none contains the date', () => {
    expect(codes({ state: { plans: [] } })).toEqual(['NO_PLAN']);
    expect(codes({ request: { serviceDate: '2025-12-31' } })).toEqual(['NO_PLAN']);
    expect(codes({ request: { serviceDate: '2026-01-01' } })).toEqual([]);
  });

  test('NO_BUDGET: no line of the plan can pay for the item', () => {
    expect(codes({ state: { plans: [plan([{ categoryCode: 4 }])] } })).toEqual(['NO_BUDGET']);
    expect(codes({ state: { plans: [plan([])] } })).toEqual(['NO_BUDGET']);
  });

  test('PRICE_REQUIRED: the catalogue sets no limit in the zone and no price is sent', () => {
    const items = [item({ limits: { national: null, remote: 1400, very_remote: 1500 } })];
    expect(codes({ items })).toEqual(['PRICE_REQUIRED']);
    expect(codes({ items, state: { pricingZone: 'remote' } })).toEqual([]);
    expect(judge({ items, request: { unitPriceCents: 2500 } })).toMatchObject({
      refusals: [],
      totalCostCents: 2500,
      priceLimitCents: null,
    });
  });

  test('PRICE_ABOVE_LIMIT: with both prices', () => {
    expect(judge({ request: { unitPriceCents: 1001 } }).refusals).toEqual([
      expect.objectContaining({ code: 'PRICE_ABOVE_LIMIT', details: { unitPriceCents: 1001, limitCents: 1000 } }),
    ]);
    expect(codes({ request: { unitPriceCents: 1000 } })).toEqual([]);
    expect(codes({ request: { unitPriceCents: 1001 }, state: { pricingZone: 'remote' } })).toEqual([]);
  });

  test('INSUFFICIENT_BUDGET: with what it needs and what there is on its date', () => {
    expect(judge({ state: { plans: [plan([{ left: 999 }])] } }).refusals).toEqual([
      expect.objectContaining({
        code: 'INSUFFICIENT_BUDGET',
        details: { budgetId: 'bud_1', requiredCents: 1000, availableCents: 999 },
      }),
    ]);
  });
});

describe('several reasons at once', () => {
  test('are given in the order of the contract', () => {
    const request = { startTime: '09:00', endTime: '09:00', quantityHundredths: 100, serviceDate: '2026-11-24' };
    expect(codes({ items: [hourly()], state: { status: 'archived', plans: [] }, request })).toEqual([
      'VALIDATION_FAILED',
      'INVALID_TIME_RANGE',
      'PARTICIPANT_ARCHIVED',
      'INVALID_DATE',
      'NO_PLAN',
    ]);
    expect(codes({ state: null, items: [], request })).toEqual([
      'INVALID_TIME_RANGE',
      'NOT_FOUND',
      'INVALID_DATE',
      'SUPPORT_ITEM_NOT_FOUND',
    ]);
    expect(codes({ items: [], state: { plans: [] } })).toEqual(['SUPPORT_ITEM_NOT_FOUND', 'NO_PLAN']);
  });

  test('of money: the line before the price, the price before the sum', () => {
    const request = { unitPriceCents: 2000 };
    const other = { plans: [plan([{ categoryCode: 4, left: 0 }])] };
    expect(codes({ request, state: other })).toEqual(['NO_BUDGET', 'PRICE_ABOVE_LIMIT']);
    const poor = { plans: [plan([{ left: 1999 }])] };
    expect(codes({ request, state: poor })).toEqual(['PRICE_ABOVE_LIMIT', 'INSUFFICIENT_BUDGET']);
  });

  test('a cost above $100,000,000 is a matter of validation and comes first', () => {
    const limits = { national: null, remote: null, very_remote: null };
    const request = { unitPriceCents: 10_000_000_000, quantityHundredths: 200, startTime: '09:00', endTime: '09:00' };
    expect(codes({ items: [item({ limits })], request })).toEqual([
      'VALIDATION_FAILED',
      'INVALID_TIME_RANGE',
      'INSUFFICIENT_BUDGET',
    ]);
  });

  test('leave nothing to charge', () => {
    expect(judge({ request: { unitPriceCents: 1001 } }).charge).toBeNull();
  });
});

describe('the line that pays', () => {
  const code = item().code;

  test('is one that is stated for exactly the item, wherever it stands', () => {
    expect(paying({ state: { plans: [plan([{}, { supportItemCode: code }])] } })).toBe('bud_2');
  });

  test('is of another category, when it is stated for the item', () => {
    expect(paying({ state: { plans: [plan([{ categoryCode: 4, supportItemCode: code }])] } })).toBe('bud_1');
  });

  test('is the stated one even when only the other has money', () => {
    const state = { plans: [plan([{ left: 5000 }, { supportItemCode: code, left: 10 }])] };
    expect(judge({ state }).refusals).toEqual([
      expect.objectContaining({
        code: 'INSUFFICIENT_BUDGET',
        details: { budgetId: 'bud_2', requiredCents: 1000, availableCents: 10 },
      }),
    ]);
  });

  test('is never one that is stated for another item', () => {
    expect(codes({ state: { plans: [plan([{ supportItemCode: '01_011_0107_1_1' }])] } })).toEqual(['NO_BUDGET']);
  });

  test('is of the PACE category on a pace plan and of the first on a legacy one', () => {
    const items = [item({ categoryCode: 1, paceCategoryCode: 16 })];
    const lines = [{ categoryCode: 1 }, { categoryCode: 16 }];
    expect(paying({ items, state: { plans: [plan(lines, { system: 'pace' })] } })).toBe('bud_2');
    expect(paying({ items, state: { plans: [plan(lines, { system: 'legacy' })] } })).toBe('bud_1');
    expect(codes({ items, state: { plans: [plan([{ categoryCode: 1 }], { system: 'pace' })] } })).toEqual([
      'NO_BUDGET',
    ]);
  });

  test('is the first in the order of creation that the cost fits in', () => {
    const state = { plans: [plan([{ left: 999 }, { categoryCode: 4 }, { left: 1000 }, { left: 5000 }])] };
    expect(paying({ state })).toBe('bud_3');
    expect(paying({ state, request: { quantityHundredths: 50 } })).toBe('bud_1');
  });

  test('that could have paid first is the one that a refusal speaks of', () => {
    const state = { plans: [plan([{ left: 700 }, { left: 900 }])] };
    expect(judge({ state })).toMatchObject({ budgetId: 'bud_1', availableCents: 700 });
    expect(judge({ state }).refusals[0]?.details).toEqual({
      budgetId: 'bud_1',
      requiredCents: 1000,
      availableCents: 700,
    });
  });

  test('is the named one, and no other is tried', () => {
    const state = { plans: [plan([{}, {}, { left: 10 }])] };
    expect(paying({ state, request: { budgetId: 'bud_2' } })).toBe('bud_2');
    expect(judge({ state, request: { budgetId: 'bud_3' } }).refusals[0]?.details).toEqual({
      budgetId: 'bud_3',
      requiredCents: 1000,
      availableCents: 10,
    });
  });

  test('cannot be named when it does not pay for the item', () => {
    const named = (budgetId: string, lines: LineOptions[]) =>
      codes({ state: { plans: [plan(lines)] }, request: { budgetId } });
    expect(named('bud_2', [{}, { categoryCode: 4 }])).toEqual(['NO_BUDGET']);
    expect(named('bud_1', [{}, { supportItemCode: code }])).toEqual(['NO_BUDGET']);
    expect(named('bud_9', [{}])).toEqual(['NO_BUDGET']);
  });

  test('is of the plan that contains the date, whatever other plans have', () => {
    const before = plan([{ id: 'bud_old' }], { id: 'pln_0', startDate: '2025-01-01', endDate: '2025-12-31' });
    const state = { plans: [before, plan([{}])] };
    expect(codes({ state, request: { budgetId: 'bud_old' } })).toEqual(['NO_BUDGET']);
    expect(paying({ state, request: { serviceDate: '2025-12-31' } })).toBe('bud_old');
    expect(paying({ state })).toBe('bud_1');
  });

  test('shares the money of its pool', () => {
    const state = {
      plans: [
        plan([
          { flexible: true, left: 0 },
          { flexible: true, left: 1500, categoryCode: 4 },
        ]),
      ],
    };
    expect(judge({ state })).toMatchObject({ refusals: [], budgetId: 'bud_1', availableCents: 1500 });
  });
});

describe('the boundaries of the funding periods', () => {
  const quarters = (spent: number[]): LedgerState['plans'] => {
    const one = plan([{}]);
    const ends = ['2026-03-31', '2026-06-30', '2026-09-30', '2026-12-31'];
    const boundaries = ends.map((endsOn, index) => ({
      endsOn,
      releasedCents: 2500 * (index + 1),
      spentCents: spent[index] ?? 0,
    }));
    return [{ ...one, boundaries: new Map([['bud_1', boundaries]]) }];
  };
  const available = (serviceDate: string, spent: number[]) =>
    judge({ request: { serviceDate }, state: { plans: quarters(spent) } }).availableCents;

  test('let unspent money roll on', () => {
    expect(available('2026-03-31', [0, 0, 0, 0])).toBe(2500);
    expect(available('2026-04-01', [0, 0, 0, 0])).toBe(5000);
    expect(available('2026-11-20', [0, 0, 0, 0])).toBe(10_000);
  });

  test('keep a late record from taking what a later service has spent', () => {
    // 4,000 were spent in the second quarter: of the first, 2,500 are released, but 1,000 are left to its end.
    expect(available('2026-02-01', [0, 4000, 4000, 4000])).toBe(1000);
    expect(available('2026-07-01', [0, 4000, 4000, 4000])).toBe(3500);
  });

  test('do not bind a service that is dated after them', () => {
    expect(available('2026-04-01', [2500, 2500, 2500, 2500])).toBe(2500);
    expect(available('2026-03-31', [2500, 2500, 2500, 2500])).toBe(0);
  });
});

describe('the price', () => {
  test('is the limit of the date and of the zone of the participant', () => {
    expect(judge({ state: { pricingZone: 'remote' } })).toMatchObject({ unitPriceCents: 1400, priceLimitCents: 1400 });
    expect(judge({ state: { pricingZone: 'very_remote' } })).toMatchObject({ totalCostCents: 1500 });
    const items = [
      item({ endDate: '2026-06-30' }),
      item({ startDate: '2026-07-01', limits: { ...item().limits, national: 1100 } }),
    ];
    expect(judge({ items })).toMatchObject({ totalCostCents: 1100 });
    expect(judge({ items, request: { serviceDate: '2026-06-30' } })).toMatchObject({ totalCostCents: 1000 });
  });

  test('may be a lower, agreed one', () => {
    expect(judge({ request: { unitPriceCents: 900 } })).toMatchObject({
      totalCostCents: 900,
      unitPriceCents: 900,
      priceLimitCents: 1000,
    });
  });

  test('of an hourly item is charged by the minute', () => {
    const items = [hourly({ limits: { national: 7023, remote: null, very_remote: null } })];
    const judged = judge({
      items,
      request: { startTime: '09:00', endTime: '11:30' },
      state: { plans: [plan([{ left: 20_000 }])] },
    });
    expect(judged).toMatchObject({
      totalCostCents: 17_558,
      charge: { durationMinutes: 150, quantityHundredths: null },
    });
  });

  test('of a night shift is of the minutes that really pass', () => {
    const items = [hourly({ limits: { national: 6000, remote: null, very_remote: null } })];
    const cost = (serviceDate: string) =>
      judge({
        items,
        request: { serviceDate, startTime: '22:00', endTime: '06:00' },
        state: { plans: [plan([{ left: 100_000 }])] },
      }).totalCostCents;
    expect(cost('2026-11-20')).toBe(48_000);
    expect(cost('2026-04-04')).toBe(54_000);
    expect(cost('2026-10-03')).toBe(42_000);
  });

  test.each(['E', 'D', 'WK', 'MON', 'YR'] as const)('of a unit %s is by the quantity, times or not', (unit) => {
    const items = [item({ unit })];
    expect(judge({ items, request: { quantityHundredths: 250 } })).toMatchObject({
      totalCostCents: 2500,
      charge: { durationMinutes: null, quantityHundredths: 250 },
    });
    expect(judge({ items, request: { startTime: '09:00', endTime: '10:00' } })).toMatchObject({
      totalCostCents: 1000,
      charge: { durationMinutes: 60, quantityHundredths: 100 },
    });
  });
});

describe('the row of an item on a date', () => {
  const rows = [
    item({ startDate: '2025-07-01', endDate: '2026-06-30', name: 'old' }),
    item({ startDate: '2026-07-01', endDate: null, name: 'new' }),
    item({ startDate: '2025-11-24', endDate: '2026-12-31', name: 'legacy' }),
  ];

  test.each([
    ['2025-06-30', undefined],
    ['2025-07-01', 'old'],
    ['2025-11-23', 'old'],
    ['2025-11-24', 'legacy'],
    ['2026-06-30', 'legacy'],
    ['2026-07-01', 'new'],
    ['2027-01-01', 'new'],
  ])('%s: of those that cover it, the one with the latest start: %s', (date, name) => {
    expect(itemOn(rows, date)?.name).toBe(name);
    expect(itemOn([...rows].reverse(), date)?.name).toBe(name);
  });
});
