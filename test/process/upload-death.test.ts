import { createCipheriv, createHash } from 'node:crypto';
import { request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { DEMONSTRATION } from '../../scripts/lib/demonstration.ts';
import { signToken } from '../../scripts/lib/keys.ts';
import { chance } from '../support/node/load.ts';
import { cleanUp, firstAnswer, kill, launch, newPlace, type Service } from '../support/node/service.ts';

const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1_000_000));
/** More than 100 MiB, so that it is hashed after its confirmation. */
const MEGABYTES = Number(process.env['MEGABYTES'] ?? 105);
const SIZE = MEGABYTES * 1_000_000;
const MB = 1024 * 1024;

afterAll(cleanUp, 30_000);

interface Part {
  number: number;
  url: string;
  received: boolean;
}

interface Upload {
  partSizeBytes: number;
  parts: Part[];
  completeUrl: string;
}

/** Bytes of the file: noise that the seed alone decides, wherever it is cut, behind the beginning of a film. */
function bytesAt(offset: number, length: number): Buffer {
  const key = createHash('sha256').update(String(SEED)).digest();
  const counter = Buffer.alloc(16);
  counter.writeBigUInt64BE(BigInt(Math.floor(offset / 16)), 8);
  const skipped = offset % 16;
  const bytes = createCipheriv('aes-256-ctr', key, counter)
    .update(Buffer.alloc(skipped + length))
    .subarray(skipped);
  if (offset === 0) bytes.write('\0\0\0\u0018ftypisom', 'latin1');
  return bytes;
}

function hashOfFile(): string {
  const hash = createHash('sha256');
  for (let at = 0; at < SIZE; at += 8 * MB) hash.update(bytesAt(at, Math.min(8 * MB, SIZE - at)));
  return hash.digest('hex');
}

const [{ users = [] } = {}] = DEMONSTRATION;
const headers = {
  authorization: `Bearer ${signToken(users.find(({ role }) => role === 'admin')?.externalId ?? '')}`,
  'content-type': 'application/json',
};

async function ask<Body>(service: Service, path: string, init: RequestInit = {}): Promise<Body> {
  const response = await fetch(`${service.url}${path}`, { ...init, headers: { ...headers, ...init.headers } });
  const text = await response.text();
  expect(response.ok, `seed ${SEED}, ${path}: ${text}`).toBe(true);
  return JSON.parse(text) as Body;
}

function bytesOf(upload: Upload, number: number): Buffer {
  const offset = (number - 1) * upload.partSizeBytes;
  return bytesAt(offset, Math.min(upload.partSizeBytes, SIZE - offset));
}

async function sendPart(upload: Upload, number: number, bytes = bytesOf(upload, number)): Promise<number> {
  const url = upload.parts[number - 1]?.url ?? '';
  const response = await fetch(url, { method: 'PUT', body: new Uint8Array(bytes) });
  await response.arrayBuffer();
  return response.status;
}

/** Sends the first half of a part and then nothing more, until the other side is gone. */
function sendHalf(upload: Upload, number: number): { half: Promise<void>; gone: Promise<void> } {
  const bytes = bytesOf(upload, number);
  const sending = request(upload.parts[number - 1]?.url ?? '', {
    method: 'PUT',
    headers: { 'content-length': bytes.length },
  });
  const gone = new Promise<void>((resolve) => sending.on('close', resolve));
  sending.on('error', () => undefined);
  const half = new Promise<void>((resolve) => sending.write(bytes.subarray(0, bytes.length / 2), () => resolve()));
  return { half, gone };
}

async function restarted(service: Service): Promise<Service> {
  await kill(service);
  const next = launch(service);
  await firstAnswer(next, { path: '/v1/me', headers });
  return next;
}

const numbersOf = (parts: readonly Part[]) => parts.filter(({ received }) => received).map(({ number }) => number);

test(`a file of ${MEGABYTES} MB comes through two deaths of the service byte for byte (seed ${SEED})`, async () => {
  const random = chance(SEED);
  const sha256 = hashOfFile();
  let service = launch(await newPlace());
  await firstAnswer(service, { path: '/v1/me', headers });
  const { document, upload } = await ask<{ document: { id: string }; upload: Upload }>(service, '/v1/documents', {
    method: 'POST',
    body: JSON.stringify({
      type: 'other',
      title: 'Home visit',
      fileName: 'visit.mp4',
      contentType: 'video/mp4',
      sizeBytes: SIZE,
      sha256,
    }),
  });
  const count = Math.ceil(SIZE / upload.partSizeBytes);
  expect(upload.parts.map(({ number }) => number)).toEqual(Array.from({ length: count }, (_, at) => at + 1));
  const order = upload.parts.map(({ number }) => ({ number, at: random() })).sort((one, other) => one.at - other.at);
  const shuffled = order.map(({ number }) => number);
  const [early, cut = 1, late] = [shuffled.slice(0, 9), shuffled[9], shuffled.slice(10)];

  for (const number of early) expect(await sendPart(upload, number)).toBe(200);
  const { half, gone } = sendHalf(upload, cut);
  await half;
  await wait(random() * 200);
  service = await restarted(service);
  await gone;

  // What was acknowledged is there, and nothing else is.
  const path = `/v1/documents/${document.id}`;
  const left = await ask<Upload>(service, `${path}/upload`);
  expect(numbersOf(left.parts)).toEqual(early.toSorted((one, other) => one - other));
  const incomplete = await fetch(left.completeUrl, { method: 'POST' });
  const refusal = (await incomplete.json()) as { code: string; details: { missing: number[] } };
  expect([incomplete.status, refusal.code]).toEqual([409, 'CONFLICT']);
  expect(refusal.details.missing).toEqual([cut, ...late].sort((one, other) => one - other));

  // The old addresses are as good as the new ones; one part comes twice, one is other at first.
  const [again = 1] = early;
  expect(await sendPart(left, again)).toBe(200);
  const other = bytesOf(left, cut).reverse();
  expect(await sendPart(left, cut, other)).toBe(200);
  for (const number of late) expect(await sendPart(number % 2 === 0 ? upload : left, number)).toBe(200);
  expect(await sendPart(upload, cut)).toBe(200);

  const completing = fetch(left.completeUrl, { method: 'POST' }).catch(() => undefined);
  await wait(random() * 100);
  service = await restarted(service);
  await completing;
  const completed = await fetch(left.completeUrl, { method: 'POST' });
  expect([completed.status, await completed.json()]).toEqual([200, { receivedBytes: SIZE }]);

  const confirmed = await ask<{ status: string }>(service, `${path}/confirm`, { method: 'POST' });
  expect(confirmed.status).toBe('verifying');
  const status = async () => (await ask<{ status: string }>(service, path)).status;
  await expect.poll(status, { timeout: 40_000, interval: 200 }).toBe('uploaded');
  expect(await ask(service, path)).toMatchObject({ sha256, sizeBytes: SIZE, mismatch: null });

  const content = await fetch(`${service.url}${path}/content`, { headers });
  expect([content.status, content.headers.get('content-length')]).toEqual([200, String(SIZE)]);
  const hash = createHash('sha256');
  for await (const chunk of content.body ?? []) hash.update(chunk);
  expect(hash.digest('hex')).toBe(sha256);
  const last = await fetch(`${service.url}${path}/content`, { headers: { ...headers, range: 'bytes=-100' } });
  expect(last.status).toBe(206);
  expect(Buffer.from(await last.arrayBuffer())).toEqual(bytesAt(SIZE - 100, 100));
}, 180_000);
