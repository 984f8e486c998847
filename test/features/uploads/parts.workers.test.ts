import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type Answer, type Caller, type Json, newTenant, send } from '../../support/workers/tenant.ts';
import {
  actionsOf,
  announce,
  download,
  objectsOf,
  put,
  putStreamed,
  sha256,
  streamOf,
  versionsOf,
} from '../../support/workers/uploading.ts';

afterEach(() => vi.restoreAllMocks());

const MB = 1024 * 1024;
const PART = 8 * MB;
/** The smallest file in parts: six whole ones and a last one. */
const SIZE = 50 * MB + 1;
const SOUND = { contentType: 'audio/mpeg', fileName: 'talk.mp3', sizeBytes: SIZE };

/** The bytes of a file of sound, other ones for each seed. */
function sound(seed: number): Uint8Array {
  const bytes = new Uint8Array(SIZE);
  for (let at = 0; at < SIZE; at += 4096) bytes.fill((seed * 31 + at / 4096) % 251, at, at + 4096);
  bytes.set([0xff, 0xfb, 0x90, 0]);
  return bytes;
}

const partOf = (bytes: Uint8Array, number: number) => bytes.subarray((number - 1) * PART, number * PART);

async function sendParts(upload: Json, bytes: Uint8Array, numbers: readonly number[]): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const number of numbers) answers.push(await put(upload.parts[number - 1].url, partOf(bytes, number)));
  return answers;
}

const complete = (upload: Json) => send('POST', new URL(upload.completeUrl).pathname);

async function received(caller: Caller, id: string): Promise<number[]> {
  const { body } = await caller.get(`/v1/documents/${id}/upload`);
  return body.parts.filter((part: Json) => part.received).map((part: Json) => part.number);
}

describe('a file above 50 MB', () => {
  test('comes in parts of 8 MB, the last one what is left', async () => {
    const { admin } = await newTenant();
    const { upload } = await announce(admin, SOUND);
    expect(upload.partSizeBytes).toBe(PART);
    expect(upload.parts.map(({ number, received: there }: Json) => [number, there])).toEqual(
      [1, 2, 3, 4, 5, 6, 7].map((number) => [number, false]),
    );
    expect(Date.parse(upload.expiresAt)).toBeGreaterThan(Date.now());
    expect((await announce(admin, { ...SOUND, sizeBytes: SIZE - 1 })).upload.method).toBe('PUT');
    expect((await announce(admin, { ...SOUND, sizeBytes: 64 * MB })).upload.parts).toHaveLength(8);
    expect((await announce(admin, { ...SOUND, sizeBytes: 5 * 1024 * MB })).upload.parts).toHaveLength(640);
    const larger = await admin.post('/v1/documents', {
      ...SOUND,
      type: 'other',
      title: 'T',
      sizeBytes: 5 * 1024 * MB + 1,
    });
    expect([larger.status, larger.body.errors[0].pointer]).toEqual([400, '/sizeBytes']);
  });

  test('comes in any order, a part twice, is put together by two at once, and is what was sent', async () => {
    const { admin, organizationId } = await newTenant();
    const { document, upload } = await announce(admin, { ...SOUND, sha256: await sha256(sound(1)) });
    const { id } = document;
    expect((await sendParts(upload, sound(1), [7, 2])).map(({ body }) => body.receivedBytes)).toEqual([
      2 * MB + 1,
      PART,
    ]);
    expect((await sendParts(upload, sound(2), [3])).map(({ status }) => status)).toEqual([200]);
    const early = await complete(upload);
    expect([early.status, early.body.code, early.body.details]).toEqual([409, 'CONFLICT', { missing: [1, 4, 5, 6] }]);
    expect(await received(admin, id)).toEqual([2, 3, 7]);
    const unfinished = await admin.post(`/v1/documents/${id}/confirm`);
    expect([unfinished.status, unfinished.body.code]).toEqual([422, 'UPLOAD_MISMATCH']);
    expect(await actionsOf(admin, id)).toEqual(['document.created']);
    // The addresses of a second asking are for the same parts.
    const { body: again } = await admin.get(`/v1/documents/${id}/upload`);
    expect((await sendParts(again, sound(1), [6, 5, 4, 3, 1, 3])).every(({ status }) => status === 200)).toBe(true);
    const twice = await Promise.all([complete(upload), complete(upload)]);
    for (const { status, body } of twice) expect([status, body]).toEqual([200, { receivedBytes: SIZE }]);
    expect((await complete(upload)).body).toEqual({ receivedBytes: SIZE });
    expect(await received(admin, id)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect((await sendParts(upload, sound(2), [3])).map(({ status }) => status)).toEqual([409]);
    const confirmed = await admin.post(`/v1/documents/${id}/confirm`);
    expect(confirmed.body).toMatchObject({ status: 'uploaded', sha256: await sha256(sound(1)) });
    expect((await complete(upload)).status).toBe(409);
    expect((await admin.get(`/v1/documents/${id}/upload`)).status).toBe(409);
    const last = await download(admin, id, { headers: { range: 'bytes=-100' } });
    expect(last.bytes).toEqual(sound(1).slice(-100));
    const counts = await env.DB.prepare(
      'SELECT (SELECT count(*) FROM upload_objects) AS objects, (SELECT count(*) FROM upload_parts) AS parts',
    ).first<Json>();
    expect([counts.parts, await objectsOf(organizationId)]).toEqual([0, [(await versionsOf(id))[0].object_key]]);
  }, 60_000);
});

describe('a part', () => {
  test('that is not as long as said is not there, and can be sent again', async () => {
    const { admin } = await newTenant();
    const { document, upload } = await announce(admin, SOUND);
    const { url } = upload.parts[6];
    await sendParts(upload, sound(1), [7]);
    for (const [length, status] of [
      [2 * MB, 400],
      [2 * MB + 2, 413],
    ] as const) {
      const answer = await putStreamed(url, { body: streamOf(new Uint8Array(length)) });
      expect(answer.status).toBe(status);
    }
    // What was there before cannot be told from what came half: it does not count any more.
    expect(await received(admin, document.id)).toEqual([]);
    expect((await sendParts(upload, sound(1), [7]))[0]?.status).toBe(200);
    expect(await received(admin, document.id)).toEqual([7]);
  });

  test('that comes twice at once counts only when it is known whose bytes were kept', async () => {
    const { admin } = await newTenant();
    const { document, upload } = await announce(admin, SOUND);
    const [first, second] = [sound(1), sound(2)].map((bytes) => partOf(bytes, 7));
    const resume = env.FILES.resumeMultipartUpload.bind(env.FILES);
    let between: Answer | undefined;
    vi.spyOn(env.FILES, 'resumeMultipartUpload').mockImplementationOnce((key, id) => {
      const upload_ = resume(key, id);
      const uploadPart: R2MultipartUpload['uploadPart'] = async (...args) => {
        between = await put(upload.parts[6].url, second ?? '');
        return upload_.uploadPart(...args);
      };
      return { ...upload_, uploadPart } as R2MultipartUpload;
    });
    const overtaken = await put(upload.parts[6].url, first ?? '');
    expect([between?.status, overtaken.status, overtaken.body.code]).toEqual([200, 409, 'CONFLICT']);
    expect(await received(admin, document.id)).toEqual([]);
    expect((await put(upload.parts[6].url, first ?? '')).status).toBe(200);
    expect(await received(admin, document.id)).toEqual([7]);
  });

  test('leads nowhere when the document is deleted', async () => {
    const { admin } = await newTenant();
    const { document, upload } = await announce(admin, SOUND);
    await admin.delete(`/v1/documents/${document.id}`, { reason: 'A mistake.' });
    expect((await sendParts(upload, sound(1), [7]))[0]?.status).toBe(404);
    expect((await complete(upload)).status).toBe(404);
    expect((await admin.get(`/v1/documents/${document.id}/upload`)).status).toBe(404);
  });
});

/** The bucket fails at the next time that parts are put together, as it does now and then. */
function failToComplete(): void {
  const resume = env.FILES.resumeMultipartUpload.bind(env.FILES);
  vi.spyOn(env.FILES, 'resumeMultipartUpload').mockImplementationOnce((key, id) => {
    const failing = () =>
      Promise.reject(new Error('complete: We encountered an internal error. Please try again. (10001)'));
    return Object.assign(resume(key, id), { complete: failing });
  });
}

describe('putting the parts together', () => {
  test('is done once when the answer to the first time was lost', async () => {
    const { admin } = await newTenant();
    const { document, upload } = await announce(admin, SOUND);
    await sendParts(upload, sound(1), [1, 2, 3, 4, 5, 6, 7]);
    const batch = env.DB.batch.bind(env.DB);
    const dying = vi.spyOn(env.DB, 'batch').mockImplementation(async (statements) => {
      if (dying.mock.calls.length < 2) return batch(statements);
      throw new Error('D1_ERROR: Network connection lost.');
    });
    expect((await complete(upload)).status).toBe(503);
    dying.mockRestore();
    expect((await admin.post(`/v1/documents/${document.id}/confirm`)).status).toBe(422);
    expect((await complete(upload)).body).toEqual({ receivedBytes: SIZE });
    const confirmed = await admin.post(`/v1/documents/${document.id}/confirm`);
    expect(confirmed.body.sha256).toBe(await sha256(sound(1)));
  });

  test('that the bucket fails at once is done the next time: no part is lost', async () => {
    const { admin } = await newTenant();
    const { upload } = await announce(admin, SOUND);
    await sendParts(upload, sound(1), [1, 2, 3, 4, 5, 6, 7]);
    failToComplete();
    expect((await complete(upload)).status).toBe(503);
    expect((await complete(upload)).body).toEqual({ receivedBytes: SIZE });
  });

  test('that fails while another request does it takes nothing from that one', async () => {
    const { admin } = await newTenant();
    const { document, upload } = await announce(admin, SOUND);
    await sendParts(upload, sound(1), [1, 2, 3, 4, 5, 6, 7]);
    failToComplete();
    const create = env.FILES.createMultipartUpload.bind(env.FILES);
    let other: Answer | undefined;
    vi.spyOn(env.FILES, 'createMultipartUpload').mockImplementationOnce(async (...args) => {
      other = await complete(upload);
      return create(...args);
    });
    const failed = await complete(upload);
    other ??= await complete(upload);
    expect([other.status, [409, 503].includes(failed.status)]).toEqual([200, true]);
    expect((await admin.post(`/v1/documents/${document.id}/confirm`)).body.status).toBe('uploaded');
  });

  test('of which the bucket has lost all begins again, over the same addresses', async () => {
    const { admin } = await newTenant();
    const { document, upload } = await announce(admin, SOUND);
    await sendParts(upload, sound(1), [1, 2, 3, 4, 5, 6, 7]);
    const [{ object_key, upload_id }] = await versionsOf(document.id);
    await env.FILES.resumeMultipartUpload(object_key, upload_id).abort();
    const lost = await complete(upload);
    expect([lost.status, lost.body.code]).toEqual([409, 'CONFLICT']);
    expect(await received(admin, document.id)).toEqual([]);
    await sendParts(upload, sound(2), [7, 6, 5, 4, 3, 2, 1]);
    expect((await complete(upload)).status).toBe(200);
    const confirmed = await admin.post(`/v1/documents/${document.id}/confirm`);
    expect(confirmed.body.sha256).toBe(await sha256(sound(2)));
  });
});
