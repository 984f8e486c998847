import {
  createExecutionContext,
  createMessageBatch,
  runDurableObjectAlarm,
  runInDurableObject,
  waitOnExecutionContext,
} from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { app } from '../../../src/app.ts';
import { feedStub } from '../../../src/features/imports/feed-client.ts';
import { runJob } from '../../../src/features/jobs/run.ts';
import { ledgerStub } from '../../../src/features/ledger/client.ts';
import { timedAlarm } from '../../../src/features/metrics/events.ts';
import { roomStub } from '../../../src/features/room/client.ts';
import { newId } from '../../../src/ids.ts';
import { runJobs } from '../../../src/jobs.ts';
import { commonItems, newParticipant, tenDollars } from '../../support/workers/care.ts';
import { changedBy } from '../../support/workers/contract.ts';
import { announce, newDocument, PDF, PDF_TYPE, tokenOf } from '../../support/workers/documents.ts';
import { storedRun } from '../../support/workers/notices.ts';
import { storedImport } from '../../support/workers/samples.ts';
import { knock, listen, watch } from '../../support/workers/socket.ts';
import { hear } from '../../support/workers/talk.ts';
import { type Caller, type Json, newTenant, type Tenant } from '../../support/workers/tenant.ts';
import { signedMessage, signInNews } from '../../support/workers/webhooks.ts';

beforeAll(commonItems);
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const track = async (caller: Caller, metric: string, more: Json = {}): Promise<Json> => {
  const { status, body } = await caller.post('/v1/metrics', { metric, value: 1, ...more });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body;
};

describe("an organisation's own figures", () => {
  test('are kept as they were given, and listed newest first', async () => {
    const { admin } = await newTenant();
    const tags = { app: 'ios', attempts: 7, offline: true };
    const first = await track(admin, 'shift.sync.seconds', { value: -4.25, tags });
    const second = await track(admin, 'shift.sync.seconds', { value: 1e9 });
    expect(first).toMatchObject({ metric: 'shift.sync.seconds', value: -4.25, tags, userId: admin.userId });
    expect(second).toMatchObject({ value: 1e9, tags: {} });
    expect(Math.abs(Date.parse(first.at) - Date.now())).toBeLessThan(60_000);
    const { body } = await admin.get('/v1/metrics');
    expect(body).toEqual({ data: [second, first], nextCursor: null, connections: 0 });
  });

  test('are found by name, from an instant on and before another', async () => {
    const { admin } = await newTenant();
    const now = Date.now();
    const hours = (count: number) => new Date(now - count * 3_600_000).toISOString();
    vi.useFakeTimers({ toFake: ['Date'] });
    const made: Record<string, string> = {};
    for (const [count, metric] of [
      [3, 'sync'],
      [2, 'sync.failed'],
      [1, 'sync'],
    ] as const) {
      vi.setSystemTime(hours(count));
      made[count] = (await track(admin, metric)).id;
    }
    vi.setSystemTime(now);
    const found = async (query: Record<string, string>) => {
      const { status, body } = await admin.get(`/v1/metrics?${new URLSearchParams(query)}`);
      expect(status, JSON.stringify(body)).toBe(200);
      return body.data.map(({ id }: Json) => id);
    };
    expect(await found({})).toEqual([made[1], made[2], made[3]]);
    expect(await found({ metric: 'sync' })).toEqual([made[1], made[3]]);
    expect(await found({ metric: 'Sync' })).toEqual([]);
    expect(await found({ from: hours(2) }), 'that instant is within').toEqual([made[1], made[2]]);
    expect(await found({ to: hours(2) }), 'that instant is not').toEqual([made[3]]);
    expect(await found({ from: hours(2.5), to: hours(1.5) })).toEqual([made[2]]);
    expect(await found({ metric: 'sync', from: hours(2.5), to: hours(0) })).toEqual([made[1]]);
    expect(await found({ from: hours(1), to: hours(2) })).toEqual([]);
    const elsewhere = new Date(now - 2 * 3_600_000 + 10 * 3_600_000).toISOString().replace('Z', '+10:00');
    expect(await found({ from: elsewhere }), 'as another zone writes it').toEqual([made[1], made[2]]);
    for (const query of ['from=yesterday', 'to=2026-11-23', 'metric=%20', 'metric=']) {
      expect((await admin.get(`/v1/metrics?${query}`)).status, query).toBe(400);
    }
  });

  test('come in pages, each once', async () => {
    const { admin } = await newTenant();
    const made: string[] = [];
    for (let count = 0; count < 5; count++) {
      made.unshift((await track(admin, 'visits')).id);
      await track(admin, 'others');
    }
    const pages: string[][] = [];
    let cursor: string | null = '';
    while (cursor !== null && pages.length < 5) {
      const after: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const { body } = await admin.get(`/v1/metrics?metric=visits&limit=2${after}`);
      pages.push(body.data.map(({ id }: Json) => id));
      cursor = body.nextCursor;
    }
    expect(pages).toEqual([made.slice(0, 2), made.slice(2, 4), made.slice(4)]);
  });

  test('are nobody else’s, nor are the sockets that are open', async () => {
    const [own, other] = [await newTenant(), await newTenant()];
    await track(own.admin, 'visits');
    const ear = await hear(own.admin);
    expect((await own.admin.get('/v1/metrics')).body).toMatchObject({ data: [{ metric: 'visits' }], connections: 1 });
    expect((await other.admin.get('/v1/metrics')).body).toEqual({ data: [], nextCursor: null, connections: 0 });
    const second = await hear(own.admin);
    expect((await own.admin.get('/v1/metrics')).body.connections).toBe(2);
    for (const socket of [ear, second]) socket.close();
    await vi.waitFor(async () => expect((await own.admin.get('/v1/metrics')).body.connections).toBe(0));
  });

  test('are kept once under one key', async () => {
    const { admin } = await newTenant();
    const key = { 'idempotency-key': 'visit-1' };
    const body = { metric: 'visits', value: 3, tags: { app: 'ios' } };
    const answers = await Promise.all([1, 2, 3].map(() => admin.post('/v1/metrics', body, key)));
    const again = await admin.post('/v1/metrics', body, key);
    const made = [...answers, again].filter(({ status }) => status === 201);
    expect(made.length).toBeGreaterThanOrEqual(2);
    expect(new Set(made.map(({ body: metric }) => metric.id)).size).toBe(1);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect((await admin.post('/v1/metrics', { ...body, value: 4 }, key)).body.code).toBe('IDEMPOTENCY_KEY_REUSED');
    expect((await admin.get('/v1/metrics')).body.data).toHaveLength(1);
  });

  test.each<[string, Json]>([
    ['has no name', { value: 1 }],
    ['has a name with a blank', { metric: 'two words', value: 1 }],
    ['has a name that is too long', { metric: 'x'.repeat(101), value: 1 }],
    ['has no value', { metric: 'visits' }],
    ['is no number', { metric: 'visits', value: '1' }],
    ['has a tag that is a list', { metric: 'visits', value: 1, tags: { app: [] } }],
  ])('are refused, and nothing is kept, of what %s', async (_, body) => {
    const { admin } = await newTenant();
    const touched = await changedBy(async () => expect((await admin.post('/v1/metrics', body)).status).toBe(400));
    expect(touched).toEqual([]);
  });
});

/** A Worker that says what it does, and what it has said. */
function loud(more: Json = {}): {
  loudEnv: Env;
  lines: Json[];
  points: AnalyticsEngineDataPoint[];
  text: () => string;
} {
  const points: AnalyticsEngineDataPoint[] = [];
  const said: string[] = [];
  const lines: Json[] = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => {
    said.push(line);
    lines.push(JSON.parse(line));
  });
  for (const stream of ['error', 'warn', 'info', 'debug'] as const) {
    vi.spyOn(console, stream).mockImplementation((...words: unknown[]) => void said.push(words.map(String).join(' ')));
  }
  const METRICS = { writeDataPoint: (point: AnalyticsEngineDataPoint) => void points.push(point) };
  const loudEnv = { ...env, METRICS, EVENT_LOG: 'on', ...more } as unknown as Env;
  return { loudEnv, lines, points, text: () => [...said, JSON.stringify(points)].join('\n') };
}

interface Asking {
  token?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

/** Sends a request to a Worker with these bindings; what comes after the answer is done, too. */
async function ask(bindings: Env, where: string, { token, body, headers = {} }: Asking = {}): Promise<Response> {
  const [method = '', path = ''] = where.split(' ');
  const ctx = createExecutionContext();
  const content = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const request = new Request(`https://caddy.test${path}`, {
    method,
    headers: {
      ...(content === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(content === undefined ? {} : { body: content }),
  });
  const response = await app.fetch(request, bindings, ctx);
  await waitOnExecutionContext(ctx);
  return response;
}

function costOf(response: Response): Json {
  const found = /desc="trips=(\d+) read=(\d+) written=(\d+)"/.exec(response.headers.get('server-timing') ?? '');
  const [trips, rowsRead, rowsWritten] = (found ?? []).slice(1).map(Number);
  return { trips, rowsRead, rowsWritten };
}

const requests = (lines: readonly Json[]) => lines.filter(({ event }) => event === 'request');

/** D1 that fails for good at whatever names a table, and tells of it as D1 does. */
function failingAt(table: string, message: string): D1Database {
  return new Proxy(env.DB, {
    get(target, name) {
      if (name !== 'prepare') {
        const value = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      }
      return (sql: string) => {
        if (sql.includes(table)) throw new TypeError(`D1_ERROR: SQLITE_ERROR ${message}`);
        return target.prepare(sql);
      };
    },
  });
}

describe('a request', () => {
  test('is one line and one point: who asked, the route, the status and what it cost', async () => {
    const { admin, organizationId } = await newTenant();
    const { id } = await newParticipant(admin);
    const { loudEnv, lines, points } = loud();
    const { token, userId } = admin;
    const cases: [string, string, number, Asking][] = [
      ['GET /v1/me', 'GET /v1/me', 200, {}],
      [`GET /v1/participants/${id}`, 'GET /v1/participants/:id', 200, {}],
      ['GET /v1/participants?search=test&limit=1', 'GET /v1/participants', 200, {}],
      [`GET /v1/participants/${newId('par')}`, 'GET /v1/participants/:id', 404, {}],
      ['POST /v1/services', 'POST /v1/services', 201, { body: tenDollars(id) }],
      ['POST /v1/services', 'POST /v1/services', 400, { body: {} }],
      ['POST /v1/metrics', 'POST /v1/metrics', 400, { body: '{"metric":' }],
      [
        `PATCH /v1/participants/${id}`,
        'PATCH /v1/participants/:id',
        200,
        { body: { profile: { preferredName: 'Kit' } } },
      ],
    ];
    for (const [where, route, status, asking] of cases) {
      lines.splice(0);
      points.splice(0);
      const response = await ask(loudEnv, where, { token, ...asking });
      const requestId = response.headers.get('x-request-id');
      const { ms, ...line } = requests(lines)[0] ?? {};
      const cost = costOf(response);
      expect(line, where).toEqual({
        level: 'info',
        event: 'request',
        requestId,
        organizationId,
        userId,
        route,
        status,
        ...cost,
      });
      expect(ms).toBeGreaterThanOrEqual(0);
      expect(requests(lines)).toHaveLength(1);
      expect(points, where).toEqual([
        {
          indexes: [organizationId],
          blobs: ['request', requestId, organizationId, userId, route],
          doubles: [status, ms, cost.trips, cost.rowsRead, cost.rowsWritten],
        },
      ]);
      if (status < 300) expect(cost.trips, where).toBeGreaterThan(0);
    }
  });

  test('of nobody, or to nowhere, is one, too', async () => {
    const { loudEnv, lines } = loud();
    const cases: [string, string, number][] = [
      ['GET /healthz', 'GET /healthz', 200],
      ['GET /v1/me', 'GET /v1/me', 401],
      ['GET /v1/mia.nguyen@example.com', 'GET unknown', 401],
      ['GET /mia/nguyen', 'GET unknown', 404],
      ['DELETE /healthz', 'DELETE unknown', 404],
      ['GET /files/content/bm90.b3Vycw', 'GET /files/content/:token', 403],
      ['PUT /files/uploads/bm90.b3Vycw', 'PUT /files/uploads/:token', 403],
      ['POST /webhooks/clerk', 'POST /webhooks/clerk', 401],
    ];
    for (const [where, route, status] of cases) {
      lines.splice(0);
      const response = await ask(loudEnv, where, where.startsWith('P') ? { body: '{}' } : {});
      expect(requests(lines), where).toMatchObject([
        { route, status, organizationId: null, userId: null, ...costOf(response) },
      ]);
      expect(requests(lines)[0].requestId).toBe(response.headers.get('x-request-id'));
    }
  });

  test('for a socket is one, with the ticket nowhere in it', async () => {
    const { admin, organizationId } = await newTenant();
    const { ticket } = (await admin.post('/v1/live/tickets')).body;
    const { loudEnv, lines, points, text } = loud();
    const headers = { upgrade: 'websocket' };
    const response = await ask(loudEnv, `GET /v1/live?ticket=${ticket}`, { headers });
    response.webSocket?.accept();
    expect(requests(lines)).toMatchObject([
      { route: 'GET /v1/live', status: 101, organizationId, userId: admin.userId },
    ]);
    expect(points).toHaveLength(1);
    expect((await ask(loudEnv, `GET /v1/live?ticket=${ticket}`, { headers })).status).toBe(401);
    expect(text()).not.toContain(ticket);
    response.webSocket?.close(1000);
  });

  test('never leaves a word of what it carried, nor of whom it was about', async () => {
    const tenant = await newTenant();
    const { admin } = tenant;
    const known = await newParticipant(admin, {
      fields: {
        ndisNumber: '430999999',
        profile: { firstName: 'Zebulon', lastName: 'Quokka', dateOfBirth: '1991-02-03' },
      },
    });
    const documentId = await newDocument(admin, { title: 'Zebulon’s plan', participantId: known.id });
    const upload = tokenOf((await announce(admin)).upload.url);
    const link = tokenOf((await admin.post(`/v1/documents/${documentId}/links`)).body.url);
    const email = 'zebulon.quokka@example.com';
    const hiding = [
      'DB failed for Zebulon Quokka',
      `SELECT * FROM participants WHERE email = '${email}'`,
      'at 430999999',
    ];
    const { loudEnv, lines, text } = loud();
    const broken = { ...loudEnv, DB: failingAt('participant', hiding.join('\n')) };
    const person = {
      ndisNumber: '430999998',
      profile: {
        firstName: 'Zebulon',
        lastName: 'Quokka',
        dateOfBirth: '1991-02-03',
        contact: { email, phone: '0491570156' },
      },
    };
    const clerk = signedMessage('clerk', signInNews('user_zebulon', { type: 'user.created', email }));
    const { token } = admin;
    const carried: [string, Asking, Env?][] = [
      ['POST /v1/participants', { token, body: person, headers: { 'idempotency-key': 'zebulon-key' } }],
      ['POST /v1/participants', { token, body: JSON.stringify(person).slice(0, -5) }],
      ['POST /v1/participants', { token, body: { ...person, zebulonKey: 'Quokka' } }],
      [`PATCH /v1/participants/${known.id}`, { token, body: { profile: { firstName: 'Zebulon II' } } }],
      ['GET /v1/participants?search=Zebulon%20Quokka', { token, headers: { 'user-agent': `Zebulon ${email}` } }],
      [`GET /v1/users/${email}`, { token }],
      [`GET /v1/zebulon/${email}?ndisNumber=430999999`, { token }],
      [`GET /zebulon/430999999`, { token }],
      [`POST /v1/services`, { token, body: tenDollars(known.id, { notes: 'Zebulon went well.' }) }],
      ['POST /v1/metrics', { token, body: { metric: 'zebulon', value: 1, tags: { who: email } } }],
      [`PUT /files/uploads/${upload}`, { body: PDF, headers: PDF_TYPE }],
      [`GET /files/content/${link}?name=zebulon`, {}],
      ['GET /v1/me', { token: `${token}x` }],
      ['POST /webhooks/clerk', clerk],
      ['POST /webhooks/clerk', { ...clerk, headers: { ...clerk.headers, 'svix-signature': 'v1,zebulon' } }],
      ['GET /v1/participants?search=Quokka', { token }, broken],
      ['POST /v1/participants', { token, body: person }, broken],
    ];
    const statuses: number[] = [];
    for (const [where, asking, bindings = loudEnv] of carried)
      statuses.push((await ask(bindings, where, asking)).status);
    expect(statuses).toEqual([201, 400, 400, 200, 200, 404, 404, 404, 201, 201, 200, 200, 401, 200, 401, 500, 500]);
    expect(requests(lines)).toHaveLength(carried.length);
    const secrets = [
      'zebulon',
      'quokka',
      '43099999',
      '1991',
      '0491570156',
      'went well',
      token,
      upload,
      link,
      'bearer',
      'select',
      'insert',
      'svix',
    ];
    const all = text().toLowerCase();
    expect(secrets.filter((secret) => all.includes(secret.toLowerCase()))).toEqual([]);
    expect(all).not.toMatch(/[\w.]+@[\w.]+/);
    // What it says instead.
    expect(lines.filter(({ event }) => event === 'error')).toHaveLength(2);
  });

  test('that fails on our side is noted among the errors of its organisation, and of no other', async () => {
    const [own, other] = [await newTenant(), await newTenant()];
    const { loudEnv, lines } = loud();
    const broken = { ...loudEnv, DB: failingAt('participant', 'broken') };
    const failed = await ask(broken, 'GET /v1/participants?search=mia', { token: own.admin.token });
    const requestId = failed.headers.get('x-request-id');
    expect(failed.status).toBe(500);
    expect(lines.filter(({ event }) => event === 'error')).toEqual([
      {
        level: 'info',
        event: 'error',
        requestId,
        organizationId: own.organizationId,
        route: 'GET /v1/participants',
        code: 'INTERNAL',
      },
    ]);
    const { data } = (await own.admin.get('/v1/metrics?metric=errors')).body;
    expect(data).toMatchObject([
      { metric: 'errors', value: 1, userId: null, tags: { route: 'GET /v1/participants', requestId } },
    ]);
    expect((await other.admin.get('/v1/metrics?metric=errors')).body.data).toEqual([]);
    // A refusal is no error of ours.
    await ask(loudEnv, `GET /v1/participants/${newId('par')}`, { token: own.admin.token });
    await ask(loudEnv, 'POST /v1/metrics', { token: own.admin.token, body: {} });
    expect((await own.admin.get('/v1/metrics')).body.data).toHaveLength(1);
  });

  test('is answered as ever when it cannot be counted, or its error not be noted', async () => {
    const { admin } = await newTenant();
    const writeDataPoint = () => {
      throw new Error('no dataset');
    };
    const { token } = admin;
    for (const METRICS of [{ writeDataPoint }, undefined]) {
      const { loudEnv, lines } = loud({ METRICS });
      const created = await ask(loudEnv, 'POST /v1/metrics', { token, body: { metric: 'visits', value: 1 } });
      expect(created.status).toBe(201);
      expect(requests(lines), 'its line is there').toHaveLength(1);
      expect(created.headers.get('x-request-id')).toMatch(/^[\w-]{36}$/);
      expect(costOf(created).trips).toBeGreaterThan(0);
    }
    expect((await admin.get('/v1/metrics')).body.data).toHaveLength(2);
    const { loudEnv } = loud();
    const broken = { ...loudEnv, DB: failingAt('metrics', 'broken') };
    const failed = await ask(broken, 'GET /v1/metrics', { token });
    expect([failed.status, ((await failed.json()) as Json).code]).toEqual([500, 'INTERNAL']);
  });

  test('is counted without a line where the log is off', async () => {
    const { admin } = await newTenant();
    const { loudEnv, lines, points } = loud({ EVENT_LOG: 'off' });
    await ask(loudEnv, 'GET /v1/me', { token: admin.token });
    expect([lines.length, points.length]).toEqual([0, 1]);
  });
});

describe('work without a request', () => {
  test('in a queue is an event for each message: done, to come again, or dead', async () => {
    const { admin, organizationId } = await newTenant();
    const { id } = await newParticipant(admin);
    const { loudEnv, lines, points, text } = loud();
    // The object's own error, which is not tried again at once.
    const refused = () => Promise.reject(Object.assign(new Error('Mia Nguyen'), { remote: true }));
    const unreachable = {
      ...loudEnv,
      PARTICIPANT_LEDGER: { idFromName: () => 'id', get: () => ({ poke: refused }) },
    } as unknown as Env;
    const message = (body: unknown) => ({ id: crypto.randomUUID(), timestamp: new Date(), attempts: 3, body });
    const poke = { type: 'ledger.poke', organizationId, participantId: id };
    const run = (queue: string, body: unknown, bindings = loudEnv) =>
      runJobs(createMessageBatch(queue, [message(body)]), bindings);
    await run('caddy-jobs', poke);
    await run('caddy-jobs', { type: 'ledger.poke', organizationId: 'o', participantId: 'p' }, unreachable);
    await run('caddy-jobs', { type: 'mia@example.com', name: 'Mia Nguyen' });
    await run('caddy-jobs-dead', { type: 'job.run', runId: newId('run') });
    await run('caddy-emails', { emailId: newId('eml') });
    const told = lines.map(({ ms, ...line }) => ({ ...line, isTimed: ms >= 0 }));
    const common = { level: 'info', event: 'queue', attempts: 3, isTimed: true };
    expect(told).toEqual([
      { ...common, queue: 'caddy-jobs', type: 'ledger.poke', outcome: 'done' },
      { ...common, queue: 'caddy-jobs', type: 'ledger.poke', outcome: 'again' },
      { ...common, queue: 'caddy-jobs', type: 'unknown', outcome: 'dead' },
      { ...common, queue: 'caddy-jobs-dead', type: 'job.run', outcome: 'dead' },
      { ...common, queue: 'caddy-emails', type: 'email', outcome: 'done' },
    ]);
    expect(points.map(({ blobs }) => blobs)).toEqual(
      told.map(({ queue, type, outcome }) => ['queue', queue, type, outcome]),
    );
    expect(text()).not.toMatch(/mia/i);
  });

  test('of a job is an event with what it cost, once', async () => {
    const tenant = await newTenant();
    await newParticipant(tenant.admin);
    const runId = await storedRun(tenant, 0);
    const { loudEnv, lines } = loud();
    await runJob(loudEnv, { runId });
    await runJob(loudEnv, { runId });
    const { organizationId } = tenant;
    expect(lines).toMatchObject([{ event: 'job', job: 'daily-budget-check', runId, organizationId }]);
    const [{ ms, trips, rowsRead, rowsWritten }] = lines;
    expect([ms >= 0, trips > 1, rowsRead > 0, rowsWritten > 0]).toEqual([true, true, true, true]);
  });

  /** Has an object say what it does. */
  const listenTo = (stub: DurableObjectStub, bindings: Env) =>
    runInDurableObject(stub, (instance) => {
      Object.assign(instance, { env: bindings });
    });

  const rooms: [
    string,
    (tenant: Tenant) => Promise<{ stub: DurableObjectStub; open: () => Promise<{ close: () => void }> }>,
  ][] = [
    ['room', async ({ admin, organizationId }) => ({ stub: roomStub(env, organizationId), open: () => hear(admin) })],
    [
      'ledger',
      async ({ admin, organizationId }) => {
        const { id } = await newParticipant(admin);
        return { stub: ledgerStub(env, { organizationId, participantId: id }), open: () => watch(admin, id) };
      },
    ],
    [
      'import',
      async (tenant) => {
        const { admin, organizationId } = tenant;
        const importId = await storedImport(tenant, { status: 'queued' });
        const open = async () => {
          const opening = await knock(`/v1/imports/${importId}/live`, { authorization: `Bearer ${admin.token}` });
          if (!opening.socket) throw new Error(JSON.stringify(opening.body));
          return listen(opening.socket);
        };
        return { stub: feedStub(env, { organizationId, importId }), open };
      },
    ],
  ];

  test.each(rooms)(
    'in a %s is an event for each socket that opens or closes, and for each alarm',
    async (object, make) => {
      const { stub, open } = await make(await newTenant());
      const { loudEnv, lines } = loud();
      await listenTo(stub, loudEnv);
      const [first, second] = [await open(), await open()];
      expect(await runDurableObjectAlarm(stub)).toBe(true);
      second.close();
      await vi.waitFor(() => expect(lines).toHaveLength(4));
      first.close();
      await vi.waitFor(() => expect(lines).toHaveLength(5));
      const socket = { level: 'info', event: 'socket', object };
      expect(lines.map(({ ms: _, ...line }) => line)).toEqual([
        { ...socket, change: 'opened', open: 1 },
        { ...socket, change: 'opened', open: 2 },
        { level: 'info', event: 'alarm', object, outcome: 'done' },
        { ...socket, change: 'closed', open: 1 },
        { ...socket, change: 'closed', open: 0 },
      ]);
    },
  );

  test('of an alarm that fails is an event, and fails as before', async () => {
    const { loudEnv, lines, text } = loud();
    const work = () => Promise.reject(new Error('Mia Nguyen'));
    await expect(timedAlarm(loudEnv, { object: 'room', work })).rejects.toThrow('Mia Nguyen');
    expect(lines).toMatchObject([{ event: 'alarm', object: 'room', outcome: 'failed' }]);
    expect(text()).not.toContain('Mia');
  });
});
