import fc from 'fast-check';
import { expect } from 'vitest';

/**
 * The rule for money written a second time, from `api.md` §3 alone and by its own definitions: lists of lines, periods
 * and services, and sums over them. It shares no code with `src`; `play` holds a ledger against it, step by step.
 */

type Management = 'self_managed' | 'plan_managed' | 'ndia_managed';
type System = 'pace' | 'legacy';

export interface Period {
  startDate: string;
  endDate: string;
  amountCents: number;
}

/** One row of the catalogue. */
export interface ItemRow {
  from: string;
  to: string | null;
  limitCents: number | null;
}

export interface Item {
  code: string;
  unit: 'H' | 'E';
  category: number;
  paceCategory: number;
  rows: ItemRow[];
}

/** What a budget line is asked for with; `periods: null` releases all at the plan's start. */
export interface LineInput {
  categoryCode: number;
  supportItemCode: string | null;
  managementType: Management | null;
  flexible: boolean;
  allocatedCents: number;
  periods: Period[] | null;
}

export interface PlanInput {
  startDate: string;
  endDate: string;
  system: System;
  managementType: Management;
  budgets: LineInput[];
}

export interface LinePatch {
  allocatedCents?: number;
  periods?: Period[] | null;
  flexible?: boolean;
}

export interface PlanPatch {
  startDate?: string;
  endDate?: string;
  system?: System;
}

export interface ServiceInput {
  supportItemCode: string;
  serviceDate: string;
  startTime: string | null;
  endTime: string | null;
  unitPriceCents: number | null;
  quantityHundredths: number | null;
  budgetId: string | null;
}

interface Line {
  id: string;
  categoryCode: number;
  supportItemCode: string | null;
  managementType: Management;
  flexible: boolean;
  periods: Period[];
}

interface Plan {
  id: string;
  startDate: string;
  endDate: string;
  system: System;
  managementType: Management;
  lines: Line[];
}

interface Service {
  id: string;
  lineId: string;
  date: string;
  cents: number;
  input: ServiceInput;
  cancelled: boolean;
}

interface World {
  today: string;
  version: number;
  /** By start date. */
  plans: Plan[];
  services: Service[];
  items: readonly Item[];
}

/* Days and amounts. */

function addDays(date: string, days: number): string {
  const [year = 0, month = 0, day = 0] = date.split('-').map(Number);
  return new Date(Date.UTC(year, month - 1, day + days)).toISOString().slice(0, 10);
}

function dayNumber(date: string): number {
  const [year = 0, month = 0, day = 0] = date.split('-').map(Number);
  return Date.UTC(year, month - 1, day) / 86_400_000;
}

function halfUp(top: number, bottom: number): number {
  const rest = top % bottom;
  return (top - rest) / bottom + (rest * 2 >= bottom ? 1 : 0);
}

const sum = (amounts: number[]) => amounts.reduce((total, amount) => total + amount, 0);
const allocated = (line: Line) => sum(line.periods.map((period) => period.amountCents));

/* The rule. */

/** The lines whose money the line shares: its own, or all flexible ones of its plan and management type. */
function pool(plan: Plan, line: Line): Line[] {
  if (!line.flexible) return [line];
  return plan.lines.filter((other) => other.flexible && other.managementType === line.managementType);
}

function boundaries(lines: Line[]): string[] {
  return [...new Set(lines.flatMap((line) => line.periods.map((period) => period.endDate)))];
}

function releasedUpTo(lines: Line[], day: string): number {
  const periods = lines.flatMap((line) => line.periods);
  return sum(periods.filter((period) => period.startDate <= day).map((period) => period.amountCents));
}

function spentUpTo(world: World, lines: Line[], day: string): number {
  const ids = lines.map((line) => line.id);
  const counted = world.services.filter(
    ({ lineId, date, cancelled }) => !cancelled && ids.includes(lineId) && date <= day,
  );
  return sum(counted.map((service) => service.cents));
}

function fits(world: World, place: { plan: Plan; line: Line }, service: { date: string; cents: number }): boolean {
  const lines = pool(place.plan, place.line);
  return boundaries(lines)
    .filter((day) => day >= service.date)
    .every((day) => spentUpTo(world, lines, day) + service.cents <= releasedUpTo(lines, day));
}

/** The most that fits: what a service on the date could take. */
function available(world: World, place: { plan: Plan; line: Line }, date: string): number {
  const lines = pool(place.plan, place.line);
  const days = boundaries(lines).filter((day) => day >= date);
  if (date < place.plan.startDate || days.length === 0) return 0;
  return Math.min(...days.map((day) => releasedUpTo(lines, day) - spentUpTo(world, lines, day)));
}

/** Whether no boundary of the plan has more spent than released. */
function holds(world: World, plan: Plan): boolean {
  return plan.lines.every((line) => fits(world, { plan, line }, { date: plan.startDate, cents: 0 }));
}

/* What is asked of a ledger, and what it should answer. */

export interface Refused {
  code: string;
  details?: unknown;
}

/** What recording would do. Where the price is unknown, so is the cost. */
export interface Verdict {
  refusals: Refused[];
  /** The line that pays, or that is spoken of. */
  budgetId: string | null;
  totalCostCents: number | null;
  unitPriceCents: number | null;
  priceLimitCents: number | null;
  availableCents: number | null;
}

function itemRow(item: Item | undefined, date: string): ItemRow | undefined {
  const covering = (item?.rows ?? []).filter((row) => row.from <= date && (row.to === null || date <= row.to));
  return covering.sort((a, b) => (a.from < b.from ? 1 : -1))[0];
}

function planOf(world: World, lineId: string): Plan {
  const plan = world.plans.find((candidate) => candidate.lines.some((line) => line.id === lineId));
  if (!plan) throw new Error(`The model has no line ${lineId}`);
  return plan;
}

/** Times are in a zone whose clocks never change. */
function minutesBetween(start: string, end: string): number {
  const [from = 0, to = 0] = [start, end].map((time) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3)));
  return to > from ? to - from : to - from + 24 * 60;
}

function costOf(item: Item, input: ServiceInput, price: number): number {
  if (item.unit === 'H') return halfUp(minutesBetween(input.startTime ?? '', input.endTime ?? '') * price, 60);
  return halfUp((input.quantityHundredths ?? 100) * price, 100);
}

function linesThatMayPay(plan: Plan, item: Item, budgetId: string | null): Line[] {
  const stated = plan.lines.filter((line) => line.supportItemCode === item.code);
  const category = plan.system === 'pace' ? item.paceCategory : item.category;
  const general = plan.lines.filter((line) => line.supportItemCode === null && line.categoryCode === category);
  const able = stated.length > 0 ? stated : general;
  return budgetId === null ? able : able.filter((line) => line.id === budgetId);
}

function judge(world: World, input: ServiceInput): Verdict {
  const date = input.serviceDate;
  const refusals: Refused[] = [];
  const item = world.items.find((candidate) => candidate.code === input.supportItemCode);
  const row = itemRow(item, date);
  const plan = world.plans.find((candidate) => candidate.startDate <= date && date <= candidate.endDate);
  if (date > world.today) refusals.push({ code: 'INVALID_DATE' });
  if (!item || !row) refusals.push({ code: 'SUPPORT_ITEM_NOT_FOUND' });
  if (!plan) refusals.push({ code: 'NO_PLAN' });
  const limit = row?.limitCents ?? null;
  const price = input.unitPriceCents ?? limit;
  const cost = item && row && price !== null ? costOf(item, input, price) : null;
  const lines = plan && item && row ? linesThatMayPay(plan, item, input.budgetId) : [];
  if (plan && row && lines.length === 0) refusals.push({ code: 'NO_BUDGET' });
  if (row && price === null) refusals.push({ code: 'PRICE_REQUIRED' });
  if (limit !== null && input.unitPriceCents !== null && input.unitPriceCents > limit) {
    refusals.push({ code: 'PRICE_ABOVE_LIMIT', details: { unitPriceCents: input.unitPriceCents, limitCents: limit } });
  }
  const [first] = lines;
  const fitting =
    plan && cost !== null ? lines.find((line) => fits(world, { plan, line }, { date, cents: cost })) : first;
  const spokenOf = fitting ?? first;
  const availableCents = plan && spokenOf ? available(world, { plan, line: spokenOf }, date) : null;
  if (first && !fitting) {
    refusals.push({
      code: 'INSUFFICIENT_BUDGET',
      details: { budgetId: first.id, requiredCents: cost, availableCents },
    });
  }
  return {
    refusals,
    budgetId: spokenOf?.id ?? null,
    totalCostCents: cost,
    unitPriceCents: price,
    priceLimitCents: limit,
    availableCents,
  };
}

function tiles(periods: Period[] | null, dates: { startDate: string; endDate: string }, cents: number): boolean {
  if (periods === null) return true;
  let next = dates.startDate;
  for (const period of periods) {
    if (period.startDate !== next || period.endDate < period.startDate) return false;
    next = addDays(period.endDate, 1);
  }
  return next === addDays(dates.endDate, 1) && sum(periods.map((period) => period.amountCents)) === cents;
}

const whole = (dates: { startDate: string; endDate: string }, amountCents: number): Period[] => [
  { startDate: dates.startDate, endDate: dates.endDate, amountCents },
];

function lineOf(input: LineInput, plan: Pick<Plan, 'startDate' | 'endDate' | 'managementType'>, id: string): Line {
  const { categoryCode, supportItemCode, flexible } = input;
  const managementType = input.managementType ?? plan.managementType;
  const periods = input.periods ?? whole(plan, input.allocatedCents);
  return { id, categoryCode, supportItemCode, managementType, flexible, periods };
}

/** Either the refusal's code, or the world after the change. */
type Next = { refused: string } | { world: World };

function overlaps(world: World, dates: { startDate: string; endDate: string }, except?: string): boolean {
  return world.plans.some(
    (plan) => plan.id !== except && plan.startDate <= dates.endDate && dates.startDate <= plan.endDate,
  );
}

const byStart = (plans: Plan[]) => [...plans].sort((a, b) => (a.startDate < b.startDate ? -1 : 1));

function planAdded(world: World, input: PlanInput, ids: { planId: string; budgetIds: string[] }): Next {
  const tiled = input.budgets.every((line) => tiles(line.periods, input, line.allocatedCents));
  if (input.endDate < input.startDate || !tiled) return { refused: 'VALIDATION_FAILED' };
  if (overlaps(world, input)) return { refused: 'CONFLICT' };
  const { startDate, endDate, system, managementType } = input;
  const lines = input.budgets.map((line, index) => lineOf(line, input, ids.budgetIds[index] ?? ''));
  const plan: Plan = { id: ids.planId, startDate, endDate, system, managementType, lines };
  return { world: { ...world, version: world.version + 1, plans: byStart([...world.plans, plan]) } };
}

function replaced(world: World, plan: Plan): World {
  const plans = world.plans.map((other) => (other.id === plan.id ? plan : other));
  return { ...world, version: world.version + 1, plans: byStart(plans) };
}

function planMoved(world: World, plan: Plan, patch: PlanPatch): Next {
  const dates = { startDate: patch.startDate ?? plan.startDate, endDate: patch.endDate ?? plan.endDate };
  const system = patch.system ?? plan.system;
  const moves = dates.startDate !== plan.startDate || dates.endDate !== plan.endDate;
  if (!moves && system === plan.system) return { world };
  if (dates.endDate < dates.startDate) return { refused: 'VALIDATION_FAILED' };
  if (overlaps(world, dates, plan.id)) return { refused: 'CONFLICT' };
  const lines = plan.lines.map((line) => {
    const periods = line.periods.map((period) => ({ ...period }));
    const [first, last] = [periods[0], periods.at(-1)];
    if (first) first.startDate = dates.startDate;
    if (last) last.endDate = dates.endDate;
    return { ...line, periods };
  });
  const dayless = lines.some((line) => line.periods.some((period) => period.endDate < period.startDate));
  const outside = world.services.some(
    ({ lineId, date, cancelled }) =>
      !cancelled && plan.lines.some((line) => line.id === lineId) && (date < dates.startDate || date > dates.endDate),
  );
  if (dayless || (moves && outside)) return { refused: 'CONFLICT' };
  const moved = { ...plan, ...dates, system, lines };
  return holds(world, moved) ? { world: replaced(world, moved) } : { refused: 'CONFLICT' };
}

function lineAdded(world: World, plan: Plan, added: { input: LineInput; id: string }): Next {
  const { input, id } = added;
  if (!tiles(input.periods, plan, input.allocatedCents)) return { refused: 'VALIDATION_FAILED' };
  const next = { ...plan, lines: [...plan.lines, lineOf(input, plan, id)] };
  return { world: replaced(world, next) };
}

function lineAdjusted(world: World, lineId: string, patch: LinePatch): Next {
  const plan = planOf(world, lineId);
  const lines = plan.lines.map((line) => {
    if (line.id !== lineId) return line;
    const cents = patch.allocatedCents ?? allocated(line);
    const undivided = patch.periods === null || (patch.periods === undefined && line.periods.length === 1);
    const periods = undivided ? whole(plan, cents) : (patch.periods ?? line.periods);
    if (!tiles(periods, plan, cents)) return null;
    return { ...line, flexible: patch.flexible ?? line.flexible, periods };
  });
  const known = lines.filter((line) => line !== null);
  if (known.length < lines.length) return { refused: 'VALIDATION_FAILED' };
  if (JSON.stringify(known) === JSON.stringify(plan.lines)) return { world };
  const next = { ...plan, lines: known };
  return holds(world, next) ? { world: replaced(world, next) } : { refused: 'ALLOCATION_BELOW_SPENT' };
}

/* What everyone sees. */

/** A line's figures; everything of a BudgetView but the category's name, and its periods. */
export interface LineView {
  id: string;
  planId: string;
  categoryCode: number;
  supportItemCode: string | null;
  managementType: string;
  flexible: boolean;
  allocatedCents: number;
  releasedCents: number;
  spentCents: number;
  remainingCents: number;
  availableCents: number;
  percentUsed: number | null;
  status: string;
  startDate: string;
  endDate: string;
  daysRemaining: number;
  burnRateCentsPerDay: number;
  projectedRunOutDate: string | null;
  periods: Period[];
}

export interface PlanView {
  id: string;
  startDate: string;
  endDate: string;
  status: string;
  system: string;
  budgets: LineView[];
}

export interface LedgerView {
  version: number;
  plans: PlanView[];
  /** The lines of the plan that is shown today. */
  shown: string[];
}

function colour(spent: number, total: number): string {
  if (total === 0) return spent > 0 ? 'red' : 'green';
  const [hundredths, whole] = [BigInt(spent) * 100n, BigInt(total)];
  return hundredths > 90n * whole ? 'red' : hundredths > 75n * whole ? 'amber' : 'green';
}

function lineView(world: World, plan: Plan, line: Line): LineView {
  const { today } = world;
  const { startDate, endDate } = plan;
  const allocatedCents = allocated(line);
  const spentCents = spentUpTo(world, [line], '9999-12-31');
  const remainingCents = allocatedCents - spentCents;
  const daysGone = dayNumber(today) - dayNumber(startDate) + 1;
  const rate = daysGone < 1 ? 0 : halfUp(spentCents, daysGone);
  const left = rate === 0 ? 0 : Math.max(0, Math.floor(remainingCents / rate));
  // The calendar ends; a date so far ahead is after the plan's end in any case.
  const runOut = addDays(today, Math.min(left, 100_000));
  return {
    id: line.id,
    planId: plan.id,
    categoryCode: line.categoryCode,
    supportItemCode: line.supportItemCode,
    managementType: line.managementType,
    flexible: line.flexible,
    allocatedCents,
    releasedCents: releasedUpTo([line], today),
    spentCents,
    remainingCents,
    availableCents: today > endDate ? 0 : available(world, { plan, line }, today),
    percentUsed: allocatedCents === 0 ? null : halfUp(spentCents * 1000, allocatedCents) / 10,
    status: colour(spentCents, allocatedCents),
    startDate,
    endDate,
    daysRemaining: Math.max(0, dayNumber(endDate) - dayNumber(today)),
    burnRateCentsPerDay: rate,
    projectedRunOutDate: rate === 0 || runOut > endDate ? null : runOut,
    periods: line.periods,
  };
}

function look(world: World): LedgerView {
  const { today, plans } = world;
  const shown =
    plans.find((plan) => plan.startDate <= today && today <= plan.endDate) ??
    plans.find((plan) => plan.startDate > today) ??
    plans.at(-1);
  return {
    version: world.version,
    plans: plans.map((plan) => ({
      id: plan.id,
      startDate: plan.startDate,
      endDate: plan.endDate,
      status: today < plan.startDate ? 'upcoming' : today > plan.endDate ? 'ended' : 'current',
      system: plan.system,
      budgets: plan.lines.map((line) => lineView(world, plan, line)),
    })),
    shown: shown?.lines.map((line) => line.id) ?? [],
  };
}

/* Histories. */

export type Answer<Made> = { refused: Refused } | { made: Made };

export interface Recorded {
  id: string;
  budgetId: string;
  cents: number;
  /** The equal shift that recording warned of; left out where it warns of none in any case. */
  duplicateOf?: string | null;
}

/** What a history is played against. `retry` asks to send the same request, under the same key, a second time. */
export interface Ledger {
  look(): Promise<LedgerView>;
  quote(input: ServiceInput): Promise<Verdict>;
  record(input: ServiceInput, options: { retry: boolean }): Promise<Answer<Recorded>>;
  cancel(serviceId: string, options: { retry: boolean }): Promise<Answer<{ cents: number }>>;
  addPlan(input: PlanInput, options: { retry: boolean }): Promise<Answer<{ planId: string; budgetIds: string[] }>>;
  movePlan(planId: string, patch: PlanPatch): Promise<Answer<object>>;
  addLine(planId: string, added: { input: LineInput; retry: boolean }): Promise<Answer<{ budgetId: string }>>;
  adjustLine(lineId: string, patch: LinePatch): Promise<Answer<object>>;
  /** Another day has come. */
  wait?(today: string): void;
  /** Everything that is only remembered is lost. */
  forget?(): Promise<void>;
}

interface LineShape {
  category: number;
  item: number | null;
  management: Management | null;
  flexible: boolean;
  amounts: number[];
  cuts: number[];
  /** Now and then periods that do not tile, or do not add up. */
  flaw: 'none' | 'gap' | 'sum';
}

interface PlanShape {
  system: System;
  management: Management;
  lines: LineShape[];
}

type Amount =
  | { of: 'price'; cents: number; hundredths: number | null; minutes: number }
  /** Exactly what is available, or so many cents more. */
  | { of: 'rest'; more: number }
  | { of: 'limit'; more: number; hundredths: number | null; minutes: number };

/** What a line is adjusted to. */
type Money =
  | { to: 'the same' }
  | { to: 'an amount'; cents: number }
  /** Exactly what is spent, or so many cents more. */
  | { to: 'the spent'; more: number }
  | { to: 'other periods'; shape: LineShape }
  | { to: 'no periods' }
  /** The same in all, but so many twelfths of the first period's amount come with the last. */
  | { to: 'later periods'; twelfths: number };

/** By how many days a plan's ends move; or one of them to one of its services, or so many days after it. */
type Dates =
  | { by: 'days'; start: number; end: number }
  | { by: 'service'; end: boolean; service: number; after: number };

type Day =
  | { on: 'share'; twelfths: number }
  /** The last day of one of a line's periods, or so many days after it. */
  | { on: 'edge'; line: number; period: number; after: number }
  | { on: 'offset'; days: number };

/** Numbers choose among what there is when their turn comes. */
export type Command =
  | {
      do: 'record';
      plan: number;
      day: Day;
      /** Which line it is meant for, and which of the items that this line may pay for; or any item. */
      line: number;
      item: number;
      anyItem: boolean;
      named: 'none' | 'the line' | 'any line';
      amount: Amount;
      /** Whether it may be dated after today. */
      ahead: boolean;
      retry: boolean;
    }
  | { do: 'again'; service: number; retry: boolean }
  | { do: 'cancel'; service: number; retry: boolean }
  | { do: 'adjust'; line: number; money: Money; flexible: boolean | null }
  | { do: 'add line'; plan: number; shape: LineShape; retry: boolean }
  | {
      do: 'add plan';
      where: 'after' | 'before' | 'anywhere';
      days: number;
      gap: number;
      shape: PlanShape;
      retry: boolean;
    }
  | { do: 'move plan'; plan: number; dates: Dates; system: System | null }
  | { do: 'wait'; days: number }
  | { do: 'forget' };

export interface History {
  back: number;
  days: number;
  plan: PlanShape;
  commands: Command[];
}

const management = fc.constantFrom<Management>('ndia_managed', 'plan_managed');
const system = fc.constantFrom<System>('pace', 'legacy');
const maybe = <Value>(arbitrary: fc.Arbitrary<Value>, freq = 5): fc.Arbitrary<Value | null> =>
  fc.option(arbitrary, { nil: null, freq });
const rarely = fc.integer({ min: 0, max: 5 }).map((n) => n === 0);

const lineShape: fc.Arbitrary<LineShape> = fc.record({
  category: fc.constantFrom(1, 1, 1, 4, 4, 15, 16),
  item: rarely.chain((stated) => (stated ? fc.nat(4) : fc.constant(null))),
  management: maybe(management, 2),
  flexible: fc.boolean(),
  amounts: fc.array(fc.integer({ min: 0, max: 50_000 }), { minLength: 1, maxLength: 4 }),
  cuts: fc.array(fc.integer({ min: 1, max: 11 }), { maxLength: 3 }),
  flaw: fc.oneof(
    { weight: 12, arbitrary: fc.constant('none' as const) },
    { weight: 1, arbitrary: fc.constantFrom('gap' as const, 'sum' as const) },
  ),
});
const soundLine = lineShape.map((shape) => ({ ...shape, flaw: 'none' as const }));
const planShape = (line: fc.Arbitrary<LineShape>): fc.Arbitrary<PlanShape> =>
  fc.record({ system, management, lines: fc.array(line, { minLength: 1, maxLength: 4 }) });

const hundredths = (max: number) => maybe(fc.integer({ min: 1, max }));
const shiftMinutes = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 300 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 1439 }) },
);
const amount: fc.Arbitrary<Amount> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      of: fc.constant('price' as const),
      cents: fc.integer({ min: 0, max: 4000 }),
      hundredths: hundredths(250),
      minutes: shiftMinutes,
    }),
  },
  { weight: 4, arbitrary: fc.record({ of: fc.constant('rest' as const), more: fc.integer({ min: -1, max: 1 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      of: fc.constant('limit' as const),
      more: fc.constantFrom(0, 0, 0, 1),
      hundredths: hundredths(40),
      minutes: shiftMinutes,
    }),
  },
);
const day: fc.Arbitrary<Day> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ on: fc.constant('share' as const), twelfths: fc.nat(12) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      on: fc.constant('edge' as const),
      line: fc.nat(5),
      period: fc.nat(3),
      after: fc.integer({ min: -1, max: 1 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ on: fc.constant('offset' as const), days: fc.integer({ min: -400, max: 30 }) }) },
);

const recording: fc.Arbitrary<Command> = fc.record({
  do: fc.constant('record' as const),
  plan: fc.nat(3),
  day,
  line: fc.nat(5),
  item: fc.nat(4),
  anyItem: rarely,
  named: fc.constantFrom('none', 'none', 'none', 'the line', 'the line', 'any line'),
  amount,
  ahead: rarely,
  retry: rarely,
});
const repeating: fc.Arbitrary<Command> = fc.record({
  do: fc.constant('again' as const),
  service: fc.nat(30),
  retry: rarely,
});
const cancelling: fc.Arbitrary<Command> = fc.record({
  do: fc.constant('cancel' as const),
  service: fc.nat(30),
  retry: rarely,
});
const money: fc.Arbitrary<Money> = fc.oneof(
  fc.constant({ to: 'the same' as const }),
  fc.record({ to: fc.constant('an amount' as const), cents: fc.integer({ min: 0, max: 60_000 }) }),
  fc.record({ to: fc.constant('the spent' as const), more: fc.integer({ min: -1, max: 1 }) }),
  fc.record({ to: fc.constant('other periods' as const), shape: lineShape }),
  fc.constant({ to: 'no periods' as const }),
  fc.record({ to: fc.constant('later periods' as const), twelfths: fc.integer({ min: 1, max: 12 }) }),
);
const adjusting: fc.Arbitrary<Command> = fc.record({
  do: fc.constant('adjust' as const),
  line: fc.nat(8),
  money,
  flexible: maybe(fc.boolean(), 2),
});
const addingLine: fc.Arbitrary<Command> = fc.record({
  do: fc.constant('add line' as const),
  plan: fc.nat(3),
  shape: lineShape,
  retry: rarely,
});
const addingPlan: fc.Arbitrary<Command> = fc.record({
  do: fc.constant('add plan' as const),
  where: fc.constantFrom('after', 'before', 'anywhere'),
  days: fc.integer({ min: 0, max: 300 }),
  gap: fc.integer({ min: 0, max: 30 }),
  shape: planShape(lineShape),
  retry: rarely,
});
const nearly = fc.oneof(fc.constant(0), fc.integer({ min: -60, max: 60 }));
const movingPlan: fc.Arbitrary<Command> = fc.record({
  do: fc.constant('move plan' as const),
  plan: fc.nat(3),
  dates: fc.oneof(
    fc.record({ by: fc.constant('days' as const), start: nearly, end: nearly }),
    fc.record({
      by: fc.constant('service' as const),
      end: fc.boolean(),
      service: fc.nat(9),
      after: fc.integer({ min: -2, max: 2 }),
    }),
  ),
  system: maybe(system, 2),
});

/** Histories of one participant; `more` has what only this ledger can do, beside recording and changing. */
export function histories(options: { most: number; more: 'wait' | 'forget' }): fc.Arbitrary<History> {
  const more: fc.Arbitrary<Command> =
    options.more === 'wait'
      ? fc.record({ do: fc.constant('wait' as const), days: fc.integer({ min: 1, max: 60 }) })
      : fc.constant({ do: 'forget' as const });
  const command = fc.oneof(
    { weight: 14, arbitrary: recording },
    { weight: 2, arbitrary: repeating },
    { weight: 4, arbitrary: cancelling },
    { weight: 4, arbitrary: adjusting },
    { weight: 1, arbitrary: addingLine },
    { weight: 1, arbitrary: addingPlan },
    { weight: 3, arbitrary: movingPlan },
    { weight: 1, arbitrary: more },
  );
  return fc.record({
    back: fc.integer({ min: -5, max: 300 }),
    days: fc.integer({ min: 1, max: 400 }),
    plan: planShape(soundLine),
    commands: fc.array(command, { minLength: Math.ceil(options.most / 3), maxLength: options.most, size: 'max' }),
  });
}

/** Periods of the shape over the dates: cut at twelfths of them, an amount each. */
function periodsOf(shape: LineShape, dates: { startDate: string; endDate: string }): Period[] {
  const days = dayNumber(dates.endDate) - dayNumber(dates.startDate) + 1;
  const cuts = shape.cuts.map((twelfths) => Math.floor((days * twelfths) / 12)).filter((offset) => offset > 0);
  const starts = [0, ...new Set(cuts)].sort((a, b) => a - b);
  const periods = starts.map((start, index) => ({
    startDate: addDays(dates.startDate, start),
    endDate: addDays(dates.startDate, (starts[index + 1] ?? days) - 1),
    amountCents: shape.amounts[index % shape.amounts.length] ?? 0,
  }));
  const last = periods.at(-1);
  if (shape.flaw === 'gap' && last) last.startDate = addDays(last.startDate, 1);
  return periods;
}

function lineInput(shape: LineShape, dates: { startDate: string; endDate: string }, items: readonly Item[]): LineInput {
  const periods = periodsOf(shape, dates);
  const total = sum(periods.map((period) => period.amountCents));
  return {
    categoryCode: shape.category,
    supportItemCode: shape.item === null ? null : (items[shape.item % items.length]?.code ?? null),
    managementType: shape.management,
    flexible: shape.flexible,
    allocatedCents: shape.flaw === 'sum' ? total + 1 : total,
    periods: periods.length === 1 && shape.flaw === 'none' ? null : periods,
  };
}

function planInput(shape: PlanShape, dates: { startDate: string; endDate: string }, items: readonly Item[]): PlanInput {
  const budgets = shape.lines.map((line) => lineInput(line, dates, items));
  return { ...dates, system: shape.system, managementType: shape.management, budgets };
}

const pick = <Value>(values: readonly Value[], index: number): Value | undefined => values[index % values.length];

function dateOf(world: World, plan: Plan, wanted: Day): string {
  if (wanted.on === 'offset') return addDays(world.today, wanted.days);
  if (wanted.on === 'share') {
    const last = world.today < plan.endDate && world.today >= plan.startDate ? world.today : plan.endDate;
    const days = dayNumber(last) - dayNumber(plan.startDate);
    return addDays(plan.startDate, Math.floor((days * wanted.twelfths) / 12));
  }
  const periods = pick(plan.lines, wanted.line)?.periods ?? [];
  const over = periods.filter((period) => period.endDate < world.today);
  const period = pick(over.length > 0 ? over : periods, wanted.period);
  return addDays(period?.endDate ?? plan.endDate, wanted.after);
}

function serviceInput(world: World, command: Extract<Command, { do: 'record' }>): ServiceInput {
  const plan = pick(world.plans, command.plan);
  if (!plan) throw new Error('There is a plan from the beginning');
  const line = pick(plan.lines, command.line);
  const payable = world.items.filter((item) => line && linesThatMayPay(plan, item, null).includes(line));
  const item = pick(command.anyItem || payable.length === 0 ? world.items : payable, command.item);
  if (!item) throw new Error('There is an item from the beginning');
  const wantedDate = dateOf(world, plan, command.day);
  const early = command.ahead || wantedDate <= world.today || world.today < plan.startDate;
  const serviceDate = early ? wantedDate : world.today;
  const anyLine = pick(
    world.plans.flatMap((other) => other.lines),
    command.line,
  );
  const named = { none: undefined, 'the line': line, 'any line': anyLine }[command.named];
  const asked: ServiceInput = {
    supportItemCode: item.code,
    serviceDate,
    startTime: null,
    endTime: null,
    unitPriceCents: null,
    quantityHundredths: null,
    budgetId: named?.id ?? null,
  };
  const { amount: wanted } = command;
  const clock = (minute: number) =>
    `${String(Math.floor(minute / 60) % 24).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
  const shift = (minutes: number) =>
    item.unit === 'H' ? { startTime: clock(540), endTime: clock(540 + minutes) } : {};
  switch (wanted.of) {
    case 'rest': {
      const [first] = linesThatMayPay(plan, item, asked.budgetId);
      const rest = first ? available(world, { plan, line: first }, serviceDate) : 1000;
      const limit = itemRow(item, serviceDate)?.limitCents ?? rest + wanted.more;
      return { ...asked, ...shift(60), unitPriceCents: Math.max(0, Math.min(limit, rest + wanted.more)) };
    }
    case 'limit': {
      const limit = itemRow(item, serviceDate)?.limitCents ?? null;
      const unitPriceCents = wanted.more === 0 || limit === null ? null : limit + wanted.more;
      const quantityHundredths = item.unit === 'H' ? null : wanted.hundredths;
      return { ...asked, ...shift(wanted.minutes), unitPriceCents, quantityHundredths };
    }
    case 'price': {
      const quantityHundredths = item.unit === 'H' ? null : wanted.hundredths;
      return { ...asked, ...shift(wanted.minutes), unitPriceCents: wanted.cents, quantityHundredths };
    }
  }
}

/** Takes the model on where the ledger accepted; fails where the two disagree. */
function settled<Made>(answer: Answer<Made>, next: (made: Made) => Next, ids: Made): World | null {
  const expected = next('made' in answer ? answer.made : ids);
  const code = (outcome: object) => ('refused' in outcome ? outcome.refused : null);
  expect('refused' in answer ? answer.refused.code : null, 'the refusal of a change').toBe(code(expected));
  return 'world' in expected ? expected.world : null;
}

function isEqualShift(one: ServiceInput, other: ServiceInput): boolean {
  return (
    one.supportItemCode === other.supportItemCode &&
    one.serviceDate === other.serviceDate &&
    one.startTime === other.startTime
  );
}

async function recorded(world: World, ledger: Ledger, asked: { input: ServiceInput; retry: boolean }): Promise<World> {
  const { input, retry } = asked;
  const verdict = judge(world, input);
  const quote = await ledger.quote(input);
  expect(quote).toEqual({
    ...verdict,
    refusals: verdict.refusals.map((refusal) => expect.objectContaining(refusal)),
  });
  const answer = await ledger.record(input, { retry });
  const [refusal] = verdict.refusals;
  if ('refused' in answer) {
    expect(answer.refused).toEqual(expect.objectContaining(refusal ?? { code: 'none' }));
    // The quote's first refusal is recording's.
    expect({ code: answer.refused.code, details: answer.refused.details }).toEqual({
      code: quote.refusals[0]?.code,
      details: quote.refusals[0]?.details,
    });
    return world;
  }
  expect(refusal, 'recording accepted').toBeUndefined();
  const { id, budgetId, cents, duplicateOf } = answer.made;
  const equals = world.services.filter((service) => !service.cancelled && isEqualShift(service.input, input));
  if (duplicateOf !== undefined) {
    expect(duplicateOf === null).toBe(equals.length === 0);
    if (duplicateOf !== null) expect(equals.map((service) => service.id)).toContain(duplicateOf);
  }
  expect({ budgetId, cents }).toEqual({ budgetId: verdict.budgetId, cents: verdict.totalCostCents });
  expect({ budgetId, cents }).toEqual({ budgetId: quote.budgetId, cents: quote.totalCostCents });
  const service = { id, lineId: budgetId, date: input.serviceDate, cents, input, cancelled: false };
  return { ...world, version: world.version + 1, services: [...world.services, service] };
}

async function cancelled(world: World, ledger: Ledger, asked: { service: Service; retry: boolean }): Promise<World> {
  const { service, retry } = asked;
  expect(await ledger.cancel(service.id, { retry })).toEqual({ made: { cents: service.cents } });
  if (service.cancelled) return world;
  const services = world.services.map((other) => (other === service ? { ...service, cancelled: true } : other));
  return { ...world, version: world.version + 1, services };
}

function patchOf(world: World, line: Line, command: Extract<Command, { do: 'adjust' }>): LinePatch {
  return {
    ...moneyOf(world, line, command.money),
    ...(command.flexible === null ? {} : { flexible: command.flexible }),
  };
}

function moneyOf(world: World, line: Line, wanted: Money): LinePatch {
  switch (wanted.to) {
    case 'the same':
      return {};
    case 'an amount':
      return { allocatedCents: wanted.cents };
    case 'the spent':
      return { allocatedCents: Math.max(0, spentUpTo(world, [line], '9999-12-31') + wanted.more) };
    case 'no periods':
      return { periods: null };
    case 'other periods': {
      const { allocatedCents, periods } = lineInput(wanted.shape, planOf(world, line.id), world.items);
      return { allocatedCents, periods };
    }
    case 'later periods': {
      const periods = line.periods.map((period) => ({ ...period }));
      const [first, last] = [periods[0], periods.at(-1)];
      if (!first || !last) return {};
      const cents = Math.floor((first.amountCents * wanted.twelfths) / 12);
      first.amountCents -= cents;
      last.amountCents += cents;
      return { periods };
    }
  }
}

function newDates(world: World, command: Extract<Command, { do: 'add plan' }>): { startDate: string; endDate: string } {
  const [first, last] = [world.plans[0], world.plans.at(-1)];
  const { days, gap } = command;
  if (command.where === 'after' && last) {
    const startDate = addDays(last.endDate, 1 + (gap % 3));
    return { startDate, endDate: addDays(startDate, days) };
  }
  if (command.where === 'before' && first) {
    const endDate = addDays(first.startDate, -1 - (gap % 3));
    return { startDate: addDays(endDate, -days), endDate };
  }
  const startDate = addDays(world.today, gap * 20 - 300);
  return { startDate, endDate: addDays(startDate, days) };
}

function movedDates(world: World, plan: Plan, dates: Dates): PlanPatch {
  if (dates.by === 'days') {
    return {
      ...(dates.start === 0 ? {} : { startDate: addDays(plan.startDate, dates.start) }),
      ...(dates.end === 0 ? {} : { endDate: addDays(plan.endDate, dates.end) }),
    };
  }
  const within = world.services.filter(({ lineId }) => plan.lines.some((line) => line.id === lineId));
  const service = pick(within, dates.service);
  if (!service) return {};
  const date = addDays(service.date, dates.after);
  return dates.end ? { endDate: date } : { startDate: date };
}

async function done(world: World, ledger: Ledger, command: Command): Promise<World> {
  switch (command.do) {
    case 'record':
      return recorded(world, ledger, { input: serviceInput(world, command), retry: command.retry });
    case 'again': {
      const service = pick(world.services, command.service);
      return service ? recorded(world, ledger, { input: service.input, retry: command.retry }) : world;
    }
    case 'cancel': {
      const service = pick(world.services, command.service);
      return service ? cancelled(world, ledger, { service, retry: command.retry }) : world;
    }
    case 'adjust': {
      const line = pick(
        world.plans.flatMap((plan) => plan.lines),
        command.line,
      );
      if (!line) return world;
      const patch = patchOf(world, line, command);
      return settled(await ledger.adjustLine(line.id, patch), () => lineAdjusted(world, line.id, patch), {}) ?? world;
    }
    case 'add line': {
      const plan = pick(world.plans, command.plan);
      if (!plan) return world;
      const input = lineInput(command.shape, plan, world.items);
      const answer = await ledger.addLine(plan.id, { input, retry: command.retry });
      const next = ({ budgetId }: { budgetId: string }) => lineAdded(world, plan, { input, id: budgetId });
      return settled(answer, next, { budgetId: '' }) ?? world;
    }
    case 'add plan': {
      const input = planInput(command.shape, newDates(world, command), world.items);
      const answer = await ledger.addPlan(input, { retry: command.retry });
      return settled(answer, (ids) => planAdded(world, input, ids), { planId: '', budgetIds: [] }) ?? world;
    }
    case 'move plan': {
      const plan = pick(world.plans, command.plan);
      if (!plan) return world;
      const patch = {
        ...movedDates(world, plan, command.dates),
        ...(command.system === null ? {} : { system: command.system }),
      };
      return settled(await ledger.movePlan(plan.id, patch), () => planMoved(world, plan, patch), {}) ?? world;
    }
    case 'wait': {
      const today = addDays(world.today, command.days);
      ledger.wait?.(today);
      return { ...world, today };
    }
    case 'forget':
      await ledger.forget?.();
      return world;
  }
}

/** What a history came to. */
export interface Ending {
  /** The services that stand, and those that were cancelled. */
  standing: string[];
  cancelled: string[];
}

/** Plays a history against a ledger and the model: they agree on every answer, and after every change on every figure. */
export async function play(
  ledger: Ledger,
  history: History,
  setting: { today: string; items: readonly Item[] },
): Promise<Ending> {
  const { today, items } = setting;
  const startDate = addDays(today, -history.back);
  const first = planInput(history.plan, { startDate, endDate: addDays(startDate, history.days) }, items);
  const empty: World = { today, version: 0, plans: [], services: [], items };
  const opened = settled(await ledger.addPlan(first, { retry: false }), (ids) => planAdded(empty, first, ids), {
    planId: '',
    budgetIds: [],
  });
  if (!opened) throw new Error('The first plan was refused');
  let world = opened;
  expect(await ledger.look()).toEqual(look(world));
  for (const command of history.commands) {
    const next = await done(world, ledger, command);
    // What a refusal left behind would show in the next look.
    if (next !== world) expect(await ledger.look(), `after ${JSON.stringify(command)}`).toEqual(look(next));
    world = next;
  }
  expect(await ledger.look(), 'at the end').toEqual(look(world));
  const ids = (gone: boolean) => world.services.filter((service) => service.cancelled === gone).map(({ id }) => id);
  return { standing: ids(false), cancelled: ids(true) };
}

/** A catalogue around `today`: pooled, stated and dated items, with and without a limit, by the hour and each. */
export function catalogue(today: string): Item[] {
  const always = { from: addDays(today, -2000), to: null };
  return [
    { code: '01_701_0107_1_1', unit: 'E', category: 1, paceCategory: 1, rows: [{ ...always, limitCents: 100_000 }] },
    { code: '01_702_0115_1_1', unit: 'E', category: 1, paceCategory: 16, rows: [{ ...always, limitCents: 100_000 }] },
    { code: '04_703_0125_6_1', unit: 'H', category: 4, paceCategory: 4, rows: [{ ...always, limitCents: 7023 }] },
    { code: '15_704_0128_1_3', unit: 'E', category: 15, paceCategory: 15, rows: [{ ...always, limitCents: null }] },
    {
      code: '04_705_0125_6_1',
      unit: 'E',
      category: 4,
      paceCategory: 4,
      rows: [
        { from: addDays(today, -150), to: addDays(today, -40), limitCents: 1000 },
        { from: addDays(today, -60), to: addDays(today, 10), limitCents: 1500 },
      ],
    },
  ];
}
