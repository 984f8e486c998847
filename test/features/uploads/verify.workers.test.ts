import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { verifyDocument } from '../../../src/features/uploads/verify.ts';
import { runJobs } from '../../../src/jobs.ts';
import { auditIsGapless } from '../../support/workers/care.ts';
import { type Json, newTenant, type Tenant } from '../../support/workers/tenant.ts';
import {
  actionsOf,
  announce,
  download,
  during,
  kept,
  objectsOf,
  put,
  recordOf,
  sha256,
  text,
  versionsOf,
} from '../../support/workers/uploading.ts';

afterEach(() => vi.restoreAllMocks());

const MB = 1024 * 1024;
const SIZE = 101 * MB;
const CONTENT = 'The bytes that stand for a hundred megabytes.';

/**
 * A document of more than 100 MB that was confirmed and waits to be hashed. Its object is short: only what the bucket
 * says of its length is large.
 */
async function verifying(
  { admin }: Tenant,
  hash: string | null = null,
): Promise<{ id: string; upload: Json; first: Json }> {
  const more = { contentType: 'text/plain', fileName: 'log.txt', sizeBytes: SIZE, sha256: hash };
  const { document, upload } = await announce(admin, more);
  const [{ object_key, upload_id }] = await versionsOf(document.id);
  await env.FILES.resumeMultipartUpload(object_key, upload_id).abort();
  await env.FILES.put(object_key, CONTENT);
  await env.DB.prepare('UPDATE document_versions SET upload_id = NULL WHERE document_id = ?').bind(document.id).run();
  const head = vi.spyOn(env.FILES, 'head').mockResolvedValue({ size: SIZE } as R2Object);
  const confirmed = await admin.post(`/v1/documents/${document.id}/confirm`);
  head.mockRestore();
  expect([confirmed.status, confirmed.body.status]).toEqual([200, 'verifying']);
  return { id: document.id, upload, first: confirmed.body };
}

const hold = () => vi.spyOn(env.JOBS, 'send').mockResolvedValue({} as never);

describe('a file above 100 MB', () => {
  test('is hashed after the answer, and uploaded once it is', async () => {
    const tenant = await newTenant();
    const { admin, organizationId } = tenant;
    const { id } = await verifying(tenant, await sha256(text(CONTENT)));
    const status = async () => (await admin.get(`/v1/documents/${id}`)).body.status;
    await expect.poll(status, { timeout: 20_000 }).toBe('uploaded');
    const record = await recordOf(admin, id);
    expect(
      record.map(({ action, actor, userId, after }) => [action, userId, actor === 'uploads', after.status]),
    ).toEqual([
      ['document.created', admin.userId, false, undefined],
      ['document.uploaded', admin.userId, false, 'verifying'],
      ['document.uploaded', null, true, 'uploaded'],
    ]);
    expect((await admin.get(`/v1/documents/${id}`)).body.sha256).toBe(await sha256(text(CONTENT)));
    expect(await auditIsGapless(organizationId)).toBe(true);
  });

  test('is closed while it is verified, to readers and to other files, and a second confirmation answers the same', async () => {
    const jobs = hold();
    const tenant = await newTenant();
    const { admin, organizationId } = tenant;
    const { id, upload, first } = await verifying(tenant);
    const message = { type: 'document.verify', organizationId, documentId: id, version: 1 };
    expect(jobs.mock.calls[0]).toEqual([message]);
    expect(first).toMatchObject({ status: 'verifying', pendingVersion: 1, uploadedAt: null });
    const early = await download(admin, id);
    expect([early.status, JSON.parse(early.text).detail]).toEqual([409, 'The file is still being checked.']);
    expect((await admin.post(`/v1/documents/${id}/links`)).status).toBe(409);
    expect((await put(upload.parts[0].url, new Uint8Array(8 * MB))).status).toBe(409);
    const again = await admin.post(`/v1/documents/${id}/confirm`);
    expect([again.status, again.body]).toEqual([200, first]);
    expect((await actionsOf(admin, id)).filter((action) => action === 'document.uploaded')).toHaveLength(1);
    const list = await admin.get('/v1/documents?status=verifying');
    expect(list.body.data.map((document: Json) => document.id)).toEqual([id]);
  });

  test('whose message was lost is hashed when it is confirmed again', async () => {
    const jobs = hold();
    const tenant = await newTenant();
    const { id } = await verifying(tenant);
    jobs.mockClear();
    await tenant.admin.post(`/v1/documents/${id}/confirm`);
    expect(jobs).toHaveBeenCalledTimes(0);
    const earlier = 'UPDATE document_versions SET confirmed_at = confirmed_at - 301000 WHERE document_id = ?';
    await env.DB.prepare(earlier).bind(id).run();
    await tenant.admin.post(`/v1/documents/${id}/confirm`);
    expect(jobs).toHaveBeenCalledTimes(1);
  });

  test('that has another hash is deleted and awaited anew, with the reason and a record of it', async () => {
    hold();
    const tenant = await newTenant();
    const { admin, organizationId } = tenant;
    const expected = 'a'.repeat(64);
    const { id } = await verifying(tenant, expected);
    await verifyDocument(env, { organizationId, documentId: id, version: 1 });
    const mismatch = [{ field: 'sha256', expected, found: await sha256(text(CONTENT)) }];
    const { body } = await admin.get(`/v1/documents/${id}`);
    expect(body).toMatchObject({ status: 'pending_upload', mismatch, sha256: expected, uploadedAt: null });
    expect(await objectsOf(organizationId)).toEqual([]);
    const record = await recordOf(admin, id);
    expect(record.slice(-1)).toMatchObject([
      { action: 'document.rejected', userId: null, actor: 'uploads', after: { version: 1, mismatches: mismatch } },
    ]);
    const { body: upload } = await admin.get(`/v1/documents/${id}/upload`);
    expect(upload.parts.some(({ received }: Json) => received)).toBe(false);
    expect((await put(upload.parts[0].url, new Uint8Array(8 * MB))).status).toBe(200);
  });

  test('that is lost is awaited anew', async () => {
    hold();
    const tenant = await newTenant();
    const { admin, organizationId } = tenant;
    const { id } = await verifying(tenant);
    await env.FILES.delete((await versionsOf(id))[0].object_key);
    await verifyDocument(env, { organizationId, documentId: id, version: 1 });
    const { body } = await admin.get(`/v1/documents/${id}`);
    expect(body).toMatchObject({
      status: 'pending_upload',
      mismatch: [{ field: 'sizeBytes', expected: SIZE, found: null }],
    });
  });

  test('is verified once, however often it is asked', async () => {
    hold();
    const tenant = await newTenant();
    const { admin, organizationId } = tenant;
    const { id } = await verifying(tenant);
    const key = { organizationId, documentId: id, version: 1 };
    await Promise.all([verifyDocument(env, key), verifyDocument(env, key)]);
    await verifyDocument(env, key);
    await verifyDocument(env, { ...key, version: 2 });
    await verifyDocument(env, { ...key, organizationId: (await newTenant()).organizationId });
    expect((await actionsOf(admin, id)).filter((action) => action === 'document.uploaded')).toHaveLength(2);
    expect((await download(admin, id)).status).toBe(200);
  });

  test('is verified also when it is deleted meanwhile, and is whole when it is restored', async () => {
    hold();
    const tenant = await newTenant();
    const { admin, organizationId } = tenant;
    const { id } = await verifying(tenant);
    const key = { organizationId, documentId: id, version: 1 };
    during('get', () => admin.delete(`/v1/documents/${id}`, { reason: 'A mistake.' }));
    await verifyDocument(env, key);
    expect((await admin.get(`/v1/documents/${id}`)).status).toBe(404);
    expect((await versionsOf(id))[0].status).toBe('uploaded');
    const restored = await admin.post(`/v1/documents/${id}/restore`);
    expect(restored.body).toMatchObject({ status: 'uploaded', sha256: await sha256(text(CONTENT)) });
  });

  test('as a new version leaves what is shown until it is verified', async () => {
    hold();
    const { admin, organizationId } = await newTenant();
    const { id } = await kept(admin, 'first');
    await env.DB.prepare(
      `INSERT INTO document_versions (document_id, number, organization_id, status, file_name, content_type, size_bytes, object_key,
        created_by, created_at, confirmed_at) VALUES (?, 2, ?, 'verifying', 'second.txt', 'text/plain', 6, ?, ?, 0, 0)`,
    )
      .bind(id, organizationId, `documents/${organizationId}/${id}/second`, admin.userId)
      .run();
    await env.FILES.put(`documents/${organizationId}/${id}/second`, 'second');
    expect((await download(admin, id)).text).toBe('first');
    await verifyDocument(env, { organizationId, documentId: id, version: 2 });
    expect((await admin.get(`/v1/documents/${id}`)).body).toMatchObject({ version: 2, fileName: 'second.txt' });
    expect((await download(admin, id)).text).toBe('second');
  });
});

describe('the message', () => {
  test('is acknowledged when the file is hashed, and retried when the bucket does not answer', async () => {
    hold();
    const tenant = await newTenant();
    const { id } = await verifying(tenant);
    const body = { type: 'document.verify', organizationId: tenant.organizationId, documentId: id, version: 1 };
    const deliver = async () => {
      const batch = createMessageBatch('caddy-jobs', [
        { id: crypto.randomUUID(), timestamp: new Date(), attempts: 1, body },
      ]);
      await runJobs(batch, env);
      const { explicitAcks, retryMessages } = await getQueueResult(batch, createExecutionContext());
      return [explicitAcks.length, retryMessages.length];
    };
    const failing = vi.spyOn(env.FILES, 'get').mockRejectedValue(new Error('R2 does not answer'));
    expect(await deliver()).toEqual([0, 1]);
    failing.mockRestore();
    expect((await versionsOf(id))[0].status).toBe('verifying');
    expect(await deliver()).toEqual([1, 0]);
    expect((await versionsOf(id))[0].status).toBe('uploaded');
  });
});
