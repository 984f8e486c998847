import { abortAllDurableObjects, evictDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, test } from 'vitest';
import { ledgerStub } from '../../../src/features/ledger/client.ts';
import { commonItems, differences, newParticipant, tenDollars } from '../../support/workers/care.ts';
import { believe, snapshots, updates, type Watch, watch } from '../../support/workers/socket.ts';
import { type Caller, type Json, newTenant } from '../../support/workers/tenant.ts';

beforeAll(commonItems);

async function setUp(dollars = 10_000) {
  const { admin, organizationId } = await newTenant();
  const { id } = await newParticipant(admin, { budgets: [{ categoryCode: 1, allocatedCents: dollars * 100 }] });
  return {
    admin,
    id,
    evict: () => evictDurableObject(ledgerStub(env, { organizationId, participantId: id })),
    shown: async (): Promise<Json> => (await admin.get(`/v1/participants/${id}/budgets`)).body,
  };
}

/** Does work `count` times, `width` at once. */
async function manyAtOnce(count: number, width: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const hand = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: width }, hand));
}

/** Records a service as a client does that was cut off: again, with the same key, until it is answered. */
async function record(admin: Caller, participantId: string, key: number): Promise<void> {
  for (;;) {
    const headers = { 'idempotency-key': `${participantId}-${key}` };
    const { status } = await admin
      .post('/v1/services', tenDollars(participantId), headers)
      .catch(() => ({ status: 0 }));
    if (status === 201) return;
    if (status > 0 && status < 500) throw new Error(`refused: ${status}`);
  }
}

function several<Value>(count: number, make: () => Promise<Value>): Promise<Value[]> {
  return Promise.all(Array.from({ length: count }, make));
}

describe('a crowd', () => {
  test('of 100 sockets sees each of 200 writes, 32 at once, in order, and ends at the same figures', async () => {
    const { admin, id, shown } = await setUp();
    const sockets = await several(100, () => watch(admin, id));
    await manyAtOnce(200, 32, (index) => record(admin, id, index));
    const view = await shown();
    expect(view.version).toBe(201);
    const versions = Array.from({ length: 201 }, (_, index) => index + 1);
    for (const socket of sockets) {
      await socket.version(201);
      expect(socket.frames.map((frame) => frame.version)).toEqual(versions);
      expect(snapshots(socket.frames)).toHaveLength(1);
      expect(believe(socket.frames)).toEqual(view);
    }
    const services = updates(sockets[0]?.frames ?? []).map((frame) => frame.cause.serviceId);
    expect(new Set(services).size).toBe(200);
  });

  test('that comes while others write begins with the present and misses nothing after it', async () => {
    const { admin, id, shown } = await setUp();
    const sockets: Watch[] = [];
    await Promise.all([
      manyAtOnce(120, 16, (index) => record(admin, id, index)),
      manyAtOnce(40, 4, async () => {
        sockets.push(await watch(admin, id));
      }),
    ]);
    const view = await shown();
    for (const socket of sockets) {
      await socket.version(121);
      expect(snapshots(socket.frames)).toHaveLength(1);
      expect(believe(socket.frames)).toEqual(view);
    }
    expect(new Set(sockets.map((socket) => socket.frames[0].version)).size).toBeGreaterThan(1);
  });
});

describe('more sockets than can be told at once', () => {
  test('hear every change, singly or in a snapshot, never an older one, and end at the same figures', async () => {
    const { admin, id, shown } = await setUp();
    const sockets = await several(230, () => watch(admin, id));
    const late: Watch[] = [];
    await Promise.all([
      manyAtOnce(80, 16, async (index) => {
        await record(admin, id, index);
        if (index % 8 === 0) late.push(await watch(admin, id));
        // Asks in the middle of what the others are being told.
        sockets[index * 2]?.send('{"type":"resync"}');
      }),
    ]);
    const view = await shown();
    for (const socket of [...sockets, ...late]) {
      await socket.version(81);
      expect(believe(socket.frames)).toEqual(view);
    }
    expect(await differences(id)).toEqual([]);
  });

  test('are answered what they ask while others go on writing', async () => {
    const { admin, id } = await setUp();
    const sockets = await several(230, () => watch(admin, id));
    let writing = true;
    const write = async () => {
      const writes: Promise<void>[] = [];
      for (let index = 0; index < 150; index++) {
        writes.push(record(admin, id, index));
        await scheduler.wait(20);
      }
      writing = false;
      await Promise.all(writes);
    };
    const written = write();
    await scheduler.wait(500);
    await sockets[0]?.settle();
    const answeredMeanwhile = writing;
    await written;
    expect(answeredMeanwhile).toBe(true);
  });

  test('are told one change as an update', async () => {
    const { admin, id } = await setUp();
    const sockets = await several(230, () => watch(admin, id));
    await record(admin, id, 1);
    for (const socket of sockets) {
      await socket.version(2);
      expect(socket.frames.map((frame) => [frame.type, frame.version])).toEqual([
        ['snapshot', 1],
        ['update', 2],
      ]);
    }
  });
});

describe('an object that is evicted', () => {
  test('again and again under load loses no socket and no change', async () => {
    const { admin, id, shown, evict } = await setUp();
    const sockets = await several(20, () => watch(admin, id));
    // An eviction waits for the calls in flight, so that each falls between two bursts of writes.
    for (let burst = 0; burst < 10; burst++) {
      await record(admin, id, burst * 15);
      const writes = manyAtOnce(14, 14, (index) => record(admin, id, burst * 15 + index + 1));
      await Promise.all([writes, evict()]);
    }
    const view = await shown();
    expect(view.version).toBe(151);
    for (const socket of sockets) {
      await socket.version(151);
      await socket.settle();
      expect(socket.ended).toBeNull();
      expect(believe(socket.frames)).toEqual(view);
      expect(snapshots(socket.frames).length).toBeLessThanOrEqual(1 + 10);
    }
    expect(await differences(id)).toEqual([]);
  });

  test('wakes for a write with the update, and at most one snapshot before it', async () => {
    const { admin, id, shown, evict } = await setUp();
    const sockets = await several(30, () => watch(admin, id));
    await record(admin, id, 1);
    await Promise.all(sockets.map((socket) => socket.version(2)));
    for (const version of [3, 4, 5]) {
      const before = sockets.map((socket) => socket.frames.length);
      await evict();
      await record(admin, id, version);
      for (const [index, socket] of sockets.entries()) {
        await socket.version(version);
        const woken = socket.frames.slice(before[index]);
        expect(woken.at(-1)).toMatchObject({ type: 'update', version });
        const first = woken.slice(0, -1).map((frame) => [frame.type, frame.version]);
        expect([[], [['snapshot', version - 1]]]).toContainEqual(first);
      }
    }
    const last = await watch(admin, id);
    await last.settle();
    expect(last.frames).toEqual([{ type: 'snapshot', ...(await shown()) }]);
  });

  test('wakes for a ping, a strange message or a newcomer without telling the others more than one snapshot', async () => {
    const { admin, id, evict } = await setUp();
    const [one, other] = [await watch(admin, id), await watch(admin, id)];
    await record(admin, id, 1);
    await other.version(2);
    await evict();
    one.send('ping');
    await one.frame('pong', (frame) => frame === 'pong');
    await one.settle();
    await evict();
    const newcomer = await watch(admin, id);
    await newcomer.settle();
    expect(newcomer.frames.map((frame) => frame.type)).toEqual(['snapshot']);
    await other.settle();
    expect(other.frames.slice(2).length).toBeLessThanOrEqual(1);
    expect(other.frames.slice(2).every((frame) => frame.type === 'snapshot' && frame.version === 2)).toBe(true);
    await evict();
    await watch(admin, id);
    const before = other.frames.length;
    await other.settle();
    expect(other.frames).toHaveLength(before);
  });

  test('answers a resync after it with the present', async () => {
    const { admin, id, shown, evict } = await setUp();
    const socket = await watch(admin, id);
    await record(admin, id, 1);
    await socket.version(2);
    await evict();
    socket.send('{"type":"resync"}');
    await expect.poll(() => snapshots(socket.frames).length, { timeout: 10_000 }).toBeGreaterThan(1);
    expect(socket.frames.at(-1)).toEqual({ type: 'snapshot', ...(await shown()) });
  });
});

describe('objects that die', () => {
  test('under load close their sockets, and clients that come back see every change', async () => {
    const { admin, id, shown } = await setUp();
    let writing = true;
    const lives: Watch[] = [];
    /** Comes back until it has a socket that outlives the writes. */
    const client = async (): Promise<Watch> => {
      for (;;) {
        const socket = await watch(admin, id).catch(() => null);
        if (!socket) continue;
        lives.push(socket);
        while (writing && !socket.ended) await scheduler.wait(5);
        if (!socket.ended) return socket;
      }
    };
    const disturb = async () => {
      for (let round = 0; round < 6; round++) {
        await scheduler.wait(40);
        await abortAllDurableObjects();
      }
    };
    const write = async () => {
      await Promise.all([manyAtOnce(120, 16, (index) => record(admin, id, index)), disturb()]);
      writing = false;
    };
    const [, ...last] = await Promise.all([write(), ...Array.from({ length: 10 }, client)]);
    const view = await shown();
    expect(view.version).toBe(121);
    for (const socket of last) {
      await socket.version(121);
      expect(believe(socket.frames)).toEqual(view);
    }
    expect(lives.length).toBeGreaterThan(10);
    for (const socket of lives) if (socket.frames.length > 0) believe(socket.frames);
    expect(await differences(id)).toEqual([]);
  });

  test('leave no socket open that would be told nothing any more', async () => {
    const { admin, id } = await setUp();
    const sockets = await several(5, () => watch(admin, id));
    await Promise.all(sockets.map((socket) => socket.version(1)));
    await abortAllDurableObjects();
    await record(admin, id, 1);
    for (const socket of sockets) {
      if (!socket.ended) await Promise.race([socket.version(2), socket.end()]);
      expect(socket.ended !== null || socket.frames.some((frame) => frame.version === 2)).toBe(true);
    }
  });
});
