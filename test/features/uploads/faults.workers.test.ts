import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { auditIsGapless } from '../../support/workers/care.ts';
import { type Answer, newTenant } from '../../support/workers/tenant.ts';
import {
  actionsOf,
  age,
  announce,
  documentBody,
  download,
  kept,
  objectsOf,
  put,
  sent,
  sweep,
} from '../../support/workers/uploading.ts';

afterEach(() => vi.restoreAllMocks());

/** D1 fails at its so-manieth batch: `before` it has it, or when it is applied and its answer is lost. */
function failAt(batchNumber: number, when: 'before' | 'during'): void {
  const batch = env.DB.batch.bind(env.DB);
  let asked = 0;
  vi.spyOn(env.DB, 'batch').mockImplementation(async (statements) => {
    asked += 1;
    if (asked !== batchNumber) return batch(statements);
    if (when === 'during') await batch(statements);
    throw new Error('D1_ERROR: Network connection lost.');
  });
}

/** Asks until there is an answer that is none of a service that is out of order. */
async function insist(ask: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 0; tries < 3; tries++) {
    const answer = await ask();
    if (answer.status !== 503) return answer;
  }
  throw new Error('never an answer');
}

const moments = [1, 2, 3, 4, 5, 6, 7, 8].flatMap((batch) =>
  (['before', 'during'] as const).map((when) => ({ batch, when })),
);

describe('a failure of D1', () => {
  test.each(moments)(
    '$when batch $batch of a document’s way ends in the document once, with its file',
    async ({ batch, when }) => {
      const { admin, organizationId } = await newTenant();
      await admin.get('/v1/me');
      failAt(batch, when);
      const created = await insist(() => admin.post('/v1/documents', documentBody(), { 'idempotency-key': 'd' }));
      const { document, upload } = created.body;
      const taken = await insist(() => put(upload.url, 'hello'));
      const confirmed = await insist(() =>
        admin.post(`/v1/documents/${document.id}/confirm`, undefined, { 'idempotency-key': 'c' }),
      );
      expect([created.status, taken.status, confirmed.status]).toEqual([201, 200, 200]);
      vi.restoreAllMocks();
      expect(confirmed.body.status).toBe('uploaded');
      expect(await actionsOf(admin, document.id)).toEqual(['document.created', 'document.uploaded']);
      expect((await admin.get('/v1/documents')).body.data).toHaveLength(1);
      await age(document.id, 25);
      await sweep();
      expect(await objectsOf(organizationId)).toHaveLength(1);
      expect((await download(admin, document.id)).text).toBe('hello');
      expect(await auditIsGapless(organizationId)).toBe(true);
    },
  );
});

describe('a failure of the bucket', () => {
  test('while a file comes leaves nothing, and the file can be sent again', async () => {
    const { admin, organizationId } = await newTenant();
    const { document, upload } = await announce(admin);
    vi.spyOn(env.FILES, 'put').mockRejectedValueOnce(new Error('R2 does not answer'));
    const failed = await put(upload.url, 'hello');
    expect([failed.status, failed.body.code, failed.headers.get('retry-after')]).toEqual([503, 'UNAVAILABLE', '2']);
    expect(await objectsOf(organizationId)).toEqual([]);
    expect((await put(upload.url, 'hello')).status).toBe(200);
    expect((await admin.post(`/v1/documents/${document.id}/confirm`)).status).toBe(200);
  });

  test.each(['head', 'get'] as const)('while a file is confirmed (%s) changes nothing', async (method) => {
    const { admin } = await newTenant();
    const { document } = await sent(admin, 'hello');
    vi.spyOn(env.FILES, method).mockRejectedValueOnce(new Error('R2 does not answer'));
    const failed = await admin.post(`/v1/documents/${document.id}/confirm`);
    expect([failed.status, failed.body.code]).toEqual([503, 'UNAVAILABLE']);
    expect((await admin.get(`/v1/documents/${document.id}`)).body).toMatchObject({
      status: 'pending_upload',
      mismatch: null,
    });
    expect((await admin.post(`/v1/documents/${document.id}/confirm`)).body.status).toBe('uploaded');
  });

  test('while a file is read says nothing of its inside', async () => {
    const { admin } = await newTenant();
    const { id } = await kept(admin);
    vi.spyOn(env.FILES, 'get').mockRejectedValueOnce(new Error('R2 does not answer'));
    const failed = await download(admin, id);
    expect([failed.status, JSON.parse(failed.text).code]).toEqual([503, 'UNAVAILABLE']);
    expect((await download(admin, id)).text).toBe('hello');
  });
});
