import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, test, vi } from 'vitest';
import { openDatabase } from '../../../src/database/database.ts';
import { roomStub } from '../../../src/features/room/client.ts';
import { RETOLD, sweepEvents } from '../../../src/features/threads/sweep.ts';
import { changedBy } from '../../support/workers/contract.ts';
import { knock, type Watch } from '../../support/workers/socket.ts';
import { hear, heard, newThread, say } from '../../support/workers/talk.ts';
import { type Caller, type Json, newTenant } from '../../support/workers/tenant.ts';

const told = (watch: Watch) => watch.frames.filter(({ seq, type }) => seq !== undefined && type !== 'ready');
const numbers = (frames: Json[]) => frames.map(({ seq }) => seq);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe('the live threads', () => {
  test('tell 50 users on two devices each every message once, in one order for all, over evictions and reconnects', async () => {
    const { organizationId, user } = await newTenant();
    const people = await Promise.all(Array.from({ length: 50 }, () => user('support_worker')));
    const threadId = await newThread(people[0] as Caller);
    const devices = await Promise.all(
      people.flatMap((person) =>
        [1, 2].map(async () => ({ person, last: 1, frames: [] as Json[], watch: await hear(person) })),
      ),
    );
    /** Cuts a device off, and has it come back with what it has. */
    const reconnect = async (device: (typeof devices)[number]) => {
      device.watch.close();
      await device.watch.end();
      device.frames.push(...told(device.watch));
      device.last = device.frames.at(-1)?.seq ?? device.last;
      device.watch = await hear(device.person, device.last);
    };
    let next = 0;
    const talk = async (count: number) => {
      const speaker = async () => {
        for (; next < count; ) {
          const n = next++;
          await say(people[n % 50] as Caller, threadId, `message ${n}`);
        }
      };
      await Promise.all(Array.from({ length: 8 }, speaker));
    };
    await talk(40);
    await evictDurableObject(roomStub(env, organizationId));
    await talk(80);
    await Promise.all([talk(160), ...devices.slice(0, 30).map(reconnect)]);
    await evictDurableObject(roomStub(env, organizationId));
    for (const device of devices.slice(20, 40)) {
      device.watch.close();
    }
    await talk(200);
    await Promise.all(devices.slice(20, 40).map(reconnect));
    const order = await env.DB.prepare(
      `SELECT seq, message_id FROM thread_events WHERE organization_id = ? AND kind = 'message.created' ORDER BY seq`,
    )
      .bind(organizationId)
      .all<{ seq: number; message_id: string }>();
    expect(order.results).toHaveLength(200);
    for (const device of devices) {
      await device.watch.frame('the last message', ({ seq, type }) => type === 'message' && seq === 201);
      const messages = [...device.frames, ...told(device.watch)].filter(({ type }) => type === 'message');
      expect(messages.map(({ seq, message }) => ({ seq, message_id: message.id }))).toEqual(order.results);
    }
  });

  test('tell edits, deletions, reads, new and closed threads, and who is typing', async () => {
    const { organizationId, user } = await newTenant();
    const [ana, kai] = [await user('coordinator'), await user('support_worker')];
    const watch = await hear(ana);
    const threadId = await newThread(kai, { title: 'Mia' });
    const { id } = await say(kai, threadId, 'one');
    await kai.patch(`/v1/threads/${threadId}/messages/${id}`, { body: 'two' });
    await ana.post(`/v1/threads/${threadId}/read`);
    await kai.delete(`/v1/threads/${threadId}/messages/${id}`, undefined);
    await kai.patch(`/v1/threads/${threadId}`, { status: 'closed' });
    await watch.frame('the closing', ({ seq, type }) => type === 'thread' && seq === 6);
    const kinds = ['thread', 'message', 'message.updated', 'read', 'message.deleted', 'thread'];
    expect(told(watch).map(({ type }) => type)).toEqual(kinds);
    expect(numbers(told(watch))).toEqual(upTo(6));
    const speaker = await hear(kai);
    speaker.send(JSON.stringify({ type: 'typing', threadId }));
    speaker.send(JSON.stringify({ type: 'typing', threadId }));
    const typing = await watch.frame('typing', ({ type }) => type === 'typing');
    expect(typing).toEqual({ type: 'typing', threadId, userId: kai.userId });
    await speaker.settle();
    await watch.settle();
    expect(watch.frames.filter(({ type }) => type === 'typing')).toHaveLength(1);
    expect(speaker.frames.filter(({ type }) => type === 'typing')).toEqual([]);
    const events = await env.DB.prepare('SELECT count(*) AS n FROM thread_events WHERE organization_id = ?')
      .bind(organizationId)
      .first('n');
    expect(events).toBe(6);
  });

  test('tell who is mentioned that it is they', async () => {
    const { user } = await newTenant();
    const [ana, kai, lee] = [await user('coordinator'), await user('support_worker'), await user('support_worker')];
    const sockets = [await hear(kai), await hear(kai), await hear(lee)];
    const threadId = await newThread(ana);
    await say(ana, threadId, 'Kai?', { mentions: [kai.userId] });
    const mentioned = await Promise.all(sockets.map(async (socket) => (await heard(socket, 1))[0].mentioned));
    expect(mentioned).toEqual([true, true, false]);
  });

  test('begin with the present, or with what was missed, or say that it cannot be told any more', async () => {
    const { admin, organizationId } = await newTenant();
    const threadId = await newThread(admin);
    for (let n = 0; n < 4; n++) await say(admin, threadId, `${n}`);
    const fresh = await hear(admin);
    expect((await fresh.settle())[0]).toEqual({ type: 'ready', seq: 5 });
    const resumed = await hear(admin, 3);
    await heard(resumed, 2);
    expect(numbers(await resumed.settle())).toEqual([3, 4, 5]);
    const ahead = await hear(admin, 99);
    expect((await ahead.settle())[0]).toEqual({ type: 'reset', seq: 5 });
    await env.DB.prepare('UPDATE thread_events SET at = at - ? WHERE organization_id = ? AND seq < 4')
      .bind(RETOLD + 1_000, organizationId)
      .run();
    await sweepEvents(openDatabase(env.DB), Date.now());
    expect((await (await hear(admin, 2)).settle())[0]).toEqual({ type: 'reset', seq: 5 });
    expect(numbers(await (await hear(admin, 3)).settle())).toEqual([3, 4, 5]);
    const nonsense = await knock('/v1/threads/live?since=-1', { authorization: `Bearer ${admin.token}` });
    expect(nonsense.body.code).toBe('VALIDATION_FAILED');
  });

  test('tell what nobody told the room, at the next look', async () => {
    const { admin, organizationId } = await newTenant();
    const threadId = await newThread(admin);
    const watch = await hear(admin);
    const poke = vi.spyOn(env.ORGANIZATION_ROOM, 'getByName').mockImplementation(() => {
      throw new Error('unreachable');
    });
    await say(admin, threadId, 'unheard');
    poke.mockRestore();
    expect(await runDurableObjectAlarm(roomStub(env, organizationId))).toBe(true);
    expect((await heard(watch, 1))[0].message.body).toBe('unheard');
  });

  test('end for who is suspended or may not read messages any more, at the next look', async () => {
    const { admin, organizationId, user } = await newTenant();
    const [gone, moved] = [await user('support_worker'), await user('support_worker')];
    const sockets = [await hear(admin), await hear(gone), await hear(moved)];
    await env.DB.prepare(`UPDATE users SET status = 'suspended' WHERE id = ?`).bind(gone.userId).run();
    await env.DB.prepare(`UPDATE users SET role = 'finance' WHERE id = ?`).bind(moved.userId).run();
    await runDurableObjectAlarm(roomStub(env, organizationId));
    expect((await sockets[1]?.end())?.code).toBe(4401);
    expect((await sockets[2]?.end())?.code).toBe(4403);
    expect(sockets[0]?.ended).toBeNull();
  });

  test("are one organisation's alone", async () => {
    const [ours, theirs] = [await newTenant(), await newTenant()];
    const watch = await hear(theirs.admin);
    const mine = await newThread(ours.admin);
    await say(ours.admin, mine, 'ours');
    const yours = await newThread(theirs.admin);
    await say(theirs.admin, yours, 'theirs');
    expect((await heard(watch, 1)).map(({ message }) => message.body)).toEqual(['theirs']);
    expect(told(watch).every(({ threadId }) => threadId === yours)).toBe(true);
  });

  test('write nothing to the database while people come, type and go', async () => {
    const { admin, organizationId, user } = await newTenant();
    const threadId = await newThread(admin);
    const kai = await user('support_worker');
    await hear(kai).then((watch) => watch.settle());
    // That they were here is noted once, after an answer.
    await vi.waitFor(async () => {
      const unseen = 'SELECT count(*) AS n FROM users WHERE organization_id = ? AND last_active_at IS NULL';
      expect(await env.DB.prepare(unseen).bind(organizationId).first('n')).toBe(0);
    });
    const changed = await changedBy(async () => {
      const watch = await hear(admin);
      const other = await hear(kai);
      other.send(JSON.stringify({ type: 'typing', threadId }));
      await watch.frame('typing', ({ type }) => type === 'typing');
      other.close();
      await other.end();
      await runDurableObjectAlarm(roomStub(env, organizationId));
    });
    expect(changed).toEqual([]);
  });

  test('keep nothing when everyone has gone', async () => {
    const { admin, organizationId } = await newTenant();
    const watch = await hear(admin);
    await watch.settle();
    watch.close();
    await watch.end();
    await runInDurableObject(roomStub(env, organizationId), async (_, state) => {
      await vi.waitFor(async () => expect((await state.storage.list()).size).toBe(0));
      expect(await state.storage.getAlarm()).toBeNull();
    });
  });
});
