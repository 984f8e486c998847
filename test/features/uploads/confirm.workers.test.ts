import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { auditIsGapless, commonItems, newParticipant } from '../../support/workers/care.ts';
import { changedBy } from '../../support/workers/contract.ts';
import { type Caller, type Json, newTenant } from '../../support/workers/tenant.ts';
import {
  actionsOf,
  age,
  announce,
  download,
  kept,
  objectsOf,
  put,
  recordOf,
  sent,
  sentVersion,
  sha256,
  sweep,
  text,
  versionsOf,
} from '../../support/workers/uploading.ts';

afterEach(() => vi.restoreAllMocks());

const confirm = (caller: Caller, id: string, query = '') => caller.post(`/v1/documents/${id}/confirm${query}`);
const MB = 1024 * 1024;

describe('a file that has come as it was announced', () => {
  test('is what is shown once it is confirmed, with its hash', async () => {
    const { admin } = await newTenant();
    const { document } = await sent(admin, 'hello');
    const before = await admin.get(`/v1/documents/${document.id}`);
    expect(before.body).toMatchObject({ status: 'pending_upload', pendingVersion: 1, sha256: null, uploadedAt: null });
    expect((await download(admin, document.id)).status).toBe(409);
    const confirmed = await confirm(admin, document.id);
    expect(confirmed.status).toBe(200);
    expect(confirmed.body).toMatchObject({ status: 'uploaded', version: 1, pendingVersion: null, mismatch: null });
    expect(confirmed.body.sha256).toBe(await sha256(text('hello')));
    expect(Date.parse(confirmed.body.uploadedAt)).toBeGreaterThanOrEqual(Date.parse(document.createdAt));
    const read = await admin.get(`/v1/documents/${document.id}`);
    expect(read.body).toEqual(confirmed.body);
    expect(read.headers.get('etag')).toBe(confirmed.headers.get('etag'));
    expect((await download(admin, document.id)).text).toBe('hello');
  });

  test('is confirmed once, however often it is asked, with a key or without', async () => {
    const { admin, organizationId } = await newTenant();
    const { document } = await sent(admin, 'hello', { sha256: (await sha256(text('hello'))).toUpperCase() });
    const key = { 'idempotency-key': 'c' };
    const first = await admin.post(`/v1/documents/${document.id}/confirm`, undefined, key);
    const again = await confirm(admin, document.id);
    const replayed = await admin.post(`/v1/documents/${document.id}/confirm`, undefined, key);
    expect([first.status, again.status, replayed.status]).toEqual([200, 200, 200]);
    expect(again.body).toEqual(first.body);
    expect(replayed.body).toEqual(first.body);
    expect(replayed.headers.get('idempotent-replayed')).toBe('true');
    expect(await actionsOf(admin, document.id)).toEqual(['document.created', 'document.uploaded']);
    expect(await auditIsGapless(organizationId)).toBe(true);
  });

  test('is not one before it has come, and nothing is written of the attempt', async () => {
    const { admin } = await newTenant();
    const { document } = await announce(admin);
    const changed = await changedBy(async () => {
      const early = await confirm(admin, document.id);
      expect([early.status, early.body.code]).toEqual([422, 'UPLOAD_MISMATCH']);
      expect(early.body.details.mismatches).toEqual([{ field: 'sizeBytes', expected: 5, found: null }]);
    });
    expect(changed).toEqual([]);
  });

  test('of a participant who is archived waits until they are restored', async () => {
    await commonItems();
    const { admin } = await newTenant();
    const { id: participantId } = await newParticipant(admin);
    const { document } = await sent(admin, 'hello', { participantId });
    await admin.delete(`/v1/participants/${participantId}`, { reason: 'Moved away.' });
    const refused = await confirm(admin, document.id);
    expect([refused.status, refused.body.code]).toEqual([409, 'PARTICIPANT_ARCHIVED']);
    await admin.post(`/v1/participants/${participantId}/restore`);
    expect((await confirm(admin, document.id)).body.status).toBe('uploaded');
  });

  test('is nobody else’s to confirm, nor that of a deleted document, nor a version that never was', async () => {
    const [{ admin }, other] = [await newTenant(), await newTenant()];
    const { document } = await sent(admin, 'hello');
    expect((await confirm(other.admin, document.id)).status).toBe(404);
    expect((await confirm(admin, document.id, '?version=2')).status).toBe(404);
    expect((await confirm(admin, document.id, '?version=0')).status).toBe(400);
    expect((await confirm(admin, document.id, '?version=x')).status).toBe(400);
    await admin.delete(`/v1/documents/${document.id}`, { reason: 'A mistake.' });
    expect((await confirm(admin, document.id)).status).toBe(404);
    expect((await versionsOf(document.id))[0].status).toBe('pending_upload');
  });
});

/** Has a file come that is not what was announced; which documents, and what is said of them. */
const differing: Record<string, (caller: Caller) => Promise<{ announced: Json; mismatches: Json[] }>> = {
  'another length': async (caller) => {
    const announced = await sent(caller, 'hello');
    const [{ object_key }] = await versionsOf(announced.document.id);
    await env.FILES.put(object_key, 'hell');
    return { announced, mismatches: [{ field: 'sizeBytes', expected: 5, found: 4 }] };
  },
  'another hash': async (caller) => {
    const expected = await sha256(text('hallo'));
    const announced = await sent(caller, 'hello', { sha256: expected });
    return { announced, mismatches: [{ field: 'sha256', expected, found: await sha256(text('hello')) }] };
  },
  'another type': async (caller) => {
    const more = { contentType: 'image/png', fileName: 'a.png' };
    const announced = await sent(caller, 'hello', more);
    return { announced, mismatches: [{ field: 'contentType', expected: 'image/png', found: 'something else' }] };
  },
  nothing: async (caller) => {
    const announced = await sent(caller, 'hello');
    const [{ object_key }] = await versionsOf(announced.document.id);
    await env.FILES.delete(object_key);
    return { announced, mismatches: [{ field: 'sizeBytes', expected: 5, found: null }] };
  },
};

describe('a file that is not what was announced', () => {
  test.each(Object.entries(differing))('but %s is deleted, with the reason and a record of it', async (_, come) => {
    const { admin, organizationId } = await newTenant();
    const { announced, mismatches } = await come(admin);
    const { id } = announced.document;
    const [{ object_key: key }] = await versionsOf(id);
    const refused = await confirm(admin, id);
    expect([refused.status, refused.body.code]).toEqual([422, 'UPLOAD_MISMATCH']);
    expect(refused.body.details).toEqual({ mismatches });
    await expect.poll(() => env.FILES.head(key)).toBeNull();
    const record = await recordOf(admin, id);
    expect(record.map(({ action, after }) => [action, action === 'document.created' ? null : after])).toEqual([
      ['document.created', null],
      ['document.rejected', { version: 1, mismatches }],
    ]);
    const { body: left } = await admin.get(`/v1/documents/${id}`);
    expect(left).toMatchObject({ status: 'pending_upload', pendingVersion: 1, mismatch: mismatches, uploadedAt: null });
    expect((await download(admin, id)).status).toBe(409);
    expect(await objectsOf(organizationId)).toEqual([]);
    const again = await confirm(admin, id);
    expect([again.status, again.body.code]).toEqual([422, 'UPLOAD_MISMATCH']);
    expect(await auditIsGapless(organizationId)).toBe(true);
  });

  test('can be sent again over the same address, and be right', async () => {
    const { admin } = await newTenant();
    const expected = await sha256(text('right'));
    const { document, upload } = await sent(admin, 'wrong', { sha256: expected });
    expect((await confirm(admin, document.id)).status).toBe(422);
    expect((await put(upload.url, 'right')).status).toBe(200);
    const between = await admin.get(`/v1/documents/${document.id}`);
    expect(between.body).toMatchObject({ status: 'pending_upload', mismatch: null });
    const confirmed = await confirm(admin, document.id);
    expect(confirmed.body).toMatchObject({ status: 'uploaded', sha256: expected, mismatch: null });
    expect((await download(admin, document.id)).text).toBe('right');
    expect(await actionsOf(admin, document.id)).toEqual([
      'document.created',
      'document.rejected',
      'document.uploaded',
      'document.downloaded',
    ]);
  });

  test('is taken away by the sweep when it could not be at once', async () => {
    const { admin, organizationId } = await newTenant();
    const { document } = await sent(admin, 'wrong', { sha256: 'a'.repeat(64) });
    const failing = vi.spyOn(env.FILES, 'delete').mockRejectedValue(new Error('R2 does not answer'));
    expect((await confirm(admin, document.id)).status).toBe(422);
    await expect.poll(() => failing.mock.calls.length).toBe(1);
    failing.mockRestore();
    expect(await objectsOf(organizationId)).toHaveLength(1);
    await sweep();
    expect(await objectsOf(organizationId)).toEqual([]);
    expect((await admin.get(`/v1/documents/${document.id}`)).body.status).toBe('pending_upload');
  });

  test('and came in parts is awaited anew, every part of it', async () => {
    const { admin, organizationId } = await newTenant();
    const more = { contentType: 'video/mp4', fileName: 'a.mp4', sizeBytes: 60 * MB };
    const { document } = await announce(admin, more);
    const [{ object_key: key }] = await versionsOf(document.id);
    await env.FILES.put(key, 'too short');
    await env.DB.prepare('UPDATE document_versions SET upload_id = NULL WHERE document_id = ?').bind(document.id).run();
    const { body: whole } = await admin.get(`/v1/documents/${document.id}/upload`);
    expect(whole.parts.every(({ received }: Json) => received)).toBe(true);
    const refused = await confirm(admin, document.id);
    expect(refused.body.details.mismatches).toEqual([{ field: 'sizeBytes', expected: 60 * MB, found: 9 }]);
    const [{ object_key: next, upload_id }] = await versionsOf(document.id);
    expect(next).not.toBe(key);
    expect(upload_id).not.toBeNull();
    const { body: upload } = await admin.get(`/v1/documents/${document.id}/upload`);
    expect(upload.parts.map(({ received }: Json) => received)).toEqual(Array(8).fill(false));
    await expect.poll(() => objectsOf(organizationId)).toEqual([]);
    expect((await put(upload.parts[1].url, new Uint8Array(8 * MB))).status).toBe(200);
  });
});

describe('a new version', () => {
  test('that is not what was announced leaves the old one as it is', async () => {
    const { admin, organizationId } = await newTenant();
    const document = await kept(admin, 'first');
    await sentVersion(admin, { id: document.id, bytes: 'second', more: { sha256: 'a'.repeat(64) } });
    expect((await confirm(admin, document.id)).status).toBe(422);
    const { body: left } = await admin.get(`/v1/documents/${document.id}`);
    expect(left).toMatchObject({ status: 'uploaded', version: 1, pendingVersion: 2, mismatch: null });
    expect((await download(admin, document.id)).text).toBe('first');
    const { body: versions } = await admin.get(`/v1/documents/${document.id}/versions`);
    expect(versions.data[0]).toMatchObject({ version: 2, status: 'pending_upload', mismatch: [{ field: 'sha256' }] });
    await expect.poll(() => objectsOf(organizationId)).toHaveLength(1);
  });

  test('confirmed before an earlier one stays what is shown when that one comes', async () => {
    const { admin } = await newTenant();
    const document = await kept(admin, 'first');
    await sentVersion(admin, { id: document.id, bytes: 'second' });
    await sentVersion(admin, { id: document.id, bytes: 'third' });
    const third = await confirm(admin, document.id);
    expect(third.body).toMatchObject({ version: 3, pendingVersion: 2 });
    const second = await confirm(admin, document.id, '?version=2');
    expect(second.body).toMatchObject({ version: 3, pendingVersion: null, status: 'uploaded' });
    expect((await download(admin, document.id)).text).toBe('third');
    expect((await download(admin, document.id, { query: '?version=2' })).text).toBe('second');
  });

  test('that was given up is none to confirm', async () => {
    const { admin } = await newTenant();
    const { id } = await kept(admin, 'first');
    await sentVersion(admin, { id, bytes: 'second' });
    await age(id, 24.1);
    await sentVersion(admin, { id, bytes: 'third' });
    await confirm(admin, id, '?version=3');
    await sweep();
    expect((await versionsOf(id)).map(({ number }) => number)).toEqual([1, 3]);
    expect((await confirm(admin, id, '?version=2')).status).toBe(404);
  });

  test('is shown of a document whose first file never came', async () => {
    const { admin } = await newTenant();
    const { document } = await announce(admin);
    await sentVersion(admin, { id: document.id, bytes: 'second' });
    expect((await confirm(admin, document.id, '?version=1')).status).toBe(422);
    expect((await confirm(admin, document.id)).body).toMatchObject({
      status: 'uploaded',
      version: 2,
      pendingVersion: 1,
    });
    expect((await download(admin, document.id)).text).toBe('second');
    expect((await download(admin, document.id, { query: '?version=1' })).status).toBe(409);
  });
});
