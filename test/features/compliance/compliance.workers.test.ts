import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Database, openDatabase } from '../../../src/database/database.ts';
import { checkCompliance } from '../../../src/features/compliance/check.ts';
import { workOffMailings } from '../../../src/features/emails/work-off.ts';
import { runJob } from '../../../src/features/jobs/run.ts';
import { newId } from '../../../src/ids.ts';
import { runJobs } from '../../../src/jobs.ts';
import { addDays, dateAt } from '../../../src/time/rules.ts';
import { auditIsGapless, commonItems, differences, newParticipant, tenDollars } from '../../support/workers/care.ts';
import { newDocument } from '../../support/workers/documents.ts';
import { knock, listen } from '../../support/workers/socket.ts';
import { type Answer, type Caller, type Json, newTenant } from '../../support/workers/tenant.ts';

beforeAll(commonItems);
beforeEach(holdQueue);
afterEach(() => vi.restoreAllMocks());

const HOUR = 3_600_000;
const TODAY = dateAt('Australia/Sydney', Date.now());

/** What was sent to the queue; it is delivered by the tests that say so. */
let sent: Json[] = [];

function holdQueue(): void {
  sent = [];
  const done = { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
  vi.spyOn(env.JOBS, 'send').mockImplementation(async (body: Json) => {
    sent.push(body);
    return done;
  });
  vi.spyOn(env.EMAILS, 'sendBatch').mockResolvedValue(done);
}

/** Delivers messages of the queue; how many were acknowledged. */
async function deliver(...bodies: Json[]): Promise<number> {
  const messages = bodies.map((body) => ({ id: crypto.randomUUID(), timestamp: new Date(), attempts: 1, body }));
  const batch = createMessageBatch('caddy-jobs', messages);
  await runJobs(batch, env);
  const { explicitAcks, retryMessages } = await getQueueResult(batch, createExecutionContext());
  expect(retryMessages).toEqual([]);
  return explicitAcks.length;
}

function ok({ status, body }: Answer): Json {
  if (status >= 300) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
}

const instant = (at: number) => new Date(at).toISOString();
const ago = (hours: number) => instant(Date.now() - hours * HOUR);

/** What happened on a Friday: long ago, so that its clocks have run out. */
const FRIDAY = { occurredAt: '2026-10-30T01:30:00.000Z', becameAwareAt: '2026-10-30T02:00:00.000Z' };
const NOTIFY_BY = '2026-10-31T02:00:00.000Z';

function injury(more: Json = {}): Json {
  return { category: 'serious_injury', ...FRIDAY, ...more };
}

const lives = (state: string) => ({
  fields: { profile: { firstName: 'Mia', lastName: 'Nguyen', dateOfBirth: '1990-01-01', address: { state } } },
});

const pointers = ({ body }: Answer) => body.errors?.map(({ pointer }: Json) => pointer);

describe('an incident', () => {
  test('is reportable by its category, in the state of the address, else by the zone, unless it is said', async () => {
    const { admin } = await newTenant({ timeZone: 'Australia/Brisbane' });
    const { id: participantId } = await newParticipant(admin, lives('VIC'));
    const { id: elsewhere } = await newParticipant(admin, lives('Bavaria'));
    const create = async (more: Json) => ok(await admin.post('/v1/incidents', injury(more)));
    const created = await create({ participantId, description: 'Fell in the bathroom.' });
    expect(created).toMatchObject({
      participantId,
      state: 'VIC',
      reportable: true,
      notifyBy: NOTIFY_BY,
      notification: 'overdue',
      // Past the Melbourne Cup.
      reportBy: '2026-11-09T13:00:00.000Z',
      report: 'overdue',
      status: 'open',
      createdBy: admin.userId,
    });
    expect(await create({ participantId: elsewhere })).toMatchObject({
      state: 'QLD',
      reportBy: '2026-11-06T14:00:00.000Z',
    });
    expect(await create({})).toMatchObject({ participantId: null, state: 'QLD' });
    const said = { participantId, state: 'WA', category: 'restrictive_practice' };
    const byFifthDay = { notifyBy: '2026-11-06T16:00:00.000Z', reportBy: '2026-11-06T16:00:00.000Z' };
    expect(await create(said)).toMatchObject({ state: 'WA', ...byFifthDay });
    expect(await create({ ...said, causedHarm: true })).toMatchObject({ ...byFifthDay, notifyBy: NOTIFY_BY });
    const none = {
      reportable: false,
      notifyBy: null,
      reportBy: null,
      notification: 'not_needed',
      report: 'not_needed',
    };
    expect(await create({ category: 'other' })).toMatchObject(none);
    expect(await create({ category: 'death', reportable: false })).toMatchObject(none);
    expect(await create({ category: 'other', reportable: true })).toMatchObject({
      reportable: true,
      notifyBy: NOTIFY_BY,
    });
  });

  test('whose times do not fit together is refused, each by its pointer, and not kept', async () => {
    const { admin } = await newTenant();
    const refused = async (more: Json) => {
      const answer = await admin.post('/v1/incidents', injury(more));
      expect([answer.status, answer.body.code]).toEqual([400, 'VALIDATION_FAILED']);
      return pointers(answer);
    };
    const before = instant(Date.parse(FRIDAY.occurredAt) - 1);
    const early = instant(Date.parse(FRIDAY.becameAwareAt) - 1);
    const ahead = instant(Date.now() + 6 * 60_000);
    expect(await refused({ becameAwareAt: before })).toEqual(['/becameAwareAt']);
    expect(await refused({ notifiedAt: early })).toEqual(['/notifiedAt']);
    expect(await refused({ reportedAt: early })).toEqual(['/reportedAt']);
    expect(await refused({ occurredAt: ahead, becameAwareAt: ahead })).toEqual(['/occurredAt', '/becameAwareAt']);
    expect(await refused({ notifiedAt: ahead, reportedAt: ahead })).toEqual(['/notifiedAt', '/reportedAt']);
    expect(await refused({ becameAwareAt: before, notifiedAt: ahead })).toEqual(['/becameAwareAt', '/notifiedAt']);
    expect(await refused({ occurredAt: 'yesterday' })).toEqual(['/occurredAt']);
    expect(await refused({ occurredAt: undefined })).toEqual(['/occurredAt']);
    expect(await refused({ category: 'fire', state: 'NZ' })).toEqual(['/category', '/state']);
    expect(await refused({ notifyBy: NOTIFY_BY })).toEqual(['/notifyBy']);
    expect((await admin.get('/v1/incidents')).body.data).toEqual([]);
    // A client's clock may be a little ahead; another zone's offset is the same instant.
    const near = instant(Date.now() + 4 * 60_000);
    ok(await admin.post('/v1/incidents', injury({ occurredAt: near, becameAwareAt: near })));
    const sydney = injury({ becameAwareAt: '2026-10-30T13:00:00+11:00', notifiedAt: '2026-10-31T13:00:00+11:00' });
    expect(ok(await admin.post('/v1/incidents', sydney))).toMatchObject({
      becameAwareAt: FRIDAY.becameAwareAt,
      notifiedAt: NOTIFY_BY,
      notification: 'on_time',
    });
  });

  test('has its clocks counted anew by every change, and another category is reportable by itself unless it is said', async () => {
    const { admin } = await newTenant();
    const { id } = ok(await admin.post('/v1/incidents', injury()));
    const change = async (patch: Json) => ok(await admin.patch(`/v1/incidents/${id}`, patch));
    expect(await change({ becameAwareAt: '2026-11-02T02:00:00Z' })).toMatchObject({
      notifyBy: '2026-11-03T02:00:00.000Z',
      reportBy: '2026-11-09T13:00:00.000Z',
    });
    expect(await change({ state: 'VIC' })).toMatchObject({ reportBy: '2026-11-10T13:00:00.000Z' });
    const days = { notifyBy: '2026-11-10T13:00:00.000Z', reportBy: '2026-11-10T13:00:00.000Z' };
    expect(await change({ category: 'restrictive_practice' })).toMatchObject(days);
    expect(await change({ causedHarm: true })).toMatchObject({ notifyBy: '2026-11-03T02:00:00.000Z' });
    expect(await change({ category: 'other' })).toMatchObject({ reportable: false, notifyBy: null, reportBy: null });
    expect(await change({ category: 'death' })).toMatchObject({ reportable: true });
    expect(await change({ reportable: false })).toMatchObject({ reportable: false, report: 'not_needed' });
    expect(await change({ description: 'It was nobody’s fault.' })).toMatchObject({ reportable: false });
    expect(await change({ category: 'other', reportable: true })).toMatchObject({ reportable: true });
    expect(await change({ description: 'It was.' })).toMatchObject({ reportable: true });
    expect(await change({ reportable: null })).toMatchObject({ reportable: false });
    const wrong = await admin.patch(`/v1/incidents/${id}`, { occurredAt: '2026-11-03T00:00:00Z' });
    expect([wrong.status, pointers(wrong)]).toEqual([400, ['/becameAwareAt']]);
  });

  test('keeps what was said of its being reportable when its category is only said again', async () => {
    const { admin } = await newTenant();
    const { id } = ok(await admin.post('/v1/incidents', injury({ category: 'other', reportable: true })));
    const again = ok(await admin.patch(`/v1/incidents/${id}`, { category: 'other', actionsTaken: 'Called home.' }));
    expect(again).toMatchObject({ reportable: true, notifyBy: NOTIFY_BY });
  });

  test('that is reportable stays open until the Commission was notified, and any other one need not', async () => {
    const { admin } = await newTenant();
    const closed = { status: 'closed' };
    expect(pointers(await admin.post('/v1/incidents', injury(closed)))).toEqual(['/status']);
    const { id } = ok(await admin.post('/v1/incidents', injury()));
    const change = (patch: Json) => admin.patch(`/v1/incidents/${id}`, patch);
    const refused = await change(closed);
    expect([refused.status, pointers(refused)]).toEqual([400, ['/status']]);
    expect(ok(await change({ ...closed, notifiedAt: NOTIFY_BY }))).toMatchObject({
      status: 'closed',
      notification: 'on_time',
    });
    expect(pointers(await change({ notifiedAt: null }))).toEqual(['/status']);
    expect(ok(await change({ notifiedAt: '2026-10-31T02:00:00.001Z' })).notification).toBe('late');
    expect(ok(await change({ status: 'open', notifiedAt: null })).notification).toBe('overdue');
    expect(ok(await change({ category: 'other', ...closed }))).toMatchObject({ status: 'closed', reportable: false });
    expect(pointers(await change({ reportable: true }))).toEqual(['/status']);
  });

  test('is not recorded of an archived participant, nor moved to one, but what the Commission was told of theirs is', async () => {
    const { admin } = await newTenant();
    const { id: participantId } = await newParticipant(admin);
    const about = ok(await admin.post('/v1/incidents', injury({ participantId })));
    const other = ok(await admin.post('/v1/incidents', injury()));
    ok(await admin.delete(`/v1/participants/${participantId}`, { reason: 'Moved away.' }));
    const refusals = [
      await admin.post('/v1/incidents', injury({ participantId })),
      await admin.patch(`/v1/incidents/${other.id}`, { participantId }),
    ];
    expect(refusals.map(({ status, body }) => [status, body.code])).toEqual([
      [409, 'PARTICIPANT_ARCHIVED'],
      [409, 'PARTICIPANT_ARCHIVED'],
    ]);
    const told = await admin.patch(`/v1/incidents/${about.id}`, { notifiedAt: NOTIFY_BY });
    expect(ok(told)).toMatchObject({ participantId, notification: 'on_time' });
    expect((await admin.get(`/v1/incidents/${other.id}`)).body).toEqual(other);
  });

  test('is changed only as it was read, and by nothing when nothing changes', async () => {
    const { admin } = await newTenant();
    const created = await admin.post('/v1/incidents', injury());
    const path = created.headers.get('location') ?? '';
    expect([path, created.headers.get('etag')]).toEqual([`/v1/incidents/${created.body.id}`, '"1"']);
    const changed = await admin.patch(path, { actionsTaken: 'Rang the GP.' }, { 'if-match': '"1"' });
    expect([changed.status, changed.headers.get('etag')]).toEqual([200, '"2"']);
    const stale = await admin.patch(path, { actionsTaken: 'Nothing.' }, { 'if-match': '"1"' });
    expect([stale.status, stale.body.code]).toEqual([412, 'STALE']);
    const same = await admin.patch(path, { actionsTaken: 'Rang the GP.', reportable: true }, { 'if-match': '"2"' });
    expect([same.status, same.headers.get('etag'), same.body]).toEqual([200, '"2"', changed.body]);
    expect((await admin.get(path, { 'if-none-match': '"2"' })).status).toBe(304);
    expect((await admin.get(path)).body).toEqual(changed.body);
    const actions = (await admin.get(`/v1/audit-logs?entityId=${created.body.id}`)).body.data;
    expect(actions.map(({ action }: Json) => action)).toEqual(['incident.updated', 'incident.created']);
  });

  test('that is sent twice with a key is one, and the key is of no other', async () => {
    const { admin } = await newTenant();
    const key = { 'idempotency-key': 'one' };
    const both = await Promise.all([1, 2].map(() => admin.post('/v1/incidents', injury(), key)));
    const again = await admin.post('/v1/incidents', injury(), key);
    expect(both.map(({ status }) => status)).toEqual([201, 201]);
    expect(new Set([...both, again].map(({ body }) => body.id)).size).toBe(1);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.headers.get('location')).toBe(`/v1/incidents/${again.body.id}`);
    expect((await admin.post('/v1/incidents', injury({ causedHarm: true }), key)).body.code).toBe(
      'IDEMPOTENCY_KEY_REUSED',
    );
    expect((await admin.get('/v1/incidents')).body.data).toHaveLength(1);
  });

  test('is in the audit with what changed, and in the feed of changes with its participant', async () => {
    const { admin, organizationId } = await newTenant();
    const { id: participantId } = await newParticipant(admin);
    const { id: elseId } = await newParticipant(admin);
    const opening = await knock('/v1/live', { authorization: `Bearer ${admin.token}` });
    if (!opening.socket) throw new Error('no socket');
    const watch = listen(opening.socket);
    const created = ok(await admin.post('/v1/incidents', injury({ participantId })));
    ok(await admin.patch(`/v1/incidents/${created.id}`, { participantId: elseId, category: 'other' }));
    const [updated, first] = (await admin.get('/v1/audit-logs?entityType=incident')).body.data;
    expect(first).toMatchObject({
      action: 'incident.created',
      entityId: created.id,
      userId: admin.userId,
      after: created,
    });
    expect(updated).toMatchObject({
      action: 'incident.updated',
      before: { participantId, category: 'serious_injury', reportable: true },
      after: { participantId: elseId, category: 'other', reportable: false },
    });
    expect(Object.keys(updated.after)).toHaveLength(3);
    await watch.frame('the change', ({ action }) => action === 'incident.updated');
    const told = watch.frames.filter(({ entityType }) => entityType === 'incident');
    expect(told).toMatchObject([
      { action: 'incident.created', entityId: created.id, userId: admin.userId },
      { action: 'incident.updated', entityId: created.id, participantId: elseId },
    ]);
    expect(await auditIsGapless(organizationId)).toBe(true);
    watch.close();
  });

  test('is listed newest first, by participant, category and status', async () => {
    const { admin } = await newTenant();
    const { id: participantId } = await newParticipant(admin);
    const made: Json[] = [];
    for (const more of [
      {},
      { participantId },
      { category: 'other', status: 'closed' },
      { category: 'other', participantId },
    ])
      made.unshift(ok(await admin.post('/v1/incidents', injury(more))));
    const [fourth, third, second] = made;
    const list = async (query: string) => ok(await admin.get(`/v1/incidents?${query}`)).data;
    expect(await list('')).toEqual(made);
    expect(await list(`participantId=${participantId}`)).toEqual([fourth, second]);
    expect(await list('category=other')).toEqual([fourth, third]);
    expect(await list('status=closed')).toEqual([third]);
    expect(await list(`participantId=${participantId}&category=other&status=open`)).toEqual([fourth]);
    const page = ok(await admin.get('/v1/incidents?limit=3'));
    expect(await list(`limit=3&cursor=${page.nextCursor}`)).toEqual(made.slice(3));
  });
});

test("another organisation's incidents, participants and services are not found", async () => {
  const { admin } = await newTenant();
  const { id: participantId } = await newParticipant(admin);
  const incident = ok(await admin.post('/v1/incidents', injury({ participantId })));
  const service = ok(await admin.post('/v1/services', tenDollars(participantId)));
  ok(await admin.get(`/v1/participants/${participantId}/compliance`));
  const { admin: other } = await newTenant();
  const own = ok(await other.post('/v1/incidents', injury()));
  const answers = [
    await other.get(`/v1/incidents/${incident.id}`),
    await other.patch(`/v1/incidents/${incident.id}`, { causedHarm: true }),
    await other.post('/v1/incidents', injury({ participantId })),
    await other.patch(`/v1/incidents/${own.id}`, { participantId }),
    await other.get(`/v1/participants/${participantId}/compliance`),
    await other.patch(`/v1/services/${service.id}`, { notes: 'Not mine.' }),
    await other.get(`/v1/incidents/${newId('inc')}`),
    await other.get(`/v1/participants/${newId('par')}/compliance`),
  ];
  expect(answers.map(({ status, body }) => [status, body.code])).toEqual(answers.map(() => [404, 'NOT_FOUND']));
  expect(ok(await other.get(`/v1/incidents?participantId=${participantId}`)).data).toEqual([]);
  expect(ok(await other.get('/v1/compliance'))).toMatchObject({ data: [], summary: { score: null, participants: 0 } });
  expect(ok(await admin.get(`/v1/incidents/${incident.id}`))).toEqual(incident);
  expect(ok(await admin.get(`/v1/services/${service.id}`)).notes).toBe('');
});

/** A document that holds from long ago on. */
function holding(admin: Caller, participantId: string, type: string, more: Json = {}): Promise<string> {
  return newDocument(admin, { type, participantId, ...more });
}

async function complianceOf(caller: Caller, participantId: string): Promise<Json> {
  return ok(await caller.get(`/v1/participants/${participantId}/compliance`));
}

/** What the list of participants shows as their scores. */
async function listed(caller: Caller, query = ''): Promise<Record<string, number | null>> {
  const { data } = ok(await caller.get(`/v1/participants?limit=100${query}`));
  return Object.fromEntries(data.map(({ id, complianceScore }: Json) => [id, complianceScore]));
}

const lights = ({ inputs }: Json) => Object.fromEntries(inputs.map(({ input, status }: Json) => [input, status]));

describe("a participant's compliance", () => {
  test('goes up and down with documents, screening, notes and incidents, and the list shows the same', async () => {
    const { admin } = await newTenant();
    const { id, planId } = await newParticipant(admin);
    const score = async () => {
      const answer = await complianceOf(admin, id);
      expect(await listed(admin)).toEqual({ [id]: answer.score });
      return answer;
    };
    const bare = await score();
    expect(bare).toMatchObject({ participantId: id, score: 25, hardFail: false });
    expect(lights(bare)).toEqual({ service_agreement: 'red', plan: 'green', review: 'red', documents: 'red' });
    const agreementId = await holding(admin, id, 'service_agreement');
    expect((await score()).score).toBe(75);
    await holding(admin, id, 'assessment');
    expect((await score()).score).toBe(88);
    await holding(admin, id, 'consent');
    const whole = await score();
    expect(whole.score).toBe(100);
    expect(whole.inputs.every(({ failing, passed, total }: Json) => failing.length === 0 && passed === total)).toBe(
      true,
    );

    const service = ok(await admin.post('/v1/services', tenDollars(id, { serviceDate: addDays(TODAY, -4) })));
    const served = await score();
    // 40 of 85: screening and note are missing.
    expect(served.score).toBe(47);
    expect(served.inputs.slice(0, 3)).toEqual([
      {
        input: 'worker_screening',
        weight: 25,
        status: 'red',
        passed: 0,
        total: 1,
        failing: [
          {
            entityType: 'user',
            entityId: admin.userId,
            status: 'red',
            reason: 'No worker screening check is recorded.',
          },
        ],
      },
      { input: 'service_agreement', weight: 20, status: 'green', passed: 2, total: 2, failing: [] },
      {
        input: 'shift_notes',
        weight: 20,
        status: 'red',
        passed: 0,
        total: 1,
        failing: [{ entityType: 'service', entityId: service.id, status: 'red', reason: 'There is no shift note.' }],
      },
    ]);
    const screeningCheck = { number: 'WSC0000001', status: 'cleared', expiresOn: addDays(TODAY, 61) };
    ok(await admin.patch(`/v1/users/${admin.userId}`, { screeningCheck }));
    expect((await score()).score).toBe(76);
    ok(await admin.patch(`/v1/users/${admin.userId}`, { screeningCheck: { expiresOn: addDays(TODAY, 60) } }));
    // 65 and half of 25, of 85.
    expect((await score()).score).toBe(62);
    ok(await admin.patch(`/v1/users/${admin.userId}`, { screeningCheck }));
    // Written now, the note is three days late; one of today's shift is not.
    ok(await admin.patch(`/v1/services/${service.id}`, { notes: 'Cooked together.' }));
    expect((await score()).score).toBe(76);
    ok(await admin.post(`/v1/services/${service.id}/cancel`, { reason: 'Recorded twice.' }));
    const today = ok(await admin.post('/v1/services', tenDollars(id, { serviceDate: TODAY, quantity: 2 })));
    ok(await admin.patch(`/v1/services/${today.id}`, { notes: 'Cooked together.' }));
    expect((await score()).score).toBe(100);

    ok(await admin.post('/v1/incidents', injury({ participantId: id, category: 'other' })));
    expect((await score()).score).toBe(100);
    const fresh = { occurredAt: ago(2), becameAwareAt: ago(1) };
    ok(await admin.post('/v1/incidents', injury({ participantId: id, ...fresh })));
    expect(await score()).toMatchObject({ score: 93, hardFail: false });
    const old = ok(await admin.post('/v1/incidents', injury({ participantId: id })));
    const failed = await score();
    expect(failed).toMatchObject({ score: 0, hardFail: true });
    expect(failed.inputs.find(({ input }: Json) => input === 'incidents')).toMatchObject({
      status: 'red',
      passed: 0,
      total: 2,
      failing: [{ entityId: old.id, status: 'red', reason: 'The notification is overdue.' }, { status: 'amber' }],
    });
    ok(await admin.patch(`/v1/incidents/${old.id}`, { notifiedAt: ago(1), reportedAt: ago(1) }));
    // Late for good: a quarter of 15.
    expect(await score()).toMatchObject({ score: 89, hardFail: false });

    ok(await admin.post(`/v1/services/${today.id}/cancel`, { reason: 'Recorded twice.' }));
    expect(Object.keys(lights(await score()))).not.toContain('shift_notes');
    ok(await admin.delete(`/v1/documents/${agreementId}`, { reason: 'It was not signed.' }));
    expect(lights(await score()).service_agreement).toBe('red');
    ok(await admin.patch(`/v1/plans/${planId}`, { endDate: addDays(TODAY, 90) }));
    expect(lights(await score()).plan).toBe('amber');
  });

  test('is nothing where nothing applies, and of the archived, whom nothing is asked of', async () => {
    const { admin } = await newTenant();
    const person = {
      ndisNumber: '439999001',
      profile: { firstName: 'Lee', lastName: 'Park', dateOfBirth: '1980-02-03' },
    };
    const { id } = ok(await admin.post('/v1/participants', person));
    expect(await complianceOf(admin, id)).toMatchObject({ score: null, hardFail: false, inputs: [] });
    const { id: gone } = await newParticipant(admin);
    ok(await admin.delete(`/v1/participants/${gone}`, { reason: 'Moved away.' }));
    expect(await complianceOf(admin, gone)).toMatchObject({ score: null, hardFail: false, inputs: [] });
    expect(ok(await admin.get('/v1/compliance'))).toMatchObject({
      data: [],
      summary: { score: null, participants: 0, hardFails: 0 },
    });
  });

  test('is not looked at by those who may not read participants', async () => {
    const { admin, user } = await newTenant();
    const { id } = await newParticipant(admin);
    const finance = await user('finance');
    const viewer = await user('viewer');
    for (const path of ['/v1/compliance', `/v1/participants/${id}/compliance`, '/v1/incidents']) {
      expect([path, (await finance.get(path)).status, (await viewer.get(path)).status]).toEqual([path, 403, 200]);
    }
    expect((await viewer.post('/v1/incidents', injury())).status).toBe(403);
  });
});

/** What the organisation's summary has to be, counted slowly. */
async function recount(organizationId: string): Promise<Json> {
  const { results } = await env.DB.prepare(
    `SELECT kept.score, kept.hard_fail FROM compliance_checks kept JOIN participants ON participants.id = kept.participant_id
      WHERE participants.organization_id = ? AND participants.status <> 'archived' AND kept.score IS NOT NULL`,
  )
    .bind(organizationId)
    .all<{ score: number; hard_fail: number }>();
  const sum = results.reduce((total, { score }) => total + score, 0);
  return {
    score: results.length === 0 ? null : Math.round(sum / results.length),
    participants: results.length,
    hardFails: results.filter(({ hard_fail }) => hard_fail === 1).length,
  };
}

/** The organisation's compliance, page by page. */
async function walk(caller: Caller, limit: number): Promise<{ rows: Json[]; summary: Json }> {
  const rows: Json[] = [];
  for (let cursor = ''; ; ) {
    const { data, nextCursor, summary } = ok(await caller.get(`/v1/compliance?limit=${limit}${cursor}`));
    rows.push(...data);
    if (nextCursor === null) return { rows, summary };
    cursor = `&cursor=${nextCursor}`;
  }
}

describe("the organisation's compliance", () => {
  test('lists the worst first, page by page, and sums up as a recount does, also over archive and restore', async () => {
    const { admin, organizationId } = await newTenant();
    const people: string[] = [];
    for (const types of [
      [],
      ['consent'],
      ['consent'],
      ['service_agreement'],
      ['service_agreement', 'assessment'],
      [],
      [],
    ]) {
      const { id } = await newParticipant(admin);
      for (const type of types) await holding(admin, id, type);
      people.push(id);
    }
    const [first = '', , , , , overdue = '', unasked = ''] = people;
    ok(await admin.post('/v1/incidents', injury({ participantId: overdue })));
    const expected = new Map<string, Json>();
    for (const id of people.slice(0, 6)) expected.set(id, await complianceOf(admin, id));
    const check = async (ids: string[]) => {
      const { rows, summary } = await walk(admin, 2);
      const order = ids
        .map((id) => ({ id, score: expected.get(id).score }))
        .sort((one, other) => one.score - other.score || (one.id < other.id ? -1 : 1));
      expect(rows.map(({ participantId, score }) => ({ id: participantId, score }))).toEqual(order);
      expect(summary).toEqual(await recount(organizationId));
      expect(summary.participants).toBe(ids.length);
      return { rows, summary };
    };
    const { rows, summary } = await check(people.slice(0, 6));
    for (const { firstName, lastName, checkedAt, ...row } of rows) {
      expect([firstName, lastName]).toEqual(['Test', 'Person']);
      expect({ ...row, checkedAt: '' }).toEqual({ ...expected.get(row.participantId), checkedAt: '' });
      expect(checkedAt).toBe(expected.get(row.participantId).checkedAt);
    }
    expect(rows.map(({ score }) => score)).toEqual([0, 25, 38, 38, 75, 88]);
    expect(summary).toEqual({ score: 44, participants: 6, hardFails: 1 });

    for (const id of [overdue, first]) ok(await admin.delete(`/v1/participants/${id}`, { reason: 'Moved.' }));
    expect((await check(people.slice(1, 5))).summary.hardFails).toBe(0);
    await deliver({ type: 'compliance', organizationId, participantId: overdue });
    await check(people.slice(1, 5));
    ok(await admin.post(`/v1/participants/${overdue}/restore`));
    expect((await walk(admin, 2)).summary).toEqual(await recount(organizationId));
    await vi.waitFor(() => expect(sent).toContainEqual({ type: 'compliance', organizationId, participantId: overdue }));
    await deliver({ type: 'compliance', organizationId, participantId: overdue });
    expect((await check(people.slice(1, 6))).summary.hardFails).toBe(1);
    expect((await listed(admin))[overdue]).toBe(0);
    expect((await listed(admin))[unasked]).toBeNull();
  });
});

describe('the note of a service', () => {
  async function unnoted() {
    const tenant = await newTenant();
    const participant = await newParticipant(tenant.admin);
    const { id } = ok(await tenant.admin.post('/v1/services', tenDollars(participant.id)));
    const path = `/v1/services/${id}`;
    return {
      ...tenant,
      participantId: participant.id,
      id,
      path,
      note: (notes: string) => tenant.admin.patch(path, { notes }),
    };
  }

  test('is written once: again the same changes nothing, and another one is refused', async () => {
    const { admin, path, note, participantId } = await unnoted();
    const before = ok(await admin.get(path));
    expect(before).toMatchObject({ notes: '', notedAt: null });
    const written = await note('Cooked together.');
    expect(ok(written)).toEqual({ ...before, notes: 'Cooked together.', notedAt: written.body.notedAt });
    expect(Math.abs(Date.parse(written.body.notedAt) - Date.now())).toBeLessThan(60_000);
    expect(written.headers.get('etag')).toBe('"2"');
    const again = await note('Cooked together.');
    expect([again.status, again.headers.get('etag'), again.body]).toEqual([200, '"2"', written.body]);
    const other = await note('Slept.');
    expect([other.status, other.body.code]).toEqual([409, 'CONFLICT']);
    expect(ok(await admin.get(path))).toEqual(written.body);
    expect(await differences(participantId)).toEqual([]);
  });

  test('that was recorded with the service is not rewritten, and was written with it', async () => {
    const { admin, participantId } = await unnoted();
    const { id, notedAt, createdAt } = ok(
      await admin.post('/v1/services', tenDollars(participantId, { quantity: 2, notes: 'Went for a walk.' })),
    );
    expect(notedAt).toBe(createdAt);
    expect((await admin.patch(`/v1/services/${id}`, { notes: 'Slept.' })).status).toBe(409);
    expect(ok(await admin.patch(`/v1/services/${id}`, { notes: 'Went for a walk.' })).notedAt).toBe(createdAt);
  });

  test('of two that are written at once is one of them', async () => {
    const { admin, path, note } = await unnoted();
    const answers = await Promise.all(['One.', 'Two.', 'Three.'].map(note));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    const [kept] = answers.filter(({ status }) => status === 200);
    expect(ok(await admin.get(path)).notes).toBe(kept?.body.notes);
  });

  test('is not blank, not written of what is cancelled or archived, and only as the service was read', async () => {
    const { admin, path, note, participantId } = await unnoted();
    for (const blank of ['', ' \n']) expect(pointers(await note(blank))).toEqual(['/notes']);
    const stale = await admin.patch(path, { notes: 'Cooked.' }, { 'if-match': '"7"' });
    expect([stale.status, stale.body.code]).toEqual([412, 'STALE']);
    ok(await admin.delete(`/v1/participants/${participantId}`, { reason: 'Moved.' }));
    expect((await note('Cooked.')).body.code).toBe('PARTICIPANT_ARCHIVED');
    ok(await admin.post(`/v1/participants/${participantId}/restore`));
    ok(await admin.post(`${path}/cancel`, { reason: 'Recorded twice.' }));
    const cancelled = await note('Cooked.');
    expect([cancelled.status, cancelled.body.code]).toEqual([409, 'CONFLICT']);
    expect(ok(await admin.get(path)).notes).toBe('');
  });

  test('leaves the service to be cancelled, whose ETag counts both, and is nowhere in the audit', async () => {
    const { admin, path, note, id, participantId, organizationId } = await unnoted();
    ok(await note('Very private.'));
    const cancelled = await admin.post(`${path}/cancel`, { reason: 'Recorded twice.' });
    expect([cancelled.status, cancelled.headers.get('etag')]).toEqual([200, '"3"']);
    const read = await admin.get(path);
    expect([read.headers.get('etag'), read.body]).toEqual(['"3"', cancelled.body]);
    expect(read.body).toMatchObject({ status: 'cancelled', notes: 'Very private.' });
    const { data } = ok(await admin.get(`/v1/audit-logs?entityId=${id}`));
    expect(data.map(({ action }: Json) => action)).toEqual(['service.cancelled', 'service.noted', 'service.created']);
    expect(data[1]).toMatchObject({ userId: admin.userId, before: null, after: { notedAt: read.body.notedAt } });
    ok(await admin.post('/v1/services', tenDollars(participantId, { notes: 'Very private too.' })));
    const { results } = await env.DB.prepare('SELECT * FROM audit_logs WHERE organization_id = ?')
      .bind(organizationId)
      .all<Json>();
    expect(JSON.stringify(results)).not.toMatch(/private/i);
    expect(await auditIsGapless(organizationId)).toBe(true);
    expect(await differences(participantId)).toEqual([]);
  });
});

/** A weekly check that is due on a Monday. */
async function weekly(organizationId: string, monday: string): Promise<string> {
  const runId = newId('run');
  await env.DB.prepare(
    `INSERT INTO job_runs (id, organization_id, job, due_on, created_at) VALUES (?, ?, 'weekly-compliance-check', ?, ?)`,
  )
    .bind(runId, organizationId, monday, Date.now())
    .run();
  return runId;
}

describe('the weekly check', () => {
  const standing = async (caller: Caller) => {
    const { data } = ok(await caller.get('/v1/alerts?kind=compliance&limit=100'));
    return data.map(({ participantId, severity, status }: Json) => [participantId, severity, status]);
  };

  test('raises one alert of each who fails, clears it once they are in order, and raises a graver one anew', async () => {
    const { admin, organizationId } = await newTenant();
    const { id: poor } = await newParticipant(admin);
    const { id: good } = await newParticipant(admin);
    const { id: worst } = await newParticipant(admin);
    const { id: archived } = await newParticipant(admin);
    await holding(admin, good, 'service_agreement');
    const incident = ok(await admin.post('/v1/incidents', injury({ participantId: worst })));
    const first = await weekly(organizationId, '2026-11-09');
    await runJob(env, { runId: first });
    const alerts = [
      [worst, 'critical', 'open'],
      [archived, 'warning', 'open'],
      [poor, 'warning', 'open'],
    ];
    const sorted = (rows: Json[]) => [...rows].sort();
    expect(sorted(await standing(admin))).toEqual(sorted(alerts));
    expect(await listed(admin)).toEqual({ [poor]: 25, [good]: 75, [worst]: 0, [archived]: 25 });
    const [run] = ok(await admin.get('/v1/jobs')).data;
    expect(run).toMatchObject({ id: first, status: 'completed', counts: { participants: 4, failing: 3, overdue: 1 } });

    // Done again, also when it died before it was finished; and in the next week.
    await runJob(env, { runId: first });
    await env.DB.prepare(`UPDATE job_runs SET status = 'running' WHERE id = ?`).bind(first).run();
    await runJob(env, { runId: first });
    await runJob(env, { runId: await weekly(organizationId, '2026-11-16') });
    expect(sorted(await standing(admin))).toEqual(sorted(alerts));

    await holding(admin, poor, 'service_agreement');
    ok(await admin.delete(`/v1/participants/${archived}`, { reason: 'Moved.' }));
    ok(await admin.patch(`/v1/incidents/${incident.id}`, { notifiedAt: ago(1), reportedAt: ago(1) }));
    await runJob(env, { runId: await weekly(organizationId, '2026-11-23') });
    const after = sorted([
      [worst, 'critical', 'resolved'],
      [worst, 'warning', 'open'],
      [archived, 'warning', 'resolved'],
      [poor, 'warning', 'resolved'],
    ]);
    expect(sorted(await standing(admin))).toEqual(after);
    await runJob(env, { runId: await weekly(organizationId, '2026-11-30') });
    expect(sorted(await standing(admin))).toEqual(after);
    const audit = ok(await admin.get('/v1/audit-logs?entityType=alert&limit=100')).data;
    expect(audit.map(({ action, userId, actor }: Json) => [action, userId, actor]).sort()).toEqual([
      ...Array(4).fill(['alert.raised', null, 'alerts']),
      ...Array(3).fill(['alert.resolved', null, 'alerts']),
    ]);
    expect(await auditIsGapless(organizationId)).toBe(true);
    const worse = ok(await admin.get(`/v1/alerts?participantId=${worst}&status=open`)).data;
    expect(worse).toMatchObject([{ threshold: 50, budgetId: null, figures: { score: 18, hardFail: false } }]);
  });

  test('leaves an alert alone that someone put away while it is still so', async () => {
    const { admin, organizationId } = await newTenant();
    await newParticipant(admin);
    await runJob(env, { runId: await weekly(organizationId, '2026-11-09') });
    const [alert] = ok(await admin.get('/v1/alerts?kind=compliance')).data;
    ok(await admin.post(`/v1/alerts/${alert.id}/resolve`));
    await runJob(env, { runId: await weekly(organizationId, '2026-11-16') });
    expect(await standing(admin)).toHaveLength(1);
  });

  test('is one report to each coordinator, however often it is done, and says who stands worst', async () => {
    const { admin, organizationId, user } = await newTenant();
    const coordinators = [await user('coordinator'), await user('coordinator')];
    await user('support_worker');
    const { id: poor } = await newParticipant(admin, lives('NSW'));
    ok(await admin.post('/v1/incidents', injury({ participantId: poor })));
    const zoe = { firstName: 'Zoe', lastName: 'Gone', dateOfBirth: '1990-01-01' };
    const { id: gone } = await newParticipant(admin, { fields: { profile: zoe } });
    const runId = await weekly(organizationId, '2026-11-23');
    await runJob(env, { runId });
    ok(await admin.delete(`/v1/participants/${gone}`, { reason: 'Moved.' }));
    expect(sent).toContainEqual({ type: 'mailings', organizationId });
    await Promise.all([1, 2].map(() => workOffMailings(env, organizationId)));
    await env.DB.prepare(`UPDATE job_runs SET status = 'running' WHERE id = ?`).bind(runId).run();
    await runJob(env, { runId });
    await workOffMailings(env, organizationId);
    const mails = ok(await admin.get('/v1/emails')).data;
    expect(mails.map(({ template, entityId }: Json) => [template, entityId])).toEqual([
      ['compliance_report', runId],
      ['compliance_report', runId],
    ]);
    expect(mails.map(({ userId }: Json) => userId).sort()).toEqual(coordinators.map(({ userId }) => userId).sort());
    const { text } = ok(await admin.get(`/v1/emails/${mails[0].id}`));
    expect(text).toContain('Mia');
    expect(text).toContain('incidents');
    // Of the archived nothing is said.
    expect(text).not.toContain('Zoe');
    await runJob(env, { runId: await weekly(organizationId, '2026-11-30') });
    await workOffMailings(env, organizationId);
    expect(ok(await admin.get('/v1/emails')).data).toHaveLength(4);
  });

  test('of an organisation without participants has nothing to say', async () => {
    const { admin, organizationId, user } = await newTenant();
    await user('coordinator');
    await runJob(env, { runId: await weekly(organizationId, '2026-11-23') });
    await workOffMailings(env, organizationId);
    expect(ok(await admin.get('/v1/emails')).data).toEqual([]);
    expect(ok(await admin.get('/v1/jobs')).data[0].counts).toMatchObject({ participants: 0, failing: 0, overdue: 0 });
  });
});

describe('the daily check', () => {
  test('does not wait for Monday with an incident that nobody was told of in time', async () => {
    const { admin, organizationId } = await newTenant();
    const { id } = await newParticipant(admin);
    ok(await admin.post('/v1/incidents', injury({ participantId: id })));
    ok(await admin.post('/v1/incidents', injury()));
    const runId = newId('run');
    await env.DB.prepare('INSERT INTO job_runs (id, organization_id, job, due_on, created_at) VALUES (?, ?, ?, ?, 0)')
      .bind(runId, organizationId, 'daily-budget-check', TODAY)
      .run();
    await runJob(env, { runId });
    expect(ok(await admin.get('/v1/alerts?kind=compliance')).data).toMatchObject([
      { participantId: id, severity: 'critical', status: 'open' },
    ]);
    expect(await listed(admin)).toEqual({ [id]: 0 });
  });
});

describe('a look at a participant who is archived meanwhile', () => {
  test('is not kept, and counts nowhere', async () => {
    const { admin, organizationId } = await newTenant();
    const { id } = await newParticipant(admin);
    const database = openDatabase(env.DB);
    const slow: Database = {
      ...database,
      read: async (...statements) => {
        const rows = await database.read(...statements);
        ok(await admin.delete(`/v1/participants/${id}`, { reason: 'Moved away.' }));
        return rows as never;
      },
    };
    const timeZone = 'Australia/Sydney';
    await checkCompliance({ database: slow, organizationId, timeZone, participantIds: [id], now: Date.now() });
    expect(ok(await admin.get('/v1/compliance'))).toMatchObject({ data: [], summary: await recount(organizationId) });
    expect(await listed(admin, '&status=archived')).toEqual({ [id]: null });
  });
});

describe('records that change', () => {
  const looks = () => sent.filter(({ type }) => type === 'compliance');
  const asksFor = async (asked: Json[], work: () => Promise<unknown>) => {
    sent.splice(0);
    await work();
    await vi.waitFor(() => expect(looks()).toHaveLength(asked.length));
    expect(looks().map(({ type: _, organizationId: __, ...rest }) => rest)).toEqual(asked);
  };

  test('have their participants looked at again, both when an incident moves', async () => {
    const { admin } = await newTenant();
    const [{ id: one }, { id: other }] = [await newParticipant(admin), await newParticipant(admin)];
    const [service] = [ok(await admin.post('/v1/services', tenDollars(one)))];
    let incidentId = '';
    let documentId = '';
    await vi.waitFor(() => expect(looks().map(({ participantId }) => participantId)).toContain(one));
    await asksFor([{ participantId: one }], async () => {
      incidentId = ok(await admin.post('/v1/incidents', injury({ participantId: one }))).id;
    });
    await asksFor([{ participantId: one }], () => admin.patch(`/v1/incidents/${incidentId}`, { notifiedAt: ago(1) }));
    await asksFor([{ participantId: other }, { participantId: one }], () =>
      admin.patch(`/v1/incidents/${incidentId}`, { participantId: other }),
    );
    await asksFor([{ participantId: one }], async () => {
      documentId = await holding(admin, one, 'consent');
    });
    await asksFor([{ participantId: one }], () => admin.patch(`/v1/documents/${documentId}`, { validTo: TODAY }));
    await asksFor([{ participantId: one }], () => admin.patch(`/v1/services/${service.id}`, { notes: 'Cooked.' }));
    // Nothing was written.
    await asksFor([], () => admin.patch(`/v1/services/${service.id}`, { notes: 'Cooked.' }));
    await asksFor([], () => admin.post('/v1/incidents', injury()));
  });

  test('are in the list once their message is worked off, twice without harm', async () => {
    const { admin, organizationId } = await newTenant();
    const { id } = await newParticipant(admin);
    const { id: other } = await newParticipant(admin);
    expect((await complianceOf(admin, id)).score).toBe(25);
    await holding(admin, id, 'service_agreement');
    expect((await listed(admin))[id]).toBe(25);
    const message = { type: 'compliance', organizationId, participantId: id };
    expect(await deliver(message, message)).toBe(2);
    expect(await listed(admin)).toEqual({ [id]: 75, [other]: null });
    const { rows, summary } = await walk(admin, 10);
    expect(rows).toMatchObject([{ participantId: id, score: 75 }]);
    await deliver(message);
    expect(await walk(admin, 10)).toEqual({ rows, summary });
    expect(summary).toEqual(await recount(organizationId));
  });

  test('of another organisation, of nobody and of nowhere are left alone', async () => {
    const { admin } = await newTenant();
    const { id } = await newParticipant(admin);
    const { admin: stranger, organizationId } = await newTenant();
    const of = { type: 'compliance', organizationId };
    const nowhere = { ...of, organizationId: newId('org'), participantId: id };
    const messages = [
      { ...of, participantId: id },
      { ...of, workerId: admin.userId },
      { ...of, participantId: 'x' },
      of,
      nowhere,
    ];
    expect(await deliver(...messages)).toBe(messages.length);
    expect(await listed(admin)).toEqual({ [id]: null });
    for (const caller of [admin, stranger]) {
      expect(ok(await caller.get('/v1/compliance'))).toMatchObject({ data: [], summary: { participants: 0 } });
    }
  });

  test("are a worker's too: their screening is looked at with all whom they have served in thirty days", async () => {
    const { admin, organizationId, user } = await newTenant();
    const kai = await user('support_worker');
    const people = await Promise.all(Array.from({ length: 4 }, () => newParticipant(admin)));
    const [one = '', two = '', long = '', other = ''] = people.map(({ id }) => id);
    const serve = (participantId: string, days: number, by = kai) =>
      by.post('/v1/services', tenDollars(participantId, { serviceDate: addDays(TODAY, -days), notes: 'Cooked.' }));
    for (const answer of [
      await serve(one, 0),
      await serve(two, 29),
      await serve(long, 30),
      await serve(other, 0, admin),
    ])
      ok(answer);
    const looksAtShifts = async (id: string) => 'worker_screening' in lights(await complianceOf(admin, id));
    expect(await Promise.all([one, two, long, other].map(looksAtShifts))).toEqual([true, true, false, true]);
    const before = await listed(admin);
    const screeningCheck = { number: 'WSC0000001', status: 'cleared', expiresOn: addDays(TODAY, 400) };
    await vi.waitFor(() => expect(looks().length).toBeGreaterThan(3));
    await asksFor([{ workerId: kai.userId }], () => admin.patch(`/v1/users/${kai.userId}`, { screeningCheck }));
    expect(await listed(admin)).toEqual(before);
    const message = { type: 'compliance', organizationId, workerId: kai.userId };
    expect(await deliver(message, message)).toBe(2);
    const after = await listed(admin);
    expect([after[long], after[other]]).toEqual([before[long], before[other]]);
    for (const id of [one, two]) {
      expect(after[id]).toBeGreaterThan(before[id] ?? 100);
      expect((await complianceOf(admin, id)).score).toBe(after[id]);
    }
    await asksFor([], () => admin.patch(`/v1/users/${kai.userId}`, { phone: '02 5550 0101', screeningCheck }));
    await asksFor([{ workerId: kai.userId }], () =>
      admin.patch(`/v1/users/${kai.userId}`, { screeningCheck: { status: 'suspended' } }),
    );
    await deliver(message);
    expect(await listed(admin)).toEqual(before);
  });
});
