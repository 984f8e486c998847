import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, test } from 'vitest';
import { ledgerStub } from '../../../src/features/ledger/client.ts';
import type { Keeper } from '../../../src/features/ledger/keeper.ts';
import type { LedgerKey } from '../../../src/features/ledger/state.ts';
import { Unavailable } from '../../../src/http/problem.ts';
import { commonItems, ndisNumber, newParticipant, supportItem, tenDollars } from '../../support/workers/care.ts';
import { breakLedger } from '../../support/workers/faults.ts';
import { believe, updates, watch } from '../../support/workers/socket.ts';
import { type Answer, type Caller, type Json, newTenant } from '../../support/workers/tenant.ts';

const THERAPY = '15_056_0128_1_3';

beforeAll(async () => {
  await commonItems();
  await supportItem(THERAPY, { categoryCode: 15 });
});

/** Two lines that share a pool, and one of its own. */
const LINES = [
  { categoryCode: 1, flexible: true, allocatedCents: 50_000 },
  { categoryCode: 4, flexible: true, allocatedCents: 30_000 },
  { categoryCode: 15, allocatedCents: 20_000 },
];

async function shown(reader: Caller, participantId: string): Promise<Json> {
  return (await reader.get(`/v1/participants/${participantId}/budgets`)).body;
}

/** What went well; a step that did not is the test's mistake. */
async function done(answer: Promise<Answer>): Promise<Json> {
  const { status, body } = await answer;
  if (status >= 300) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
}

async function withoutPlan(admin: Caller): Promise<string> {
  const profile = { firstName: 'No', lastName: 'Plan', dateOfBirth: '1990-01-01' };
  return (await done(admin.post('/v1/participants', { ndisNumber: ndisNumber(), profile }))).id;
}

function plan(startDate: string, endDate: string): Json {
  const budgets = [{ categoryCode: 1, allocatedCents: 10_000 }];
  return { startDate, endDate, managementType: 'ndia_managed', budgets };
}

describe('the first frame', () => {
  test('is a snapshot that says what GET says', async () => {
    const { admin } = await newTenant();
    const { id } = await newParticipant(admin, { budgets: LINES });
    await done(admin.post('/v1/services', tenDollars(id)));
    const socket = await watch(admin, id);
    await socket.settle();
    expect(socket.frames).toEqual([{ type: 'snapshot', ...(await shown(admin, id)) }]);
    expect(socket.frames[0].version).toBe(2);
    expect(socket.frames[0].asOf).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(socket.frames[0].budgets).toHaveLength(3);
  });

  test('is an empty snapshot for a participant without a plan', async () => {
    const { admin } = await newTenant();
    const socket = await watch(admin, await withoutPlan(admin));
    await socket.settle();
    expect(socket.frames).toEqual([{ type: 'snapshot', version: 0, asOf: expect.any(String), budgets: [] }]);
  });

  test('is the present snapshot again for a client that comes back', async () => {
    const { admin } = await newTenant();
    const { id } = await newParticipant(admin, { budgets: LINES });
    const before = await watch(admin, id);
    await before.settle();
    before.close();
    await before.end();
    await done(admin.post('/v1/services', tenDollars(id)));
    await done(admin.post('/v1/services', tenDollars(id)));
    const again = await watch(admin, id);
    await again.settle();
    expect(again.frames).toEqual([{ type: 'snapshot', ...(await shown(admin, id)) }]);
    expect(again.frames[0].version).toBe(3);
  });
});

describe('an update', () => {
  test('follows every change, with its cause and every line of the pool, one version each', async () => {
    const { admin } = await newTenant();
    const participant = await newParticipant(admin, { budgets: LINES });
    const { id, planId } = participant;
    const [first = '', second = '', third = ''] = participant.budgetIds;
    const socket = await watch(admin, id);
    await socket.version(1);
    let version = 1;
    const expectUpdate = async (cause: Json, lines: string[]) => {
      version += 1;
      await socket.version(version);
      const { budgets } = await shown(admin, id);
      const changed = budgets.filter((budget: Json) => lines.includes(budget.id));
      expect(changed, 'the test knows the lines').toHaveLength(lines.length);
      expect(socket.frames[version - 1]).toEqual({ type: 'update', version, budgets: changed, cause });
    };

    const service = await done(admin.post('/v1/services', tenDollars(id)));
    expect(service.budgetId).toBe(first);
    await expectUpdate({ kind: 'service.recorded', serviceId: service.id }, [first, second]);

    const therapy = await done(admin.post('/v1/services', tenDollars(id, { supportItemCode: THERAPY })));
    await expectUpdate({ kind: 'service.recorded', serviceId: therapy.id }, [third]);

    await done(admin.post(`/v1/services/${service.id}/cancel`, { reason: 'sent twice' }));
    await expectUpdate({ kind: 'service.cancelled', serviceId: service.id }, [first, second]);

    await done(admin.patch(`/v1/budgets/${first}`, { allocatedCents: 60_000 }));
    await expectUpdate({ kind: 'budget.adjusted' }, [first, second]);

    const line = await done(
      admin.post(`/v1/plans/${planId}/budgets`, { categoryCode: 2, flexible: true, allocatedCents: 1_000 }),
    );
    await expectUpdate({ kind: 'budget.created' }, [first, second, line.id]);

    // A line that leaves its pool changes for those it leaves; one that joins, for those it joins.
    await done(admin.patch(`/v1/budgets/${second}`, { flexible: false }));
    await expectUpdate({ kind: 'budget.adjusted' }, [first, second, line.id]);
    await done(admin.patch(`/v1/budgets/${third}`, { flexible: true }));
    await expectUpdate({ kind: 'budget.adjusted' }, [first, third, line.id]);

    await done(admin.patch(`/v1/plans/${planId}`, { endDate: '2028-03-31' }));
    await expectUpdate({ kind: 'plan.changed' }, [first, second, third, line.id]);

    await socket.settle();
    expect(socket.frames).toHaveLength(version);
    expect(believe(socket.frames)).toEqual(await shown(admin, id));
  });

  test('reaches everyone who watches the participant and nobody who watches another', async () => {
    const { admin, user } = await newTenant();
    const [one, other] = [await newParticipant(admin), await newParticipant(admin)];
    const sockets = await Promise.all(
      [admin, await user('viewer'), await user('finance')].map((reader) => watch(reader, one.id)),
    );
    const elsewhere = await watch(admin, other.id);
    await done(admin.post('/v1/services', tenDollars(one.id)));
    for (const socket of sockets) {
      await socket.version(2);
      expect(socket.frames.map((frame) => [frame.type, frame.version])).toEqual([
        ['snapshot', 1],
        ['update', 2],
      ]);
    }
    await elsewhere.settle();
    expect(elsewhere.frames).toHaveLength(1);
  });

  test('of a service on an earlier plan carries that plan’s line and moves the version on', async () => {
    const { admin } = await newTenant();
    const participant = await newParticipant(admin);
    const earlier = await done(
      admin.post(`/v1/participants/${participant.id}/plans`, plan('2025-01-01', '2025-12-31')),
    );
    const socket = await watch(admin, participant.id);
    await done(admin.post('/v1/services', tenDollars(participant.id, { serviceDate: '2025-06-01' })));
    await done(admin.post('/v1/services', tenDollars(participant.id)));
    await socket.version(4);
    expect(updates(socket.frames).map((frame) => frame.budgets.map((budget: Json) => budget.planId))).toEqual([
      [earlier.id],
      [participant.planId],
    ]);
    expect(updates(socket.frames).map((frame) => frame.version)).toEqual([3, 4]);
  });

  test('is followed by a snapshot when another plan is shown after it', async () => {
    const { admin } = await newTenant();
    const id = await withoutPlan(admin);
    const socket = await watch(admin, id);
    const post = (body: Json) => done(admin.post(`/v1/participants/${id}/plans`, body));
    const agree = async (version: number, snapshotsSoFar: number) => {
      await socket.version(version);
      await socket.settle();
      const view = await shown(admin, id);
      expect(socket.frames.at(-1)).toEqual({ type: 'snapshot', ...view });
      expect(socket.frames.filter((frame) => frame.type === 'snapshot')).toHaveLength(snapshotsSoFar);
      expect(believe(socket.frames)).toEqual(view);
      return view.budgets[0].planId;
    };
    const later = await post(plan('2032-01-01', '2032-12-31'));
    expect(await agree(1, 2)).toBe(later.id);
    const next = await post(plan('2031-01-01', '2031-12-31'));
    expect(await agree(2, 3)).toBe(next.id);
    const past = await post(plan('2025-01-01', '2025-12-31'));
    await socket.version(3);
    await done(admin.patch(`/v1/plans/${past.id}`, { endDate: '2030-12-31' }));
    expect(await agree(4, 4)).toBe(past.id);
  });
});

describe('nothing is told', () => {
  test('of writes that are refused, repeated or change nothing that the ledger knows', async () => {
    const { admin, user } = await newTenant();
    const participant = await newParticipant(admin, { budgets: [{ categoryCode: 1, allocatedCents: 5_000 }] });
    const { id, planId } = participant;
    const [budgetId = ''] = participant.budgetIds;
    const key = { 'idempotency-key': 'shift' };
    const service = await done(admin.post('/v1/services', tenDollars(id), key));
    const cancelled = await done(admin.post('/v1/services', tenDollars(id)));
    await done(admin.post(`/v1/services/${cancelled.id}/cancel`, { reason: 'sent twice' }));
    const socket = await watch(admin, id);
    await socket.version(4);
    const viewer = await user('viewer');
    const statuses = [
      await admin.post('/v1/services', tenDollars(id, { unitPriceCents: 1_000, quantity: 5 })),
      await admin.post('/v1/services', tenDollars(id, { quantity: 0 })),
      await admin.post('/v1/services', tenDollars(id, { unitPriceCents: 1_001 })),
      await admin.post('/v1/services', tenDollars(id, { supportItemCode: THERAPY })),
      await admin.post('/v1/services', tenDollars(id, { serviceDate: '2024-01-01' })),
      await admin.post('/v1/services', tenDollars(id, { serviceDate: '2027-12-30' })),
      await viewer.post('/v1/services', tenDollars(id)),
      await admin.post('/v1/services/quote', tenDollars(id)),
      await admin.post('/v1/services', tenDollars(id), key),
      await admin.post(`/v1/services/${cancelled.id}/cancel`, { reason: 'again' }),
      await admin.patch(`/v1/budgets/${budgetId}`, { allocatedCents: 999 }),
      await admin.patch(`/v1/budgets/${budgetId}`, { allocatedCents: 6_000 }, { 'if-match': '"999"' }),
      await admin.patch(`/v1/budgets/${budgetId}`, { allocatedCents: 5_000 }),
      await admin.post(`/v1/plans/${planId}/budgets`, { categoryCode: 99, allocatedCents: 1 }),
      await admin.post(`/v1/participants/${id}/plans`, plan('2026-06-01', '2026-06-30')),
      await admin.patch(`/v1/plans/${planId}`, { endDate: '2026-06-30' }),
      await admin.patch(`/v1/plans/${planId}`, { planNumber: 'P-1' }),
    ].map(({ status }) => status);
    expect(statuses).toEqual([409, 400, 422, 422, 422, 400, 403, 200, 201, 200, 409, 412, 200, 400, 409, 409, 200]);
    await socket.settle();
    expect(socket.frames).toHaveLength(1);
    await done(admin.post(`/v1/services/${service.id}/cancel`, { reason: 'not given' }));
    await socket.version(5);
    await socket.settle();
    expect(socket.frames.map((frame) => [frame.type, frame.version])).toEqual([
      ['snapshot', 4],
      ['update', 5],
    ]);
  });

  test('of a write that the database did not take', async () => {
    const { admin, organizationId } = await newTenant();
    const { id } = await newParticipant(admin);
    const socket = await watch(admin, id);
    await refuseWrites({ organizationId, participantId: id }, 1);
    expect((await admin.post('/v1/services', tenDollars(id))).status).toBe(503);
    await socket.settle();
    expect(socket.frames).toHaveLength(1);
    await done(admin.post('/v1/services', tenDollars(id)));
    await socket.version(2);
    await socket.settle();
    expect(socket.frames.map((frame) => [frame.type, frame.version])).toEqual([
      ['snapshot', 1],
      ['update', 2],
    ]);
  });
});

/** Has the next writes of a participant's ledger fail before the database has them. */
function refuseWrites(key: LedgerKey, count: number): Promise<void> {
  let left = count;
  return runInDurableObject(ledgerStub(env, key), (instance) => {
    const { keeper } = instance as unknown as { keeper: { -readonly [Name in keyof Keeper]: Keeper[Name] } };
    const open = keeper.openDatabase;
    keeper.openDatabase = (usage) => {
      const database = open(usage);
      return {
        ...database,
        write: (batch) => (left-- > 0 ? Promise.reject(new Unavailable()) : database.write(batch)),
      };
    };
  });
}

describe('a write whose answer from the database was lost', () => {
  test('is told once, as an update or within a snapshot', async () => {
    const { admin, organizationId } = await newTenant();
    const { id } = await newParticipant(admin);
    const socket = await watch(admin, id);
    await breakLedger({ organizationId, participantId: id }, ['during']);
    await done(admin.post('/v1/services', tenDollars(id)));
    await socket.version(2);
    await socket.settle();
    expect(socket.frames).toHaveLength(2);
    expect(believe(socket.frames)).toEqual(await shown(admin, id));
  });

  test('is in the next snapshot of a client whose object died with the answer', async () => {
    const { admin, organizationId } = await newTenant();
    const { id } = await newParticipant(admin);
    const socket = await watch(admin, id);
    await breakLedger({ organizationId, participantId: id }, ['after']);
    await done(admin.post('/v1/services', tenDollars(id)));
    await socket.end();
    expect(socket.frames.filter((frame) => frame.version !== 1)).toEqual([]);
    const again = await watch(admin, id);
    await again.settle();
    expect(again.frames).toEqual([{ type: 'snapshot', ...(await shown(admin, id)) }]);
    expect(again.frames[0].version).toBe(2);
  });
});

describe('what a client sends', () => {
  test('ping is answered with pong, and with nothing else', async () => {
    const { admin } = await newTenant();
    const { id } = await newParticipant(admin);
    const socket = await watch(admin, id);
    await socket.settle();
    for (let count = 0; count < 3; count++) socket.send('ping');
    await socket.settle();
    expect(socket.frames.slice(1)).toEqual(['pong', 'pong', 'pong']);
  });

  test('resync is answered with the present snapshot, to the one that asked', async () => {
    const { admin } = await newTenant();
    const { id } = await newParticipant(admin, { budgets: LINES });
    const [socket, other] = [await watch(admin, id), await watch(admin, id)];
    await done(admin.post('/v1/services', tenDollars(id)));
    await socket.version(2);
    socket.send('{"type":"resync"}');
    socket.send(' { "type" : "resync" } ');
    await socket.frame('second snapshot', (frame) => frame.type === 'snapshot' && frame.version === 2);
    await expect.poll(() => socket.frames.length, { timeout: 10_000 }).toBe(4);
    const snapshot = { type: 'snapshot', ...(await shown(admin, id)) };
    expect(socket.frames.slice(2)).toEqual([snapshot, snapshot]);
    await other.settle();
    expect(other.frames).toHaveLength(2);
  });

  test('anything else is answered with an error, and the socket stays and hears what follows', async () => {
    const { admin } = await newTenant();
    const { id } = await newParticipant(admin);
    const [socket, other] = [await watch(admin, id), await watch(admin, id)];
    const garbage: (string | ArrayBuffer)[] = [
      '',
      ' ',
      'PING',
      'ping ',
      '{',
      'null',
      '0',
      '[]',
      '"resync"',
      '[{"type":"resync"}]',
      '{"type":"snapshot"}',
      '{"type":"RESYNC"}',
      '{"type":["resync"]}',
      '{"type":"resync","since":3}',
      '{"type":"update","version":9,"budgets":[]}',
      '\u0000\ud800',
      new ArrayBuffer(0),
      new TextEncoder().encode('ping').buffer as ArrayBuffer,
      new TextEncoder().encode('{"type":"resync"}').buffer as ArrayBuffer,
      new ArrayBuffer(100_000),
      'x'.repeat(1_000_000),
      JSON.stringify({ type: 'resync', padding: 'x'.repeat(1_000_000) }),
      '['.repeat(100_000),
    ];
    for (const message of garbage) socket.send(message);
    await expect.poll(() => socket.frames.length, { timeout: 10_000 }).toBe(1 + garbage.length);
    expect(socket.frames.slice(1)).toEqual(garbage.map(() => ({ type: 'error', code: 'VALIDATION_FAILED' })));
    expect(socket.ended).toBeNull();
    await done(admin.post('/v1/services', tenDollars(id)));
    await socket.version(2);
    await other.version(2);
    expect(other.frames).toHaveLength(2);
  });
});
