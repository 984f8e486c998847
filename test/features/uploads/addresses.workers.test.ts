import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import { sign } from '../../../src/features/uploads/address.ts';
import type { Grant } from '../../../src/features/uploads/rules.ts';
import { changedBy, few } from '../../support/workers/contract.ts';
import { type Answer, type Caller, type Json, newTenant, send } from '../../support/workers/tenant.ts';
import {
  announce,
  kept,
  objectsOf,
  put,
  putStreamed,
  sent,
  sentVersion,
  streamOf,
  text,
  tokenOf,
} from '../../support/workers/uploading.ts';

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const IN_PARTS = 60 * 1024 * 1024;
const MINUTE = 60_000;

/** Fails unless the answer is this refusal and neither the bucket nor the database has anything of it. */
async function refused(
  { organizationId }: { organizationId: string },
  { work, status, code }: { work: () => Promise<Answer>; status: number; code: string },
): Promise<void> {
  const before = await objectsOf(organizationId);
  let answer: Answer | undefined;
  const changed = await changedBy(async () => {
    answer = await work();
  });
  expect([answer?.status, answer?.body.code]).toEqual([status, code]);
  expect(changed).toEqual([]);
  expect(await objectsOf(organizationId)).toEqual(before);
}

async function grantFor(caller: Caller, more: Json = {}): Promise<Extract<Grant, { use: 'upload' }>> {
  const { document } = await announce(caller, more);
  const { organization } = (await caller.get('/v1/me')).body;
  return {
    use: 'upload',
    organizationId: organization.id,
    documentId: document.id,
    version: 1,
    contentType: 'text/plain',
    sizeBytes: 5,
    expires: Date.now() + MINUTE,
  };
}

const addressOf = async (grant: Grant, environment = env) =>
  `https://caddy.test/files/uploads/${await sign(environment, grant)}`;

describe('an address for a file', () => {
  test('takes what was announced, as often as it comes, and the last one counts', async () => {
    const { admin } = await newTenant();
    const { document, upload } = await announce(admin);
    expect(upload).toMatchObject({ method: 'PUT', headers: { 'Content-Type': 'text/plain' } });
    expect((await put(upload.url, 'first')).body).toEqual({ receivedBytes: 5 });
    expect((await put(upload.url, 'again', 'Text/Plain; charset=utf-8')).status).toBe(200);
    expect((await putStreamed(upload.url, { body: streamOf(text('th'), text('ird')) })).status).toBe(200);
    await admin.post(`/v1/documents/${document.id}/confirm`);
    expect((await admin.get(`/v1/documents/${document.id}/content`)).body).toBe('third');
  });

  test('is good for 15 minutes, to the second', async () => {
    const { admin, organizationId } = await newTenant();
    const { upload } = await announce(admin);
    expect(Math.abs(Date.parse(upload.expiresAt) - Date.now() - 15 * MINUTE)).toBeLessThan(5_000);
    const grant = await grantFor(admin);
    const over = await addressOf({ ...grant, expires: Date.now() - 1_000 });
    await refused({ organizationId }, { work: () => put(over, 'hello'), status: 403, code: 'FORBIDDEN' });
    expect((await put(await addressOf({ ...grant, expires: Date.now() + 1_000 }), 'hello')).status).toBe(200);
  });

  test('refuses more bytes, fewer, none, and another type', async () => {
    const { admin, organizationId } = await newTenant();
    const { upload } = await announce(admin);
    const { url } = upload;
    const path = new URL(url).pathname;
    const bare = () => send('PUT', path, { headers: { 'content-type': 'text/plain' } });
    const table: [() => Promise<Answer>, number, string][] = [
      [() => put(url, 'hello!'), 413, 'PAYLOAD_TOO_LARGE'],
      [() => put(url, 'x'.repeat(1_000_000)), 413, 'PAYLOAD_TOO_LARGE'],
      [() => put(url, 'hell'), 400, 'VALIDATION_FAILED'],
      [() => put(url, ''), 400, 'VALIDATION_FAILED'],
      [bare, 400, 'VALIDATION_FAILED'],
      [() => put(url, 'hello', 'text/html'), 415, 'UNSUPPORTED_MEDIA_TYPE'],
      [() => put(url, 'hello', 'text/csv'), 415, 'UNSUPPORTED_MEDIA_TYPE'],
      [() => put(url, 'hello', 'application/octet-stream'), 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ];
    for (const [work, status, code] of table) await refused({ organizationId }, { work, status, code });
    expect((await put(url, 'hello')).status).toBe(200);
  });

  test('keeps nothing of bytes whose number is not said and not right, nor of those that break off', async () => {
    const { admin, organizationId } = await newTenant();
    const { document, upload } = await announce(admin);
    const broken = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(text('he'));
        controller.error(new Error('the line is dead'));
      },
    });
    const [larger, smaller] = [streamOf(text('hel'), text('lo!')), streamOf(text('hell'))];
    expect((await putStreamed(upload.url, { body: larger })).status).toBe(413);
    expect((await putStreamed(upload.url, { body: smaller })).status).toBe(400);
    await putStreamed(upload.url, { body: broken }).then(
      ({ status }) => expect(status).toBe(400),
      () => undefined,
    );
    expect(await objectsOf(organizationId)).toEqual([]);
    const unconfirmed = await admin.post(`/v1/documents/${document.id}/confirm`);
    expect(unconfirmed.body.code).toBe('UPLOAD_MISMATCH');
    expect((await put(upload.url, 'hello')).status).toBe(200);
  });

  test('is of no use once the file is confirmed, and a later version has one of its own', async () => {
    const { admin, organizationId } = await newTenant();
    const { document, upload } = await sent(admin, 'hello');
    await admin.post(`/v1/documents/${document.id}/confirm`);
    const work = () => put(upload.url, 'other');
    await refused({ organizationId }, { work, status: 409, code: 'CONFLICT' });
    await sentVersion(admin, { id: document.id, bytes: 'later' });
    await refused({ organizationId }, { work, status: 409, code: 'CONFLICT' });
    expect((await admin.get(`/v1/documents/${document.id}/content`)).body).toBe('hello');
  });

  test('leads nowhere when its document is deleted, and on when it is restored', async () => {
    const { admin, organizationId } = await newTenant();
    const { document, upload } = await announce(admin);
    await admin.delete(`/v1/documents/${document.id}`, { reason: 'A mistake.' });
    await refused({ organizationId }, { work: () => put(upload.url, 'hello'), status: 404, code: 'NOT_FOUND' });
    await admin.post(`/v1/documents/${document.id}/restore`);
    expect((await put(upload.url, 'hello')).status).toBe(200);
  });
});

describe('a signature', () => {
  test('holds for every character of the address: no other one stands in for it', async () => {
    const { admin, organizationId } = await newTenant();
    const { upload } = await announce(admin);
    const token = tokenOf(upload.url);
    const others = Array.from(token, (letter, at) => {
      const next = BASE64URL[(BASE64URL.indexOf(letter) + 1 + (at % 63)) % 64] ?? 'A';
      return `${token.slice(0, at)}${next}${token.slice(at + 1)}`;
    });
    // Of the last letter of a signature only some bits count: none of the letters that say the same may stand in.
    const last = [...BASE64URL].map((letter) => token.slice(0, -1) + letter).filter((other) => other !== token);
    const statuses = await few([...others, ...last], async (other) => {
      expect(other).not.toBe(token);
      return (await put(`https://caddy.test/files/uploads/${other}`, 'hello')).status;
    });
    expect(new Set(statuses)).toEqual(new Set([403]));
    expect(await objectsOf(organizationId)).toEqual([]);
    expect((await put(upload.url, 'hello')).status).toBe(200);
  });

  test('holds for every bit', async () => {
    const { admin, organizationId } = await newTenant();
    const { upload } = await announce(admin);
    const token = tokenOf(upload.url);
    const dot = token.indexOf('.');
    const places = [0, 1, 10, 40, dot - 2, dot - 1, dot, dot + 1, dot + 2, token.length - 2, token.length - 1];
    const others = places.flatMap((at) =>
      [0, 1, 2, 3, 4, 5, 6, 7].map((bit) => {
        const changed = encodeURIComponent(String.fromCharCode(token.charCodeAt(at) ^ (1 << bit)));
        return `${token.slice(0, at)}${changed}${token.slice(at + 1)}`;
      }),
    );
    const statuses = await few(
      others,
      async (other) => (await put(`https://caddy.test/files/uploads/${other}`, 'hello')).status,
    );
    expect(new Set(statuses)).toEqual(new Set([403]));
    expect(await objectsOf(organizationId)).toEqual([]);
  });

  test('is not found in what is longer, shorter, put together from two, or no address at all', async () => {
    const { admin, organizationId } = await newTenant();
    const [one, other] = [await announce(admin), await announce(admin)];
    const [mine = '', its = ''] = [tokenOf(one.upload.url), tokenOf(other.upload.url)];
    const [payload, signature] = mine.split('.');
    const [itsPayload, itsSignature] = its.split('.');
    const broken = [
      `${payload}.${itsSignature}`,
      `${itsPayload}.${signature}`,
      `${mine}.`,
      `.${mine}`,
      `${mine}.${signature}`,
      `${mine}=`,
      `${mine}A`,
      `A${mine}`,
      mine.slice(1),
      mine.slice(0, -1),
      `${payload}`,
      `${payload}.`,
      `.${signature}`,
      'undefined',
    ];
    for (const token of broken) {
      const answer = await put(`https://caddy.test/files/uploads/${token}`, 'hello');
      expect([token, answer.status, answer.body.code]).toEqual([token, 403, 'FORBIDDEN']);
    }
    expect(await objectsOf(organizationId)).toEqual([]);
  });

  test('of another key is none', async () => {
    const { admin, organizationId } = await newTenant();
    const grant = await grantFor(admin);
    const forged = await addressOf(grant, { ...env, FILE_SIGNING_KEY: 'k'.repeat(32) });
    await refused({ organizationId }, { work: () => put(forged, 'hello'), status: 403, code: 'FORBIDDEN' });
    expect((await put(await addressOf(grant), 'hello')).status).toBe(200);
  });

  test('over another organisation, document or version than there is leads nowhere', async () => {
    const [{ admin, organizationId }, other] = [await newTenant(), await newTenant()];
    const [mine, theirs] = [await grantFor(admin), await grantFor(other.admin)];
    for (const grant of [
      { ...mine, organizationId: other.organizationId },
      { ...mine, documentId: theirs.documentId },
      { ...mine, version: 2 },
    ]) {
      const work = async () => put(await addressOf(grant), 'hello');
      await refused({ organizationId }, { work, status: 404, code: 'NOT_FOUND' });
      expect(await objectsOf(other.organizationId)).toEqual([]);
    }
  });
});

describe('an address', () => {
  test('is for one use', async () => {
    const { admin, organizationId } = await newTenant();
    const whole = await announce(admin);
    const parts = await announce(admin, { sizeBytes: IN_PARTS });
    const document = await kept(admin);
    const link = await admin.post(`/v1/documents/${document.id}/links`);
    const tokens = {
      uploads: tokenOf(whole.upload.url),
      parts: tokenOf(parts.upload.parts[0].url),
      complete: tokenOf(parts.upload.completeUrl),
      content: tokenOf(link.body.url),
    };
    const methods = { uploads: 'PUT', parts: 'PUT', complete: 'POST', content: 'GET' } as const;
    for (const [owner, token] of Object.entries(tokens)) {
      for (const [place, method] of Object.entries(methods)) {
        if (place === owner) continue;
        const work = () =>
          send(method, `/files/${place}/${token}`, {
            ...(method === 'PUT' && { body: 'hello', headers: { 'content-type': 'text/plain' } }),
          });
        await refused({ organizationId }, { work, status: 403, code: 'FORBIDDEN' });
      }
    }
  });

  test('of a part takes the bytes of that part, no more and no fewer, until it is over', async () => {
    const { admin, organizationId } = await newTenant();
    const { document, upload } = await announce(admin, { sizeBytes: IN_PARTS });
    const { url } = upload.parts[0];
    const larger = new Uint8Array(8 * 1024 * 1024 + 1);
    await refused({ organizationId }, { work: () => put(url, larger), status: 413, code: 'PAYLOAD_TOO_LARGE' });
    const work = () => put(url, larger.subarray(2));
    await refused({ organizationId }, { work, status: 400, code: 'VALIDATION_FAILED' });
    const about = { organizationId, documentId: document.id, version: 1 };
    const expires = Date.now() - 1_000;
    const part: Grant = { use: 'part', ...about, number: 1, sizeBytes: 8 * 1024 * 1024, expires };
    const path = `https://caddy.test/files/parts/${await sign(env, part)}`;
    await refused({ organizationId }, { work: () => put(path, larger.subarray(1)), status: 403, code: 'FORBIDDEN' });
    const complete = await sign(env, { use: 'complete', ...about, expires });
    await refused(
      { organizationId },
      { work: () => send('POST', `/files/complete/${complete}`), status: 403, code: 'FORBIDDEN' },
    );
  });

  test('needs no sign-in, and none helps it', async () => {
    const { admin } = await newTenant();
    const { upload } = await announce(admin);
    const path = new URL(upload.url).pathname.slice(0, -1);
    const answer = await admin.request('PUT', `${path}!`, { body: 'hello', headers: { 'content-type': 'text/plain' } });
    expect([answer.status, answer.body.code]).toEqual([403, 'FORBIDDEN']);
    expect((await put(upload.url, 'hello')).status).toBe(200);
  });
});
