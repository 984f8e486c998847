import { evictDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { ledgerStub } from '../../../src/features/ledger/client.ts';
import { newId } from '../../../src/ids.ts';
import { addDays } from '../../../src/time/rules.ts';
import {
  type Answer,
  catalogue,
  type History,
  histories,
  type Item,
  type Ledger,
  type LedgerView,
  type LinePatch,
  type LineView,
  type PlanInput,
  type PlanPatch,
  type PlanView,
  play,
  type ServiceInput,
  type Verdict,
} from '../../support/model.ts';
import { auditIsGapless, differences, ndisNumber } from '../../support/workers/care.ts';
import { type Json, newTenant, type Answer as Reply, type Tenant } from '../../support/workers/tenant.ts';

declare global {
  namespace Cloudflare {
    interface Env {
      TEST_HISTORIES: string;
    }
  }
}

const { runs, seed }: { runs?: string; seed?: string } = JSON.parse(env.TEST_HISTORIES);
const RUNS = Number(runs ?? 100);

/** How long a failing history is made simpler (ms). */
const SHRINKING = 60_000;

/** Its clocks never change: the model knows no time zones. */
const ZONE = 'Australia/Brisbane';
const today = () => new Intl.DateTimeFormat('en-CA', { timeZone: ZONE }).format(new Date());

const ITEMS = catalogue(today());
beforeAll(async () => {
  await env.DB.batch(ITEMS.flatMap(rowsOf));
});

function rowsOf(item: Item): D1PreparedStatement[] {
  const statement = env.DB.prepare(
    `INSERT INTO support_items (code, start_date, end_date, name, registration_group, category_code, pace_category_code, unit, quotable,
      national_cents) VALUES (?, ?, ?, ?, '0107', ?, ?, ?, 0, ?)`,
  );
  return item.rows.map((row) =>
    statement.bind(item.code, row.from, row.to, item.code, item.category, item.paceCategory, item.unit, row.limitCents),
  );
}

function refusedBy({ status, body, headers }: Reply): { refused: { code: string; details?: unknown } } {
  expect(status, JSON.stringify(body)).toBeGreaterThanOrEqual(400);
  expect(headers.get('content-type')).toBe('application/problem+json');
  return { refused: { code: body.code, ...(body.details && { details: body.details }) } };
}

function lineView(budget: Json): LineView {
  const { categoryName: _, ...view } = budget;
  return view;
}

/** The service as it is deployed, through HTTP, for one participant. */
class StackLedger implements Ledger {
  private keys = 0;
  private readonly tenant: Tenant;
  readonly participantId: string;

  constructor(tenant: Tenant, participantId: string) {
    this.tenant = tenant;
    this.participantId = participantId;
  }

  async look(): Promise<LedgerView> {
    const { admin } = this.tenant;
    const [plans, shown] = await Promise.all([
      admin.get(`/v1/participants/${this.participantId}/plans?limit=100`),
      admin.get(`/v1/participants/${this.participantId}/budgets`),
    ]);
    return {
      version: shown.body.version,
      plans: plans.body.data.map(
        ({ id, startDate, endDate, status, system, budgets }: Json): PlanView => ({
          id,
          startDate,
          endDate,
          status,
          system,
          budgets: budgets.map(lineView),
        }),
      ),
      shown: shown.body.budgets.map((budget: Json) => budget.id),
    };
  }

  async quote(input: ServiceInput): Promise<Verdict> {
    const { status, body } = await this.tenant.admin.post('/v1/services/quote', this.bodyOf(input));
    expect(status).toBe(200);
    const { accepted, warnings, ...verdict } = body;
    expect(accepted).toBe(verdict.refusals.length === 0);
    this.quoted = warnings;
    return verdict;
  }

  private quoted: Json[] = [];

  async record(input: ServiceInput, options: { retry: boolean }) {
    const reply = await this.post('/v1/services', this.bodyOf(input), options);
    if (reply.status !== 201) return refusedBy(reply);
    const { id, budgetId, totalCostCents, warnings } = reply.body;
    expect(warnings).toEqual(this.quoted);
    const [warning] = warnings;
    expect(warnings).toEqual(warning ? [{ code: 'POSSIBLE_DUPLICATE', serviceId: expect.any(String) }] : []);
    return { made: { id, budgetId, cents: totalCostCents, duplicateOf: warning?.serviceId ?? null } };
  }

  async cancel(serviceId: string, options: { retry: boolean }): Promise<Answer<{ cents: number }>> {
    const reply = await this.post(`/v1/services/${serviceId}/cancel`, { reason: 'It did not happen.' }, options);
    if (reply.status !== 200) return refusedBy(reply);
    expect(reply.body).toMatchObject({ id: serviceId, status: 'cancelled' });
    return { made: { cents: reply.body.totalCostCents } };
  }

  async addPlan(input: PlanInput, options: { retry: boolean }) {
    const reply = await this.post(`/v1/participants/${this.participantId}/plans`, input, options);
    if (reply.status !== 201) return refusedBy(reply);
    return { made: { planId: reply.body.id, budgetIds: reply.body.budgets.map((budget: Json) => budget.id) } };
  }

  async movePlan(planId: string, patch: PlanPatch): Promise<Answer<object>> {
    const reply = await this.tenant.admin.patch(`/v1/plans/${planId}`, patch);
    return reply.status === 200 ? { made: {} } : refusedBy(reply);
  }

  async addLine(planId: string, added: Parameters<Ledger['addLine']>[1]) {
    const reply = await this.post(`/v1/plans/${planId}/budgets`, added.input, added);
    return reply.status === 201 ? { made: { budgetId: reply.body.id } } : refusedBy(reply);
  }

  async adjustLine(lineId: string, patch: LinePatch): Promise<Answer<object>> {
    const reply = await this.tenant.admin.patch(`/v1/budgets/${lineId}`, patch);
    return reply.status === 200 ? { made: {} } : refusedBy(reply);
  }

  async forget(): Promise<void> {
    const { organizationId } = this.tenant;
    // One that is not in memory has nothing to forget, and cannot be evicted.
    await evictDurableObject(ledgerStub(env, { organizationId, participantId: this.participantId })).catch(
      () => undefined,
    );
  }

  /** Sends a POST, and now and then sends it again under its key: the second answer is the first. */
  private async post(path: string, body: unknown, { retry }: { retry: boolean }): Promise<Reply> {
    const { admin } = this.tenant;
    if (!retry) return admin.post(path, body);
    this.keys += 1;
    const key = { 'idempotency-key': `key ${this.keys}` };
    const first = await admin.post(path, body, key);
    const second = await admin.post(path, body, key);
    const accepted = first.status < 300;
    expect(second.headers.get('idempotent-replayed')).toBe(accepted ? 'true' : null);
    expect(second.status).toBe(first.status);
    const { requestId: _, ...told } = second.body;
    expect(first.body).toMatchObject(told);
    if (accepted) expect(second.body).toEqual(first.body);
    return first;
  }

  private bodyOf({ quantityHundredths, ...input }: ServiceInput): Json {
    const quantity = quantityHundredths === null ? null : quantityHundredths / 100;
    return { participantId: this.participantId, notes: 'A history.', ...input, quantity };
  }
}

/** What was looked at after every step, by its other routes; every service by its status; and the books themselves. */
async function isProved(tenant: Tenant, ledger: StackLedger, ending: { standing: string[]; cancelled: string[] }) {
  const { admin, organizationId } = tenant;
  const { plans } = await ledger.look();
  for (const plan of plans) {
    const named = await admin.get(`/v1/participants/${ledger.participantId}/budgets?planId=${plan.id}`);
    expect(named.body.budgets.map(lineView)).toEqual(plan.budgets.map(({ periods: _, ...figures }) => figures));
    const [line] = plan.budgets;
    if (!line) continue;
    const alone = await admin.get(`/v1/budgets/${line.id}`);
    expect(lineView(alone.body)).toEqual(line);
    const entries = await admin.get(`/v1/budgets/${line.id}/entries?limit=100`);
    const total = (key: string) => entries.body.data.reduce((sum: number, entry: Json) => sum + entry[key], 0);
    expect([total('allocatedDeltaCents'), total('spentDeltaCents')]).toEqual([line.allocatedCents, line.spentCents]);
  }
  const listed = async (status: string) => {
    const { body } = await admin.get(`/v1/services?participantId=${ledger.participantId}&status=${status}&limit=100`);
    return body.data.map((service: Json) => service.id).sort();
  };
  expect(await listed('completed')).toEqual([...ending.standing].sort());
  expect(await listed('cancelled')).toEqual([...ending.cancelled].sort());
  expect(await differences(ledger.participantId)).toEqual([]);
  expect(await auditIsGapless(organizationId)).toBe(true);
}

async function agrees(history: History, begun: string): Promise<void> {
  const tenant = await newTenant({ timeZone: ZONE });
  const created = await tenant.admin.post('/v1/participants', {
    ndisNumber: ndisNumber(),
    profile: { firstName: 'Test', lastName: 'Person', dateOfBirth: '1990-01-01' },
  });
  const ledger = new StackLedger(tenant, created.body.id);
  const ending = await play(ledger, history, { today: begun, items: ITEMS });
  await isProved(tenant, ledger, ending);
}

test(`${RUNS} histories through the whole stack agree with the model, and leave books that are proved`, {
  timeout: 3_600_000,
}, async () => {
  // Once a history has failed, simpler ones are looked for, but not for long.
  let until = Number.POSITIVE_INFINITY;
  await fc.assert(
    fc.asyncProperty(histories({ most: 14, more: 'forget' }), async (history) => {
      if (Date.now() > until) return;
      const begun = today();
      try {
        await agrees(history, begun);
      } catch (error) {
        // A midnight in the middle moves every figure that goes by the day: the history proves nothing.
        if (today() !== begun) return;
        until = Math.min(until, Date.now() + SHRINKING);
        throw error;
      }
    }),
    { numRuns: RUNS, ...(seed === undefined ? {} : { seed: Number(seed) }) },
  );
});

test('quoting and recording give the same first refusal for someone who is not there', async () => {
  const { admin } = await newTenant({ timeZone: ZONE });
  const nobody = { participantId: newId('par'), serviceDate: addDays(today(), -1) };
  const [each, , hourly] = ITEMS.map((item) => item.code);
  for (const body of [
    { ...nobody, supportItemCode: each },
    { ...nobody, supportItemCode: each, startTime: '09:00', endTime: '09:00' },
    { ...nobody, supportItemCode: hourly },
    { ...nobody, supportItemCode: '01_001_0107_1_1', serviceDate: addDays(today(), 1) },
  ]) {
    const quote = await admin.post('/v1/services/quote', body);
    const record = await admin.post('/v1/services', body);
    expect(quote.status === 200 ? quote.body.refusals[0]?.code : quote.body.code).toBe(record.body.code);
  }
});
