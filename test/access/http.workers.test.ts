import { beforeAll, describe, expect, test } from 'vitest';
import { commonItems } from '../support/workers/care.ts';
import {
  changedBy,
  few,
  misfits,
  type Operation,
  operations,
  signedIn,
  takesHeader,
} from '../support/workers/contract.ts';
import {
  address,
  ask,
  effective,
  granted,
  newWorld,
  type Sample,
  sampleOf,
  type World,
} from '../support/workers/samples.ts';
import { type Answer, send } from '../support/workers/tenant.ts';

let world: World;

beforeAll(async () => {
  await commonItems();
  world = await newWorld();
});

const operationOf = (key: string): Operation => {
  const operation = operations.find((candidate) => candidate.key === key);
  if (!operation) throw new Error(`no operation ${key}`);
  return operation;
};

/** An answer of every kind: each operation granted, refused for want of a token, and with a broken body. */
async function everyKind(operation: Operation): Promise<Answer[]> {
  const sample = sampleOf(operation, world);
  return [
    await ask(world.admin, operation, sample),
    await ask({ request: send }, operation, sample),
    await ask(world.admin, operation, { ...sample, body: operation.body ? '{' : undefined }),
  ];
}

describe('an unknown route', () => {
  const PATHS = [
    '/',
    '/v1x',
    '/v2/me',
    '/v1',
    '/v1/',
    '/v1/nope',
    '/v1/me/',
    '/v1/participants/x/y/z',
    '//v1/me',
    '/V1/me',
  ];

  test.each(PATHS)('%s is NOT_FOUND for whoever is signed in', async (path) => {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      const body = method === 'GET' ? undefined : {};
      const answer = await world.admin.request(method, path, { body });
      expect(misfits(answer, { status: 404, code: 'NOT_FOUND' }), method).toEqual([]);
    }
  });

  test('outside /v1 needs no token to be NOT_FOUND', async () => {
    for (const path of ['/', '/nope', '/healthz/x', '/openapi.yaml', '/favicon.ico', '/v2/me']) {
      expect(misfits(await send('GET', path), { status: 404, code: 'NOT_FOUND' }), path).toEqual([]);
    }
  });

  test('tells nothing of /v1 to who is not signed in', async () => {
    const answer = await send('GET', '/v1/nope');
    expect(misfits(answer, { status: 401, code: 'UNAUTHENTICATED' })).toEqual([]);
  });

  test('is a method that a path does not have, as well', async () => {
    for (const path of new Set(signedIn.map((operation) => operation.path))) {
      const methods = operations.filter((operation) => operation.path === path).map(({ method }) => method);
      const [operation] = operations.filter((one) => one.path === path);
      if (!operation) continue;
      const concrete = address(operation, sampleOf(operation, world));
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'].filter((one) => !methods.includes(one))) {
        const answer = await world.admin.request(method, concrete, { body: {} });
        expect(misfits(answer, { status: 404, code: 'NOT_FOUND' }), `${method} ${path}`).toEqual([]);
      }
    }
  });
});

describe('every answer', () => {
  test.each(operations)('of $key has a request id of its own, is private and is not sniffed', async (operation) => {
    const answers = await everyKind(operation);
    const ids = answers.map(({ headers }) => headers.get('x-request-id') ?? '');
    for (const id of ids) expect(id).toMatch(/^[\w-]{20,}$/);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { headers } of answers) {
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cache-control')).toMatch(operation.path === '/openapi.json' ? /public/ : /private|no-store/);
    }
  });

  test.each(operations)('of $key says what it cost', async (operation) => {
    for (const { headers } of await everyKind(operation)) {
      expect(headers.get('server-timing')).toMatch(
        /^app;dur=\d+(\.\d+)?, d1;dur=\d+(\.\d+)?;desc="trips=\d+ read=\d+ written=\d+"$/,
      );
    }
  });

  test('counts the round trips and rows of the objects that it called', async () => {
    const cost = async (key: string) => {
      const answer = await ask(world.admin, operationOf(key), sampleOf(operationOf(key), world));
      const [, trips, read, written] =
        /trips=(\d+) read=(\d+) written=(\d+)/.exec(answer.headers.get('server-timing') ?? '')?.map(Number) ?? [];
      return { trips, read, written };
    };
    expect(await cost('GET /healthz')).toEqual({ trips: 0, read: 0, written: 0 });
    expect((await cost('GET /readyz')).trips).toBe(1);
    const recorded = await cost('POST /v1/services');
    expect(recorded.trips).toBeGreaterThan(0);
    expect(recorded.written).toBeGreaterThan(2);
    expect((await cost('POST /v1/services/quote')).written).toBe(0);
  });

  /** Answers that are no JSON; of a file that is sent as it is, what it is documented as, and what the sample's is. */
  const OTHER_TYPES: Record<string, [documented: string, sent: string]> = {
    'GET /v1/imports/{id}/errors.csv': ['text/csv', 'text/csv'],
    'GET /v1/emails/{id}/html': ['text/html', 'text/html'],
    'GET /v1/documents/{id}/content': ['application/octet-stream', 'application/pdf'],
    'GET /files/content/{token}': ['application/octet-stream', 'application/pdf'],
  };

  test.each(operations)('of $key is of the documented status and type', async (operation) => {
    const sample = await effective(operation, world);
    const answer = await ask(world.admin, operation, sample);
    expect(granted(operation, sample, answer.status)).toBe(true);
    if (answer.status >= 300) return;
    const [documented, sent] = OTHER_TYPES[operation.key] ?? ['application/json', 'application/json'];
    expect(Object.keys(operation.document.responses[answer.status].content)).toEqual([documented]);
    expect(answer.headers.get('content-type')?.split(';')[0]).toBe(sent);
  });

  test('to HEAD is that to GET without its body', async () => {
    for (const path of ['/healthz', '/v1/organization']) {
      const head = await world.admin.request('HEAD', path);
      expect(head.status).toBe(200);
      expect(head.body).toBeNull();
      expect(head.headers.get('x-request-id')).toBeTruthy();
    }
    expect((await send('HEAD', '/v1/me')).status).toBe(401);
  });
});

describe('cross-origin requests', () => {
  const OURS = { origin: 'https://app.caddy.test' };
  const OTHERS = [
    'https://evil.test',
    'http://app.caddy.test',
    'https://app.caddy.test.evil.test',
    'null',
    'https://app.caddy.test:8443',
  ];
  const ALLOW = 'access-control-allow-origin';

  test.each(signedIn)('may be made to $key from the allowed origin', async (operation) => {
    const path = address(operation, sampleOf(operation, world));
    const preflight = await send('OPTIONS', path, {
      headers: {
        ...OURS,
        'access-control-request-method': operation.method,
        'access-control-request-headers': 'authorization,content-type,idempotency-key,if-match,if-none-match',
      },
    });
    expect(preflight.status).toBeLessThan(300);
    expect(preflight.headers.get(ALLOW)).toBe(OURS.origin);
    expect(preflight.headers.get('access-control-allow-methods')).toContain(operation.method);
    const allowed = preflight.headers.get('access-control-allow-headers')?.toLowerCase();
    for (const name of ['authorization', 'content-type', 'idempotency-key', 'if-match', 'if-none-match']) {
      expect(allowed).toContain(name);
    }
    expect(preflight.headers.get('access-control-allow-credentials')).toBeNull();
  });

  test('show the page their answers, refusals too, and the headers that it needs', async () => {
    for (const answer of [
      await world.admin.get('/v1/me', OURS),
      await send('GET', '/v1/me', { headers: OURS }),
      await world.admin.get('/v1/nope', OURS),
      await world.admin.post('/v1/services', '{', OURS),
      await world.admin.post('/v1/services', 'x', { ...OURS, 'content-type': 'text/plain' }),
      await world.admin.get('/v1/participants?limit=0', OURS),
    ]) {
      expect(answer.headers.get(ALLOW), String(answer.status)).toBe(OURS.origin);
      const exposed = answer.headers.get('access-control-expose-headers')?.toLowerCase();
      for (const name of ['etag', 'location', 'x-request-id', 'idempotent-replayed', 'retry-after']) {
        expect(exposed).toContain(name);
      }
      expect(answer.headers.get('vary')?.toLowerCase()).toContain('origin');
    }
  });

  test.each(OTHERS)('are shown nothing from %s', async (origin) => {
    const preflight = await send('OPTIONS', '/v1/me', { headers: { origin, 'access-control-request-method': 'GET' } });
    expect(preflight.headers.get(ALLOW)).toBeNull();
    for (const answer of [
      await world.admin.get('/v1/me', { origin }),
      await send('GET', '/v1/me', { headers: { origin } }),
    ]) {
      expect(answer.headers.get(ALLOW)).toBeNull();
    }
  });

  test('vary by origin when there is none as well, so that a cache keeps them apart', async () => {
    const answer = await world.admin.get('/v1/me');
    expect(answer.headers.get(ALLOW)).toBeNull();
  });

  const files = operations.filter(({ path }) => path.startsWith('/files/'));
  test.each(files)('may be made to $key from anywhere: its address is the credential', async (operation) => {
    const sample = sampleOf(operation, world);
    for (const { origin } of [OURS, ...OTHERS.map((other) => ({ origin: other }))]) {
      const preflight = await send('OPTIONS', address(operation, sample), {
        headers: {
          origin,
          'access-control-request-method': operation.method,
          'access-control-request-headers': 'content-type',
        },
      });
      expect(preflight.status).toBeLessThan(300);
      expect(preflight.headers.get('access-control-allow-methods')).toContain(operation.method);
      expect(preflight.headers.get('access-control-allow-headers')?.toLowerCase()).toContain('content-type');
      const answer = await ask({ request: send }, operation, sample, { origin });
      for (const { headers } of [preflight, answer]) {
        expect(headers.get(ALLOW)).toBe('*');
        expect(headers.get('access-control-allow-credentials')).toBeNull();
      }
    }
  });

  const messages = operations.filter(({ message }) => message !== null);
  test.each(messages)('may not be made to $key: no page sends what another service signs', async (operation) => {
    const sample = sampleOf(operation, world);
    for (const { origin } of [OURS, ...OTHERS.map((other) => ({ origin: other }))]) {
      const preflight = await send('OPTIONS', address(operation, sample), {
        headers: { origin, 'access-control-request-method': operation.method },
      });
      const answer = await ask({ request: send }, operation, sample, { origin });
      expect([preflight, answer].map(({ headers }) => headers.get(ALLOW))).toEqual([null, null]);
    }
  });

  test('open a socket from no other origin', async () => {
    const operation = operationOf('GET /v1/participants/{id}/budgets/live');
    const headers = { upgrade: 'websocket', origin: 'https://evil.test' };
    const answer = await ask(world.admin, operation, sampleOf(operation, world), headers);
    expect(misfits(answer, { status: 403, code: 'FORBIDDEN' })).toEqual([]);
  });
});

describe('an ETag', () => {
  const readable = operations.filter((operation) => takesHeader(operation, 'If-None-Match'));
  const editable = operations.filter((operation) => takesHeader(operation, 'If-Match'));

  test('is documented for every single resource of the organisation', () => {
    const single = signedIn.filter(({ method, path }) => method === 'GET' && /[iI]d\}$/.test(path));
    expect(readable.map(({ key }) => key)).toEqual(
      expect.arrayContaining([...single.map(({ key }) => key), 'GET /v1/organization', 'GET /v1/me']),
    );
  });

  test.each(readable)('of $key answers 304 to whoever has it, and the whole to others', async (operation) => {
    const sample = sampleOf(operation, world);
    const read = (tag: string) => ask(world.admin, operation, sample, { 'if-none-match': tag });
    const first = await ask(world.admin, operation, sample);
    const tag = first.headers.get('etag') ?? '';
    expect(tag).toMatch(/^(W\/)?"[^"]+"$/);
    for (const known of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
      const unchanged = await read(known);
      expect(unchanged.status, known).toBe(304);
      expect(unchanged.body).toBeNull();
      expect(unchanged.headers.get('etag')).toBe(tag);
      expect(unchanged.headers.get('x-request-id')).toBeTruthy();
    }
    for (const other of ['"other"', '"0"', tag.replaceAll('"', '')]) {
      const whole = await read(other);
      expect(whole.status, other).toBe(200);
      expect(whole.body).toEqual(first.body);
    }
  });

  /** The GET beside a changing operation. */
  const beside = (operation: Operation) => operationOf(`GET ${operation.path}`);

  /** What nobody brings back. */
  const FINAL = ['DELETE /v1/threads/{id}/messages/{messageId}'];
  /** After these there is nothing to read or to change any more, until it is restored if it can be. */
  const CLOSING = ['DELETE /v1/documents/{id}', ...FINAL];
  const GONE = { status: 404, code: 'NOT_FOUND' };
  const STALE = { status: 412, code: 'STALE' };

  test.each(editable)('of old is STALE for $key; the present one is taken once', async (operation) => {
    const read = beside(operation);
    const { params } = await effective(operation, world);
    const change = (ifMatch: string) =>
      ask(world.admin, operation, { ...sampleOf(operation, world), params } as Sample, { 'if-match': ifMatch });
    const before = await ask(world.admin, read, { params } as Sample);
    const tag = before.headers.get('etag') ?? '';
    let stale: Answer | undefined;
    const changed = await changedBy(async () => {
      stale = await change('"0"');
    });
    if (!stale) throw new Error('no answer');
    expect(misfits(stale, STALE)).toEqual([]);
    expect(changed).toEqual([]);

    const done = await change(`"0", ${tag}`);
    expect(done.status, JSON.stringify(done.body)).toBe(200);
    const after = await ask(world.admin, read, { params } as Sample);
    if (CLOSING.includes(operation.key)) {
      expect(done.headers.get('etag')).not.toBe(tag);
      expect(misfits(after, GONE)).toEqual([]);
      if (!FINAL.includes(operation.key)) await effective(operation, world);
    } else {
      expect(after.headers.get('etag')).not.toBe(tag);
      expect(done.headers.get('etag')).toBe(after.headers.get('etag'));
      expect(done.body).toEqual(after.body);
    }

    const isGone = FINAL.includes(operation.key);
    expect(misfits(await change(tag), isGone ? GONE : STALE)).toEqual([]);
    expect((await change('*')).status).toBe(isGone ? GONE.status : 200);
  });

  test.each(editable)('that five send at once to $key is taken once', async (operation) => {
    const { params } = await effective(operation, world);
    const tag = (await ask(world.admin, beside(operation), { params } as Sample)).headers.get('etag') ?? '';
    const answers = await few([1, 2, 3, 4, 5], () =>
      ask(world.admin, operation, { ...sampleOf(operation, world), params } as Sample, { 'if-match': tag }),
    );
    const late = CLOSING.includes(operation.key) ? GONE.status : 412;
    expect(answers.map(({ status }) => status).sort()).toEqual([200, late, late, late, late]);
  });

  test('of an archived participant still answers 412 before anything else is done', async () => {
    await world.admin.delete(`/v1/participants/${world.spareId}`, { reason: 'Moved' });
    const again = await world.admin.delete(
      `/v1/participants/${world.spareId}`,
      { reason: 'Moved' },
      { 'if-match': '"0"' },
    );
    expect(misfits(again, { status: 412, code: 'STALE' })).toEqual([]);
  });

  test('does not move when only derived figures do', async () => {
    const tags = async () => {
      const paths = [
        `/v1/budgets/${world.budgetId}`,
        `/v1/plans/${world.planId}`,
        `/v1/participants/${world.participantId}`,
      ];
      return Promise.all(paths.map(async (path) => (await world.admin.get(path)).headers.get('etag')));
    };
    const before = await tags();
    const service = operationOf('POST /v1/services');
    expect((await ask(world.admin, service, sampleOf(service, world))).status).toBe(201);
    expect(await tags()).toEqual(before);
  });
});

describe('what is created', () => {
  /** 201, and 202 for what is there and not yet worked off. */
  const CREATED = [201, 202];
  const creators = operations.filter(({ document }) =>
    CREATED.some((status) => document.responses[status]?.headers?.Location),
  );

  /** A version is read among its document's, a figure among the others; a ticket and a link are nothing that is kept. */
  const WITHOUT_ADDRESS = [
    'POST /v1/live/tickets',
    'POST /v1/documents/{id}/versions',
    'POST /v1/documents/{id}/links',
    'POST /v1/metrics',
  ];
  /** What is found only where it was made. */
  const INSIDE = ['POST /v1/threads/{id}/messages'];
  /** What is answered with something else beside it, under this name, and so without its ETag. */
  const BESIDE: Record<string, string> = { 'POST /v1/documents': 'document' };

  test('has a Location wherever it has an address', () => {
    const created = operations.filter(
      ({ successes, key }) => CREATED.some((status) => successes.includes(status)) && !WITHOUT_ADDRESS.includes(key),
    );
    expect(creators.map(({ key }) => key)).toEqual(created.map(({ key }) => key));
  });

  test.each(creators)('by $key is found at its Location, the same and with the same ETag', async (operation) => {
    for (const kind of ['body', 'full'] as const) {
      const sample = sampleOf(operation, world);
      const created = await ask(world.admin, operation, { ...sample, body: sample[kind] ?? sample.body });
      expect(operation.successes, JSON.stringify(created.body)).toEqual([created.status]);
      expect(CREATED).toContain(created.status);
      const name = BESIDE[operation.key];
      const body = name === undefined ? created.body : created.body[name];
      const location = created.headers.get('location') ?? '';
      const place = INSIDE.includes(operation.key) ? address(operation, sample) : `/v1/${location.split('/')[2]}`;
      expect(location).toBe(`${place}/${body.id}`);
      const found = await world.admin.get(location);
      expect(found.status).toBe(200);
      expect({ warnings: body.warnings, ...found.body }).toEqual(body);
      // What is worked off afterwards is soon another revision.
      const tag = created.status === 201 && name === undefined ? found.headers.get('etag') : null;
      expect(created.headers.get('etag')).toBe(tag);
    }
  });

  test('and then changed by a POST answers what GET would', async () => {
    const changers = [
      { key: 'POST /v1/users/{id}/clear-bounce', tagged: true },
      { key: 'POST /v1/participants/{id}/restore', tagged: true },
      { key: 'POST /v1/services/{id}/cancel', tagged: true },
      { key: 'POST /v1/imports/{id}/cancel', tagged: true },
      { key: 'POST /v1/documents/{id}/restore', tagged: true },
      { key: 'POST /v1/documents/{id}/confirm', tagged: true },
      { key: 'POST /v1/threads/{id}/read', tagged: false },
    ];
    for (const { key, tagged } of changers) {
      const operation = operationOf(key);
      const sample = await effective(operation, world);
      const changed = await ask(world.admin, operation, sample);
      const found = await world.admin.get(address(operation, sample).replace(/\/[\w-]+(?:\?.*)?$/, ''));
      expect(changed.body).toEqual(found.body);
      expect(changed.headers.get('etag')).toBe(tagged ? found.headers.get('etag') : null);
    }
  });
});
