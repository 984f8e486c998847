import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, test } from 'vitest';
import { addDays, dateAt } from '../../../src/time/rules.ts';
import { auditIsGapless, commonItems, EACH, newParticipant } from '../../support/workers/care.ts';
import { importFile } from '../../support/workers/imports.ts';
import { type Caller, type Json, newTenant } from '../../support/workers/tenant.ts';

beforeAll(commonItems);

const TODAY = dateAt('Australia/Sydney', Date.now());
/** A plan of two periods, today in the second one. */
const PLAN = { startDate: addDays(TODAY, -100), endDate: addDays(TODAY, 100) };
const MIDDLE = addDays(TODAY, -50);
const twoPeriods = (first: number, second: number) => [
  { startDate: PLAN.startDate, endDate: MIDDLE, amountCents: first },
  { startDate: addDays(MIDDLE, 1), endDate: PLAN.endDate, amountCents: second },
];

function line(categoryCode: number, allocatedCents: number, more: Json = {}): Json {
  return { categoryCode, allocatedCents, ...more };
}

/** A line's worth of $10 services on a day. */
async function spend(caller: Caller, participantId: string, tens: number, more: Json = {}): Promise<Json> {
  const body = { participantId, supportItemCode: EACH, serviceDate: TODAY, quantity: tens, ...more };
  const answer = await caller.post('/v1/services', body);
  if (answer.status !== 201) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

async function alertsOf(caller: Caller, query = ''): Promise<Json[]> {
  return (await caller.get(`/v1/alerts?limit=100${query}`)).body.data;
}

const short = ({ severity, status, threshold, periodStart }: Json) => ({ severity, status, threshold, periodStart });

async function setUp(budgets: Json[] = [line(1, 100_000)]) {
  const tenant = await newTenant();
  const participant = await newParticipant(tenant.admin, { budgets, plan: PLAN });
  return { ...tenant, ...participant };
}

describe('an alert', () => {
  test('is raised by the write that crosses a level, once, and cleared by money given back', async () => {
    const { admin, id, budgetIds, organizationId } = await setUp();
    await spend(admin, id, 75);
    expect(await alertsOf(admin)).toEqual([]);
    const over = await spend(admin, id, 1);
    await spend(admin, id, 1);
    const [warning] = await alertsOf(admin);
    expect(warning).toMatchObject({
      kind: 'budget_threshold',
      severity: 'warning',
      status: 'open',
      participantId: id,
      budgetId: budgetIds[0],
      periodStart: PLAN.startDate,
      threshold: 75,
      figures: { spentCents: 76_000, releasedCents: 100_000 },
    });
    const big = await spend(admin, id, 20);
    expect((await alertsOf(admin)).map(short)).toMatchObject([
      { severity: 'critical', threshold: 90 },
      { severity: 'warning', threshold: 75 },
    ]);
    await admin.post(`/v1/services/${big.id}/cancel`, { reason: 'x' });
    expect((await alertsOf(admin, '&status=open')).map(short)).toMatchObject([{ threshold: 75 }]);
    await admin.post(`/v1/services/${over.id}/cancel`, { reason: 'x' });
    await spend(admin, id, 1);
    expect(await alertsOf(admin)).toHaveLength(2);
    const actions = (await admin.get('/v1/audit-logs?entityType=alert')).body.data;
    expect(actions.map(({ action, userId, actor }: Json) => [action, userId, actor])).toEqual([
      ['alert.resolved', null, 'alerts'],
      ['alert.raised', null, 'alerts'],
      ['alert.raised', null, 'alerts'],
    ]);
    expect(await auditIsGapless(organizationId)).toBe(true);
  });

  test('is new when the same level is crossed again after it was cleared', async () => {
    const { admin, id } = await setUp();
    for (let n = 0; n < 3; n++) {
      const { id: serviceId } = await spend(admin, id, 80);
      await admin.post(`/v1/services/${serviceId}/cancel`, { reason: 'x' });
    }
    const rows = await alertsOf(admin);
    expect(rows.map(({ status, resolvedBy }) => [status, resolvedBy])).toEqual(Array(3).fill(['resolved', null]));
  });

  test('that someone put away is not raised again while it is still so', async () => {
    const { admin, id, user } = await setUp();
    await spend(admin, id, 80);
    const [alert] = await alertsOf(admin);
    const finance = await user('finance');
    const seen = await finance.post(`/v1/alerts/${alert.id}/acknowledge`);
    expect(seen.body).toMatchObject({ status: 'acknowledged', acknowledgedBy: finance.userId });
    const away = await finance.post(`/v1/alerts/${alert.id}/resolve`);
    expect(away.body).toMatchObject({ status: 'resolved', resolvedBy: finance.userId });
    expect((await finance.post(`/v1/alerts/${alert.id}/acknowledge`)).body.status).toBe('resolved');
    const { id: serviceId } = await spend(admin, id, 1);
    expect(await alertsOf(admin)).toHaveLength(1);
    await admin.post(`/v1/services/${serviceId}/cancel`, { reason: 'x' });
    expect(await alertsOf(admin)).toHaveLength(1);
    const audit = (await admin.get(`/v1/audit-logs?entityId=${alert.id}`)).body.data;
    expect(audit.map(({ action }: Json) => action)).toEqual(['alert.resolved', 'alert.acknowledged', 'alert.raised']);
  });

  test('counts what is released up to the end of the present period, and not what comes later or came before', async () => {
    const { admin, id } = await setUp([line(1, 200_000, { periods: twoPeriods(100_000, 100_000) })]);
    await spend(admin, id, 95, { serviceDate: MIDDLE });
    expect(await alertsOf(admin)).toEqual([]);
    await spend(admin, id, 60);
    expect((await alertsOf(admin)).map(short)).toEqual([
      { severity: 'warning', status: 'open', threshold: 75, periodStart: addDays(MIDDLE, 1) },
    ]);
  });

  test('of a pool is about the whole pool, and names its first line', async () => {
    const flexible = { flexible: true };
    const { admin, id, budgetIds } = await setUp([line(1, 50_000, flexible), line(4, 50_000, flexible)]);
    await spend(admin, id, 60);
    expect(await alertsOf(admin)).toEqual([]);
    await spend(admin, id, 20);
    expect(await alertsOf(admin)).toMatchObject([{ threshold: 75, budgetId: budgetIds[0] }]);
  });

  test('is raised by a lowered allocation and cleared by a raised one, or when its pool is gone', async () => {
    const { admin, budgetIds, id } = await setUp();
    await spend(admin, id, 50);
    const change = (patch: Json) => admin.patch(`/v1/budgets/${budgetIds[0]}`, patch);
    expect((await change({ allocatedCents: 52_000 })).status).toBe(200);
    expect((await alertsOf(admin, '&status=open')).map(({ threshold }) => threshold)).toEqual([90, 75]);
    await change({ allocatedCents: 60_000 });
    expect((await alertsOf(admin, '&status=open')).map(({ threshold }) => threshold)).toEqual([75]);
    await change({ flexible: true });
    const open = await alertsOf(admin, '&status=open');
    expect(open).toHaveLength(1);
    await change({ allocatedCents: 100_000 });
    expect(await alertsOf(admin, '&status=open')).toEqual([]);
  });

  test('follows the levels that the organisation sets', async () => {
    const { admin, id } = await setUp();
    const set = await admin.patch('/v1/organization', {
      settings: { alerts: { warningPercent: 20, criticalPercent: 30 } },
    });
    expect(set.body.settings.alerts).toMatchObject({ warningPercent: 20, criticalPercent: 30, runOutDays: 14 });
    await spend(admin, id, 31);
    expect((await alertsOf(admin)).map(({ threshold }) => threshold)).toEqual([30, 20]);
    const wrong = await admin.patch('/v1/organization', { settings: { alerts: { warningPercent: 95 } } });
    expect(wrong.body).toMatchObject({ code: 'VALIDATION_FAILED' });
  });

  test('is raised by an import of shifts as by recording them', async () => {
    const { admin, id } = await setUp();
    const { body } = await admin.get(`/v1/participants/${id}`);
    const day = (n: number) => addDays(TODAY, -n).split('-').reverse().join('/');
    const rows = Array.from({ length: 8 }, (_, n) => `${body.ndisNumber},${EACH},${day(n)},10`);
    const file = ['NDIS Number,Support Item Number,Service Date,Quantity', ...rows].join('\n');
    const done = await importFile(admin, 'kind=services', file);
    expect(done).toMatchObject({ created: 8, failed: 0 });
    expect((await alertsOf(admin)).map(({ threshold }) => threshold)).toEqual([75]);
  });
});

describe('500 services, recorded and cancelled at random, some sent twice,', () => {
  test('leave exactly the alerts that a walk through the ledger says', async () => {
    const { admin, organizationId } = await newTenant();
    const budgets = [
      line(1, 60_000, { periods: twoPeriods(20_000, 40_000) }),
      line(4, 40_000, { flexible: true }),
      line(7, 40_000, { flexible: true }),
      line(11, 30_000),
    ];
    const people = await Promise.all([1, 2, 3].map(() => newParticipant(admin, { budgets, plan: PLAN })));
    let seed = 20261123;
    const random = (below: number) => {
      seed = (seed * 1103515245 + 12345) % 2 ** 31;
      return Math.floor((seed / 2 ** 31) * below);
    };
    const standing: string[] = [];
    let next = 0;
    const hand = async () => {
      while (next < 500) {
        const n = next++;
        if (standing.length > 5 && random(10) < 4) {
          const [id] = standing.splice(random(standing.length), 1);
          await admin.post(`/v1/services/${id}/cancel`, { reason: 'x' });
          continue;
        }
        const person = people[random(3)] as (typeof people)[number];
        const body = {
          participantId: person.id,
          supportItemCode: EACH,
          serviceDate: addDays(TODAY, -random(100)),
          quantity: 1 + random(6),
          budgetId: person.budgetIds[0],
        };
        const key = { 'idempotency-key': `n${n}` };
        const sent = random(5) === 0 ? 2 : 1;
        const answers = await Promise.all(Array.from({ length: sent }, () => admin.post('/v1/services', body, key)));
        if (answers[0]?.status === 201) standing.push(answers[0].body.id);
      }
    };
    await Promise.all(Array.from({ length: 8 }, hand));
    for (const { id, budgetIds } of people) {
      const expected = await walk(budgetIds[0] ?? '');
      const { results } = await env.DB.prepare(
        'SELECT threshold, cleared_at IS NULL AS standing FROM alerts WHERE participant_id = ? ORDER BY threshold, id',
      )
        .bind(id)
        .all<Json>();
      expect(results).toEqual(expected);
      expect(results.length).toBeGreaterThan(2);
    }
    expect(await auditIsGapless(organizationId)).toBe(true);
  });
});

/** Each time that a line's spending in the present period rose above a level, and whether it still is. */
async function walk(budgetId: string): Promise<Json[]> {
  const { results } = await env.DB.prepare(
    `SELECT entry.spent_delta_cents AS cents, service.service_date AS day FROM ledger_entries entry
      JOIN services service ON service.id = entry.service_id WHERE entry.budget_id = ? ORDER BY entry.version`,
  )
    .bind(budgetId)
    .all<{ cents: number; day: string }>();
  const episodes: Json[] = [];
  for (const threshold of [75, 90]) {
    let spent = 0;
    let above = false;
    for (const { cents } of results) {
      spent += cents;
      const now = spent * 100 > 60_000 * threshold;
      if (now && !above) episodes.push({ threshold, standing: 1 });
      if (!now && above) episodes[episodes.length - 1].standing = 0;
      above = now;
    }
  }
  return episodes;
}
