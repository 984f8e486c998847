import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { openDatabase } from '../../../src/database/database.ts';
import { sendEmail } from '../../../src/features/emails/send.ts';
import { sweepEmails, workOffMailings } from '../../../src/features/emails/work-off.ts';
import { runJob } from '../../../src/features/jobs/run.ts';
import { scheduleJobs } from '../../../src/features/jobs/schedule.ts';
import { newId } from '../../../src/ids.ts';
import { addDays, dateAt } from '../../../src/time/rules.ts';
import { commonItems, EACH, newParticipant } from '../../support/workers/care.ts';
import { newThread, say } from '../../support/workers/talk.ts';
import { type Caller, type Json, newTenant } from '../../support/workers/tenant.ts';

beforeAll(commonItems);
afterEach(() => vi.restoreAllMocks());

const TODAY = dateAt('Australia/Sydney', Date.now());

/** Messages of the queues are kept, and handed over by the test: each as often as it likes. */
function holdQueues(): { sent: { queue: string; body: Json }[] } {
  const sent: { queue: string; body: Json }[] = [];
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
  return { sent };
}

async function emails(admin: Caller): Promise<Json[]> {
  return (await admin.get('/v1/emails?limit=100')).body.data;
}

async function overspent(admin: Caller, plan: Json = {}): Promise<string> {
  const { id } = await newParticipant(admin, { plan });
  const body = { participantId: id, supportItemCode: EACH, serviceDate: TODAY, quantity: 95 };
  const answer = await admin.post('/v1/services', body);
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  return id;
}

const log = (organizationId: string) =>
  env.DB.prepare('SELECT id, status, attempts, provider_id FROM email_logs WHERE organization_id = ? ORDER BY id')
    .bind(organizationId)
    .all<Json>()
    .then(({ results }) => results);

describe('an alert', () => {
  test('is one e-mail to each coordinator, however often its messages are delivered', async () => {
    const { sent } = holdQueues();
    const { admin, organizationId, user } = await newTenant();
    const people = [await user('coordinator'), await user('coordinator')];
    await user('coordinator', { status: 'suspended' });
    await overspent(admin);
    await vi.waitFor(() => expect(sent.some(({ body }) => body.type === 'mailings')).toBe(true));
    await Promise.all([1, 2, 3].map(() => workOffMailings(env, organizationId)));
    const ids = sent.filter(({ queue }) => queue === 'EMAILS').map(({ body }) => body.emailId);
    await Promise.all([...ids, ...ids].map((id) => sendEmail(env, id)));
    const rows = await emails(admin);
    expect(rows).toHaveLength(4);
    expect(new Set(rows.map(({ userId }) => userId))).toEqual(new Set(people.map(({ userId }) => userId)));
    expect(rows.every(({ status, template }) => status === 'sent' && template === 'budget_alert')).toBe(true);
    const subjects = new Set(rows.map(({ subject }) => subject));
    expect(subjects).toEqual(new Set(['Budget alert: Test P. above 90%', 'Budget alert: Test P. above 75%']));
    const alerts = (await admin.get('/v1/alerts')).body.data.map(({ id }: Json) => id);
    expect(new Set(rows.map(({ entityId }) => entityId))).toEqual(new Set(alerts));
    const one = await admin.get(`/v1/emails/${rows[0].id}`);
    expect(one.body.text).toContain('$950.00 of $1,000.00 (95%)');
    const html = await admin.get(`/v1/emails/${rows[0].id}/html`);
    expect(html.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(html.body).toContain('/participants/par_');
  });

  test("goes to the plan's own coordinator alone, and to nobody who wants no e-mail", async () => {
    holdQueues();
    const { admin, organizationId, user } = await newTenant();
    const [own, other] = [await user('support_worker'), await user('coordinator')];
    await overspent(admin, { supportCoordinatorId: own.userId });
    await workOffMailings(env, organizationId);
    expect(new Set((await emails(admin)).map(({ userId }) => userId))).toEqual(new Set([own.userId]));
    await other.patch('/v1/me', { preferences: { notifications: { email: false } } });
    await overspent(admin);
    await workOffMailings(env, organizationId);
    expect((await emails(admin)).some(({ userId }) => userId === other.userId)).toBe(false);
  });

  test('whose messages were lost is told by the sweep', async () => {
    const { sent } = holdQueues();
    const { admin, organizationId, user } = await newTenant();
    await user('coordinator');
    await overspent(admin);
    const sweep = (minutes: number) =>
      sweepEmails(env, { database: openDatabase(env.DB), now: Date.now() + minutes * 60_000 });
    sent.splice(0);
    await sweep(5);
    expect(sent).toEqual([]);
    await sweep(11);
    expect(sent.map(({ body }) => body)).toContainEqual({ type: 'mailings', organizationId });
    await workOffMailings(env, organizationId);
    sent.splice(0);
    await sweep(11);
    const own = new Set((await log(organizationId)).map(({ id }) => id));
    expect(own.size).toBe(2);
    expect(sent.filter(({ body }) => own.has(body.emailId))).toHaveLength(2);
  });
});

describe('a message', () => {
  test('that mentions someone is an e-mail to them, without what was said', async () => {
    holdQueues();
    const { admin, organizationId, user } = await newTenant();
    const kai = await user('support_worker');
    const threadId = await newThread(admin, { title: 'Mia’s week' });
    await say(admin, threadId, 'Very private', { mentions: [kai.userId, admin.userId] });
    await workOffMailings(env, organizationId);
    const [mail, ...rest] = await emails(admin);
    expect(rest).toEqual([]);
    expect(mail).toMatchObject({ template: 'mention', userId: kai.userId, subject: 'Test U. mentioned you' });
    const { body } = await admin.get(`/v1/emails/${mail.id}`);
    expect(body.text).not.toContain('private');
    expect(body.text).toContain(threadId);
  });
});

describe('a plan’s coordinator whose mail comes back', () => {
  test('is not waited for: the organisation’s coordinators are told', async () => {
    holdQueues();
    const { admin, organizationId, user } = await newTenant();
    const [own, other] = [await user('coordinator'), await user('coordinator')];
    await env.DB.prepare('UPDATE users SET email_bounced_at = 1 WHERE id = ?').bind(own.userId).run();
    await overspent(admin, { supportCoordinatorId: own.userId });
    await workOffMailings(env, organizationId);
    expect(new Set((await emails(admin)).map(({ userId }) => userId))).toContain(other.userId);
  });
});

describe('Resend', () => {
  const variables = { EMAIL_TRANSPORT: 'resend', RESEND_API_KEY: 're_key', EMAIL_FROM: 'Caddy <care@example.com>' };
  const resend = { ...env, ...variables, RESEND_BASE_URL: 'https://resend.test' } as unknown as Env;

  /** Answers of Resend in turn; the requests that it got. */
  function answers(...turns: (Response | 'hang' | 'drop')[]): Request[] {
    const requests: Request[] = [];
    vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
      requests.push(new Request(input as string, init as RequestInit));
      const turn = turns.shift();
      if (turn === 'hang') return new Promise<Response>(() => undefined);
      if (turn === undefined || turn === 'drop') throw new Error('connection closed');
      return turn;
    });
    return requests;
  }

  async function queued(): Promise<{ id: string; organizationId: string; admin: Caller }> {
    const { sent } = holdQueues();
    const { admin, organizationId, user } = await newTenant();
    const kai = await user('support_worker');
    await say(admin, await newThread(admin), 'x', { mentions: [kai.userId] });
    await workOffMailings(env, organizationId);
    const id = sent.find(({ queue }) => queue === 'EMAILS')?.body.emailId;
    return { id, organizationId, admin };
  }

  const json = (status: number, body: Json, headers = {}) => Response.json(body, { status, headers });

  test('is asked again after 429, 500 and a dropped connection, with the same key, until it has taken the message', async () => {
    const { id, organizationId } = await queued();
    const requests = answers(
      json(429, { name: 'rate_limit_exceeded', statusCode: 429, message: 'slow' }, { 'retry-after': '7' }),
      json(500, { name: 'application_error', statusCode: 500, message: 'oops' }),
      'drop',
      json(200, { id: 'resend-1' }),
    );
    expect(await sendEmail(resend, id)).toEqual({ kind: 'again', afterSeconds: 7 });
    expect(await sendEmail(resend, id)).toMatchObject({ kind: 'again' });
    expect(await sendEmail(resend, id)).toMatchObject({ kind: 'again' });
    expect(await sendEmail(resend, id)).toEqual({ kind: 'over' });
    expect(await sendEmail(resend, id)).toEqual({ kind: 'over' });
    expect(requests).toHaveLength(4);
    expect(new Set(requests.map(({ headers }) => headers.get('idempotency-key')))).toEqual(new Set([id]));
    const message = (await requests[3]?.json()) as Json;
    expect(message).toMatchObject({
      from: variables.EMAIL_FROM,
      tags: [{ name: 'template', value: 'mention' }, {}, { name: 'email', value: id }],
    });
    expect(await log(organizationId)).toMatchObject([{ id, status: 'sent', provider_id: 'resend-1' }]);
  });

  /** Nobody waits for an answer that does not come; other waits are as long as they are. */
  function hurry(): void {
    const wait = scheduler.wait.bind(scheduler);
    vi.spyOn(scheduler, 'wait').mockImplementation((ms) => (ms >= 10_000 ? Promise.resolve() : wait(ms)));
  }

  test('that hangs is asked again later, with the same key', async () => {
    const { id, organizationId } = await queued();
    hurry();
    const requests = answers('hang', 'hang', json(200, { id: 'resend-hung' }));
    expect(await sendEmail(resend, id)).toEqual({ kind: 'again', afterSeconds: 5 });
    expect(await log(organizationId)).toMatchObject([{ status: 'queued', attempts: 1 }]);
    expect(await sendEmail(resend, id)).toEqual({ kind: 'again', afterSeconds: 10 });
    vi.spyOn(scheduler, 'wait').mockImplementation(() => new Promise(() => undefined));
    expect(await sendEmail(resend, id)).toEqual({ kind: 'over' });
    expect(requests.map(({ headers }) => headers.get('idempotency-key'))).toEqual([id, id, id]);
    expect(await log(organizationId)).toMatchObject([{ status: 'sent', attempts: 3, provider_id: 'resend-hung' }]);
  });

  test('that takes a message and then hangs or drops the connection has sent it once', async () => {
    const { id, organizationId } = await queued();
    hurry();
    const sent = new Map<string, string>();
    const losses = ['drop', 'hang', 'garbage', 'none'];
    vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
      const request = new Request(input as string, init as RequestInit);
      const key = request.headers.get('idempotency-key') ?? crypto.randomUUID();
      // As Resend does: what comes again under a key is answered as it was, and not sent again.
      if (!sent.has(key)) sent.set(key, `resend-${sent.size + 1}-${id}`);
      const loss = losses.shift();
      if (loss === 'drop') throw new TypeError('Network connection lost.');
      if (loss === 'hang') return new Promise<Response>(() => undefined);
      if (loss === 'garbage') return new Response('<html>502 Bad Gateway</html>', { status: 502 });
      return Response.json({ id: sent.get(key) });
    });
    for (let tries = 0; tries < 3; tries++) expect(await sendEmail(resend, id)).toMatchObject({ kind: 'again' });
    vi.spyOn(scheduler, 'wait').mockImplementation(() => new Promise(() => undefined));
    // The queue hands it over twice, at once and later.
    await Promise.all([sendEmail(resend, id), sendEmail(resend, id)]);
    expect(await sendEmail(resend, id)).toEqual({ kind: 'over' });
    expect([...sent]).toEqual([[id, `resend-1-${id}`]]);
    expect(await log(organizationId)).toMatchObject([{ id, status: 'sent', provider_id: `resend-1-${id}` }]);
  });

  test('that refuses a message for good has it kept as failed', async () => {
    const { id, organizationId } = await queued();
    answers(json(422, { name: 'validation_error', statusCode: 422, message: 'no' }));
    expect(await sendEmail(resend, id)).toEqual({ kind: 'over' });
    expect(await log(organizationId)).toMatchObject([{ status: 'failed' }]);
  });

  test('is not asked to write to an address that bounced', async () => {
    const { id, organizationId } = await queued();
    await env.DB.prepare('UPDATE users SET email_bounced_at = 1 WHERE organization_id = ?').bind(organizationId).run();
    const requests = answers(json(200, { id: 'resend-2' }));
    expect(await sendEmail(resend, id)).toEqual({ kind: 'over' });
    expect(requests).toEqual([]);
    expect(await log(organizationId)).toMatchObject([{ status: 'suppressed' }]);
  });
});

describe('the schedule', () => {
  const database = () => openDatabase(env.DB);
  /** What an organisation's own jobs are called that were asked for: the others' are theirs. */
  async function runs(sent: { body: Json }[], organizationId: string): Promise<string[]> {
    const { results } = await env.DB.prepare('SELECT id FROM job_runs WHERE organization_id = ?')
      .bind(organizationId)
      .all<{ id: string }>();
    const own = new Set(results.map(({ id }) => id));
    return sent.map(({ body }) => body.runId).filter((runId) => own.has(runId));
  }

  test('has every organisation’s jobs done once a day, however often it fires, late or not at all for two days', async () => {
    const { sent } = holdQueues();
    const { admin, organizationId, user } = await newTenant();
    await user('coordinator');
    await overspent(admin);
    const day = 86_400_000;
    // 8:05 of the next day where they are.
    const eight = Date.parse(`${addDays(TODAY, 1)}T08:05:00+11:00`);
    const fire = (now: number) => scheduleJobs(env, { database: database(), now });
    await Promise.all([fire(eight), fire(eight)]);
    await fire(eight + 5 * 60_000);
    const own = async () =>
      (
        await env.DB.prepare('SELECT job, due_on FROM job_runs WHERE organization_id = ? ORDER BY due_on, job')
          .bind(organizationId)
          .all()
      ).results;
    const daily = (on: string) => [
      { job: 'daily-budget-check', due_on: on },
      { job: 'plan-expiry-check', due_on: on },
    ];
    const ofWeek = (await own()).filter(({ job }) => job === 'weekly-compliance-check');
    expect((await own()).filter(({ job }) => job !== 'weekly-compliance-check')).toEqual(daily(addDays(TODAY, 1)));
    await fire(eight + 3 * day);
    expect((await own()).filter(({ job }) => job !== 'weekly-compliance-check')).toEqual([
      ...daily(addDays(TODAY, 1)),
      ...daily(addDays(TODAY, 4)),
    ]);
    expect(ofWeek.length).toBeLessThan(2);
    const asked = await runs(sent, organizationId);
    for (const runId of [...asked, ...asked]) await runJob(env, { runId });
    await workOffMailings(env, organizationId);
    const listed = (await admin.get('/v1/jobs')).body.data;
    expect(listed.every(({ status }: Json) => status === 'completed')).toBe(true);
    const digests = (await emails(admin)).filter(({ template }) => template === 'daily_digest');
    expect(digests).toHaveLength(2);
    expect(digests[0].subject).toMatch(/^3 open alerts on /);
    const ids = listed.filter(({ job }: Json) => job === 'daily-budget-check').map(({ id }: Json) => id);
    expect(new Set(digests.map(({ entityId }) => entityId))).toEqual(new Set(ids));
  });

  test('speaks of a plan that ends within 90, 60, 30, 14 and 7 days, once each, and not of one that is extended', async () => {
    const { sent } = holdQueues();
    const { admin, organizationId, user } = await newTenant();
    await user('coordinator');
    const end = addDays(TODAY, 95);
    const { planId } = await newParticipant(admin, { plan: { startDate: addDays(TODAY, -100), endDate: end } });
    const eight = (date: string) => Date.parse(`${date}T08:05:00+11:00`);
    for (let left = 94; left >= 0; left -= 1) {
      const now = eight(addDays(end, -left));
      await scheduleJobs(env, { database: database(), now });
      for (const runId of await runs(sent.splice(0), organizationId)) await runJob(env, { runId, now });
    }
    const alerts = (await admin.get('/v1/alerts?kind=plan_expiry&limit=100')).body.data;
    expect(alerts.map(({ threshold, severity }: Json) => [threshold, severity])).toEqual([
      [7, 'critical'],
      [14, 'critical'],
      [30, 'warning'],
      [60, 'info'],
      [90, 'info'],
    ]);
    expect(alerts.filter(({ status }: Json) => status === 'open')).toHaveLength(1);
    const mailings = await env.DB.prepare(
      `SELECT count(*) AS n FROM mailings WHERE organization_id = ? AND template = 'plan_expiry'`,
    )
      .bind(organizationId)
      .first('n');
    // Five milestones, and the firsts of three or four months.
    expect(mailings).toBeGreaterThanOrEqual(8);
    await admin.patch(`/v1/plans/${planId}`, { endDate: addDays(end, 200) });
    const now = eight(addDays(end, 1));
    await scheduleJobs(env, { database: database(), now });
    for (const runId of await runs(sent.splice(0), organizationId)) await runJob(env, { runId, now });
    expect((await admin.get('/v1/alerts?kind=plan_expiry&status=open')).body.data).toEqual([]);
  });

  test('speaks once a month of every plan that ends within 90 days, though no check came on the first', async () => {
    const { sent } = holdQueues();
    const { admin, organizationId, user } = await newTenant();
    await user('coordinator');
    const long = Date.now() - 400 * 86_400_000;
    await env.DB.prepare('UPDATE organizations SET created_at = ? WHERE id = ?').bind(long, organizationId).run();
    const next = dateAt('Australia/Sydney', Date.parse(`${TODAY.slice(0, 7)}-28T00:00:00Z`) + 10 * 86_400_000).slice(
      0,
      7,
    );
    const end = addDays(`${next}-01`, 80);
    const { planId } = await newParticipant(admin, { plan: { startDate: addDays(TODAY, -100), endDate: end } });
    const check = async (date: string) => {
      const now = Date.parse(`${date}T08:05:00+11:00`);
      await scheduleJobs(env, { database: database(), now });
      for (const runId of await runs(sent.splice(0), organizationId)) await runJob(env, { runId, now });
    };
    const told = async () =>
      (
        await env.DB.prepare(
          `SELECT occasion FROM mailings WHERE organization_id = ? AND template = 'plan_expiry' AND entity_id = ?`,
        )
          .bind(organizationId, planId)
          .all<{ occasion: string }>()
      ).results.map(({ occasion }) => occasion.split(' ')[1]);
    await check(addDays(`${next}-01`, -5));
    // The milestone; and this month's first check, in its last days.
    const before = await told();
    expect(before).toContain('90');
    await check(`${next}-03`);
    await check(`${next}-03`);
    await check(`${next}-04`);
    expect((await told()).filter((occasion) => !before.includes(occasion))).toEqual([next]);
  });

  test('goes on in another delivery when an organisation is large, and counts all of it once', async () => {
    const { sent } = holdQueues();
    const { organizationId } = await newTenant();
    const people = 5_100;
    await env.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?2 - 1)
      INSERT INTO participants (id, organization_id, ndis_number, first_name, last_name, date_of_birth, contact, medical, preferences,
        name_key, created_at, updated_at)
      SELECT 'par_' || printf('%06d', i) || ?1, ?1, '438' || printf('%06d', i), 'Mia', 'Test', '1990-01-01', '{}', '{}', '{}', 'test mia', 0, 0
      FROM n`,
    )
      .bind(organizationId, people)
      .run();
    const runId = newId('run');
    await env.DB.prepare('INSERT INTO job_runs (id, organization_id, job, due_on, created_at) VALUES (?, ?, ?, ?, 0)')
      .bind(runId, organizationId, 'daily-budget-check', TODAY)
      .run();
    const state = () =>
      env.DB.prepare('SELECT status, position, counts FROM job_runs WHERE id = ?').bind(runId).first<Json>();
    await Promise.all([runJob(env, { runId }), runJob(env, { runId })]);
    const half = await state();
    expect(half).toMatchObject({ status: 'running', position: expect.stringMatching(/^par_/) });
    expect(JSON.parse(half.counts).participants).toBe(5_000);
    const asked = sent.filter(({ body }) => body.runId === runId);
    expect(asked).toMatchObject([{ body: { type: 'job.run', runId, at: expect.any(Number) } }]);
    await runJob(env, { runId });
    await runJob(env, { runId });
    const done = await state();
    expect(done.status).toBe('completed');
    expect(JSON.parse(done.counts).participants).toBe(people);
  });

  test('finds every run whose message was lost, however many they are', async () => {
    const { sent } = holdQueues();
    const { organizationId } = await newTenant();
    const now = Date.now();
    await env.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 449)
      INSERT INTO job_runs (id, organization_id, job, due_on, created_at)
      SELECT 'run_' || i || ?1, ?1, 'daily-budget-check', date('2020-01-01', i || ' days'), ?2 FROM n`,
    )
      .bind(organizationId, now - 20 * 60_000)
      .run();
    await scheduleJobs(env, { database: database(), now });
    const found = sent.map(({ body }) => body.runId).filter((runId) => runId?.endsWith(organizationId));
    expect(new Set(found).size).toBe(450);
    expect(found).toHaveLength(450);
    await env.DB.prepare(`UPDATE job_runs SET status = 'failed' WHERE organization_id = ?`).bind(organizationId).run();
  });
});

describe('the sweep', () => {
  test('takes up a message that was never tried after ten minutes, and one that waits for its next try only later', async () => {
    const { sent } = holdQueues();
    const { admin, organizationId, user } = await newTenant();
    const [kai, ana] = [await user('support_worker'), await user('support_worker')];
    await say(admin, await newThread(admin), 'x', { mentions: [kai.userId, ana.userId] });
    await workOffMailings(env, organizationId);
    const [untried, tried] = await log(organizationId);
    const now = Date.now();
    const age = (id: string, minutes: number, attempts: number) =>
      env.DB.prepare('UPDATE email_logs SET updated_at = ?, attempts = ? WHERE id = ?')
        .bind(now - minutes * 60_000, attempts, id)
        .run();
    const swept = async () => {
      sent.splice(0);
      await sweepEmails(env, { database: openDatabase(env.DB), now });
      const own = [untried.id, tried.id];
      return sent.map(({ body }) => body.emailId).filter((id) => own.includes(id));
    };
    await age(untried.id, 11, 0);
    await age(tried.id, 119, 5);
    expect(await swept()).toEqual([untried.id]);
    await age(untried.id, 9, 0);
    await age(tried.id, 121, 5);
    expect(await swept()).toEqual([tried.id]);
  });
});
