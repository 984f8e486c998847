import { env } from 'cloudflare:workers';
import { newId } from '../../../src/ids.ts';
import { knock, listen, type Watch } from './socket.ts';
import type { Caller, Json, Tenant } from './tenant.ts';

/** A thread as it is stored: of whichever time, and also where the subscription has no messages. */
export async function storedThread(
  { organizationId, admin }: Tenant,
  {
    participantId = null,
    status = 'open',
    at = Date.now(),
  }: { participantId?: string | null; status?: string; at?: number } = {},
): Promise<string> {
  const id = newId('thr');
  await env.DB.prepare(
    `INSERT INTO threads (id, organization_id, participant_id, title, status, last_message_at, created_by, created_at, updated_at)
      VALUES (?1, ?2, ?3, 'Handover', ?4, ?5, ?6, ?5, ?5)`,
  )
    .bind(id, organizationId, participantId, status, at, admin.userId)
    .run();
  return id;
}

/** A message as it is stored, the newest of its thread, said just now by whomever. */
export async function storedMessage({ threadId, authorId }: { threadId: string; authorId: string }): Promise<string> {
  const id = newId('msg');
  const now = Date.now();
  await env.DB.batch([
    env.DB.prepare(
      `INSERT INTO messages (id, organization_id, thread_id, number, author_id, body, mentions, document_ids, created_at)
        SELECT ?, organization_id, id, message_count + 1, ?, 'Went well.', '[]', '[]', ? FROM threads WHERE id = ?`,
    ).bind(id, authorId, now, threadId),
    env.DB.prepare('UPDATE threads SET message_count = message_count + 1, last_message_at = ? WHERE id = ?').bind(
      now,
      threadId,
    ),
  ]);
  return id;
}

/** Watches an organisation's threads, from after `since` on. */
export async function hear(caller: Pick<Caller, 'token'>, since?: number): Promise<Watch> {
  const path = `/v1/threads/live${since === undefined ? '' : `?since=${since}`}`;
  const opening = await knock(path, { authorization: `Bearer ${caller.token}` });
  if (!opening.socket) throw new Error(`no socket: ${opening.status} ${JSON.stringify(opening.body)}`);
  return listen(opening.socket);
}

/** A new thread of the caller's. */
export async function newThread(caller: Caller, body: Json = { title: 'Handover' }): Promise<string> {
  const { status, body: thread } = await caller.post('/v1/threads', body);
  if (status !== 201) throw new Error(`no thread: ${status} ${JSON.stringify(thread)}`);
  return thread.id;
}

/** Says something; the message as it was answered. */
export async function say(caller: Caller, threadId: string, body: string, more: Json = {}): Promise<Json> {
  const answer = await caller.post(`/v1/threads/${threadId}/messages`, { body, ...more });
  if (answer.status !== 201) throw new Error(`not said: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** Waits until a socket has been told of `count` messages. */
export async function heard(watch: Watch, count: number): Promise<Json[]> {
  await watch.frame(`message ${count}`, () => watch.frames.filter(({ type }) => type === 'message').length >= count);
  return watch.frames.filter(({ type }) => type === 'message');
}
