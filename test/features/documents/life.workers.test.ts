import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, test } from 'vitest';
import { auditIsGapless, commonItems, newParticipant } from '../../support/workers/care.ts';
import { changedBy } from '../../support/workers/contract.ts';
import { type Json, newTenant } from '../../support/workers/tenant.ts';
import {
  actionsOf,
  announce,
  documentBody,
  download,
  kept,
  put,
  recordOf,
  sentVersion,
  versionsOf,
} from '../../support/workers/uploading.ts';

beforeAll(commonItems);

const MB = 1024 * 1024;
const REASON = { reason: 'Filed under the wrong participant.' };

function fileBody(more: Json = {}): Json {
  const { type: _, title: __, ...file } = documentBody(more);
  return file;
}

describe('announcing a document', () => {
  test('answers what is known of it and where its file goes', async () => {
    const { admin } = await newTenant();
    const { id: participantId } = await newParticipant(admin);
    const body = documentBody({
      participantId,
      type: 'service_agreement',
      title: '  Agreement 2026 ',
      validFrom: '2026-07-01',
      validTo: '2027-06-30',
      tags: ['signed', 'Zoë'],
      sha256: 'A'.repeat(64),
    });
    const made = await admin.post('/v1/documents', body);
    expect(made.status).toBe(201);
    const { document, upload } = made.body;
    expect(made.headers.get('location')).toBe(`/v1/documents/${document.id}`);
    expect(document).toMatchObject({
      ...body,
      title: 'Agreement 2026',
      sha256: 'a'.repeat(64),
      status: 'pending_upload',
      version: 1,
      pendingVersion: 1,
      createdBy: admin.userId,
    });
    expect(new URL(upload.url).origin).toBe('https://caddy.test');
    expect((await admin.get(`/v1/documents/${document.id}`)).body).toEqual(document);
    const { body: again } = await admin.get(`/v1/documents/${document.id}/upload`);
    expect(again).toMatchObject({ method: 'PUT', headers: { 'Content-Type': 'text/plain' } });
    expect((await put(again.url, 'hello')).status).toBe(200);
  });

  test('again with its key is the same document, with an address that works', async () => {
    const { admin, organizationId } = await newTenant();
    const headers = { 'idempotency-key': 'once' };
    const answers = await Promise.all([1, 2, 3].map(() => admin.post('/v1/documents', documentBody(), headers)));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    const later = await admin.post('/v1/documents', documentBody(), headers);
    expect(later.headers.get('idempotent-replayed')).toBe('true');
    expect((await put(later.body.upload.url, 'hello')).status).toBe(200);
    const { id } = later.body.document;
    expect((await admin.post(`/v1/documents/${id}/confirm`)).status).toBe(200);
    const other = await admin.post('/v1/documents', documentBody({ title: 'Other' }), headers);
    expect([other.status, other.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    const count = await env.DB.prepare('SELECT count(*) AS n FROM documents WHERE organization_id = ?').bind(
      organizationId,
    );
    expect(await count.first('n')).toBe(1);
  });

  test('again when the first addresses are over gives new ones', async () => {
    const { admin, organizationId } = await newTenant();
    const headers = { 'idempotency-key': 'once' };
    const parts = { ...documentBody(), sizeBytes: 60 * MB };
    const first = await admin.post('/v1/documents', parts, headers);
    const { document } = first.body;
    const early = Date.now() - 16 * 60_000;
    await env.DB.prepare(
      `UPDATE idempotency_keys SET body = replace(body, ?, ?) WHERE organization_id = ? AND key = 'once'`,
    )
      .bind(document.createdAt, new Date(early).toISOString(), organizationId)
      .run();
    const again = await admin.post('/v1/documents', parts, headers);
    expect(again.body.document.id).toBe(document.id);
    expect(Date.parse(again.body.upload.expiresAt)).toBeGreaterThan(Date.now() + 14 * 60_000);
    expect((await put(again.body.upload.parts[0].url, new Uint8Array(8 * MB))).status).toBe(200);
  });

  test('of a participant needs one of the organisation’s own who is not archived', async () => {
    const [{ admin }, other] = [await newTenant(), await newTenant()];
    const [{ id: own }, { id: foreign }] = [await newParticipant(admin), await newParticipant(other.admin)];
    const changed = await changedBy(async () => {
      for (const sizeBytes of [5, 60 * MB]) {
        const refused = await admin.post('/v1/documents', documentBody({ participantId: foreign, sizeBytes }));
        expect([refused.status, refused.body.code]).toEqual([404, 'NOT_FOUND']);
      }
    });
    expect(changed).toEqual([]);
    const { document } = await announce(admin, { participantId: own });
    await admin.delete(`/v1/participants/${own}`, REASON);
    const table: [string, string, Json][] = [
      ['POST', '/v1/documents', documentBody({ participantId: own })],
      ['PATCH', `/v1/documents/${document.id}`, { title: 'Other' }],
      ['DELETE', `/v1/documents/${document.id}`, REASON],
      ['POST', `/v1/documents/${document.id}/versions`, fileBody()],
    ];
    for (const [method, path, body] of table) {
      const refused = await admin.request(method, path, { body });
      expect([method, path, refused.status, refused.body.code]).toEqual([method, path, 409, 'PARTICIPANT_ARCHIVED']);
    }
    expect((await admin.get(`/v1/documents/${document.id}`)).status).toBe(200);
    expect(await actionsOf(admin, document.id)).toEqual(['document.created']);
  });

  test.each([
    [{ sizeBytes: 0 }, '/sizeBytes'],
    [{ sizeBytes: 1.5 }, '/sizeBytes'],
    [{ sha256: 'abc' }, '/sha256'],
    [{ title: ' ' }, '/title'],
    [{ type: 'secret' }, '/type'],
    [{ validFrom: '2026-07-02', validTo: '2026-07-01' }, '/validTo'],
    [{ validTo: '2026-02-30' }, '/validTo'],
    [{ tags: Array(101).fill('a') }, '/tags'],
    [{ tags: ['a', ''] }, '/tags/1'],
    [{ status: 'uploaded' }, '/status'],
  ])('with %j is refused at %s', async (more, pointer) => {
    const { admin } = await newTenant();
    const refused = await admin.post('/v1/documents', documentBody(more));
    expect([refused.status, refused.body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(refused.body.errors.map((error: Json) => error.pointer)).toContain(pointer);
  });
});

describe('changing what is known of a document', () => {
  test('changes what the patch names, and the search with it', async () => {
    const { admin } = await newTenant();
    const document = await kept(admin, 'hello', { title: 'Kangaroo', tags: ['old'], validTo: '2027-01-01' });
    const patch = { title: 'Wombat', validTo: null, tags: ['new'] };
    const headers = { 'if-match': `"${1}"` };
    expect((await admin.patch(`/v1/documents/${document.id}`, patch, headers)).status).toBe(412);
    const changed = await admin.patch(`/v1/documents/${document.id}`, patch);
    expect(changed.body).toMatchObject({ ...patch, type: 'other', status: 'uploaded' });
    expect((await admin.get(`/v1/documents/${document.id}`)).body).toEqual(changed.body);
    const found = async (search: string) => (await admin.get(`/v1/documents?search=${search}`)).body.data.length;
    expect([await found('wombat'), await found('new'), await found('kangaroo'), await found('old')]).toEqual([
      1, 1, 0, 0,
    ]);
    const [entry] = (await recordOf(admin, document.id)).slice(-1);
    expect(entry).toMatchObject({
      action: 'document.updated',
      before: { title: 'Kangaroo', validTo: '2027-01-01', tags: ['old'] },
      after: { title: 'Wombat', validTo: null, tags: ['new'] },
    });
    const etag = changed.headers.get('etag') ?? '';
    expect((await admin.get(`/v1/documents/${document.id}`, { 'if-none-match': etag })).status).toBe(304);
    expect(
      (await admin.patch(`/v1/documents/${document.id}`, { validFrom: '2027-01-02' }, { 'if-match': etag })).status,
    ).toBe(200);
    const crossed = await admin.patch(`/v1/documents/${document.id}`, { validTo: '2027-01-01' });
    expect([crossed.status, crossed.body.errors[0].pointer]).toEqual([400, '/validTo']);
  });

  test('to what it is already writes nothing', async () => {
    const { admin } = await newTenant();
    const { id, title } = await kept(admin);
    const changed = await changedBy(async () => {
      expect((await admin.patch(`/v1/documents/${id}`, { title })).status).toBe(200);
    });
    expect(changed).toEqual([]);
  });
});

describe('a new version', () => {
  test('stays hidden until it is confirmed, and the old one can be had by its number', async () => {
    const { admin } = await newTenant();
    const first = await kept(admin, 'first');
    const { id } = first;
    const more = { fileName: 'second.csv', contentType: 'text/csv' };
    const announced = await sentVersion(admin, { id, bytes: 'second', more });
    expect(announced.document).toMatchObject({
      version: 1,
      pendingVersion: 2,
      fileName: 'notes.txt',
      status: 'uploaded',
    });
    const before = await admin.get(`/v1/documents/${id}`);
    expect(before.body).toEqual(announced.document);
    expect((await download(admin, id)).text).toBe('first');
    expect((await download(admin, id, { query: '?version=2' })).status).toBe(409);
    const { body: confirmed } = await admin.post(`/v1/documents/${id}/confirm`);
    expect(confirmed).toMatchObject({
      version: 2,
      pendingVersion: null,
      fileName: 'second.csv',
      contentType: 'text/csv',
      sizeBytes: 6,
    });
    expect((await download(admin, id)).text).toBe('second');
    expect((await download(admin, id, { query: '?version=1' })).text).toBe('first');
    const { body: versions } = await admin.get(`/v1/documents/${id}/versions`);
    expect(
      versions.data.map(({ version, status, fileName, sha256 }: Json) => [version, status, fileName, sha256]),
    ).toEqual([
      [2, 'uploaded', 'second.csv', confirmed.sha256],
      [1, 'uploaded', 'notes.txt', first.sha256],
    ]);
    const page = await admin.get(`/v1/documents/${id}/versions?limit=1`);
    const next = await admin.get(`/v1/documents/${id}/versions?limit=1&cursor=${page.body.nextCursor}`);
    expect([page.body.data[0].version, next.body.data[0].version, next.body.nextCursor]).toEqual([2, 1, null]);
  });

  test('again with its key is the same version, and two at once are two', async () => {
    const { admin } = await newTenant();
    const { id } = await kept(admin);
    const headers = { 'idempotency-key': 'v' };
    const path = `/v1/documents/${id}/versions`;
    const [one, other] = [await admin.post(path, fileBody(), headers), await admin.post(path, fileBody(), headers)];
    expect([one.status, other.status]).toEqual([201, 201]);
    expect(other.body).toEqual(one.body);
    const answers = await Promise.all([admin.post(path, fileBody()), admin.post(path, fileBody())]);
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    expect((await versionsOf(id)).map(({ number }) => number)).toEqual([1, 2, 3, 4]);
  });

  test('is another organisation’s to announce no more than to read', async () => {
    const [{ admin }, other] = [await newTenant(), await newTenant()];
    const { id } = await kept(admin);
    expect((await other.admin.post(`/v1/documents/${id}/versions`, fileBody())).status).toBe(404);
    expect((await other.admin.post(`/v1/documents/${id}/versions`, fileBody({ sizeBytes: 60 * MB }))).status).toBe(404);
    expect((await other.admin.get(`/v1/documents/${id}/versions`)).status).toBe(404);
    expect((await other.admin.get(`/v1/documents/${id}/upload`)).status).toBe(404);
  });
});

describe('deleting a document', () => {
  test('closes it with everything kept, and restoring brings it back as it was', async () => {
    const { admin } = await newTenant();
    const document = await kept(admin, 'hello', { title: 'Kangaroo' });
    const { id } = document;
    const deleted = await admin.delete(`/v1/documents/${id}`, REASON);
    expect(deleted.body).toMatchObject({ status: 'deleted', deletedBy: admin.userId, deleteReason: REASON.reason });
    for (const answer of [
      await admin.get(`/v1/documents/${id}`),
      await admin.get(`/v1/documents/${id}/versions`),
      await admin.get(`/v1/documents/${id}/upload`),
      await admin.get(`/v1/documents/${id}/content`),
      await admin.patch(`/v1/documents/${id}`, { title: 'Other' }),
      await admin.delete(`/v1/documents/${id}`, REASON),
      await admin.post(`/v1/documents/${id}/versions`, fileBody()),
      await admin.post(`/v1/documents/${id}/confirm`),
      await admin.post(`/v1/documents/${id}/links`),
    ]) {
      expect([answer.status, answer.body.code]).toEqual([404, 'NOT_FOUND']);
    }
    const ids = async (query: string) =>
      (await admin.get(`/v1/documents?${query}`)).body.data.map((one: Json) => one.id);
    expect([await ids(''), await ids('search=kangaroo'), await ids('status=deleted')]).toEqual([[], [], [id]]);
    expect(await ids('status=deleted&search=kangaroo')).toEqual([id]);
    const restored = await admin.post(`/v1/documents/${id}/restore`);
    const { updatedAt: _, ...before } = document;
    expect(restored.body).toMatchObject(before);
    expect([await ids(''), await ids('search=kangaroo'), await ids('status=deleted')]).toEqual([[id], [id], []]);
    expect((await download(admin, id)).text).toBe('hello');
    const again = await admin.post(`/v1/documents/${id}/restore`);
    expect([again.status, again.body]).toEqual([200, restored.body]);
  });

  test('in any state is undone by restoring it into that state', async () => {
    const { admin } = await newTenant();
    const { document } = await announce(admin);
    const uploaded = await kept(admin);
    await sentVersion(admin, { id: uploaded.id, bytes: 'second' });
    for (const [id, status] of [
      [document.id, 'pending_upload'],
      [uploaded.id, 'uploaded'],
    ] as const) {
      await admin.delete(`/v1/documents/${id}`, REASON);
      const { body } = await admin.post(`/v1/documents/${id}/restore`);
      expect(body).toMatchObject({ status, version: 1, deletedAt: null, deletedBy: null, deleteReason: null });
    }
    expect((await admin.post(`/v1/documents/${uploaded.id}/confirm`)).body).toMatchObject({ version: 2 });
  });
});

describe('the record', () => {
  test('has every change of a document once, with who and what', async () => {
    const { admin, user, organizationId } = await newTenant();
    const worker = await user('support_worker');
    const { id } = await kept(worker, 'hello');
    await admin.patch(`/v1/documents/${id}`, { title: 'Other' });
    await sentVersion(worker, { id, bytes: 'wrong', more: { sha256: 'a'.repeat(64) } });
    await worker.post(`/v1/documents/${id}/confirm`);
    await admin.delete(`/v1/documents/${id}`, REASON);
    await admin.post(`/v1/documents/${id}/restore`);
    await download(worker, id);
    const record = await recordOf(admin, id);
    expect(record.map(({ action, userId }) => [action, userId])).toEqual([
      ['document.created', worker.userId],
      ['document.uploaded', worker.userId],
      ['document.updated', admin.userId],
      ['document.versioned', worker.userId],
      ['document.rejected', worker.userId],
      ['document.deleted', admin.userId],
      ['document.restored', admin.userId],
      ['document.downloaded', worker.userId],
    ]);
    const [created, uploaded, , versioned, , deleted, restored] = record;
    expect(created.after).toMatchObject(documentBody());
    expect(uploaded.after).toEqual({ version: 1, status: 'uploaded' });
    expect(versioned.after).toMatchObject({ version: 2, fileName: 'notes.txt', sha256: 'a'.repeat(64) });
    expect(deleted).toMatchObject({ before: { status: 'uploaded' }, after: { status: 'deleted' }, metadata: REASON });
    expect(restored).toMatchObject({ before: { status: 'deleted' }, after: { status: 'uploaded' } });
    expect(record.every(({ entityType }) => entityType === 'document')).toBe(true);
    const byType = await admin.get('/v1/audit-logs?entityType=document&action=document.rejected');
    expect(byType.body.data).toHaveLength(1);
    expect(await auditIsGapless(organizationId)).toBe(true);
  });
});
