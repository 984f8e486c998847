import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { runCron } from '../../../src/crons.ts';
import { auditIsGapless } from '../../support/workers/care.ts';
import { type Json, newTenant } from '../../support/workers/tenant.ts';
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
  sweep,
  versionsOf,
} from '../../support/workers/uploading.ts';

afterEach(() => vi.restoreAllMocks());

const MB = 1024 * 1024;
const IN_PARTS = { contentType: 'video/mp4', fileName: 'a.mp4', sizeBytes: 60 * MB };

/** How many rows of each table are about a document. */
async function rowsOf(id: string): Promise<Json> {
  return env.DB.prepare(
    `SELECT (SELECT count(*) FROM documents WHERE id = ?1) AS documents,
      (SELECT count(*) FROM document_versions WHERE document_id = ?1) AS versions,
      (SELECT count(*) FROM document_words WHERE document_id = ?1) AS words,
      (SELECT count(*) FROM upload_objects WHERE document_id = ?1) AS objects,
      (SELECT count(*) FROM upload_parts WHERE object_key LIKE '%' || ?1 || '%') AS parts`,
  )
    .bind(id)
    .first<Json>();
}

const NOTHING = { documents: 0, versions: 0, words: 0, objects: 0, parts: 0 };

describe('a day after it was announced', () => {
  test('a document whose file never came is taken away, with a record of it', async () => {
    const { admin, organizationId } = await newTenant();
    const { document, upload } = await announce(admin);
    await age(document.id, 24.1);
    await sweep();
    expect((await admin.get(`/v1/documents/${document.id}`)).status).toBe(404);
    expect(await rowsOf(document.id)).toEqual(NOTHING);
    const record = await recordOf(admin, document.id);
    expect(record.map(({ action, userId, actor }) => [action, userId, actor])).toEqual([
      ['document.created', admin.userId, expect.any(String)],
      ['document.abandoned', null, 'uploads'],
    ]);
    expect((await put(upload.url, 'hello')).status).toBe(404);
    await sweep();
    expect(await actionsOf(admin, document.id)).toHaveLength(2);
    expect(await auditIsGapless(organizationId)).toBe(true);
  });

  test('one whose file came and was not confirmed is taken away with the file', async () => {
    const { admin, organizationId } = await newTenant();
    const { document } = await sent(admin, 'hello');
    await age(document.id, 24.1);
    expect(await objectsOf(organizationId)).toHaveLength(1);
    await sweep();
    expect(await objectsOf(organizationId)).toEqual([]);
    expect(await rowsOf(document.id)).toEqual(NOTHING);
    expect(await actionsOf(admin, document.id)).toEqual(['document.created', 'document.abandoned']);
  });

  test('one whose file came in part is taken away with the parts', async () => {
    const { admin } = await newTenant();
    const { document, upload } = await announce(admin, IN_PARTS);
    expect((await put(upload.parts[0].url, new Uint8Array(8 * MB))).status).toBe(200);
    const [{ object_key, upload_id }] = await versionsOf(document.id);
    expect(await rowsOf(document.id)).toMatchObject({ objects: 1, parts: 1 });
    await age(document.id, 24.1);
    await sweep();
    expect(await rowsOf(document.id)).toEqual(NOTHING);
    const over = env.FILES.resumeMultipartUpload(object_key, upload_id);
    await expect(over.uploadPart(2, 'more')).rejects.toThrow();
    expect((await put(upload.parts[0].url, new Uint8Array(8 * MB))).status).toBe(404);
  });

  test('one that was refused and not sent again is taken away', async () => {
    const { admin } = await newTenant();
    const { document } = await sent(admin, 'wrong', { sha256: 'a'.repeat(64) });
    await admin.post(`/v1/documents/${document.id}/confirm`);
    await age(document.id, 24.1);
    await sweep();
    expect(await rowsOf(document.id)).toEqual(NOTHING);
  });

  test('a version that was not confirmed is taken away, and the document stays', async () => {
    const { admin, organizationId } = await newTenant();
    const { id } = await kept(admin, 'first');
    await sentVersion(admin, { id, bytes: 'second' });
    await age(id, 24.1);
    await sweep();
    const { body } = await admin.get(`/v1/documents/${id}`);
    expect(body).toMatchObject({ status: 'uploaded', version: 1, pendingVersion: null });
    expect((await download(admin, id)).text).toBe('first');
    expect(await objectsOf(organizationId)).toHaveLength(1);
    expect((await versionsOf(id)).map(({ number }) => number)).toEqual([1]);
  });
});

describe('what stays', () => {
  test('is an uploaded document, however old', async () => {
    const { admin, organizationId } = await newTenant();
    const [{ id }, large] = [await kept(admin, 'hello'), await kept(admin, 'large')];
    await env.DB.batch([
      env.DB.prepare(`UPDATE document_versions SET status = 'verifying' WHERE document_id = ?`).bind(large.id),
      env.DB.prepare(`UPDATE documents SET status = 'verifying' WHERE id = ?`).bind(large.id),
    ]);
    vi.spyOn(env.JOBS, 'send').mockResolvedValue({} as never);
    for (const document of [id, large.id]) await age(document, 10_000);
    await sweep();
    await sweep();
    expect((await download(admin, id)).text).toBe('hello');
    expect((await admin.get(`/v1/documents/${large.id}`)).body.status).toBe('verifying');
    expect(await objectsOf(organizationId)).toHaveLength(2);
  });

  test('is what was announced less than a day ago', async () => {
    const { admin } = await newTenant();
    const [bare, whole, parts] = [await announce(admin), await sent(admin, 'hello'), await announce(admin, IN_PARTS)];
    await put(parts.upload.parts[0].url, new Uint8Array(8 * MB));
    for (const { document } of [bare, whole, parts]) await age(document.id, 23.9);
    await sweep();
    expect((await put(bare.upload.url, 'hello')).status).toBe(200);
    for (const { document } of [bare, whole]) {
      expect((await admin.post(`/v1/documents/${document.id}/confirm`)).body.status).toBe('uploaded');
    }
    const { body: upload } = await admin.get(`/v1/documents/${parts.document.id}/upload`);
    expect(upload.parts[0].received).toBe(true);
    expect((await put(upload.parts[1].url, new Uint8Array(8 * MB))).status).toBe(200);
  });

  test('is a document of which a version was announced less than a day ago', async () => {
    const { admin } = await newTenant();
    const { document } = await announce(admin);
    await age(document.id, 24.1);
    const file = { fileName: 'a.txt', contentType: 'text/plain', sizeBytes: 5 };
    const { body } = await admin.post(`/v1/documents/${document.id}/versions`, file);
    await sweep();
    expect((await put(body.upload.url, 'hello')).status).toBe(200);
    expect((await admin.post(`/v1/documents/${document.id}/confirm`)).body.version).toBe(2);
  });

  test('is a document that was restored less than a day ago', async () => {
    const { admin } = await newTenant();
    const { document } = await announce(admin);
    await admin.delete(`/v1/documents/${document.id}`, { reason: 'A mistake.' });
    await age(document.id, 24.1);
    await admin.post(`/v1/documents/${document.id}/restore`);
    await sweep();
    expect((await admin.get(`/v1/documents/${document.id}/upload`)).status).toBe(200);
  });

  test('is a deleted document that never had its file: it can be restored', async () => {
    const { admin, organizationId } = await newTenant();
    const { document } = await sent(admin, 'hello');
    await admin.delete(`/v1/documents/${document.id}`, { reason: 'A mistake.' });
    await age(document.id, 24.1);
    await sweep();
    expect(await objectsOf(organizationId)).toEqual([]);
    const deleted = await admin.get('/v1/documents?status=deleted');
    expect(deleted.body.data.map(({ id }: Json) => id)).toEqual([document.id]);
    expect((await admin.post(`/v1/documents/${document.id}/restore`)).body.status).toBe('pending_upload');
  });
});

describe('what was given up', () => {
  test('for a later file over the same address is taken away at once', async () => {
    const { admin, organizationId } = await newTenant();
    const { document, upload } = await sent(admin, 'first');
    await put(upload.url, 'again');
    await put(upload.url, 'third');
    await admin.post(`/v1/documents/${document.id}/confirm`);
    await sweep();
    expect(await objectsOf(organizationId)).toEqual([(await versionsOf(document.id))[0].object_key]);
    expect((await download(admin, document.id)).text).toBe('third');
    expect(await rowsOf(document.id)).toMatchObject({ objects: 0 });
  });

  test('stays noted while the bucket does not answer, and is taken away when it does', async () => {
    const { admin, organizationId } = await newTenant();
    const { document } = await sent(admin, 'hello');
    await age(document.id, 24.1);
    const failing = vi.spyOn(env.FILES, 'delete').mockRejectedValue(new Error('R2 does not answer'));
    await expect(sweep()).rejects.toThrow();
    failing.mockRestore();
    expect(await objectsOf(organizationId)).toHaveLength(1);
    expect((await rowsOf(document.id)).objects).toBe(1);
    await sweep();
    expect(await objectsOf(organizationId)).toEqual([]);
    expect(await rowsOf(document.id)).toEqual(NOTHING);
  });

  test('is taken away over several sweeps when it is much', async () => {
    const { admin, organizationId } = await newTenant();
    const { document } = await announce(admin);
    const copy = (table: string, columns: string) =>
      env.DB.prepare(
        `WITH RECURSIVE copies(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copies WHERE n < 249)
          INSERT INTO ${table} SELECT ${columns} FROM ${table} original, copies WHERE original.${table === 'documents' ? 'id' : 'document_id'} = ?`,
      ).bind(document.id);
    await age(document.id, 24.1);
    await env.DB.batch([
      copy(
        'documents',
        `id || n, organization_id, participant_id, type, title, valid_from, valid_to, tags, status, version, created_by, created_at,
          updated_at, deleted_at, deleted_by, delete_reason, revision, change_id, last_version`,
      ),
      copy(
        'document_versions',
        `document_id || n, number, organization_id, status, file_name, content_type, size_bytes, sha256, object_key, upload_id, mismatch,
          created_by, created_at, confirmed_at`,
      ),
    ]);
    const left = () =>
      env.DB.prepare('SELECT count(*) AS n FROM documents WHERE organization_id = ?').bind(organizationId).first('n');
    expect(await left()).toBe(250);
    await sweep();
    expect(await left()).toBe(50);
    await runCron('17 * * * *', env);
    expect(await left()).toBe(0);
    expect(await auditIsGapless(organizationId)).toBe(true);
  });
});

describe('a large file whose message was lost', () => {
  test('is hashed after the next sweep', async () => {
    const { admin, organizationId } = await newTenant();
    const { id } = await kept(admin, 'hello');
    const waitFor = (minutes: number) =>
      env.DB.prepare(`UPDATE document_versions SET status = 'verifying', confirmed_at = ? WHERE document_id = ?`)
        .bind(Date.now() - minutes * 60_000, id)
        .run();
    const jobs = vi.spyOn(env.JOBS, 'send').mockResolvedValue({} as never);
    await waitFor(4);
    await sweep();
    expect(jobs).not.toHaveBeenCalled();
    await waitFor(6);
    await sweep();
    expect(jobs.mock.calls).toEqual([[{ type: 'document.verify', organizationId, documentId: id, version: 1 }]]);
  });
});
