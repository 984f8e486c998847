import { beforeAll, describe, expect, test } from 'vitest';
import { commonItems, ndisNumber, newParticipant, tenDollars } from '../support/workers/care.ts';
import { unnotedService } from '../support/workers/compliance.ts';
import { changedBy, misfits, operations } from '../support/workers/contract.ts';
import { newDocument } from '../support/workers/documents.ts';
import { ask, fullBody, newWorld, sampleOf, type World } from '../support/workers/samples.ts';
import type { Answer, Caller, Json } from '../support/workers/tenant.ts';

let world: World;

beforeAll(async () => {
  await commonItems();
  world = await newWorld();
});

/** Whether `medical` is a key anywhere in the value. */
function tellsMedical(value: Json): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, inner]) => name === 'medical' || tellsMedical(inner));
}

const MEDICAL = { disabilities: ['Autism'], medications: [], allergies: ['Peanuts'], dietaryRequirements: [] };

function participantBody(more: Json = {}): Json {
  return {
    ndisNumber: ndisNumber(),
    profile: { firstName: 'Mia', lastName: 'Nguyen', dateOfBirth: '1990-01-01' },
    ...more,
  };
}

describe('medical data', () => {
  let id: string;
  let readers: Record<string, Caller>;
  let others: Record<string, Caller>;
  /** May change participants, and not see what is medical. */
  let writer: Caller;

  beforeAll(async () => {
    id = (await newParticipant(world.admin, { fields: { medical: MEDICAL } })).id;
    writer = await world.user('viewer', { permissions: ['participants.write'] });
    readers = {
      admin: world.admin,
      coordinator: await world.user('coordinator'),
      support_worker: await world.user('support_worker'),
      'viewer with participants.medical': await world.user('viewer', { permissions: ['participants.medical'] }),
    };
    others = {
      viewer: await world.user('viewer'),
      'finance with participants.read': await world.user('finance', { permissions: ['participants.read'] }),
      'viewer with participants.write': writer,
    };
  });

  test('is in a single participant for whoever has participants.medical', async () => {
    for (const [name, reader] of Object.entries(readers)) {
      expect((await reader.get(`/v1/participants/${id}`)).body.medical, name).toEqual(MEDICAL);
    }
  });

  test('is absent as a key for whoever has not', async () => {
    for (const [name, other] of Object.entries(others)) {
      const answer = await other.get(`/v1/participants/${id}`);
      expect(answer.status, name).toBe(200);
      expect('medical' in answer.body, name).toBe(false);
    }
  });

  test('is in no list, whoever asks', async () => {
    for (const [name, caller] of Object.entries({ ...readers, ...others })) {
      for (const query of ['?limit=100', '?search=person', '?sort=-createdAt', '?status=archived']) {
        const list = await caller.get(`/v1/participants${query}`);
        expect(list.status, name).toBe(200);
        expect(tellsMedical(list.body), `${name} ${query}`).toBe(false);
      }
    }
  });

  test('is in the answer to no change by whoever may not see it', async () => {
    const key = { 'idempotency-key': 'privacy' };
    const body = participantBody({ medical: MEDICAL });
    const answers: [string, Answer][] = [['create', await writer.post('/v1/participants', body, key)]];
    const path = `/v1/participants/${answers[0]?.[1].body.id}`;
    answers.push(['replay', await writer.post('/v1/participants', body, key)]);
    answers.push(['patch', await writer.patch(path, { tags: ['north'] })]);
    answers.push(['archive', await writer.delete(path, { reason: 'Moved' })]);
    answers.push(['restore', await writer.post(`${path}/restore`)]);
    for (const [name, answer] of answers) {
      expect(answer.status, name).toBeLessThan(300);
      expect(tellsMedical(answer.body), name).toBe(false);
    }
  });

  test('is in the answer to every change by whoever may', async () => {
    const created = await world.admin.post('/v1/participants', participantBody({ medical: MEDICAL }));
    const path = `/v1/participants/${created.body.id}`;
    const answers = [
      created,
      await world.admin.patch(path, { tags: ['north'] }),
      await world.admin.delete(path, { reason: 'Moved' }),
      await world.admin.post(`${path}/restore`),
    ];
    for (const answer of answers) expect(answer.body.medical).toEqual(MEDICAL);
  });

  test('is changed by nobody who may not see it', async () => {
    let answer: Answer | undefined;
    const changed = await changedBy(async () => {
      answer = await writer.patch(`/v1/participants/${id}`, { medical: { allergies: [] } });
    });
    expect(answer?.body).toMatchObject({ code: 'FORBIDDEN', details: { permission: 'participants.medical' } });
    expect(changed).toEqual([]);
  });

  test('is untouched by a change of other fields', async () => {
    expect((await writer.patch(`/v1/participants/${id}`, { tags: ['south'] })).status).toBe(200);
    expect((await world.admin.get(`/v1/participants/${id}`)).body.medical).toEqual(MEDICAL);
  });

  test('is not in the audit, which is read by another permission', async () => {
    const path = `/v1/participants/${id}`;
    await world.admin.patch(path, { medical: { allergies: ['Latex'] } });
    await world.admin.patch(path, { medical: { allergies: ['Peanuts'] } });
    const auditor = await world.user('viewer', { permissions: ['audit.read'] });
    const logs = await auditor.get(`/v1/audit-logs?entityId=${id}&limit=100`);
    expect(logs.body.data.length).toBeGreaterThan(2);
    expect(JSON.stringify(logs.body)).not.toMatch(/Peanuts|Latex|Autism/);
  });
});

describe('budgets in the list of participants', () => {
  test('are shown to readers of budgets, and null to others', async () => {
    const callers: [string, Caller, boolean][] = [
      ['admin', world.admin, true],
      ['coordinator', await world.user('coordinator'), true],
      ['viewer', await world.user('viewer'), true],
      ['support_worker', await world.user('support_worker'), false],
      ['worker with budgets.read', await world.user('support_worker', { permissions: ['budgets.read'] }), true],
    ];
    for (const [name, caller, may] of callers) {
      const list = await caller.get('/v1/participants?limit=100');
      const row = list.body.data.find((participant: Json) => participant.id === world.participantId);
      if (may) expect(row.currentBudget, name).toMatchObject({ allocatedCents: 10_000_000, spentCents: 1000 });
      else expect(row.currentBudget, name).toBeNull();
    }
  });
});

describe('the note of a service', () => {
  test('is a health record, and not in the audit, which is read by another permission', async () => {
    const id = await unnotedService(world);
    expect((await world.admin.patch(`/v1/services/${id}`, { notes: 'Peanuts at breakfast.' })).status).toBe(200);
    const auditor = await world.user('viewer', { permissions: ['audit.read'] });
    const logs = await auditor.get(`/v1/audit-logs?entityId=${id}&limit=100`);
    expect(logs.body.data.map(({ action }: Json) => action)).toContain('service.noted');
    expect(JSON.stringify(logs.body)).not.toContain('Peanuts');
  });
});

describe('the dashboard', () => {
  test('counts budgets for readers of budgets, and has null for others', async () => {
    const callers: [string, Caller, boolean][] = [
      ['admin', world.admin, true],
      ['finance', await world.user('finance'), true],
      ['support_worker', await world.user('support_worker'), false],
      ['worker with budgets.read', await world.user('support_worker', { permissions: ['budgets.read'] }), true],
    ];
    for (const [name, caller, may] of callers) {
      const { status, body } = await caller.get('/v1/dashboard');
      expect(status, name).toBe(200);
      if (may) expect(body.budgets.green, name).toBeGreaterThan(0);
      else expect(body.budgets, name).toBeNull();
    }
  });

  test("counts nothing of another organisation's", async () => {
    const own = await newWorld();
    const before = (await own.admin.get('/v1/dashboard')).body;
    const { openAlerts, participants, importsRunning } = before;
    // As many as one world has, however many worlds there are.
    expect({ openAlerts, participants, importsRunning }).toEqual({
      openAlerts: 1,
      participants: { total: 2, active: 2 },
      importsRunning: 1,
    });
    await newWorld();
    expect((await own.admin.get('/v1/dashboard')).body).toEqual(before);
  });
});

describe("another organisation's lists", () => {
  let other: World;

  beforeAll(async () => {
    other = await newWorld();
    await other.admin.patch(`/v1/participants/${other.participantId}`, {
      profile: { lastName: 'Zzyzx' },
      tags: ['Zzyzx'],
    });
  });

  test('are searched by nobody else, by name, number or tag', async () => {
    const { body } = await other.admin.get(`/v1/participants/${other.participantId}`);
    for (const query of ['search=zzyzx', 'search=z', `search=${body.ndisNumber}`, 'tag=Zzyzx']) {
      const own = await other.admin.get(`/v1/participants?${query}`);
      expect(own.body.data.map(({ id }: Json) => id)).toContain(other.participantId);
      const found = await world.admin.get(`/v1/participants?${query}&limit=100`);
      expect(found.body.data.map(({ id }: Json) => id)).not.toContain(other.participantId);
    }
  });

  test('of documents are searched by nobody else', async () => {
    const id = await newDocument(other.admin, { title: 'Zzyzx plan', tags: ['Zzyzx'], validTo: '2026-01-01' });
    const filters = ['search=zzyzx', 'search=z', 'type=report', 'status=uploaded', 'expiringBefore=2026-06-01'];
    for (const query of filters) {
      const own = await other.admin.get(`/v1/documents?${query}&limit=100`);
      expect(own.body.data.map((document: Json) => document.id)).toContain(id);
      const found = await world.admin.get(`/v1/documents?${query}&limit=100`);
      expect(found.body.data.map((document: Json) => document.id)).not.toContain(id);
    }
  });

  test("continue from nobody else's cursor", async () => {
    await newParticipant(other.admin);
    const lists = ['/v1/participants', '/v1/users', '/v1/documents', '/v1/audit-logs', '/v1/compliance'];
    for (const list of [...lists, '/v1/incidents', '/v1/metrics']) {
      const page = await other.admin.get(`${list}?limit=1`);
      expect(page.body.nextCursor).not.toBeNull();
      const stolen = await world.admin.get(`${list}?limit=100&cursor=${page.body.nextCursor}`);
      const text = JSON.stringify(stolen.body);
      expect(text.includes(other.participantId) || text.includes(other.admin.userId)).toBe(false);
    }
  });

  test('share no NDIS numbers: each organisation has its own', async () => {
    const body = participantBody();
    expect((await world.admin.post('/v1/participants', body)).status).toBe(201);
    expect((await other.admin.post('/v1/participants', body)).status).toBe(201);
    const again = await other.admin.post('/v1/participants', body);
    expect(misfits(again, { status: 409, code: 'NDIS_NUMBER_TAKEN' })).toEqual([]);
  });

  test("have services by nobody else's users, even for a participant of one's own", async () => {
    const theirs = await other.admin.get('/v1/services?limit=100');
    await world.admin.post('/v1/services', tenDollars(world.participantId));
    const found = await world.admin.get(`/v1/services?supportWorkerId=${other.admin.userId}`);
    expect(theirs.body.data.length).toBeGreaterThan(0);
    expect(found.body).toEqual({ data: [], nextCursor: null });
  });
});

describe('what nobody may do to themselves', () => {
  test('an administrator keeps their own role and status', async () => {
    const path = `/v1/users/${world.admin.userId}`;
    for (const patch of [{ role: 'viewer' }, { status: 'suspended' }]) {
      expect(misfits(await world.admin.patch(path, patch), { status: 409, code: 'CONFLICT' })).toEqual([]);
    }
  });

  test('`me` changes neither role, permissions, status nor sign-in', async () => {
    const operation = operations.find(({ key }) => key === 'PATCH /v1/users/{id}');
    if (!operation) throw new Error('no such operation');
    const viewer = await world.user('viewer');
    const { firstName: _, lastName: __, phone: ___, preferences: ____, ...rest } = fullBody(sampleOf(operation, world));
    for (const [name, value] of Object.entries(rest)) {
      const answer = await viewer.patch('/v1/me', { [name]: value });
      expect(misfits(answer, { status: 400, code: 'VALIDATION_FAILED', pointer: `/${name}` }), name).toEqual([]);
    }
  });

  test('a suspended user is out after a change, in the isolate that made it', async () => {
    const viewer = await world.user('viewer');
    expect((await viewer.get('/v1/me')).status).toBe(200);
    expect((await world.admin.patch(`/v1/users/${viewer.userId}`, { status: 'suspended' })).status).toBe(200);
    expect(misfits(await viewer.get('/v1/me'), { status: 403, code: 'USER_SUSPENDED' })).toEqual([]);
  });

  test('a user whose permission is taken away is refused what it opened', async () => {
    const operation = operations.find(({ key }) => key === 'GET /v1/audit-logs');
    if (!operation) throw new Error('no such operation');
    const auditor = await world.user('viewer', { permissions: ['audit.read'] });
    expect((await ask(auditor, operation, {})).status).toBe(200);
    await world.admin.patch(`/v1/users/${auditor.userId}`, { permissions: [] });
    expect(misfits(await ask(auditor, operation, {}), { status: 403, code: 'FORBIDDEN' })).toEqual([]);
  });
});
