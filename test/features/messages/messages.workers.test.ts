import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import { newParticipant } from '../../support/workers/care.ts';
import { newThread, say } from '../../support/workers/talk.ts';
import { type Caller, type Json, newTenant } from '../../support/workers/tenant.ts';

async function setUp() {
  const tenant = await newTenant();
  const [ana, kai] = [await tenant.user('coordinator'), await tenant.user('support_worker')];
  return { ...tenant, ana, kai, threadId: await newThread(ana) };
}

async function audit(admin: Caller, entityId: string): Promise<Json[]> {
  return (await admin.get(`/v1/audit-logs?entityId=${entityId}`)).body.data;
}

/** Moves a message back in time. */
async function age(id: string, minutes: number): Promise<void> {
  await env.DB.prepare('UPDATE messages SET created_at = created_at - ? WHERE id = ?')
    .bind(minutes * 60_000, id)
    .run();
}

const threadOf = async (caller: Caller, id: string): Promise<Json> => (await caller.get(`/v1/threads/${id}`)).body;

describe('what is said', () => {
  test.each([
    ['scripts of any kind', 'नमस्ते שלום 你好 ไทย مرحبا ꦲꦏ꧀ꦱꦫ'],
    ['emoji with joiners and tones', '👩🏽‍🦽👨‍👩‍👧‍👦🏳️‍🌈'],
    ['markup, which stays text', '<script>alert(1)</script>&lt;b&gt;'],
    ['blanks and lines as they are', '  two\n\n\tlines \u2028 end  '],
    ['marks of direction', 'a\u202eb\u2066c'],
    ['10,000 characters', '𝔘'.repeat(10_000)],
    ['what SQL and JSON would quote', `'; DROP TABLE messages; -- " \\ \u0001`],
  ])('comes back as it was written: %s', async (_, body) => {
    const { ana, kai, threadId } = await setUp();
    expect((await say(ana, threadId, body)).body).toBe(body);
    const page = await kai.get(`/v1/threads/${threadId}/messages`);
    expect(page.body.data[0].body).toBe(body);
    expect(page.headers.get('content-type')).toBe('application/json');
  });

  test.each([
    ['NUL', 'a\u0000b'],
    ['half a surrogate pair', 'a\ud83d'],
    ['nothing', ' \n '],
    ['10,001 characters', '𝔘'.repeat(10_001)],
  ])('is refused with %s in it', async (_, body) => {
    const { ana, threadId } = await setUp();
    const answer = await ana.post(`/v1/threads/${threadId}/messages`, { body });
    expect(answer.body).toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ pointer: '/body' }] });
  });

  test('is listed newest first, none twice and none missed, while others go on talking', async () => {
    const { ana, kai, threadId } = await setUp();
    for (let n = 1; n <= 7; n++) await say(ana, threadId, `${n}`);
    const seen: string[] = [];
    for (let cursor = ''; cursor !== null; ) {
      const { body }: Json = await kai.get(`/v1/threads/${threadId}/messages?limit=3${cursor && `&cursor=${cursor}`}`);
      seen.push(...body.data.map((message: Json) => message.body));
      cursor = body.nextCursor;
      await say(kai, threadId, 'meanwhile');
    }
    expect(seen).toEqual(['7', '6', '5', '4', '3', '2', '1']);
  });

  test('leaves a record without what was said', async () => {
    const { admin, ana, threadId } = await setUp();
    const { id } = await say(ana, threadId, 'Between us');
    const [row] = await audit(admin, id);
    expect(row).toMatchObject({ action: 'message.created', userId: ana.userId, after: { threadId } });
    expect(JSON.stringify(row)).not.toContain('Between us');
  });

  test('is said once, however often the phone sends it', async () => {
    const { ana, threadId } = await setUp();
    const key = { 'idempotency-key': 'once' };
    const answers = await Promise.all(
      [1, 2, 3].map(() => ana.post(`/v1/threads/${threadId}/messages`, { body: 'Hello' }, key)),
    );
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect((await ana.get(`/v1/threads/${threadId}/messages`)).body.data).toHaveLength(1);
  });

  test('is written in one round trip, with or without mentions, and read in one', async () => {
    const { ana, kai, threadId } = await setUp();
    const trips = (headers: Headers) => /trips=(\d+)/.exec(headers.get('server-timing') ?? '')?.[1];
    await ana.get('/v1/me');
    const said = await ana.post(`/v1/threads/${threadId}/messages`, { body: 'Hello', mentions: [kai.userId] });
    expect(trips(said.headers)).toBe('1');
    for (const path of ['/v1/threads', `/v1/threads/${threadId}`, `/v1/threads/${threadId}/messages`]) {
      expect(trips((await ana.get(path)).headers), path).toBe('1');
    }
  });
});

describe('changing what one has said', () => {
  test('is possible for a quarter of an hour, and the record keeps what was', async () => {
    const { admin, ana, threadId } = await setUp();
    const { id } = await say(ana, threadId, 'Frist');
    await age(id, 14.9);
    const edited = await ana.patch(`/v1/threads/${threadId}/messages/${id}`, { body: 'First' });
    expect(edited).toMatchObject({ status: 200, body: { body: 'First' } });
    expect(edited.body.editedAt).not.toBeNull();
    const [row] = await audit(admin, id);
    expect(row).toMatchObject({ action: 'message.updated', before: { body: 'Frist' }, after: { body: 'First' } });
    await age(id, 0.2);
    for (const answer of [
      await ana.patch(`/v1/threads/${threadId}/messages/${id}`, { body: 'Too late' }),
      await ana.delete(`/v1/threads/${threadId}/messages/${id}`, undefined),
    ])
      expect(answer.body).toMatchObject({ status: 409, code: 'CONFLICT' });
  });

  test('takes a message back: it is in no list, and only the record has it', async () => {
    const { admin, ana, kai, threadId } = await setUp();
    const { id } = await say(ana, threadId, 'Never mind', { mentions: [kai.userId] });
    const deleted = await ana.delete(`/v1/threads/${threadId}/messages/${id}`, undefined);
    expect(deleted).toMatchObject({ status: 200, body: { id, body: '', mentions: [] } });
    expect((await kai.get(`/v1/threads/${threadId}/messages`)).body.data).toEqual([]);
    expect(await threadOf(kai, threadId)).toMatchObject({ unreadCount: 0, unreadMentions: 0 });
    const [row] = await audit(admin, id);
    expect(row).toMatchObject({ action: 'message.deleted', before: { body: 'Never mind', mentions: [kai.userId] } });
    const stored = await env.DB.prepare('SELECT body FROM messages WHERE id = ?').bind(id).first('body');
    expect(stored).toBe('');
    expect((await ana.delete(`/v1/threads/${threadId}/messages/${id}`, undefined)).status).toBe(404);
  });

  test("is not possible for others' messages, an administrator's eyes included", async () => {
    const { admin, ana, kai, threadId } = await setUp();
    const { id } = await say(ana, threadId, 'Mine');
    for (const other of [kai, admin]) {
      const path = `/v1/threads/${threadId}/messages/${id}`;
      expect((await other.patch(path, { body: 'Yours' })).body.code).toBe('FORBIDDEN');
      expect((await other.delete(path, undefined)).body.code).toBe('FORBIDDEN');
    }
    expect((await kai.get(`/v1/threads/${threadId}/messages`)).body.data[0].body).toBe('Mine');
  });

  test('is not possible by way of another thread', async () => {
    const { ana, threadId } = await setUp();
    const { id } = await say(ana, threadId, 'Here');
    const elsewhere = await newThread(ana);
    expect((await ana.patch(`/v1/threads/${elsewhere}/messages/${id}`, { body: 'There' })).status).toBe(404);
  });

  test('of two at once keeps one after the other', async () => {
    const { admin, ana, threadId } = await setUp();
    const { id } = await say(ana, threadId, 'zero');
    const path = `/v1/threads/${threadId}/messages/${id}`;
    await Promise.all(['one', 'two', 'three'].map((body) => ana.patch(path, { body })));
    const rows = (await audit(admin, id)).reverse();
    const chain = rows.slice(1).map(({ before, after }) => [before.body, after.body]);
    expect(chain[0]?.[0]).toBe('zero');
    for (const [index, link] of chain.entries()) if (index > 0) expect(link[0]).toBe(chain[index - 1]?.[1]);
    expect((await ana.get(`/v1/threads/${threadId}/messages`)).body.data[0].body).toBe(chain.at(-1)?.[1]);
  });
});

test('a message that was taken back is not told again to who repeats its posting', async () => {
  const { ana, threadId } = await setUp();
  const post = () => ana.post(`/v1/threads/${threadId}/messages`, { body: 'Secret' }, { 'idempotency-key': 'k' });
  const { id } = (await post()).body;
  await ana.delete(`/v1/threads/${threadId}/messages/${id}`, undefined);
  expect((await post()).body).toMatchObject({ id, body: '' });
});

describe('naming', () => {
  test('counts for who is mentioned until they have read it', async () => {
    const { ana, kai, threadId } = await setUp();
    const { id } = await say(ana, threadId, 'Kai?', { mentions: [kai.userId] });
    await say(ana, threadId, 'Anyone?');
    expect(await threadOf(kai, threadId)).toMatchObject({ unreadCount: 2, unreadMentions: 1 });
    await kai.post(`/v1/threads/${threadId}/read?messageId=${id}`);
    expect(await threadOf(kai, threadId)).toMatchObject({ unreadCount: 1, unreadMentions: 0 });
    expect(await threadOf(ana, threadId)).toMatchObject({ unreadCount: 0, unreadMentions: 0 });
  });

  test('someone who cannot be told, or a document without a file, is refused by its place', async () => {
    const { admin, ana, kai, threadId, user } = await setUp();
    const other = await newTenant();
    const [finance, gone] = [await user('finance'), await user('support_worker', { status: 'suspended' })];
    for (const userId of [finance.userId, gone.userId, other.admin.userId]) {
      const answer = await ana.post(`/v1/threads/${threadId}/messages`, { body: 'x', mentions: [kai.userId, userId] });
      expect(answer.body).toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ pointer: '/mentions/1' }] });
    }
    const file = { type: 'other', title: 'x', fileName: 'x.txt', contentType: 'text/plain', sizeBytes: 1 };
    const { document } = (await admin.post('/v1/documents', file)).body;
    const answer = await ana.post(`/v1/threads/${threadId}/messages`, { body: 'x', documentIds: [document.id] });
    expect(answer.body).toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ pointer: '/documentIds/0' }] });
    const own = await user('finance', { permissions: ['messages.read'] });
    await say(ana, threadId, 'x', { mentions: [own.userId] });
  });

  test('who was named before may have left since', async () => {
    const { ana, kai, threadId } = await setUp();
    const { id } = await say(ana, threadId, 'x', { mentions: [kai.userId] });
    await env.DB.prepare(`UPDATE users SET status = 'inactive' WHERE id = ?`).bind(kai.userId).run();
    const edited = await ana.patch(`/v1/threads/${threadId}/messages/${id}`, { body: 'y' });
    expect(edited).toMatchObject({ status: 200, body: { body: 'y', mentions: [kai.userId] } });
  });
});

describe('a thread that is closed, or whose participant is archived,', () => {
  test('can be read, and nothing said or changed in it', async () => {
    const { admin, ana } = await setUp();
    const { id: participantId } = await newParticipant(admin);
    const cases: [() => Promise<unknown>, string, string][] = [];
    const closed = await newThread(ana);
    cases.push([() => ana.patch(`/v1/threads/${closed}`, { status: 'closed' }), closed, 'CONFLICT']);
    const about = await newThread(ana, { title: 'Mia', participantId });
    const archive = () => admin.delete(`/v1/participants/${participantId}`, { reason: 'Moved.' });
    cases.push([archive, about, 'PARTICIPANT_ARCHIVED']);
    for (const [close, threadId, code] of cases) {
      const { id } = await say(ana, threadId, 'before');
      await close();
      const path = `/v1/threads/${threadId}/messages`;
      expect((await ana.post(path, { body: 'after' })).body.code).toBe(code);
      expect((await ana.patch(`${path}/${id}`, { body: 'after' })).body.code).toBe(code);
      expect((await ana.get(path)).body.data).toHaveLength(1);
      expect((await ana.delete(`${path}/${id}`, undefined)).status).toBe(200);
      expect((await ana.get(path)).body.data).toEqual([]);
      expect((await ana.post(`/v1/threads/${threadId}/read`)).status).toBe(200);
    }
    const late = await ana.post('/v1/threads', { title: 'Too late', participantId });
    expect(late.body.code).toBe('PARTICIPANT_ARCHIVED');
    expect((await ana.patch(`/v1/threads/${about}`, { title: 'x' })).body.code).toBe('PARTICIPANT_ARCHIVED');
    expect((await ana.patch(`/v1/threads/${closed}`, { status: 'open' })).status).toBe(200);
    await say(ana, closed, 'again');
  });
});
