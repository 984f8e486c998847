import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { ledgerStub } from '../../../src/features/ledger/client.ts';
import type { LedgerKey } from '../../../src/features/ledger/state.ts';
import { newId } from '../../../src/ids.ts';
import { commonItems, differences, newParticipant, tenDollars } from '../../support/workers/care.ts';
import { believe, knock, livePath, snapshots, type Watch, watch } from '../../support/workers/socket.ts';
import { type Json, newTenant, type OrganizationOptions } from '../../support/workers/tenant.ts';

beforeAll(commonItems);
afterEach(() => vi.useRealTimers());

/** How long a test waits for what is about to happen. */
const SOON = { timeout: 10_000 };

/** A participant of an organisation of the test's own, and their ledger's object. */
async function setUp(options: OrganizationOptions = {}) {
  const tenant = await newTenant(options);
  const { id, planId, budgetIds } = await newParticipant(tenant.admin);
  const key = { organizationId: tenant.organizationId, participantId: id };
  return {
    ...tenant,
    id,
    planId,
    budgetId: budgetIds[0] ?? '',
    /** Runs the alarm that is set; false when none is. */
    ring: () => runDurableObjectAlarm(ledgerStub(env, key)),
    alarm: () => runInDurableObject(ledgerStub(env, key), (_, state) => state.storage.getAlarm()),
    kept: () => runInDurableObject(ledgerStub(env, key), async (_, state) => [...(await state.storage.list()).keys()]),
    evict: () => evictDurableObject(ledgerStub(env, key)),
    /** Takes the database away from the object: every batch fails with the message. */
    cutOff: (message = LOST) => setDatabase(key, failing(message)),
    giveBack: () => setDatabase(key, env.DB),
    shown: async () => (await tenant.admin.get(`/v1/participants/${id}/budgets`)).body,
    record: async () => expect((await tenant.admin.post('/v1/services', tenDollars(id))).status).toBe(201),
  };
}

function setDatabase(key: LedgerKey, database: D1Database): Promise<void> {
  return runInDurableObject(ledgerStub(env, key), (instance) => {
    Reflect.set(instance, 'env', { ...env, DB: database });
  });
}

const LOST = 'D1_ERROR: Network connection lost.';

function failing(message: string): D1Database {
  const batch = () => Promise.reject(new Error(message));
  return new Proxy(env.DB, {
    get: (target, name) => (name === 'batch' ? batch : Reflect.get(target, name).bind(target)),
  });
}

type Scene = Awaited<ReturnType<typeof setUp>>;

async function hasGone(scene: Scene, socket: Watch): Promise<void> {
  socket.close();
  await socket.end();
  await expect.poll(scene.alarm, SOON).toBeNull();
}

function kinds(socket: Watch): Json[] {
  return socket.frames.map((frame) => [frame.type, frame.version]);
}

describe('the check', () => {
  test('is not set while nobody watches, and nothing is kept', async () => {
    const scene = await setUp();
    await scene.record();
    expect(await scene.alarm()).toBeNull();
    const socket = await watch(scene.admin, scene.id);
    await socket.settle();
    expect(await scene.alarm()).not.toBeNull();
    await hasGone(scene, socket);
    expect(await scene.kept()).toEqual([]);
    await scene.record();
    expect(await scene.alarm()).toBeNull();
    expect(await scene.ring()).toBe(false);
  });

  test('is not set any more when a client leaves an object that was asleep', async () => {
    const scene = await setUp();
    const socket = await watch(scene.admin, scene.id);
    await socket.settle();
    await scene.evict();
    await hasGone(scene, socket);
    expect(await scene.kept()).toEqual([]);
  });

  test('stays set until the last watcher has left', async () => {
    const scene = await setUp();
    const [first, last] = [await watch(scene.admin, scene.id), await watch(scene.admin, scene.id)];
    first.close();
    await first.end();
    await scene.record();
    await last.version(2);
    expect(await scene.alarm()).not.toBeNull();
    await hasGone(scene, last);
  });

  test('comes within 30 seconds while someone watches, and again after each', async () => {
    const scene = await setUp();
    const socket = await watch(scene.admin, scene.id);
    await socket.settle();
    for (let round = 0; round < 3; round++) {
      const at = (await scene.alarm()) ?? 0;
      expect(at).toBeGreaterThan(Date.now());
      expect(at).toBeLessThanOrEqual(Date.now() + 30_000);
      expect(await scene.ring()).toBe(true);
    }
    expect(kinds(socket)).toEqual([['snapshot', 1]]);
  });

  test('is not put off by those who come later, nor by writes', async () => {
    const scene = await setUp();
    vi.useFakeTimers({ toFake: ['Date'] });
    const opened = Date.now();
    await watch(scene.admin, scene.id);
    const at = (await scene.alarm()) ?? 0;
    expect(at).toBeLessThanOrEqual(opened + 30_000);
    for (const later of [10_000, 20_000, 29_000]) {
      vi.setSystemTime(opened + later);
      await watch(scene.admin, scene.id);
      await scene.record();
      expect(await scene.alarm()).toBe(at);
    }
  });
});

describe('a watcher who may not watch any more', () => {
  const fates: { fate: string; patch: Json; code: string; close: number }[] = [
    { fate: 'is suspended', patch: { status: 'suspended' }, code: 'UNAUTHENTICATED', close: 4401 },
    { fate: 'is made inactive', patch: { status: 'inactive' }, code: 'UNAUTHENTICATED', close: 4401 },
    { fate: 'loses budgets.read', patch: { role: 'support_worker' }, code: 'FORBIDDEN', close: 4403 },
  ];
  for (const asleep of [false, true]) {
    test.each(fates)(
      `and $fate is told and closed by the next check${asleep ? ' of an object that was asleep' : ''}`,
      async ({ patch, code, close }) => {
        const scene = await setUp();
        const viewer = await scene.user('viewer');
        const other = await scene.user('viewer');
        const sockets = [await watch(viewer, scene.id), await watch(viewer, scene.id)];
        const stays = await watch(other, scene.id);
        const changed = await scene.admin.patch(`/v1/users/${viewer.userId}`, patch);
        expect(changed.status).toBe(200);
        if (asleep) await scene.evict();
        expect(await scene.ring()).toBe(true);
        for (const socket of sockets) {
          expect((await socket.end()).code).toBe(close);
          expect(socket.frames.at(-1)).toEqual({ type: 'error', code });
        }
        await scene.record();
        await stays.version(2);
        expect(stays.ended).toBeNull();
        expect(stays.frames.at(-1)).toEqual(expect.objectContaining({ type: 'update', version: 2 }));
        expect(sockets.map((socket) => socket.frames.some((frame) => frame.version === 2))).toEqual([false, false]);
      },
    );
  }

  test('but keeps watching on a permission of their own', async () => {
    const scene = await setUp();
    const viewer = await scene.user('viewer');
    const socket = await watch(viewer, scene.id);
    await scene.admin.patch(`/v1/users/${viewer.userId}`, { role: 'support_worker', permissions: ['budgets.read'] });
    await scene.ring();
    await scene.record();
    await socket.version(2);
    expect(socket.ended).toBeNull();
  });

  test('and belongs to another organisation now is closed', async () => {
    const scene = await setUp();
    const elsewhere = await newTenant();
    const viewer = await scene.user('viewer');
    const socket = await watch(viewer, scene.id);
    await env.DB.prepare('UPDATE users SET organization_id = ? WHERE id = ?')
      .bind(elsewhere.organizationId, viewer.userId)
      .run();
    await scene.ring();
    expect((await socket.end()).code).toBe(4401);
  });

  test('leaves no check behind when they were the last', async () => {
    const scene = await setUp();
    const viewer = await scene.user('viewer');
    const socket = await watch(viewer, scene.id);
    await scene.admin.patch(`/v1/users/${viewer.userId}`, { status: 'suspended' });
    await scene.ring();
    await socket.end();
    await expect.poll(scene.alarm, SOON).toBeNull();
    await expect.poll(scene.kept, SOON).toEqual([]);
  });

  test('is closed with 4404 when the participant is gone from the organisation', async () => {
    const scene = await setUp();
    const elsewhere = await newTenant();
    const socket = await watch(scene.admin, scene.id);
    await env.DB.prepare('UPDATE participants SET organization_id = ? WHERE id = ?')
      .bind(elsewhere.organizationId, scene.id)
      .run();
    await scene.ring();
    expect((await socket.end()).code).toBe(4404);
    expect(socket.frames.at(-1)).toEqual({ type: 'error', code: 'NOT_FOUND' });
  });
});

/** Records a $15 service as a program would that knows nothing of the object. */
async function recordRoundTheObject(scene: Scene, options: { bumpsVersion: boolean }): Promise<void> {
  const { id, planId, budgetId, organizationId, admin } = scene;
  const service = newId('svc');
  const place = options.bumpsVersion ? 'ledger_version + 1, 1' : 'ledger_version, 1000';
  await env.DB.batch([
    env.DB.prepare(
      `INSERT INTO services (id, organization_id, participant_id, plan_id, budget_id, support_item_code, support_item_name, unit,
        service_date, unit_price_cents, total_cost_cents, support_worker_id, ledger_version, created_at)
      VALUES (?, ?, ?, ?, ?, 'X', 'X', 'E', '2026-11-20', 1500, 1500, ?, 0, 0)`,
    ).bind(service, organizationId, id, planId, budgetId, admin.userId),
    env.DB.prepare(
      `UPDATE pool_boundaries SET spent_cents = spent_cents + 1500 WHERE pool_id = ? AND ends_on >= '2026-11-20'`,
    ).bind(budgetId),
    env.DB.prepare('UPDATE budgets SET spent_cents = spent_cents + 1500 WHERE id = ?').bind(budgetId),
    env.DB.prepare('UPDATE plans SET spent_cents = spent_cents + 1500 WHERE id = ?').bind(planId),
    env.DB.prepare(
      `INSERT INTO ledger_entries (participant_id, version, number, organization_id, budget_id, kind, allocated_delta_cents,
        spent_delta_cents, service_id, at)
      SELECT id, ${place}, organization_id, ?, 'service.recorded', 0, 1500, ?, 0 FROM participants WHERE id = ?`,
    ).bind(budgetId, service, id),
    env.DB.prepare('UPDATE participants SET ledger_version = ledger_version + ? WHERE id = ?').bind(
      options.bumpsVersion ? 1 : 0,
      id,
    ),
  ]);
  expect(await differences(id)).toEqual([]);
}

describe('changes by another writer', () => {
  for (const asleep of [false, true]) {
    test(`are told as one snapshot by the next check${asleep ? ' of an object that was asleep' : ''}`, async () => {
      const scene = await setUp();
      await scene.record();
      const socket = await watch(scene.admin, scene.id);
      await socket.settle();
      await recordRoundTheObject(scene, { bumpsVersion: true });
      await recordRoundTheObject(scene, { bumpsVersion: true });
      if (asleep) await scene.evict();
      await scene.ring();
      await socket.version(4);
      await scene.ring();
      await socket.settle();
      expect(kinds(socket)).toEqual([
        ['snapshot', 2],
        ['snapshot', 4],
      ]);
      expect(believe(socket.frames)).toEqual(await scene.shown());
      expect(socket.frames[1].budgets[0].spentCents).toBe(4_000);
    });
  }

  test('are told by a snapshot before the update that follows them', async () => {
    const scene = await setUp();
    await scene.record();
    const socket = await watch(scene.admin, scene.id);
    await recordRoundTheObject(scene, { bumpsVersion: true });
    await scene.record();
    await socket.version(4);
    expect(kinds(socket)).toEqual([
      ['snapshot', 2],
      ['snapshot', 3],
      ['update', 4],
    ]);
    expect(believe(socket.frames)).toEqual(await scene.shown());
  });

  test('are told to everyone when another client comes', async () => {
    const scene = await setUp();
    const socket = await watch(scene.admin, scene.id);
    await recordRoundTheObject(scene, { bumpsVersion: true });
    const late = await watch(scene.admin, scene.id);
    await socket.version(2);
    await late.settle();
    expect(kinds(late)).toEqual([['snapshot', 2]]);
    expect(believe(socket.frames)).toEqual(await scene.shown());
  });

  test('that forgot to move the version on are told by the check after the next write', async () => {
    const scene = await setUp();
    await scene.record();
    const socket = await watch(scene.admin, scene.id);
    await recordRoundTheObject(scene, { bumpsVersion: false });
    await scene.record();
    await scene.ring();
    await socket.settle();
    expect(believe(socket.frames)).toEqual(await scene.shown());
    expect((await scene.shown()).budgets[0].spentCents).toBe(3_500);
  });

  test('that move no money, such as an archive, are not told as a change', async () => {
    const scene = await setUp();
    const socket = await watch(scene.admin, scene.id);
    expect((await scene.admin.delete(`/v1/participants/${scene.id}`, { reason: 'moved away' })).status).toBe(200);
    expect((await scene.admin.post(`/v1/participants/${scene.id}/restore`)).status).toBe(200);
    await scene.record();
    await scene.ring();
    await socket.settle();
    expect(kinds(socket)).toEqual([
      ['snapshot', 1],
      ['update', 2],
    ]);
  });
});

/** Tomorrow's date in UTC: an alarm that is set then does not ring by itself during the test. */
const TOMORROW = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);

function tomorrow(time: string): number {
  return Date.parse(`${TOMORROW}T${time}Z`);
}

describe('the organisation’s new day', () => {
  // Brisbane has no daylight saving: its midnight is always 14:00 in UTC.
  const BRISBANE = { timeZone: 'Australia/Brisbane' };

  for (const asleep of [false, true]) {
    test(`is told at its midnight, by a snapshot${asleep ? ' of an object that was asleep' : ''}`, async () => {
      vi.useFakeTimers({ toFake: ['Date'] });
      vi.setSystemTime(tomorrow('13:59:48'));
      const scene = await setUp(BRISBANE);
      await scene.record();
      const socket = await watch(scene.admin, scene.id);
      await socket.settle();
      const eve = socket.frames[0].asOf;
      expect(eve).toBe(TOMORROW);
      expect(await scene.alarm()).toBe(tomorrow('14:00:00'));

      if (asleep) await scene.evict();
      vi.setSystemTime(tomorrow('14:00:00'));
      expect(await scene.ring()).toBe(true);
      await socket.settle();
      expect(kinds(socket)).toEqual([
        ['snapshot', 2],
        ['snapshot', 2],
      ]);
      expect(Date.parse(socket.frames[1].asOf) - Date.parse(eve)).toBe(86_400_000);
      expect(socket.frames[1]).toEqual({ type: 'snapshot', ...(await scene.shown()) });
      expect(socket.frames[1].budgets[0].daysRemaining).toBe(socket.frames[0].budgets[0].daysRemaining - 1);

      expect(await scene.alarm()).toBe(tomorrow('14:00:30'));
      vi.setSystemTime(tomorrow('14:00:30'));
      await scene.ring();
      await socket.settle();
      expect(socket.frames).toHaveLength(2);
    });
  }

  test('is told to those who watched before, also when a client came after midnight and before the check', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.setSystemTime(tomorrow('13:59:59'));
    const scene = await setUp(BRISBANE);
    const before = await watch(scene.admin, scene.id);
    vi.setSystemTime(tomorrow('14:00:01'));
    const after = await watch(scene.admin, scene.id);
    await after.settle();
    await scene.ring();
    await before.settle();
    expect(before.frames.at(-1)).toEqual({ type: 'snapshot', ...(await scene.shown()) });
    expect(after.frames[0].asOf).toBe(before.frames.at(-1).asOf);
  });

  test('does not pass unsaid when something is recorded after midnight and before the check', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.setSystemTime(tomorrow('13:59:59'));
    const scene = await setUp(BRISBANE);
    const socket = await watch(scene.admin, scene.id);
    vi.setSystemTime(tomorrow('14:00:01'));
    await scene.record();
    await socket.version(2);
    await scene.ring();
    await socket.settle();
    expect(believe(socket.frames)).toEqual(await scene.shown());
  });
});

describe('an organisation that moves to another time zone', () => {
  /** Two zones whose dates differ at every instant. */
  const WEST = 'Pacific/Niue';
  const EAST = 'Pacific/Kiritimati';

  async function move(scene: Scene): Promise<void> {
    const { status } = await scene.admin.patch('/v1/organization', { settings: { timeZone: EAST } });
    expect(status).toBe(200);
  }

  test('has its new date told by the next check, once', async () => {
    const scene = await setUp({ timeZone: WEST });
    const socket = await watch(scene.admin, scene.id);
    await socket.settle();
    await move(scene);
    await scene.ring();
    await socket.settle();
    expect(snapshots(socket.frames)).toHaveLength(2);
    expect(socket.frames[1]).toEqual({ type: 'snapshot', ...(await scene.shown()) });
    expect(socket.frames[1].asOf > socket.frames[0].asOf).toBe(true);
    await scene.ring();
    await socket.settle();
    expect(socket.frames).toHaveLength(2);
  });

  test('keeps to its new date after the object slept', async () => {
    const scene = await setUp({ timeZone: WEST });
    const socket = await watch(scene.admin, scene.id);
    await move(scene);
    await scene.ring();
    await scene.evict();
    socket.send('{"type":"resync"}');
    await expect.poll(() => snapshots(socket.frames).length, SOON).toBeGreaterThanOrEqual(3);
    expect(socket.frames.at(-1)).toEqual({ type: 'snapshot', ...(await scene.shown()) });
  });

  test('keeps to its new date when another writer is noticed after the object slept', async () => {
    const scene = await setUp({ timeZone: WEST });
    const socket = await watch(scene.admin, scene.id);
    await move(scene);
    await scene.ring();
    await scene.evict();
    await recordRoundTheObject(scene, { bumpsVersion: true });
    expect((await scene.admin.delete(`/v1/participants/${scene.id}`, { reason: 'moved away' })).status).toBe(200);
    await socket.version(2);
    await socket.settle();
    expect(socket.frames.at(-1)).toEqual({ type: 'snapshot', ...(await scene.shown()) });
  });
});

describe('while the database does not answer', () => {
  /** Lets the object's patience with the database run out. */
  async function patienceEnds(): Promise<void> {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    await scheduler.wait(100);
    vi.setSystemTime(Date.now() + 9_000);
  }

  // The platform gives an alarm up for good after a few failures.
  test.each([LOST, 'D1_ERROR: no such column: participants.new: SQLITE_ERROR'])(
    'a check that fails is made again (%s)',
    async (message) => {
      const scene = await setUp();
      const socket = await watch(scene.admin, scene.id);
      await socket.settle();
      await scene.cutOff(message);
      await recordRoundTheObject(scene, { bumpsVersion: true });
      const ringing = scene.ring().catch(() => undefined);
      await patienceEnds();
      await ringing;
      const again = await scene.alarm();
      expect(again).not.toBeNull();
      expect(again ?? 0).toBeLessThanOrEqual(Date.now() + 30_000);
      await scene.giveBack();
      await scene.ring();
      await socket.version(2);
      expect(believe(socket.frames)).toEqual(await scene.shown());
    },
  );

  test('a new socket is refused with 503 and may be asked for again', async () => {
    const scene = await setUp();
    await scene.record();
    await scene.cutOff();
    const knocking = knock(livePath(scene.id), { authorization: `Bearer ${scene.admin.token}` });
    await patienceEnds();
    const { status, body } = await knocking;
    expect([status, body.code]).toEqual([503, 'UNAVAILABLE']);
    await scene.giveBack();
    await (await watch(scene.admin, scene.id)).version(2);
  });

  test('a resync is answered with an error or a close, not with silence', async () => {
    const scene = await setUp();
    const socket = await watch(scene.admin, scene.id);
    await socket.settle();
    await scene.cutOff();
    socket.send('{"type":"resync"}');
    await patienceEnds();
    await expect.poll(() => socket.frames.at(-1), SOON).toEqual({ type: 'error', code: 'UNAVAILABLE' });
  });
});
