import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { auditIsGapless } from '../../support/workers/care.ts';
import { type Answer, type Caller, newTenant } from '../../support/workers/tenant.ts';
import {
  actionsOf,
  age,
  announce,
  download,
  during,
  objectsOf,
  put,
  sent,
  sha256,
  sweep,
  text,
  versionsOf,
} from '../../support/workers/uploading.ts';

afterEach(() => vi.restoreAllMocks());

const confirm = (caller: Caller, id: string) => caller.post(`/v1/documents/${id}/confirm`);

/** Fails unless what is shown of a document is what is downloaded; its text. */
async function shown(caller: Caller, id: string): Promise<string> {
  const { body } = await caller.get(`/v1/documents/${id}`);
  const content = await download(caller, id);
  expect([body.status, content.status]).toEqual(['uploaded', 200]);
  expect(await sha256(content.bytes)).toBe(body.sha256);
  return content.text;
}

/** Where a confirmation reads the bucket: for the length, the first bytes, and the whole of it. */
const MOMENTS = [
  { method: 'head', calls: 1 },
  { method: 'get', calls: 1 },
  { method: 'get', calls: 2 },
] as const;

/** Does `work` before the database is asked for the so-manieth time from now on. */
function beforeStep(step: number, work: () => Promise<unknown>): void {
  const batch = env.DB.batch.bind(env.DB);
  let asked = 0;
  const spy = vi.spyOn(env.DB, 'batch').mockImplementation(async (statements) => {
    asked += 1;
    if (asked === step) {
      spy.mockRestore();
      await work();
    }
    return batch(statements);
  });
}

describe('two confirmations at once', () => {
  test('of a right file are one, with one answer', async () => {
    const { admin, organizationId } = await newTenant();
    const { document } = await sent(admin, 'hello');
    const answers = await Promise.all([1, 2, 3, 4].map(() => confirm(admin, document.id)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(await actionsOf(admin, document.id)).toEqual(['document.created', 'document.uploaded']);
    expect(await auditIsGapless(organizationId)).toBe(true);
  });

  test('of a wrong file refuse it once', async () => {
    const { admin, organizationId } = await newTenant();
    const { document } = await sent(admin, 'hello', { sha256: 'a'.repeat(64) });
    const answers = await Promise.all([1, 2, 3].map(() => confirm(admin, document.id)));
    expect(answers.map(({ body }) => body.code)).toEqual(Array(3).fill('UPLOAD_MISMATCH'));
    expect(await actionsOf(admin, document.id)).toEqual(['document.created', 'document.rejected']);
    await expect.poll(() => objectsOf(organizationId)).toEqual([]);
  });
});

describe('refusals of a file in parts at once', () => {
  test('leave no upload in the bucket that nobody knows of', async () => {
    const { admin } = await newTenant();
    const more = { contentType: 'video/mp4', fileName: 'a.mp4', sizeBytes: 60 * 1024 * 1024 };
    const { document } = await announce(admin, more);
    const [{ object_key: key }] = await versionsOf(document.id);
    await env.FILES.put(key, 'too short');
    await env.DB.prepare('UPDATE document_versions SET upload_id = NULL WHERE document_id = ?').bind(document.id).run();
    const begun = vi.spyOn(env.FILES, 'createMultipartUpload');
    const answers = await Promise.all([1, 2, 3].map(() => confirm(admin, document.id)));
    expect(answers.map(({ status }) => status)).toEqual([422, 422, 422]);
    const uploads = await Promise.all(begun.mock.results.map(({ value }) => value as Promise<R2MultipartUpload>));
    const unknown: string[] = [];
    for (const upload of uploads) {
      const noted = await env.DB.prepare('SELECT 1 FROM upload_objects WHERE object_key = ?').bind(upload.key).first();
      if (noted) continue;
      const open = await upload.uploadPart(1, 'x').then(
        () => true,
        () => false,
      );
      if (open) unknown.push(upload.key);
    }
    expect(unknown).toEqual([]);
  });
});

describe('a file that comes again', () => {
  test.each(MOMENTS)('while it is confirmed ($method $calls) is confirmed in its place', async (moment) => {
    const { admin, organizationId } = await newTenant();
    const { document, upload } = await sent(admin, 'first');
    let second: Answer | undefined;
    during(
      moment.method,
      async () => {
        second = await put(upload.url, 'other');
      },
      moment.calls,
    );
    const confirmed = await confirm(admin, document.id);
    expect([second?.status, confirmed.status]).toEqual([200, 200]);
    expect(confirmed.body.sha256).toBe(await sha256(text('other')));
    expect(await shown(admin, document.id)).toBe('other');
    await sweep();
    expect(await objectsOf(organizationId)).toHaveLength(1);
    expect(await shown(admin, document.id)).toBe('other');
  });

  test('and is still coming when the one before it is confirmed is refused', async () => {
    const { admin, organizationId } = await newTenant();
    const { document, upload } = await sent(admin, 'first');
    let confirmed: Answer | undefined;
    during('put', async () => {
      confirmed = await confirm(admin, document.id);
    });
    const second = await put(upload.url, 'other');
    expect([confirmed?.status, second.status, second.body.code]).toEqual([200, 409, 'CONFLICT']);
    expect(await shown(admin, document.id)).toBe('first');
    await sweep();
    expect(await objectsOf(organizationId)).toHaveLength(1);
    expect(await shown(admin, document.id)).toBe('first');
  });

  test('in any order with confirmations never changes what was confirmed', async () => {
    const { admin, organizationId } = await newTenant();
    for (let round = 0; round < 12; round++) {
      const { document, upload } = await announce(admin);
      const send = async (bytes: string) => {
        await scheduler.wait(Math.random() * 20);
        return put(upload.url, bytes);
      };
      const ask = async () => {
        await scheduler.wait(Math.random() * 40);
        const { status, body } = await confirm(admin, document.id);
        expect([200, 422], JSON.stringify(body)).toContain(status);
        return status === 200 ? body.sha256 : null;
      };
      const [hashes, answers] = await Promise.all([
        Promise.all([ask(), ask(), ask()]),
        Promise.all(['one..', 'two..', 'three'].map(send)),
      ]);
      for (const { status } of answers) expect([200, 409]).toContain(status);
      const last = await confirm(admin, document.id);
      expect(last.status).toBe(200);
      const known = new Set([...hashes.filter((hash) => hash !== null), last.body.sha256]);
      expect(known.size).toBe(1);
      await shown(admin, document.id);
    }
    await sweep();
    expect(await objectsOf(organizationId)).toHaveLength(12);
  });
});

describe('the sweep', () => {
  test.each(MOMENTS)(
    'in the middle of a confirmation ($method $calls) leaves no document without its file',
    async (moment) => {
      const { admin, organizationId } = await newTenant();
      const { document } = await sent(admin, 'hello');
      await age(document.id, 25);
      during(moment.method, sweep, moment.calls);
      const confirmed = await confirm(admin, document.id);
      expect([404, 422]).toContain(confirmed.status);
      expect((await admin.get(`/v1/documents/${document.id}`)).status).toBe(404);
      expect(await objectsOf(organizationId)).toEqual([]);
      expect(await actionsOf(admin, document.id)).toEqual(['document.created', 'document.abandoned']);
    },
  );

  test('that is overtaken by a confirmation leaves the file alone', async () => {
    const { admin, organizationId } = await newTenant();
    const { document } = await sent(admin, 'hello');
    await age(document.id, 25);
    beforeStep(1, async () => expect((await confirm(admin, document.id)).status).toBe(200));
    await sweep();
    expect(await shown(admin, document.id)).toBe('hello');
    await sweep();
    expect(await shown(admin, document.id)).toBe('hello');
    expect(await objectsOf(organizationId)).toHaveLength(1);
  });

  const steps = [1, 2, 3, 4, 5].flatMap((step) => [
    { step, there: true, what: 'a confirmation' },
    { step, there: false, what: 'a file with its confirmation' },
  ]);
  test.each(steps)('and $what before its step $step end in a document with its file, or in none', async (moment) => {
    const { admin, organizationId } = await newTenant();
    const { document, upload } = moment.there ? await sent(admin, 'hello') : await announce(admin);
    await age(document.id, 25);
    let confirmed: Answer | undefined;
    beforeStep(moment.step, async () => {
      if (!moment.there) await put(upload.url, 'hello');
      confirmed = await confirm(admin, document.id);
    });
    await sweep();
    vi.restoreAllMocks();
    await sweep();
    const { body } = await admin.get(`/v1/documents/${document.id}`);
    if (confirmed?.status === 200) expect(await shown(admin, document.id)).toBe('hello');
    else expect(body.code).toBe('NOT_FOUND');
    expect(await objectsOf(organizationId)).toHaveLength(confirmed?.status === 200 ? 1 : 0);
  });

  test.each([1, 2, 3, 4, 5])(
    'and a file that comes before its step %i: one that was taken can be confirmed',
    async (step) => {
      const { admin, organizationId } = await newTenant();
      const { document, upload } = await announce(admin);
      await age(document.id, 25);
      let taken: Answer | undefined;
      beforeStep(step, async () => {
        taken = await put(upload.url, 'hello');
      });
      await sweep();
      vi.restoreAllMocks();
      expect((await confirm(admin, document.id)).status).toBe(taken?.status === 200 ? 200 : 404);
      expect(await objectsOf(organizationId)).toHaveLength(taken?.status === 200 ? 1 : 0);
    },
  );

  test('in the middle of a file that is coming leaves it what is noted of it', async () => {
    const { admin, organizationId } = await newTenant();
    const { document, upload } = await announce(admin);
    await env.DB.prepare(
      'UPDATE documents SET created_at = created_at - 90000000, updated_at = updated_at - 90000000 WHERE id = ?',
    )
      .bind(document.id)
      .run();
    during('put', sweep);
    expect((await put(upload.url, 'hello')).status).toBe(200);
    expect((await confirm(admin, document.id)).status).toBe(200);
    expect(await shown(admin, document.id)).toBe('hello');
    expect(await objectsOf(organizationId)).toHaveLength(1);
  });
});
