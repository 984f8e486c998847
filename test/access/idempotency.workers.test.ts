import { env } from 'cloudflare:workers';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { auditIsGapless, commonItems, differences, ndisNumber, planBody, tenDollars } from '../support/workers/care.ts';
import { changedBy, few, misfits, type Operation, operations, takesHeader } from '../support/workers/contract.ts';
import {
  ask,
  effective,
  granted,
  newWorld,
  type Sample,
  sampleOf,
  unknownId,
  type World,
} from '../support/workers/samples.ts';
import { storedMessage } from '../support/workers/talk.ts';
import { type Answer, type Caller, type Json, newTenant } from '../support/workers/tenant.ts';

const keyed = operations.filter((operation) => takesHeader(operation, 'Idempotency-Key'));
const REUSED = { status: 422, code: 'IDEMPOTENCY_KEY_REUSED' };

let world: World;
let keys = 0;
let key: Record<string, string>;

beforeAll(async () => {
  await commonItems();
  world = await newWorld();
});

beforeEach(() => {
  keys += 1;
  key = { 'idempotency-key': `key ${keys}` };
});

const operationOf = (key: string): Operation => {
  const operation = operations.find((candidate) => candidate.key === key);
  if (!operation) throw new Error(`no operation ${key}`);
  return operation;
};

/** What is in no audit, and where each change is a row instead. */
const TRACED_IN: Record<string, string> = {
  'POST /v1/threads/{id}/read': 'thread_events',
  'POST /v1/metrics': 'metrics',
};

/** How many changes of an operation's kind an organisation has a trace of. */
async function traces({ key }: Operation, organizationId: string = world.organizationId): Promise<number> {
  const table = TRACED_IN[key] ?? 'audit_logs';
  const row = await env.DB.prepare(`SELECT count(*) AS rows FROM ${table} WHERE organization_id = ?`)
    .bind(organizationId)
    .first<{ rows: number }>();
  return row?.rows ?? -1;
}

/** An answer without what is each answer's own. */
const plainly = ({ status, body, headers }: Answer): Json => ({
  status,
  body,
  etag: headers.get('etag'),
  location: headers.get('location'),
});

describe.each(keyed)('$key', (operation) => {
  test('answers a repeated request as the first time, and changes something once', async () => {
    const sample = await effective(operation, world);
    const before = await traces(operation);
    const first = await ask(world.admin, operation, sample, key);
    expect(granted(operation, sample, first.status), JSON.stringify(first.body)).toBe(true);
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expect(await traces(operation)).toBe(before + 1);
    let again: Answer | undefined;
    const changed = await changedBy(async () => {
      again = await ask(world.admin, operation, sample, key);
    });
    if (!again) throw new Error('no answer');
    expect(plainly(again)).toEqual(plainly(first));
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.headers.get('x-request-id')).not.toBe(first.headers.get('x-request-id'));
    expect(changed).toEqual([]);
  });

  test('refuses the key with another body', async () => {
    const sample = await effective(operation, world);
    if (sample.body === undefined) return;
    await ask(world.admin, operation, sample, key);
    // Each made anew: of the samples, those that differ at all.
    const name = Object.keys(sample.body)[0] ?? '';
    let other = sampleOf(operation, world).body;
    if (JSON.stringify(other) === JSON.stringify(sample.body)) {
      other = { ...other };
      if (operation.path.endsWith('/cancel')) other[name] = `${other[name]}!`;
      else if (operation.path === '/v1/services') other['notes'] = 'Another one';
      else other['allocatedCents'] = 101;
    }
    let answer: Answer | undefined;
    const changed = await changedBy(async () => {
      answer = await ask(world.admin, operation, { ...sample, body: other }, key);
    });
    if (!answer) throw new Error('no answer');
    expect(misfits(answer, REUSED)).toEqual([]);
    expect(changed).toEqual([]);
  });

  test('refuses the key to another user, and on another route', async () => {
    const sample = await effective(operation, world);
    await ask(world.admin, operation, sample, key);
    const colleague = await world.user('admin');
    const samples = new Map<Operation, Sample>();
    for (const other of keyed) if (other !== operation) samples.set(other, await effective(other, world));
    let answers: Answer[] = [];
    const changed = await changedBy(async () => {
      answers = [
        await ask(colleague, operation, sample, key),
        ...(await few([...samples], ([other, one]) => ask(world.admin, other, one, key))),
      ];
    });
    expect(answers.flatMap((answer) => misfits(answer, REUSED))).toEqual([]);
    expect(changed).toEqual([]);
  });

  test("refuses the key for another resource's route", async () => {
    if (!operation.path.includes('{id}')) return;
    const sample = await effective(operation, world);
    await ask(world.admin, operation, sample, key);
    const [id = ''] = Object.values(sample.params ?? {});
    const answer = await ask(world.admin, operation, { ...sample, params: { id: unknownId(id) } }, key);
    expect(misfits(answer, REUSED)).toEqual([]);
  });

  test('keeps keys for each organisation', async () => {
    const other = await newWorld();
    const sample = await effective(operation, world);
    await ask(world.admin, operation, sample, key);
    const theirs = await effective(operation, other);
    const before = await traces(operation, other.organizationId);
    const answer = await ask(other.admin, operation, theirs, key);
    expect(granted(operation, theirs, answer.status)).toBe(true);
    expect(answer.headers.get('idempotent-replayed')).toBeNull();
    expect(await traces(operation, other.organizationId)).toBe(before + 1);
    const again = await ask(other.admin, operation, theirs, key);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(plainly(again)).toEqual(plainly(answer));
  });

  test('asks for the permission before it replays', async () => {
    const { permission } = operation;
    const user = await world.user('viewer', { permissions: [permission] });
    const sample = await effective(operation, world);
    expect(granted(operation, sample, (await ask(user, operation, sample, key)).status)).toBe(true);
    await world.admin.patch(`/v1/users/${user.userId}`, { permissions: [] });
    const answer = await ask(user, operation, sample, key);
    expect(misfits(answer, { status: 403, code: 'FORBIDDEN' })).toEqual([]);
    expect(answer.body.details).toEqual({ permission });
  });

  test('asks for a live subscription before it replays', async () => {
    const own = await newWorld();
    const sample = await effective(operation, own);
    await ask(own.admin, operation, sample, key);
    await env.DB.prepare("UPDATE organizations SET subscription_status = 'cancelled' WHERE id = ?")
      .bind(own.organizationId)
      .run();
    // Changes nothing but what this isolate remembers of users.
    await world.admin.patch(`/v1/users/${world.userId}`, { phone: `changed ${keys}` });
    const answer = await ask(own.admin, operation, sample, key);
    expect(misfits(answer, { status: 403, code: 'SUBSCRIPTION_INACTIVE' })).toEqual([]);
  });

  test('changes something exactly once when ten ask at once with one key', async () => {
    const sample = await effective(operation, world);
    const before = await traces(operation);
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(world.admin, operation, sample, key)));
    expect(await traces(operation)).toBe(before + 1);
    const made = answers.filter(({ status }) => status < 300);
    const waiting = answers.filter(({ status }) => status >= 300);
    expect(waiting.flatMap((answer) => misfits(answer, { status: 409, code: 'IN_PROGRESS' }))).toEqual([]);
    expect(new Set(made.map((answer) => JSON.stringify(plainly(answer)))).size).toBe(1);
    expect(made.filter(({ headers }) => headers.get('idempotent-replayed') === null).length).toBe(1);
    expect(await auditIsGapless(world.organizationId)).toBe(true);
  });
});

describe('a refusal', () => {
  const service = (more: Json = {}) => tenDollars(world.participantId, more);

  test('of a body is not remembered: the key is free for the right one', async () => {
    const bad = await world.admin.post('/v1/services', service({ quantity: -1 }), key);
    expect(bad.status).toBe(400);
    expect((await world.admin.post('/v1/services', service(), key)).status).toBe(201);
  });

  test('by a rule is decided anew, with the same body', async () => {
    const { admin } = await newTenant();
    const person = { ndisNumber: ndisNumber(), profile: { firstName: 'A', lastName: 'B', dateOfBirth: '1990-01-01' } };
    const { id } = (await admin.post('/v1/participants', person)).body;
    const body = tenDollars(id);
    const refused = await admin.post('/v1/services', body, key);
    expect(misfits(refused, { status: 422, code: 'NO_PLAN' })).toEqual([]);
    await admin.post(`/v1/participants/${id}/plans`, planBody([]));
    expect(misfits(await admin.post('/v1/services', body, key), { status: 422, code: 'NO_BUDGET' })).toEqual([]);
    const [plan] = (await admin.get(`/v1/participants/${id}/plans`)).body.data;
    await admin.post(`/v1/plans/${plan.id}/budgets`, { categoryCode: 1, allocatedCents: 1000 });
    const accepted = await admin.post('/v1/services', body, key);
    expect(accepted.status).toBe(201);
    expect(accepted.headers.get('idempotent-replayed')).toBeNull();
    expect(await differences(id)).toEqual([]);
  });

  test('for want of room is decided anew when there is some', async () => {
    const { admin, organizationId } = await newTenant({ participantLimit: 0 });
    const body = { ndisNumber: ndisNumber(), profile: { firstName: 'A', lastName: 'B', dateOfBirth: '1990-01-01' } };
    const refused = await admin.post('/v1/participants', body, key);
    expect(misfits(refused, { status: 403, code: 'PARTICIPANT_LIMIT' })).toEqual([]);
    await env.DB.prepare('UPDATE organizations SET participant_limit = 1 WHERE id = ?').bind(organizationId).run();
    const accepted = await admin.post('/v1/participants', body, key);
    expect(accepted.status).toBe(201);
    // The limit is reached now, and still the same request is the same request.
    const again = await admin.post('/v1/participants', body, key);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.body).toEqual(accepted.body);
  });

  test("is not another organisation's business, whose key it is", async () => {
    const other = await newWorld();
    const body = service();
    expect((await world.admin.post('/v1/services', body, key)).status).toBe(201);
    // The same body: the participant is not theirs.
    const refused = await other.admin.post('/v1/services', body, key);
    expect(misfits(refused, { status: 404, code: 'NOT_FOUND' })).toEqual([]);
  });

  test('for want of a permission leaves the key to whoever has it', async () => {
    const viewer = await world.user('viewer');
    const body = service();
    expect((await viewer.post('/v1/services', body, key)).status).toBe(403);
    expect((await world.admin.post('/v1/services', body, key)).status).toBe(201);
  });
});

describe('a replay', () => {
  test('is given although the money is gone, the participant archived or the service cancelled', async () => {
    const own = await newWorld();
    const body = tenDollars(own.participantId, { quantity: 9_000 });
    const first = await own.admin.post('/v1/services', body, key);
    expect(first.status).toBe(201);
    const again = async () => {
      const answer = await own.admin.post('/v1/services', body, key);
      expect(plainly(answer)).toEqual(plainly(first));
      expect(answer.headers.get('idempotent-replayed')).toBe('true');
    };
    await again();
    await own.admin.post(`/v1/services/${first.body.id}/cancel`, { reason: 'Did not happen' });
    await again();
    await own.admin.delete(`/v1/participants/${own.participantId}`, { reason: 'Moved' });
    await again();
  });

  test('of marking a thread as read moves the mark no further', async () => {
    const { admin, threadId, userId } = await newWorld();
    const path = `/v1/threads/${threadId}`;
    await storedMessage({ threadId, authorId: userId });
    const first = await admin.post(`${path}/read`, undefined, key);
    expect(first.body.unreadCount).toBe(0);
    await storedMessage({ threadId, authorId: userId });
    const again = await admin.post(`${path}/read`, undefined, key);
    expect(plainly(again)).toEqual(plainly(first));
    expect((await admin.get(path)).body.unreadCount).toBe(1);
  });

  test('of the same body with its fields in another order, or its defaults spelled out, is a replay', async () => {
    const body = tenDollars(world.participantId);
    const first = await world.admin.post('/v1/services', body, key);
    const turned = Object.fromEntries(Object.entries({ ...body, notes: '', quantity: null }).reverse());
    const again = await world.admin.post('/v1/services', turned, key);
    expect(plainly(again)).toEqual(plainly(first));
  });

  test('of a file is none when something else is said beside it', async () => {
    const operation = operationOf('POST /v1/imports');
    const sample = sampleOf(operation, world);
    const first = await ask(world.admin, operation, sample, key);
    expect(first.status).toBe(202);
    const others: Record<string, string>[] = [{ kind: 'services' }, { dryRun: 'true' }, { mapping: '{"DOB":null}' }];
    for (const query of others) {
      const other = { ...sample, query: { ...sample.query, ...query } };
      expect(misfits(await ask(world.admin, operation, other, key), REUSED), JSON.stringify(query)).toEqual([]);
    }
    const spelledOut = { ...sample, query: { ...sample.query, dryRun: 'false' } };
    expect(plainly(await ask(world.admin, operation, spelledOut, key))).toEqual(plainly(first));
  });

  test('of a participant with a plan asks for budgets.write as well', async () => {
    const user = await world.user('coordinator', { permissions: ['budgets.write'] });
    const profile = { firstName: 'A', lastName: 'B', dateOfBirth: '1990-01-01' };
    const body = { ndisNumber: ndisNumber(), profile, plan: planBody([]) };
    expect((await user.post('/v1/participants', body, key)).status).toBe(201);
    await world.admin.patch(`/v1/users/${user.userId}`, { permissions: [] });
    const answer = await user.post('/v1/participants', body, key);
    expect(misfits(answer, { status: 403, code: 'FORBIDDEN' })).toEqual([]);
    expect(answer.body.details).toEqual({ permission: 'budgets.write' });
  });

  test('shows no medical data to whoever may not see it any more', async () => {
    const user = await world.user('viewer', { permissions: ['participants.write', 'participants.medical'] });
    const profile = { firstName: 'A', lastName: 'B', dateOfBirth: '1990-01-01' };
    const body = { ndisNumber: ndisNumber(), profile, medical: { allergies: ['Peanuts'] } };
    const first = await user.post('/v1/participants', body, key);
    expect(first.body.medical.allergies).toEqual(['Peanuts']);
    await world.admin.patch(`/v1/users/${user.userId}`, { permissions: ['participants.write'] });
    const again = await user.post('/v1/participants', body, key);
    expect(JSON.stringify(again.body)).not.toContain('Peanuts');
  });

  test('is not made after 30 days: the key is free again', async () => {
    const body = tenDollars(world.participantId);
    const first = await world.admin.post('/v1/services', body, key);
    const age = async (days: number) =>
      env.DB.prepare('UPDATE idempotency_keys SET created_at = created_at - ? WHERE key = ? AND organization_id = ?')
        .bind(days * 86_400_000, key['idempotency-key'] ?? '', world.organizationId)
        .run();
    await age(29);
    expect((await world.admin.post('/v1/services', body, key)).body).toEqual(first.body);
    await age(2);
    const later = await world.admin.post('/v1/services', body, key);
    expect(later.status).toBe(201);
    expect(later.body.id).not.toBe(first.body.id);
    expect((await world.admin.post('/v1/services', body, key)).body).toEqual(later.body);
  });
});

describe('a key on a request that changes nothing', () => {
  test('is not used up by a quote or a ticket', async () => {
    const body = tenDollars(world.participantId);
    const callers: Caller[] = [world.admin, await world.user('coordinator')];
    for (const caller of callers) {
      expect((await caller.post('/v1/services/quote', body, key)).status).toBe(200);
      expect((await caller.post('/v1/live/tickets', undefined, key)).status).toBe(201);
    }
    expect((await world.admin.post('/v1/services', body, key)).status).toBe(201);
  });

  test('gives each ticket of its own', async () => {
    const one = await world.admin.post('/v1/live/tickets', undefined, key);
    const other = await world.admin.post('/v1/live/tickets', undefined, key);
    expect(one.body.ticket).not.toBe(other.body.ticket);
  });
});
