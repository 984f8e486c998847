import { env } from 'cloudflare:workers';
import { exportSPKI, generateKeyPair, importJWK, SignJWT, UnsecuredJWT } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { app } from '../../src/app.ts';
import { commonItems, planBody } from '../support/workers/care.ts';
import {
  at,
  changedBy,
  few,
  fieldsOf,
  lists,
  misfits,
  type Operation,
  openApi,
  operations,
  queryParameters,
  signedIn,
} from '../support/workers/contract.ts';
import {
  address,
  ask,
  counterpart,
  effective,
  fullBody,
  granted,
  idPaths,
  isTypeId,
  newWorld,
  SAMPLES,
  type Sample,
  sampleOf,
  unknownId,
  type World,
  withIds,
} from '../support/workers/samples.ts';
import { type Answer, type Caller, caller, type Json, send, token } from '../support/workers/tenant.ts';

/** `api.md` §2, Roles: the routes. A new route is added here by hand, from the contract and not from the code. */
const PERMISSION_OF: Record<string, string> = {
  'GET /healthz': 'public',
  'GET /readyz': 'public',
  'GET /openapi.json': 'public',
  'GET /v1/me': 'authenticated',
  'PATCH /v1/me': 'authenticated',
  'GET /v1/organization': 'authenticated',
  'PATCH /v1/organization': 'organization.write',
  'GET /v1/users': 'users.read',
  'POST /v1/users': 'users.write',
  'GET /v1/users/{id}': 'users.read',
  'PATCH /v1/users/{id}': 'users.write',
  'POST /v1/users/{id}/clear-bounce': 'users.write',
  'GET /v1/participants': 'participants.read',
  'POST /v1/participants': 'participants.write',
  'GET /v1/participants/{id}': 'participants.read',
  'PATCH /v1/participants/{id}': 'participants.write',
  'DELETE /v1/participants/{id}': 'participants.write',
  'POST /v1/participants/{id}/restore': 'participants.write',
  'GET /v1/participants/{id}/plans': 'budgets.read',
  'POST /v1/participants/{id}/plans': 'budgets.write',
  'GET /v1/participants/{id}/budgets': 'budgets.read',
  'GET /v1/participants/{id}/budgets/live': 'budgets.read',
  'GET /v1/plans/{id}': 'budgets.read',
  'PATCH /v1/plans/{id}': 'budgets.write',
  'POST /v1/plans/{id}/budgets': 'budgets.write',
  'GET /v1/budgets/{id}': 'budgets.read',
  'PATCH /v1/budgets/{id}': 'budgets.write',
  'GET /v1/budgets/{id}/entries': 'budgets.read',
  'GET /v1/support-items': 'authenticated',
  'GET /v1/support-items/{code}': 'authenticated',
  'GET /v1/services': 'services.read',
  'POST /v1/services': 'services.write',
  'POST /v1/services/quote': 'services.read',
  'GET /v1/services/{id}': 'services.read',
  'PATCH /v1/services/{id}': 'services.write',
  'POST /v1/services/{id}/cancel': 'services.write',
  'GET /v1/threads': 'messages.read',
  'POST /v1/threads': 'messages.write',
  'GET /v1/threads/live': 'messages.read',
  'GET /v1/threads/{id}': 'messages.read',
  'PATCH /v1/threads/{id}': 'messages.write',
  'POST /v1/threads/{id}/read': 'messages.read',
  'GET /v1/threads/{id}/messages': 'messages.read',
  'POST /v1/threads/{id}/messages': 'messages.write',
  'GET /v1/threads/{id}/messages/{messageId}': 'messages.read',
  'PATCH /v1/threads/{id}/messages/{messageId}': 'messages.write',
  'DELETE /v1/threads/{id}/messages/{messageId}': 'messages.write',
  'GET /v1/alerts': 'alerts.read',
  'GET /v1/alerts/{id}': 'alerts.read',
  'POST /v1/alerts/{id}/acknowledge': 'alerts.write',
  'POST /v1/alerts/{id}/resolve': 'alerts.write',
  'GET /v1/incidents': 'participants.read',
  'POST /v1/incidents': 'participants.write',
  'GET /v1/incidents/{id}': 'participants.read',
  'PATCH /v1/incidents/{id}': 'participants.write',
  'GET /v1/compliance': 'participants.read',
  'GET /v1/participants/{id}/compliance': 'participants.read',
  'GET /v1/dashboard': 'services.read',
  'GET /v1/metrics': 'metrics.read',
  'POST /v1/metrics': 'metrics.read',
  'GET /v1/jobs': 'metrics.read',
  'GET /v1/emails': 'metrics.read',
  'GET /v1/emails/{id}': 'metrics.read',
  'GET /v1/emails/{id}/html': 'metrics.read',
  'GET /v1/live': 'authenticated',
  'GET /v1/presence': 'authenticated',
  'GET /v1/audit-logs': 'audit.read',
  'POST /v1/live/tickets': 'authenticated',
  'POST /v1/imports/preview': 'imports.write',
  'POST /v1/imports': 'imports.write',
  'GET /v1/imports': 'imports.read',
  'GET /v1/imports/{id}': 'imports.read',
  'GET /v1/imports/{id}/rows': 'imports.read',
  'GET /v1/imports/{id}/errors.csv': 'imports.read',
  'POST /v1/imports/{id}/cancel': 'imports.write',
  'GET /v1/imports/{id}/live': 'imports.read',
  'GET /v1/documents': 'documents.read',
  'POST /v1/documents': 'documents.write',
  'GET /v1/documents/{id}': 'documents.read',
  'PATCH /v1/documents/{id}': 'documents.write',
  'DELETE /v1/documents/{id}': 'documents.write',
  'POST /v1/documents/{id}/restore': 'documents.write',
  'GET /v1/documents/{id}/upload': 'documents.write',
  'POST /v1/documents/{id}/confirm': 'documents.write',
  'GET /v1/documents/{id}/versions': 'documents.read',
  'POST /v1/documents/{id}/versions': 'documents.write',
  'GET /v1/documents/{id}/content': 'documents.read',
  'POST /v1/documents/{id}/links': 'documents.read',
  'PUT /files/uploads/{token}': 'public',
  'PUT /files/parts/{token}': 'public',
  'POST /files/complete/{token}': 'public',
  'GET /files/content/{token}': 'public',
  'POST /webhooks/resend': 'public',
  'POST /webhooks/clerk': 'public',
};

/** `api.md` §2, Roles: the permissions, one role a column (c, w, f, v); an administrator has all of them. */
const COLUMNS = { c: 'coordinator', w: 'support_worker', f: 'finance', v: 'viewer' } as const;
const HOLDERS: Record<string, string> = {
  'participants.read': 'cwv',
  'participants.write': 'c',
  'participants.medical': 'cw',
  'services.read': 'cwfv',
  'services.write': 'cw',
  'budgets.read': 'cfv',
  'budgets.write': '',
  'claims.read': 'f',
  'claims.write': 'f',
  'documents.read': 'cwf',
  'documents.write': 'cw',
  'messages.read': 'cw',
  'messages.write': 'cw',
  'alerts.read': 'cf',
  'alerts.write': 'cf',
  'imports.read': '',
  'imports.write': '',
  'users.read': 'c',
  'users.write': '',
  'organization.write': '',
  'audit.read': '',
  'metrics.read': '',
};
const ROLES = ['admin', ...Object.values(COLUMNS)] as const;
type Role = (typeof ROLES)[number];

function holds(role: Role, permission: string): boolean {
  const letter = Object.entries(COLUMNS).find(([, name]) => name === role)?.[0];
  return permission === 'authenticated' || letter === undefined || (HOLDERS[permission] ?? '').includes(letter);
}

const permissions = Object.keys(HOLDERS);
/** A role without the permission, so that only the user's own can open the door. */
const without = (permission: string): Role =>
  ROLES.find((role) => role !== 'admin' && !holds(role, permission)) ?? 'viewer';

let ours: World;
let theirs: World;
const byRole = new Map<Role, Caller>();
const byPermission = new Map<string, Caller>();

beforeAll(async () => {
  await commonItems();
  ours = await newWorld();
  theirs = await newWorld();
  for (const role of ROLES) byRole.set(role, await ours.user(role));
  for (const permission of permissions) {
    byPermission.set(permission, await ours.user(without(permission), { permissions: [permission] }));
  }
});

/** How the refusals of the sample's askers differ from the expected one. */
async function refusals(
  operation: Operation,
  askers: Record<string, Pick<Caller, 'request'>>,
  expected: { status: number; code: string },
  check: (answer: Answer) => string[] = () => [],
): Promise<string[]> {
  const faults = await few(Object.entries(askers), async ([name, asker]) => {
    const answer = await ask(asker, operation, sampleOf(operation, ours));
    return [...misfits(answer, expected), ...check(answer)].map((fault) => `${name}: ${fault}`);
  });
  return faults.flat();
}

describe('the document', () => {
  test('describes every route that the Worker has', () => {
    const routes = app.routes.filter(({ method }) => method !== 'ALL');
    const registered = new Set(routes.map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`));
    expect([...registered].sort()).toEqual(operations.map(({ key }) => key).sort());
  });

  test('names for each route the permission that the contract says', () => {
    expect(Object.fromEntries(operations.map(({ key, permission }) => [key, permission]))).toEqual(PERMISSION_OF);
  });

  test('asks for a token wherever one is needed', () => {
    expect(openApi.openapi).toMatch(/^3\.1\./);
    for (const { key, path, permission, document } of operations) {
      const signedIn = path.endsWith('/live') ? [{ bearer: [] }, { ticket: [] }] : [{ bearer: [] }];
      expect(document.security, key).toEqual(permission === 'public' ? [] : signedIn);
    }
  });

  test('has a sample in the tests for each route, and none for routes that are gone', () => {
    expect(Object.keys(SAMPLES).sort()).toEqual(operations.map(({ key }) => key).sort());
  });

  test('has a sample for every id that a route filters by or takes in its body', () => {
    const missing = operations.flatMap((operation) => {
      const sample = sampleOf(operation, ours);
      const isId = (schema: Json) => /^\^[a-z]{3}_/.test(schema.pattern ?? '');
      const filters = queryParameters(operation).filter(({ name, schema }) => isId(schema) && !sample.query?.[name]);
      const fields = operation.body ? fieldsOf(operation.body) : [];
      const unfilled = fields.filter(({ schema, path }) => isId(schema) && !isTypeId(at(fullBody(sample), path)));
      return [...filters.map(({ name }) => name), ...unfilled.map(({ pointer }) => pointer)].map(
        (what) => `${operation.key} ${what}`,
      );
    });
    expect(missing).toEqual([]);
  });
});

describe('public routes', () => {
  test.each(operations.filter(({ permission }) => permission === 'public'))(
    '$key answers whoever asks',
    async (operation) => {
      for (const headers of [{}, { authorization: 'Bearer nonsense' }] as Record<string, string>[]) {
        const answer = await ask({ request: send }, operation, sampleOf(operation, ours), headers);
        expect(operation.successes).toContain(answer.status);
      }
    },
  );
});

/** Headers that sign nobody in, by what is wrong with them; each would be the administrator's if it were believed. */
async function forgeries(userId: string): Promise<Record<string, Record<string, string>>> {
  const { publicJwk, issuer } = JSON.parse(env.TEST_KEYS);
  const subject = `ext_${userId}`;
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer, sub: subject, iat: now, exp: now + 3600 };
  const { privateKey } = await generateKeyPair('RS256');
  const publicKey = await importJWK(publicJwk, 'RS256', { extractable: true });
  if (publicKey instanceof Uint8Array) throw new Error('the tests sign with RS256');
  const shared = (secret: string) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', kid: publicJwk.kid })
      .sign(new TextEncoder().encode(secret.padEnd(32)));
  const good = await token(subject);
  const [header, payload, signature] = good.split('.');
  const viewer = payload?.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
  const bearer = (text: string) => ({ authorization: `Bearer ${text}` });
  return {
    'no token': {},
    'an empty token': bearer(''),
    'no JWT': bearer('nonsense'),
    'another scheme': { authorization: `Basic ${good}` },
    'no scheme': { authorization: good },
    'expired an hour ago': bearer(await token(subject, { iat: now - 7200, exp: now - 3600 })),
    'not valid yet': bearer(await token(subject, { nbf: now + 3600 })),
    'never expires': bearer(await token(subject, { exp: undefined })),
    'of nobody': bearer(await token(subject, { sub: undefined })),
    'of another issuer': bearer(await token(subject, { iss: 'https://elsewhere.test' })),
    'signed with another key': bearer(
      await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: publicJwk.kid }).sign(privateKey),
    ),
    'algorithm none': bearer(new UnsecuredJWT(claims).encode()),
    'HS256 with the public key as PEM': bearer(await shared(await exportSPKI(publicKey))),
    'HS256 with the public key as JWK': bearer(await shared(JSON.stringify(publicJwk))),
    'HS256 with the modulus': bearer(await shared(publicJwk.n)),
    'changed after signing': bearer([header, viewer, signature].join('.')),
    'without its signature': bearer(`${header}.${payload}.`),
  };
}

describe('who is not signed in', () => {
  let askers: Record<string, Pick<Caller, 'request'>>;
  let outsiders: Record<string, Pick<Caller, 'request'>>;
  let dormant: Record<string, Pick<Caller, 'request'>>;

  beforeAll(async () => {
    const forged = await forgeries(ours.admin.userId);
    askers = Object.fromEntries(
      Object.entries(forged).map(([name, headers]) => [
        name,
        {
          request: (method, path, options = {}) =>
            send(method, path, { ...options, headers: { ...headers, ...options.headers } }),
        } satisfies Pick<Caller, 'request'>,
      ]),
    );
    outsiders = { unknown: caller('', await token('nobody here')) };
    dormant = {
      suspended: await ours.user('admin', { status: 'suspended' }),
      inactive: await ours.user('admin', { status: 'inactive' }),
    };
  });

  test.each(signedIn)('$key is refused to every token that is not ours', async (operation) => {
    let faults: string[] = [];
    const changed = await changedBy(async () => {
      faults = await refusals(operation, askers, { status: 401, code: 'UNAUTHENTICATED' }, ({ headers }) =>
        headers.get('www-authenticate')?.startsWith('Bearer') ? [] : ['no challenge'],
      );
    });
    expect(faults).toEqual([]);
    expect(changed).toEqual([]);
  });

  test.each(signedIn)('$key is refused to unknown, suspended and inactive users', async (operation) => {
    let faults: string[] = [];
    const changed = await changedBy(async () => {
      faults = [
        ...(await refusals(operation, outsiders, { status: 403, code: 'USER_NOT_PROVISIONED' })),
        ...(await refusals(operation, dormant, { status: 403, code: 'USER_SUSPENDED' })),
      ];
    });
    expect(faults).toEqual([]);
    expect(changed).toEqual([]);
  });

  test('a ticket for a socket opens no other route', async () => {
    const faults: string[] = [];
    for (const operation of signedIn.filter(({ path }) => !path.endsWith('/live'))) {
      const { ticket } = (await ours.admin.post('/v1/live/tickets')).body;
      const sample = sampleOf(operation, ours);
      const path = address(operation, sample);
      const ticketed = `${path}${path.includes('?') ? '&' : '?'}ticket=${ticket}`;
      const options = { body: sample.body, headers: { upgrade: 'websocket' } };
      const answer = await send(operation.method, ticketed, options);
      faults.push(
        ...misfits(answer, { status: 401, code: 'UNAUTHENTICATED' }).map((fault) => `${operation.key}: ${fault}`),
      );
    }
    expect(faults).toEqual([]);
  });
});

describe('permissions', () => {
  /** What is wrong with how a caller with or without the permission is answered. */
  async function judge(operation: Operation, asker: Caller, allowed: boolean): Promise<string[]> {
    const sample = allowed
      ? await effective(operation, { ...ours, authorId: asker.userId })
      : sampleOf(operation, ours);
    const answer = await ask(asker, operation, sample);
    if (allowed) return granted(operation, sample, answer.status) ? [] : misfits(answer, { status: 200, code: '' });
    const { permission } = operation;
    const faults = misfits(answer, { status: 403, code: 'FORBIDDEN' });
    return answer.body?.details?.permission === permission ? faults : [...faults, 'does not name the permission'];
  }

  test.each(signedIn)('$key is for the roles that have $permission, and no others', async (operation) => {
    const faults: string[] = [];
    for (const [role, asker] of byRole) {
      const found = await judge(operation, asker, holds(role, operation.permission));
      faults.push(...found.map((fault) => `${role}: ${fault}`));
    }
    expect(faults).toEqual([]);
  });

  test.each(signedIn)("$key opens to a user's own permission, and to no other permission", async (operation) => {
    const { permission } = operation;
    const faults: string[] = [];
    for (const [own, asker] of byPermission) {
      // What a role opens anyway was asked above.
      if (own !== permission && holds(without(own), permission)) continue;
      const found = await judge(operation, asker, own === permission);
      faults.push(...found.map((fault) => `${without(own)} with ${own}: ${fault}`));
    }
    expect(faults).toEqual([]);
  });

  test.each(signedIn.filter(({ permission }) => permission !== 'authenticated'))(
    '$key changes nothing for a user without the permission',
    async (operation) => {
      const asker = byRole.get(without(operation.permission));
      if (!asker || holds(without(operation.permission), operation.permission)) return;
      expect(await changedBy(() => ask(asker, operation, sampleOf(operation, ours)))).toEqual([]);
    },
  );

  test('whoever creates a participant with a plan needs budgets.write as well', async () => {
    const operation = operations.find(({ key }) => key === 'POST /v1/participants');
    if (!operation) throw new Error('no such operation');
    const sample = sampleOf(operation, ours);
    const body = { ...sample.body, plan: planBody([]) };
    const coordinator = await ours.user('coordinator');
    let answer: Answer | undefined;
    const changed = await changedBy(async () => {
      answer = await coordinator.post('/v1/participants', body);
    });
    expect(answer?.body).toMatchObject({ code: 'FORBIDDEN', details: { permission: 'budgets.write' } });
    expect(changed).toEqual([]);
    const both = await ours.user('coordinator', { permissions: ['budgets.write'] });
    expect((await both.post('/v1/participants', body)).status).toBe(201);
  });

  test('a user learns from `me` the permissions that they have', async () => {
    for (const role of ROLES) {
      const me = await byRole.get(role)?.get('/v1/me');
      expect(me?.body.user.permissions, role).toEqual(permissions.filter((permission) => holds(role, permission)));
    }
    const viewer = await ours.user('viewer', { permissions: ['audit.read'] });
    expect((await viewer.get('/v1/me')).body.user.permissions).toEqual([
      'participants.read',
      'services.read',
      'budgets.read',
      'audit.read',
    ]);
  });
});

/** The tables whose rows answers show by their ids. */
const WITH_IDS = [
  'users',
  'participants',
  'plans',
  'budgets',
  'services',
  'imports',
  'documents',
  'threads',
  'messages',
  'alerts',
  'job_runs',
  'email_logs',
  'incidents',
  'metrics',
];

describe("another organisation's", () => {
  const apart = ({ status, body }: Answer): string => {
    const { requestId: _, ...rest } = body ?? {};
    return `${status} ${JSON.stringify(rest)}`;
  };

  /** The same request with an id in it, once of theirs and once of nothing. */
  async function both(
    operation: Operation,
    make: (replace: (id: string) => string) => Sample,
  ): Promise<{ theirs: Answer; nothing: Answer; changed: string[] }> {
    const answers: Answer[] = [];
    const changed = await changedBy(async () => {
      for (const replace of [(id: string) => counterpart(theirs, id), unknownId]) {
        answers.push(await ask(ours.admin, operation, make(replace)));
      }
    });
    const [foreign, nothing] = answers;
    if (!foreign || !nothing) throw new Error('no answers');
    return { theirs: foreign, nothing, changed };
  }

  const hasIds = (operation: Operation) => /\{id\}/.test(operation.path);

  test.each(signedIn.filter(hasIds))('id answers $key like an unknown one', async (operation) => {
    const names = Object.keys(sampleOf(operation, ours).params ?? {});
    // All at once, and each beside others that are ours.
    for (const replaced of [names, ...names.map((name) => [name])]) {
      const answers = await both(operation, (replace) => {
        const sample = sampleOf(operation, ours);
        const foreign = replaced.map((name) => [name, withIds(sample.params?.[name], replace)]);
        return { ...sample, params: { ...sample.params, ...Object.fromEntries(foreign) } };
      });
      const label = replaced.join(', ');
      expect(misfits(answers.theirs, { status: 404, code: 'NOT_FOUND' }), label).toEqual([]);
      expect(apart(answers.theirs), label).toBe(apart(answers.nothing));
      expect(answers.changed, label).toEqual([]);
    }
  });

  test.each(signedIn)('ids in the body and the filters of $key are like unknown ones', async (operation) => {
    const sample = () => {
      const made = sampleOf(operation, ours);
      return { ...made, body: fullBody(made) };
    };
    const { body, query } = sample();
    for (const path of idPaths({ body, query })) {
      const answers = await both(operation, (replace) => {
        const made = sample();
        const name = String(path.at(-1));
        const holder = at(made, path.slice(0, -1));
        holder[name] = replace(holder[name]);
        return made;
      });
      const label = `${operation.key} ${path.join('.')}`;
      expect(apart(answers.theirs), label).toBe(apart(answers.nothing));
      expect(answers.changed, label).toEqual([]);
      // A quote answers 200 and refuses inside.
      const refused = answers.theirs.status >= 400 || answers.theirs.body.accepted === false;
      if (path[0] === 'body') expect(refused, label).toBe(true);
      else if (answers.theirs.status < 400) expect(answers.theirs.body.data, label).toEqual([]);
    }
  });

  test.each(signedIn)('rows are not in the answer to $key', async (operation) => {
    // Theirs, gathered from the database: every id of every row that says it is theirs.
    const rows = await Promise.all(
      WITH_IDS.map((table) =>
        env.DB.prepare(`SELECT id FROM ${table} WHERE organization_id = ?`)
          .bind(theirs.organizationId)
          .all<{ id: string }>(),
      ),
    );
    const ids = [theirs.organizationId, ...rows.flatMap(({ results }) => results.map(({ id }) => id))];
    expect(ids.length).toBeGreaterThan(7);
    const { query, ...sample } = sampleOf(operation, ours);
    const answers = [await ask(ours.admin, operation, sample)];
    if (lists.includes(operation))
      answers.push(await ask(ours.admin, operation, { ...sample, query: { limit: '100' } }));
    if (query) answers.push(await ask(ours.admin, operation, { ...sample, query }));
    for (const answer of answers) {
      const text = JSON.stringify(answer.body);
      expect(ids.filter((id) => text.includes(id))).toEqual([]);
      if (lists.includes(operation)) expect(answer.body.data.length).toBeGreaterThan(0);
    }
  });
});
