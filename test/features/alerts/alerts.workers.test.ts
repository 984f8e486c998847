import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  type AlertSettings,
  currentBoundary,
  isAbove,
  isUnderspent,
  levelsOf,
  runsOut,
} from '../../../src/features/alerts/rules.ts';
import { runJob } from '../../../src/features/jobs/run.ts';
import { newId } from '../../../src/ids.ts';
import { runJobs } from '../../../src/jobs.ts';
import { addDays, dateAt, daysBetween } from '../../../src/time/rules.ts';
import { auditIsGapless, commonItems, EACH, newParticipant } from '../../support/workers/care.ts';
import { importFile } from '../../support/workers/imports.ts';
import { type Caller, type Json, newTenant } from '../../support/workers/tenant.ts';

beforeAll(commonItems);
afterEach(() => vi.restoreAllMocks());

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

/** Messages of the queues are kept, for the test to hand over. */
function holdQueues(): { queue: 'JOBS' | 'EMAILS'; body: Json }[] {
  const sent: { queue: 'JOBS' | 'EMAILS'; body: Json }[] = [];
  const done = { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
  for (const queue of ['JOBS', 'EMAILS'] as const) {
    vi.spyOn(env[queue], 'send').mockImplementation(async (body: Json) => {
      sent.push({ queue, body });
      return done;
    });
    vi.spyOn(env[queue], 'sendBatch').mockImplementation(async (messages: Iterable<{ body: Json }>) => {
      for (const { body } of messages) sent.push({ queue, body });
      return done;
    });
  }
  return sent;
}

/** Hands every message over twice, at once and out of order, with those that come of it, until there are none. */
async function deliverTwice(sent: { queue: 'JOBS' | 'EMAILS'; body: Json }[]): Promise<void> {
  const message = (body: Json) => ({ id: crypto.randomUUID(), timestamp: new Date(), attempts: 1, body });
  while (sent.length > 0) {
    const taken = sent.splice(0);
    const batches = [...taken, ...taken.toReversed()].map(({ queue, body }) =>
      createMessageBatch(`caddy-${queue.toLowerCase()}`, [message(body)]),
    );
    for (let from = 0; from < batches.length; from += 10) {
      const some = batches.slice(from, from + 10);
      await Promise.all(some.map((batch) => runJobs(batch, env)));
      for (const batch of some) {
        const { explicitAcks } = await getQueueResult(batch, createExecutionContext());
        expect(explicitAcks).toHaveLength(1);
      }
    }
  }
}

/** What there is by e-mail: how often each alert was told to each person, and what became of the messages. */
async function mailOf(organizationId: string): Promise<{ told: Record<string, number>; statuses: string[] }> {
  const { results } = await env.DB.prepare(
    `SELECT entity_id, user_id, status FROM email_logs WHERE organization_id = ? AND template = 'budget_alert'`,
  )
    .bind(organizationId)
    .all<Json>();
  const told: Record<string, number> = {};
  for (const { entity_id, user_id } of results) {
    told[`${entity_id} ${user_id}`] = (told[`${entity_id} ${user_id}`] ?? 0) + 1;
  }
  return { told, statuses: [...new Set<string>(results.map(({ status }) => status))] };
}

/** Fails unless each alert of an organisation was told once to each of some people, and nothing else. */
async function toldOnce(organizationId: string, people: readonly Caller[]): Promise<number> {
  const { results } = await env.DB.prepare('SELECT id FROM alerts WHERE organization_id = ?')
    .bind(organizationId)
    .all<Json>();
  const pairs = results.flatMap(({ id }) => people.map(({ userId }) => [`${id} ${userId}`, 1]));
  expect(await mailOf(organizationId)).toEqual({ told: Object.fromEntries(pairs), statuses: ['sent'] });
  const left = await env.DB.prepare(
    `SELECT count(*) AS n FROM mailings WHERE organization_id = ? AND template = 'budget_alert'`,
  )
    .bind(organizationId)
    .first('n');
  expect(left).toBe(0);
  return results.length;
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
  test('leave exactly the alerts that a walk through the ledger says, each told once by e-mail', async () => {
    const sent = holdQueues();
    const { admin, organizationId, user } = await newTenant();
    const coordinators = [await user('coordinator'), await user('coordinator')];
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
    // The messages are sent after the answers.
    await vi.waitFor(async () => {
      await deliverTwice(sent);
      await toldOnce(organizationId, coordinators);
    });
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

/** Does a job of the organisation, as at noon of a day there; how many alerts it raised and cleared. */
async function checkOn(organizationId: string, day: string): Promise<{ raised: number; cleared: number }> {
  const id = newId('run');
  await env.DB.prepare(
    `INSERT INTO job_runs (id, organization_id, job, due_on, created_at)
      SELECT ?1, ?2, 'daily-budget-check', printf('%06d', count(*)), 0 FROM job_runs WHERE organization_id = ?2`,
  )
    .bind(id, organizationId)
    .run();
  await runJob(env, { runId: id, now: Date.parse(`${day}T02:00:00Z`) });
  const run = await env.DB.prepare('SELECT status, counts FROM job_runs WHERE id = ?').bind(id).first<Json>();
  expect(run.status).toBe('completed');
  const { raised, cleared } = JSON.parse(run.counts);
  return { raised, cleared };
}

const setAlerts = (caller: Caller, alerts: Partial<AlertSettings>) =>
  caller.patch('/v1/organization', { settings: { alerts } });

const kinds = (rows: Json[]) => rows.map(({ kind }) => kind).sort();

describe('a projection', () => {
  /** Ten days into a plan of 200 days, $30 a day of $1,000: gone in three weeks. */
  async function hasty() {
    const plan = { startDate: addDays(TODAY, -9), endDate: addDays(TODAY, 190) };
    const tenant = await newTenant();
    const person = await newParticipant(tenant.admin, { plan });
    const first = await spend(tenant.admin, person.id, 30, { serviceDate: plan.startDate });
    return { ...tenant, ...person, plan, first };
  }

  /** In the last days of a plan, of whose $1,000 next to nothing is spent. */
  async function idle() {
    const plan = { startDate: addDays(TODAY, -80), endDate: addDays(TODAY, 10) };
    const tenant = await newTenant();
    const person = await newParticipant(tenant.admin, { plan });
    return { ...tenant, ...person, plan };
  }

  test('is no affair of a write, is raised by the daily check, once a pool and period', async () => {
    const { admin, organizationId, id, planId, budgetIds, plan } = await hasty();
    await spend(admin, id, 1);
    expect(await alertsOf(admin)).toEqual([]);
    expect(await checkOn(organizationId, TODAY)).toEqual({ raised: 1, cleared: 0 });
    expect(await checkOn(organizationId, TODAY)).toEqual({ raised: 0, cleared: 0 });
    expect(await checkOn(organizationId, addDays(TODAY, 1))).toEqual({ raised: 0, cleared: 0 });
    const [alert, ...more] = await alertsOf(admin);
    expect(more).toEqual([]);
    expect(alert).toMatchObject({
      kind: 'run_out',
      severity: 'warning',
      status: 'open',
      participantId: id,
      planId,
      budgetId: budgetIds[0],
      periodStart: plan.startDate,
      threshold: 14,
      // $310 in ten days; $690 more last 22 days at $31 a day.
      figures: { spentCents: 31_000, releasedCents: 100_000, runOutDate: addDays(TODAY, 22), endsOn: plan.endDate },
    });
  });

  test('is raised anew in the next period, and the one of the period before is cleared', async () => {
    const { admin, organizationId } = await newTenant();
    const half = addDays(TODAY, 60);
    const plan = { startDate: addDays(TODAY, -9), endDate: addDays(TODAY, 190) };
    const periods = [
      { startDate: plan.startDate, endDate: half, amountCents: 50_000 },
      { startDate: addDays(half, 1), endDate: plan.endDate, amountCents: 50_000 },
    ];
    const { id } = await newParticipant(admin, { plan, budgets: [line(1, 100_000, { periods })] });
    await spend(admin, id, 37);
    expect(await checkOn(organizationId, TODAY)).toMatchObject({ raised: 1 });
    // By then $370 in 71 days, $5.21 a day: $630 more last 120 days of the 129 that are left.
    await setAlerts(admin, { runOutDays: 0 });
    expect(await checkOn(organizationId, addDays(half, 1))).toEqual({ raised: 1, cleared: 1 });
    const rows = await alertsOf(admin);
    expect(rows.map(short)).toMatchObject([
      { status: 'open', periodStart: addDays(half, 1), threshold: 0 },
      { status: 'resolved', periodStart: plan.startDate, threshold: 14 },
    ]);
  });

  test('passes with the service that it came from, and with more money, in the same request', async () => {
    const { admin, organizationId, first, budgetIds, id } = await hasty();
    await checkOn(organizationId, TODAY);
    await admin.post(`/v1/services/${first.id}/cancel`, { reason: 'x' });
    expect((await alertsOf(admin)).map(({ status, resolvedBy }) => [status, resolvedBy])).toEqual([['resolved', null]]);
    await spend(admin, id, 30);
    expect(await alertsOf(admin, '&status=open')).toEqual([]);
    await checkOn(organizationId, TODAY);
    expect(kinds(await alertsOf(admin, '&status=open'))).toEqual(['run_out']);
    await admin.patch(`/v1/budgets/${budgetIds[0]}`, { allocatedCents: 600_000 });
    expect(await alertsOf(admin, '&status=open')).toEqual([]);
    expect(await auditIsGapless(organizationId)).toBe(true);
  });

  test('passes with time, when nothing more is spent, at the next daily check', async () => {
    const { admin, organizationId, plan } = await hasty();
    await checkOn(organizationId, TODAY);
    const days = Array.from({ length: 100 }, (_, n) => n);
    // So many days on, $300 were spent in 10 + n days, and 190 - n are left.
    const lasts = days.find((n) => Math.floor(70_000 / Math.round(30_000 / (10 + n))) >= 190 - n - 14) ?? 0;
    expect(lasts).toBeGreaterThan(10);
    expect(await checkOn(organizationId, addDays(TODAY, lasts - 1))).toEqual({ raised: 0, cleared: 0 });
    expect(await checkOn(organizationId, addDays(TODAY, lasts))).toEqual({ raised: 0, cleared: 1 });
    expect(kinds(await alertsOf(admin, '&status=open'))).toEqual([]);
    expect(plan.endDate > addDays(TODAY, lasts)).toBe(true);
  });

  test('of little use passes with the service that reaches the share, in the same request', async () => {
    const { admin, organizationId, id, plan } = await idle();
    await spend(admin, id, 49);
    expect(await alertsOf(admin)).toEqual([]);
    await checkOn(organizationId, TODAY);
    expect(await alertsOf(admin)).toMatchObject([
      { kind: 'underspend', severity: 'warning', threshold: 50, periodStart: plan.startDate, status: 'open' },
    ]);
    await spend(admin, id, 1);
    expect((await alertsOf(admin)).map(({ kind, status }) => [kind, status])).toEqual([['underspend', 'resolved']]);
  });

  test('that someone put away is not raised again while it is still so', async () => {
    const { admin, organizationId } = await hasty();
    await checkOn(organizationId, TODAY);
    const [{ id }] = (await alertsOf(admin)) as [Json];
    await admin.post(`/v1/alerts/${id}/resolve`);
    expect(await checkOn(organizationId, addDays(TODAY, 1))).toEqual({ raised: 0, cleared: 0 });
    expect(await alertsOf(admin)).toHaveLength(1);
  });

  test('is not made for participants who are archived, nor of plans that are over or to come', async () => {
    const { admin, organizationId, id } = await hasty();
    const gone = await newParticipant(admin, { plan: { startDate: addDays(TODAY, -80), endDate: TODAY } });
    await newParticipant(admin, { plan: { startDate: addDays(TODAY, 8), endDate: addDays(TODAY, 90) } });
    await admin.delete(`/v1/participants/${id}`, { reason: 'x' });
    expect(await checkOn(organizationId, TODAY)).toEqual({ raised: 1, cleared: 0 });
    expect(await alertsOf(admin)).toMatchObject([{ kind: 'underspend', participantId: gone.id }]);
    await admin.post(`/v1/participants/${id}/restore`);
    expect(await checkOn(organizationId, addDays(TODAY, 1))).toEqual({ raised: 1, cleared: 1 });
    await admin.delete(`/v1/participants/${id}`, { reason: 'x' });
    expect(await checkOn(organizationId, addDays(TODAY, 1))).toEqual({ raised: 0, cleared: 1 });
    expect(await alertsOf(admin, '&status=open')).toEqual([]);
  });

  test('is one e-mail to each coordinator, however often it is looked at and its messages are delivered', async () => {
    const sent = holdQueues();
    const { admin, organizationId, user } = await hasty();
    const coordinators = [await user('coordinator'), await user('coordinator')];
    await newParticipant(admin, { plan: { startDate: addDays(TODAY, -80), endDate: addDays(TODAY, 10) } });
    for (const day of [TODAY, TODAY, addDays(TODAY, 1)]) {
      await checkOn(organizationId, day);
      await deliverTwice(sent);
    }
    expect(await toldOnce(organizationId, coordinators)).toBe(2);
    const { data } = (await admin.get('/v1/emails?limit=100')).body;
    const subjects = data.map(({ subject, template }: Json) => (template === 'budget_alert' ? subject : template));
    expect(new Set(subjects)).toEqual(
      new Set(['daily_digest', 'Budget alert: Test P. running out early', 'Budget alert: Test P. hardly used']),
    );
  });
});

const HISTORY = JSON.parse(env.TEST_HISTORIES);
const SEED = Number(HISTORY.seed ?? Math.floor(Math.random() * 1_000_000));

interface Standing {
  pool: string;
  kind: string;
  threshold: number;
  periodStart: string;
  spentCents: number;
  releasedCents: number;
  runOutDate: string | null;
}

/** The alerts that there should be on a day, by the rules, pool by pool. */
async function byTheRules(organizationId: string, { day, settings }: { day: string; settings: AlertSettings }) {
  const { results } = await env.DB.prepare(
    `SELECT boundary.pool_id, boundary.ends_on, boundary.released_cents, boundary.spent_cents, plan.start_date, plan.end_date
      FROM pool_boundaries boundary JOIN plans plan ON plan.id = boundary.plan_id
      JOIN participants person ON person.id = plan.participant_id
      WHERE boundary.organization_id = ?1 AND person.status <> 'archived' AND ?2 BETWEEN plan.start_date AND plan.end_date
      ORDER BY boundary.pool_id, boundary.ends_on`,
  )
    .bind(organizationId, day)
    .all<Json>();
  const expected: Standing[] = [];
  for (const [pool, rows] of Map.groupBy(results, ({ pool_id }) => pool_id)) {
    const boundaries = rows.map(({ ends_on, released_cents, spent_cents }) => ({
      endsOn: ends_on,
      releasedCents: released_cents,
      spentCents: spent_cents,
    }));
    const [period, whole, [first]] = [currentBoundary(boundaries, day), boundaries.at(-1), rows];
    if (!period || !whole) throw new Error('the day is in no period');
    const plan = { startDate: first.start_date, endDate: first.end_date };
    const earlier = boundaries.filter(({ endsOn }) => endsOn < day).at(-1);
    const periodStart = earlier ? addDays(earlier.endsOn, 1) : plan.startDate;
    const on = { today: day, plan, period, whole };
    const { spentCents, releasedCents } = period;
    const ofPeriod = { pool, periodStart, spentCents, releasedCents, runOutDate: null };
    const ofPlan = { spentCents: whole.spentCents, releasedCents: whole.releasedCents };
    for (const { threshold } of levelsOf(settings)) {
      if (isAbove(period, threshold)) expected.push({ ...ofPeriod, kind: 'budget_threshold', threshold });
    }
    const gone = runsOut(on, settings.runOutDays);
    if (gone) {
      const { inDays } = gone;
      const isOfPeriod = inDays < daysBetween(day, period.endsOn) - settings.runOutDays;
      const figures = isOfPeriod ? {} : ofPlan;
      const runOut = { kind: 'run_out', threshold: settings.runOutDays, runOutDate: addDays(day, inDays) };
      expected.push({ ...ofPeriod, ...figures, ...runOut });
    }
    if (isUnderspent(on, settings.underspendPercent)) {
      const kind = { kind: 'underspend', threshold: settings.underspendPercent, periodStart: plan.startDate };
      expected.push({ ...ofPeriod, ...ofPlan, ...kind });
    }
  }
  return expected;
}

/** The alerts that stand, with the figures that they were raised by. */
async function standingOf(organizationId: string): Promise<(Standing & { at: number })[]> {
  const { results } = await env.DB.prepare(
    `SELECT subject_id AS pool, kind, threshold, period_start AS periodStart, figures ->> 'spentCents' AS spentCents,
        figures ->> 'releasedCents' AS releasedCents, figures ->> 'runOutDate' AS runOutDate, at
      FROM alerts WHERE organization_id = ? AND cleared_at IS NULL`,
  )
    .bind(organizationId)
    .all<Json>();
  return results;
}

const keyOf = ({ pool, kind, threshold, periodStart }: Standing) => [pool, kind, periodStart, threshold].join(' ');
const keysOf = (rows: readonly Standing[]) => rows.map(keyOf).sort();

describe('the daily check', () => {
  test(`leaves exactly the alerts that the rules say, of any plans on any days by any settings (seed ${SEED})`, async () => {
    let seed = SEED;
    const random = (below: number) => {
      seed = (seed * 1103515245 + 12345) % 2 ** 31;
      return Math.floor((seed / 2 ** 31) * below);
    };
    const met = new Set<string>();
    for (let organization = 0; organization < 2; organization++) {
      const { admin, organizationId } = await newTenant();
      const other = await newTenant();
      const looks = new Set<string>([TODAY]);
      const near = (day: string) => [-1, 0, 1].map((more) => looks.add(addDays(day, more)));
      const people: string[] = [];
      for (let n = 0; n < 10; n++) {
        const startDate = addDays(TODAY, -random(250));
        const days = Math.max(daysBetween(startDate, TODAY), 3 + random(300)) + 1;
        // Of every other plan the last quarter begins with a day.
        const length = (n % 2 === 0 ? 4 * Math.ceil(days / 4) : days) - 1;
        const plan = { startDate, endDate: addDays(startDate, length) };
        const turn = addDays(startDate, Math.floor(length / 2));
        const budgets = Array.from({ length: 1 + random(3) }, (_, at) => {
          const amount = random(6) === 0 ? 0 : 20_000 + random(80_000);
          const periods = [
            { startDate, endDate: turn, amountCents: Math.floor(amount / 3) },
            { startDate: addDays(turn, 1), endDate: plan.endDate, amountCents: amount - Math.floor(amount / 3) },
          ];
          return line(1 + at, amount, { flexible: random(3) === 0, ...(random(2) === 0 && { periods }) });
        });
        const { id, budgetIds } = await newParticipant(admin, { plan, budgets });
        for (let shift = 0; shift < 3; shift++) {
          const ago = random(daysBetween(startDate, TODAY) + 1);
          // What does not fit is refused.
          await admin.post('/v1/services', {
            participantId: id,
            supportItemCode: EACH,
            serviceDate: shift === 0 ? startDate : addDays(TODAY, -ago),
            quantity: 1 + random(60),
            unitPriceCents: 1 + random(1_000),
            budgetId: budgetIds[0],
          });
        }
        near(addDays(startDate, 7));
        near(addDays(startDate, Math.ceil((3 * (length + 1)) / 4)));
        near(turn);
        near(plan.endDate);
        people.push(id);
      }
      await admin.delete(`/v1/participants/${people[0]}`, { reason: 'x' });

      const looked = [...looks].sort().filter((day) => day >= TODAY || random(3) === 0);
      let before = await standingOf(organizationId);
      let settings: AlertSettings = { warningPercent: 75, criticalPercent: 90, runOutDays: 14, underspendPercent: 50 };
      for (const day of looked) {
        if (random(6) === 0) {
          const warningPercent = 1 + random(90);
          const criticalPercent = warningPercent + 1 + random(100 - warningPercent);
          settings = { warningPercent, criticalPercent, runOutDays: random(60), underspendPercent: 1 + random(100) };
          expect((await setAlerts(admin, settings)).status).toBe(200);
        }
        const where = `seed ${SEED}, ${day}`;
        const expected = await byTheRules(organizationId, { day, settings });
        const counts = await checkOn(organizationId, day);
        const after = await standingOf(organizationId);
        expect(keysOf(after), where).toEqual(keysOf(expected));
        const [old, now] = [new Set(keysOf(before)), new Set(keysOf(after))];
        const raised = after.filter((one) => !old.has(keyOf(one)));
        const cleared = before.filter((one) => !now.has(keyOf(one)));
        expect(counts, where).toEqual({ raised: raised.length, cleared: cleared.length });
        const figures = new Map(expected.map((one) => [keyOf(one), one]));
        for (const { at, ...one } of raised) {
          expect(one, where).toEqual(figures.get(keyOf(one)));
          expect(at, where).toBe(Date.parse(`${day}T02:00:00Z`));
          met.add(`raised ${one.kind}`);
        }
        for (const { kind } of cleared) met.add(`cleared ${kind}`);
        before = after;
      }
      expect(await standingOf(other.organizationId)).toEqual([]);
      expect(await auditIsGapless(organizationId)).toBe(true);
    }
    const all = ['budget_threshold', 'run_out', 'underspend'].flatMap((kind) => [`cleared ${kind}`, `raised ${kind}`]);
    expect([...met].sort(), `seed ${SEED}`).toEqual(all.sort());
  });
});
