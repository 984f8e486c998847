import process from 'node:process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { budgetsView, budgetView } from '../../../src/features/budgets/rules.ts';
import { spend } from '../../../src/features/ledger/rules.ts';
import {
  findLine,
  type LedgerState,
  type Line,
  type Plan,
  planOn,
  poolOf,
} from '../../../src/features/ledger/state.ts';
import { newLine, newPlan } from '../../../src/features/plans/build.ts';
import {
  movePeriods,
  overlapping,
  periodErrors,
  planErrors,
  planStatus,
  wholePeriod,
} from '../../../src/features/plans/rules.ts';
import { assess, type ServiceRequest } from '../../../src/features/services/rules.ts';
import { unspentBoundaries } from '../../../src/features/structure/statements.ts';
import type { SupportItem } from '../../../src/features/support-items/rules.ts';
import {
  type Answer,
  catalogue,
  histories,
  type Item,
  type Ledger,
  type LinePatch,
  type PlanPatch,
  play,
  type Recorded,
  type ServiceInput,
} from '../../support/model.ts';

const TODAY = '2026-11-23';
const RUNS = Number(process.env['HISTORIES'] ?? 2000);
const SEED = process.env['FC_SEED'];

/** Its clocks never change: the model knows no time zones. */
const ZONE = 'Australia/Brisbane';

function rowsOf(item: Item): SupportItem[] {
  return item.rows.map((row) => ({
    code: item.code,
    name: item.code,
    registrationGroup: '0107',
    categoryCode: item.category,
    paceCategoryCode: item.paceCategory,
    unit: item.unit,
    quotable: false,
    limits: { national: row.limitCents, remote: null, very_remote: null },
    startDate: row.from,
    endDate: row.to,
    flags: {
      nonFaceToFace: null,
      providerTravel: null,
      shortNoticeCancellation: null,
      ndiaRequestedReports: null,
      irregularSil: null,
    },
  }));
}

interface Booked {
  id: string;
  lineId: string;
  date: string;
  cents: number;
  cancelled: boolean;
}

const refused = (code: string): { refused: { code: string } } => ({ refused: { code } });

/** The pure rules put together as the ledger does it, with lists in place of the database. */
class PureLedger implements Ledger {
  private readonly catalogue: Map<string, SupportItem[]>;
  private state: LedgerState;
  private services: Booked[] = [];
  private ids = 0;
  private today: string;

  constructor(today: string, items: readonly Item[]) {
    this.today = today;
    this.catalogue = new Map(items.map((item) => [item.code, rowsOf(item)]));
    this.state = {
      participantId: 'par_1',
      organizationId: 'org_1',
      status: 'active',
      pricingZone: 'national',
      version: 0,
      plans: [],
    };
  }

  wait(today: string): void {
    this.today = today;
  }

  async look() {
    const { today, state } = this;
    return {
      version: state.version,
      plans: state.plans.map((plan) => ({
        id: plan.id,
        startDate: plan.startDate,
        endDate: plan.endDate,
        status: planStatus(plan, today),
        system: plan.system,
        budgets: plan.lines.map((line) => {
          const { categoryName: _, ...view } = budgetView({ plan, line }, today);
          return { ...view, periods: line.periods };
        }),
      })),
      shown: budgetsView(state, { today }).budgets.map((budget) => budget.id),
    };
  }

  private judge(input: ServiceInput) {
    const request: ServiceRequest = { participantId: 'par_1', notes: '', ...input };
    const items = this.catalogue.get(input.supportItemCode) ?? [];
    return assess(request, { state: this.state, items, timeZone: ZONE, today: this.today });
  }

  async quote(input: ServiceInput) {
    const { charge: _, warnings: __, ...quote } = this.judge(input);
    return quote;
  }

  async record(input: ServiceInput): Promise<Answer<Recorded>> {
    const { charge, refusals } = this.judge(input);
    const [refusal] = refusals;
    if (!charge) return { refused: refusal ?? { code: 'none' } };
    const { line, totalCostCents: cents } = charge;
    const booked = { id: this.newId(), lineId: line.id, date: input.serviceDate, cents, cancelled: false };
    this.services.push(booked);
    this.settle(charge.plan, line, { date: booked.date, cents });
    return { made: { id: booked.id, budgetId: line.id, cents } };
  }

  async cancel(serviceId: string): Promise<Answer<{ cents: number }>> {
    const booked = this.services.find((service) => service.id === serviceId);
    const found = booked && findLine(this.state, booked.lineId);
    if (!booked || !found) return refused('NOT_FOUND');
    if (!booked.cancelled) {
      booked.cancelled = true;
      this.settle(found.plan, found.line, { date: booked.date, cents: -booked.cents });
    }
    return { made: { cents: booked.cents } };
  }

  async addPlan(input: Parameters<Ledger['addPlan']>[0]): Promise<Answer<{ planId: string; budgetIds: string[] }>> {
    if (planErrors(input).length > 0) return refused('VALIDATION_FAILED');
    if (overlapping(this.state.plans, input)) return refused('CONFLICT');
    const ids = { planId: this.newId(), budgetIds: input.budgets.map(() => this.newId()) };
    const more = { planNumber: null, reviewDate: null, planManager: null, supportCoordinatorId: null, goals: [] };
    const plans = [...this.state.plans, newPlan({ ...input, ...more }, ids)];
    this.state = {
      ...this.state,
      version: this.state.version + 1,
      plans: plans.sort((a, b) => (a.startDate < b.startDate ? -1 : 1)),
    };
    return { made: ids };
  }

  async movePlan(planId: string, patch: PlanPatch): Promise<Answer<object>> {
    const plan = this.state.plans.find((candidate) => candidate.id === planId);
    if (!plan) return refused('NOT_FOUND');
    const next = { ...plan, ...patch };
    if (next.startDate === plan.startDate && next.endDate === plan.endDate && next.system === plan.system) {
      return { made: {} };
    }
    if (next.endDate < next.startDate) return refused('VALIDATION_FAILED');
    if (overlapping(this.state.plans, { ...next, except: planId })) return refused('CONFLICT');
    const lines: Line[] = [];
    for (const line of plan.lines) {
      const periods = movePeriods(line.periods, next);
      if (!periods) return refused('CONFLICT');
      lines.push({ ...line, periods });
    }
    const days = this.servicesOf(plan).map((service) => service.date);
    if (days.some((day) => day < next.startDate || day > next.endDate)) return refused('CONFLICT');
    return this.rewrite({ ...next, lines }, 'CONFLICT');
  }

  async addLine(planId: string, added: Parameters<Ledger['addLine']>[1]): Promise<Answer<{ budgetId: string }>> {
    const { input } = added;
    const plan = this.state.plans.find((candidate) => candidate.id === planId);
    if (!plan) return refused('NOT_FOUND');
    if (periodErrors(input, plan).length > 0) return refused('VALIDATION_FAILED');
    const id = this.newId();
    const line = newLine(input, { id, number: plan.lines.length + 1, plan });
    const answer = this.rewrite({ ...plan, lines: [...plan.lines, line] }, 'CONFLICT');
    return 'made' in answer ? { made: { budgetId: id } } : answer;
  }

  async adjustLine(lineId: string, patch: LinePatch): Promise<Answer<object>> {
    const found = findLine(this.state, lineId);
    if (!found) return refused('NOT_FOUND');
    const { plan, line } = found;
    const allocatedCents = patch.allocatedCents ?? line.allocatedCents;
    const flexible = patch.flexible ?? line.flexible;
    const undivided = patch.periods === null || (patch.periods === undefined && line.periods.length === 1);
    const periods = undivided ? wholePeriod(plan, allocatedCents) : (patch.periods ?? line.periods);
    if (periodErrors({ periods, allocatedCents }, plan).length > 0) return refused('VALIDATION_FAILED');
    const next = { ...line, allocatedCents, flexible, periods, poolId: poolOf({ ...line, flexible }) };
    if (JSON.stringify(next) === JSON.stringify(line)) return { made: {} };
    const lines = plan.lines.map((other) => (other === line ? next : other));
    return this.rewrite({ ...plan, lines }, 'ALLOCATION_BELOW_SPENT');
  }

  private newId(): string {
    this.ids += 1;
    return `id_${this.ids}`;
  }

  private servicesOf(plan: Plan): Booked[] {
    const ids = plan.lines.map((line) => line.id);
    return this.services.filter((service) => !service.cancelled && ids.includes(service.lineId));
  }

  /** What a recorded or cancelled service does to memory. The CHECK never has to refuse what was chosen. */
  private settle(plan: Plan, line: Line, spent: { date: string; cents: number }): void {
    const boundaries = spend(plan.boundaries.get(line.poolId) ?? [], spent);
    expect(boundaries.filter((boundary) => boundary.spentCents > boundary.releasedCents)).toEqual([]);
    const moved = { ...line, spentCents: line.spentCents + spent.cents };
    const next: Plan = {
      ...plan,
      lines: plan.lines.map((other) => (other === line ? moved : other)),
      boundaries: new Map(plan.boundaries).set(line.poolId, boundaries),
    };
    expect(planOn(this.state, spent.date)?.id).toBe(plan.id);
    this.replace(plan, next);
  }

  /** The boundaries of a changed plan, from its services; refused when one has more spent than released. */
  private rewrite(plan: Plan, code: string): Answer<object> {
    const boundaries = unspentBoundaries(plan.lines);
    for (const { lineId, date, cents } of this.servicesOf(plan)) {
      const poolId = plan.lines.find((line) => line.id === lineId)?.poolId ?? '';
      boundaries.set(poolId, spend(boundaries.get(poolId) ?? [], { date, cents }));
    }
    const broken = [...boundaries.values()].flat().some(({ spentCents, releasedCents }) => spentCents > releasedCents);
    if (broken) return refused(code);
    const before = this.state.plans.find((candidate) => candidate.id === plan.id);
    if (before) this.replace(before, { ...plan, boundaries });
    return { made: {} };
  }

  private replace(before: Plan, after: Plan): void {
    const plans = this.state.plans.map((plan) => (plan === before ? after : plan));
    this.state = {
      ...this.state,
      version: this.state.version + 1,
      plans: plans.sort((a, b) => (a.startDate < b.startDate ? -1 : 1)),
    };
  }
}

test(`${RUNS} histories of the pure rules agree with the model in every answer and every figure`, {
  timeout: 600_000,
}, async () => {
  const items = catalogue(TODAY);
  await fc.assert(
    fc.asyncProperty(histories({ most: 30, more: 'wait' }), async (history) => {
      await play(new PureLedger(TODAY, items), history, { today: TODAY, items });
    }),
    { numRuns: RUNS, ...(SEED === undefined ? {} : { seed: Number(SEED) }) },
  );
});
