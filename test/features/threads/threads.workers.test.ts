import { env } from 'cloudflare:workers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openDatabase } from '../../../src/database/database.ts';
import { RETOLD, sweepEvents } from '../../../src/features/threads/sweep.ts';
import { newParticipant } from '../../support/workers/care.ts';
import { newThread, say } from '../../support/workers/talk.ts';
import { type Caller, type Json, newTenant } from '../../support/workers/tenant.ts';

async function all(caller: Caller, query = ''): Promise<Json[]> {
  const rows: Json[] = [];
  for (let cursor = ''; cursor !== null; ) {
    const { body }: Json = await caller.get(`/v1/threads?limit=2${query}${cursor && `&cursor=${cursor}`}`);
    rows.push(...body.data);
    cursor = body.nextCursor;
  }
  return rows;
}

const titles = (rows: Json[]) => rows.map(({ title }) => title);

describe('threads', () => {
  test('are listed newest first, by participant, by status, and by when something was last said', async () => {
    const { admin } = await newTenant();
    const { id: participantId } = await newParticipant(admin);
    const first = await newThread(admin, { title: 'first' });
    await newThread(admin, { title: 'second', participantId });
    const third = await newThread(admin, { title: 'third' });
    await admin.patch(`/v1/threads/${third}`, { status: 'closed' });
    await say(admin, first, 'Hello');
    expect(titles(await all(admin))).toEqual(['third', 'second', 'first']);
    expect(titles(await all(admin, `&participantId=${participantId}`))).toEqual(['second']);
    expect(titles(await all(admin, '&status=open'))).toEqual(['second', 'first']);
    expect(titles(await all(admin, '&sort=-lastMessageAt'))).toEqual(['first', 'third', 'second']);
  });

  test('are renamed, closed and opened, with a record, and not from a stale copy', async () => {
    const { admin } = await newTenant();
    const id = await newThread(admin, { title: 'Handover' });
    const read = await admin.get(`/v1/threads/${id}`);
    const etag = read.headers.get('etag') ?? '';
    const closed = await admin.patch(`/v1/threads/${id}`, { status: 'closed' }, { 'if-match': etag });
    expect(closed.body).toMatchObject({ id, title: 'Handover', status: 'closed' });
    const stale = await admin.patch(`/v1/threads/${id}`, { title: 'x' }, { 'if-match': etag });
    expect(stale.body.code).toBe('STALE');
    await say(admin, await newThread(admin), 'elsewhere');
    const same = await admin.get(`/v1/threads/${id}`, { 'if-none-match': closed.headers.get('etag') ?? '' });
    expect(same.status).toBe(304);
    const [updated, created] = (await admin.get(`/v1/audit-logs?entityId=${id}`)).body.data;
    expect(updated).toMatchObject({
      action: 'thread.updated',
      before: { status: 'open' },
      after: { status: 'closed' },
    });
    expect(created).toMatchObject({ action: 'thread.created', after: { title: 'Handover', participantId: null } });
  });

  test('carry how much each has not read, as a model counts it, whatever they do', async () => {
    const { user } = await newTenant();
    const people = [await user('coordinator'), await user('support_worker'), await user('support_worker')];
    const step = fc.record({
      who: fc.nat(2),
      what: fc.constantFrom('say', 'say', 'mention', 'read', 'readSome', 'delete'),
      which: fc.nat(9),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        const threadId = await newThread(people[0] as Caller);
        const said: { id: string; by: number; deleted: boolean; mentions: number | null }[] = [];
        const marks = [0, 0, 0];
        for (const { who, what, which } of steps) {
          const caller = people[who] as Caller;
          const target = said[which % Math.max(1, said.length)];
          if (what === 'say' || what === 'mention') {
            const mentioned = what === 'mention' ? which % 3 : null;
            const mentions = mentioned === null ? [] : [people[mentioned]?.userId];
            const { id } = await say(caller, threadId, 'x', { mentions });
            said.push({ id, by: who, deleted: false, mentions: mentioned });
          } else if (what === 'read') {
            await caller.post(`/v1/threads/${threadId}/read`);
            marks[who] = said.length;
          } else if (what === 'readSome' && target) {
            await caller.post(`/v1/threads/${threadId}/read?messageId=${target.id}`);
            marks[who] = Math.max(marks[who] ?? 0, said.indexOf(target) + 1);
          } else if (what === 'delete' && target?.by === who && !target.deleted) {
            await caller.delete(`/v1/threads/${threadId}/messages/${target.id}`, undefined);
            target.deleted = true;
          }
        }
        for (const [who, caller] of people.entries()) {
          const unread = said.slice(marks[who]).filter(({ by, deleted }) => by !== who && !deleted);
          const mentions = said.slice(marks[who]).filter((one) => one.mentions === who && !one.deleted);
          const { body } = await caller.get('/v1/threads?limit=1');
          expect(body.data[0]).toMatchObject({
            id: threadId,
            unreadCount: unread.length,
            unreadMentions: mentions.length,
          });
        }
      }),
      { numRuns: 15 },
    );
  });

  test('marked as read by an unknown message, or one of another thread, are not', async () => {
    const { admin } = await newTenant();
    const [here, there] = [await newThread(admin), await newThread(admin)];
    const { id } = await say(admin, there, 'x');
    expect((await admin.post(`/v1/threads/${here}/read?messageId=${id}`)).status).toBe(404);
  });
});

describe('the sweep', () => {
  test('takes away what happened more than 30 days ago, and the numbers go on', async () => {
    const { admin, organizationId } = await newTenant();
    const id = await newThread(admin);
    await say(admin, id, 'one');
    await env.DB.prepare('UPDATE thread_events SET at = at - ? WHERE organization_id = ?')
      .bind(RETOLD + 1_000, organizationId)
      .run();
    await sweepEvents(openDatabase(env.DB), Date.now());
    const left = async () =>
      (
        await env.DB.prepare('SELECT seq FROM thread_events WHERE organization_id = ? ORDER BY seq')
          .bind(organizationId)
          .all()
      ).results;
    expect(await left()).toEqual([{ seq: 2 }]);
    await say(admin, id, 'two');
    expect(await left()).toEqual([{ seq: 2 }, { seq: 3 }]);
  });
});
