import { evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { mayHear } from '../../../src/features/changes/rules.ts';
import { roomStub } from '../../../src/features/room/client.ts';
import type { Role } from '../../../src/features/sign-in/rules.ts';
import { effectivePermissions } from '../../../src/features/sign-in/rules.ts';
import { commonItems, newParticipant, tenDollars } from '../../support/workers/care.ts';
import { changedBy } from '../../support/workers/contract.ts';
import { holdJobs } from '../../support/workers/samples.ts';
import { knock, listen, type Watch } from '../../support/workers/socket.ts';
import { newThread, say } from '../../support/workers/talk.ts';
import { type Caller, type Json, newTenant } from '../../support/workers/tenant.ts';

beforeAll(commonItems);
// What is to be looked at later would write behind what is watched here.
beforeEach(holdJobs);

async function follow(caller: Pick<Caller, 'token'>, since?: number): Promise<Watch> {
  const path = `/v1/live${since === undefined ? '' : `?since=${since}`}`;
  const opening = await knock(path, { authorization: `Bearer ${caller.token}` });
  if (!opening.socket) throw new Error(`no socket: ${opening.status} ${JSON.stringify(opening.body)}`);
  return listen(opening.socket);
}

const changes = (frames: readonly Json[]) => frames.filter(({ type }) => type === 'change');

describe('the feed of changes', () => {
  test('tells each of 50 readers what they may see of 1,000 changes, in order, once, over disconnects and evictions', async () => {
    const { admin, organizationId, user } = await newTenant();
    const roles: Role[] = ['admin', 'coordinator', 'support_worker', 'finance', 'viewer'];
    const readers = await Promise.all(
      Array.from({ length: 50 }, async (_, n) => {
        const role = roles[n % 5] as Role;
        const person = await user(role);
        return { role, person, last: 0, frames: [] as Json[], watch: await follow(person, 0) };
      }),
    );
    const reconnect = async (reader: (typeof readers)[number]) => {
      reader.watch.close();
      await reader.watch.end();
      reader.frames.push(...changes(reader.watch.frames));
      reader.last = reader.frames.at(-1)?.seq ?? reader.last;
      reader.watch = await follow(reader.person, reader.last);
    };
    const { id } = await newParticipant(admin, { budgets: [{ categoryCode: 1, allocatedCents: 100_000_000 }] });
    const threadId = await newThread(admin);
    const makers = [
      () => admin.post('/v1/services', tenDollars(id)),
      (n: number) => admin.patch(`/v1/participants/${id}`, { tags: [`t${n}`] }),
      (n: number) => say(admin, threadId, `m${n}`),
      (n: number) => admin.patch('/v1/organization', { name: `Provider ${n}` }),
      (n: number) =>
        admin.post('/v1/users', { email: `${n}-${id}@example.com`, firstName: 'A', lastName: 'B', role: 'viewer' }),
    ];
    let next = 0;
    const work = async (upTo: number) => {
      const hand = async () => {
        while (next < upTo) {
          const n = next++;
          await makers[n % makers.length]?.(n);
        }
      };
      await Promise.all(Array.from({ length: 8 }, hand));
    };
    await work(300);
    await evictDurableObject(roomStub(env, organizationId));
    await Promise.all([work(700), ...readers.slice(0, 25).map(reconnect)]);
    await evictDurableObject(roomStub(env, organizationId));
    for (const reader of readers.slice(15, 35)) reader.watch.close();
    await work(1_000);
    await Promise.all(readers.slice(15, 35).map(reconnect));
    await runDurableObjectAlarm(roomStub(env, organizationId));
    const { results } = await env.DB.prepare(
      'SELECT seq, entity_type, entity_id FROM audit_logs WHERE organization_id = ? ORDER BY seq',
    )
      .bind(organizationId)
      .all<Json>();
    expect(results.length).toBeGreaterThan(950);
    for (const reader of readers) {
      const permissions = effectivePermissions(reader.role, []);
      const expected = results.filter(({ entity_type }) => mayHear(permissions, entity_type));
      const heard = () => [...reader.frames, ...changes(reader.watch.frames)];
      await vi.waitFor(() => expect(heard()).toHaveLength(expected.length), 10_000);
      expect(heard().map(({ seq, entityId }) => [seq, entityId])).toEqual(
        expected.map(({ seq, entity_id }) => [seq, entity_id]),
      );
    }
  }, 60_000);

  test('names the participant that a change is about', async () => {
    const { admin } = await newTenant();
    const watch = await follow(admin);
    const { id } = await newParticipant(admin);
    const service = await admin.post('/v1/services', tenDollars(id));
    await newThread(admin, { title: 'Mia', participantId: id });
    await watch.frame('the thread', ({ entityType }) => entityType === 'thread');
    const about = changes(watch.frames).map(({ action, participantId }) => [action, participantId]);
    expect(about).toEqual([
      ['plan.created', id],
      ['participant.created', id],
      ['service.created', id],
      ['thread.created', id],
    ]);
    expect(changes(watch.frames)[2]).toMatchObject({ entityId: service.body.id, userId: admin.userId });
  });
});

describe('presence', () => {
  const here = async (caller: Caller): Promise<Json[]> => (await caller.get('/v1/presence')).body.data;

  test('shows who is here, where, who is away, and who has gone with their last socket', async () => {
    const { admin, organizationId, user } = await newTenant();
    const kai = await user('support_worker');
    const watch = await follow(admin);
    const [first, second] = [await follow(kai), await follow(kai)];
    first.send(JSON.stringify({ type: 'presence', status: 'online', page: '/participants' }));
    const says = (status: string, page: string | null) => (frame: Json) =>
      frame.data?.some((one: Json) => one.userId === kai.userId && one.status === status && one.page === page);
    await watch.frame('Kai’s page', says('online', '/participants'));
    expect(await here(admin)).toMatchObject([
      { userId: admin.userId, status: 'online', page: null },
      { userId: kai.userId, status: 'online', page: '/participants' },
    ]);
    first.close();
    await first.end();
    expect((await here(admin)).map(({ userId }) => userId)).toContain(kai.userId);
    await watch.frame('Kai elsewhere', says('online', null));
    const later = Date.now() + 5 * 60_000;
    vi.spyOn(Date, 'now').mockReturnValue(later);
    await runDurableObjectAlarm(roomStub(env, organizationId));
    vi.restoreAllMocks();
    await watch.frame('Kai away', says('away', null));
    second.close();
    await second.end();
    await watch.frame('Kai gone', says('offline', null));
    expect((await here(admin)).map(({ userId }) => userId)).toEqual([admin.userId]);
  });

  test('of 200 people writes nothing to the database, whatever they do', async () => {
    const { admin, organizationId, user } = await newTenant();
    const people = await Promise.all(Array.from({ length: 200 }, () => user('support_worker')));
    const sockets = await Promise.all(people.map((person) => follow(person)));
    await vi.waitFor(async () => {
      const unseen = 'SELECT count(*) AS n FROM users WHERE organization_id = ? AND last_active_at IS NULL AND id <> ?';
      expect(await env.DB.prepare(unseen).bind(organizationId, admin.userId).first('n')).toBe(0);
    });
    const changed = await changedBy(async () => {
      for (let minute = 0; minute < 10; minute++) {
        for (const socket of sockets)
          socket.send(JSON.stringify({ type: 'presence', status: 'away', page: `/${minute}` }));
        await runDurableObjectAlarm(roomStub(env, organizationId));
      }
      await sockets[0]?.frame('the last', ({ data }) => data?.some(({ page }: Json) => page === '/9'));
      for (const socket of sockets) socket.close();
      await vi.waitFor(async () => expect(await roomStub(env, organizationId).presence()).toEqual([]));
    });
    expect(changed).toEqual([]);
  });
});
