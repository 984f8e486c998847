import { env, exports } from 'cloudflare:workers';
import { type MockInstance, vi } from 'vitest';
import { openDatabase } from '../../../src/database/database.ts';
import { sweepUploads } from '../../../src/features/uploads/sweep.ts';
import { type Answer, type Caller, type Json, send } from './tenant.ts';

export const text = (content: string) => new TextEncoder().encode(content);

export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** What a document's body says beside its file. */
export function documentBody(more: Json = {}): Json {
  return {
    type: 'other',
    title: 'Notes',
    fileName: 'notes.txt',
    contentType: 'text/plain',
    sizeBytes: 5,
    ...more,
  };
}

/** Announces a document: its `document` and where its file goes. */
export async function announce(caller: Caller, more: Json = {}): Promise<Json> {
  const made = await caller.post('/v1/documents', documentBody(more));
  if (made.status !== 201) throw new Error(`not announced: ${made.status} ${JSON.stringify(made.body)}`);
  return made.body;
}

export function tokenOf(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}

/** Sends bytes to a signed address. */
export function put(url: string, body: Uint8Array | string, contentType = 'text/plain'): Promise<Answer> {
  return send('PUT', new URL(url).pathname, { body, headers: { 'content-type': contentType } });
}

/** Sends bytes whose number is not said. */
export async function putStreamed(
  url: string,
  { body, contentType = 'text/plain' }: { body: ReadableStream<Uint8Array>; contentType?: string },
): Promise<Answer> {
  const response = await exports.default.fetch(url, { method: 'PUT', headers: { 'content-type': contentType }, body });
  return { status: response.status, body: await response.json(), headers: response.headers };
}

/** Bytes one chunk after the other. */
export function streamOf(...chunks: Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      const chunk = chunks.shift();
      if (chunk) controller.enqueue(chunk);
      else controller.close();
    },
  });
}

/** Announces a document and sends its file; what was announced. */
export async function sent(caller: Caller, bytes: Uint8Array | string, more: Json = {}): Promise<Json> {
  const body = typeof bytes === 'string' ? text(bytes) : bytes;
  const announced = await announce(caller, { sizeBytes: body.length, ...more });
  const answer = await put(announced.upload.url, body, announced.document.contentType);
  if (answer.status !== 200) throw new Error(`not sent: ${answer.status} ${JSON.stringify(answer.body)}`);
  return announced;
}

/** A document whose file is there and confirmed. */
export async function kept(caller: Caller, bytes: Uint8Array | string = 'hello', more: Json = {}): Promise<Json> {
  const { document } = await sent(caller, bytes, more);
  const confirmed = await caller.post(`/v1/documents/${document.id}/confirm`);
  if (confirmed.status !== 200) throw new Error(`not confirmed: ${JSON.stringify(confirmed.body)}`);
  return confirmed.body;
}

/** Announces a new version of a document and sends its file; what was announced. */
export async function sentVersion(
  caller: Caller,
  { id, bytes, more = {} }: { id: string; bytes: string; more?: Json },
): Promise<Json> {
  const { type: _, title: __, ...file } = documentBody({ sizeBytes: text(bytes).length, ...more });
  const made = await caller.post(`/v1/documents/${id}/versions`, file);
  if (made.status !== 201) throw new Error(`no version: ${made.status} ${JSON.stringify(made.body)}`);
  const answer = await put(made.body.upload.url, bytes, file.contentType);
  if (answer.status !== 200) throw new Error(`not sent: ${JSON.stringify(answer.body)}`);
  return made.body;
}

/** A document's bytes, or what came instead of them. */
export async function download(
  caller: Caller,
  id: string,
  { query = '', headers = {} }: { query?: string; headers?: Record<string, string> } = {},
): Promise<{ status: number; headers: Headers; bytes: Uint8Array; text: string }> {
  const response = await exports.default.fetch(`https://caddy.test/v1/documents/${id}/content${query}`, {
    headers: { authorization: `Bearer ${caller.token}`, ...headers },
  });
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, bytes, text: new TextDecoder().decode(bytes) };
}

/** What R2 has of an organisation's documents. */
export async function objectsOf(organizationId: string): Promise<string[]> {
  const { objects } = await env.FILES.list({ prefix: `documents/${organizationId}/` });
  return objects.map(({ key }) => key).sort();
}

/** A document's versions as they are stored, the first one first. */
export async function versionsOf(id: string): Promise<Json[]> {
  const rows = await env.DB.prepare('SELECT * FROM document_versions WHERE document_id = ? ORDER BY number')
    .bind(id)
    .all<Json>();
  return rows.results;
}

/** What the record says was done to a document, the first thing first. */
export async function recordOf(caller: Caller, id: string): Promise<Json[]> {
  const { body } = await caller.get(`/v1/audit-logs?entityId=${id}&limit=100`);
  return body.data.reverse();
}

export async function actionsOf(caller: Caller, id: string): Promise<string[]> {
  return (await recordOf(caller, id)).map(({ action }) => action);
}

/** Does `work` in the middle of the next call of one of the bucket's methods, before it begins. */
export function during(method: 'head' | 'get' | 'put' | 'delete', work: () => Promise<unknown>, calls = 1): void {
  const original = env.FILES[method].bind(env.FILES) as (...args: unknown[]) => Promise<unknown>;
  let left = calls;
  const spy = vi.spyOn(env.FILES, method) as unknown as MockInstance<(...args: unknown[]) => Promise<unknown>>;
  spy.mockImplementation(async (...args) => {
    left -= 1;
    if (left === 0) {
      spy.mockRestore();
      await work();
    }
    return original(...args);
  });
}

/** Makes a document, its files and what is noted of them older by so many hours. */
export async function age(id: string, hours: number): Promise<void> {
  const older = hours * 3_600_000;
  await env.DB.batch([
    env.DB.prepare(
      'UPDATE documents SET created_at = created_at - ?1, updated_at = updated_at - ?1 WHERE id = ?2',
    ).bind(older, id),
    env.DB.prepare('UPDATE document_versions SET created_at = created_at - ? WHERE document_id = ?').bind(older, id),
    env.DB.prepare('UPDATE upload_objects SET created_at = created_at - ? WHERE document_id = ?').bind(older, id),
  ]);
}

/** The sweep, as its schedule runs it. */
export function sweep(): Promise<void> {
  return sweepUploads(env, { database: openDatabase(env.DB), now: Date.now() });
}
