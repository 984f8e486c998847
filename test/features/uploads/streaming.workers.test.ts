import { env, exports } from 'cloudflare:workers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { newTenant } from '../../support/workers/tenant.ts';
import { announce, download, kept, sha256 } from '../../support/workers/uploading.ts';

const KB = 1024;
const MB = 1024 * KB;
/** What may be on its way between the one who sends and the one who takes, in bytes. */
const BUFFERED = MB;

afterEach(() => vi.restoreAllMocks());

/** Bytes that are made when they are asked for, and how many of them someone has taken. */
class Flow {
  made = 0;
  taken = 0;
  most = 0;
  readonly stream: ReadableStream<Uint8Array>;

  constructor(total: number) {
    this.stream = new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          const chunk = new Uint8Array(Math.min(64 * KB, total - this.made));
          this.made += chunk.length;
          this.most = Math.max(this.most, this.made - this.taken);
          controller.enqueue(chunk);
          if (this.made === total) controller.close();
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** Takes a stream chunk by chunk, and rests at every quarter of a megabyte: what could run ahead would. */
  async take(stream: ReadableStream): Promise<number> {
    for await (const chunk of stream as ReadableStream<Uint8Array>) {
      if (this.taken % (256 * KB) < chunk.length) await scheduler.wait(5);
      this.taken += chunk.length;
    }
    return this.taken;
  }
}

async function send(url: string, { flow, bytes, said }: { flow: Flow; bytes: number; said: boolean }): Promise<number> {
  const headers = { 'content-type': 'video/mp4' };
  if (!said) return (await exports.default.fetch(url, { method: 'PUT', headers, body: flow.stream })).status;
  const fixed = new FixedLengthStream(bytes);
  const [response] = await Promise.all([
    exports.default.fetch(url, { method: 'PUT', headers, body: fixed.readable }),
    flow.stream.pipeTo(fixed.writable),
  ]);
  return response.status;
}

describe('bytes on their way', () => {
  test.each([
    { said: true, how: 'is said' },
    { said: false, how: 'is not said' },
  ])('to the bucket are never more than 1 MB, when their number $how', async ({ said }) => {
    const { admin } = await newTenant();
    const bytes = 16 * MB;
    const { upload } = await announce(admin, { contentType: 'video/mp4', fileName: 'a.mp4', sizeBytes: bytes });
    const flow = new Flow(bytes);
    vi.spyOn(env.FILES, 'put').mockImplementation(async (_, stream) => {
      await flow.take(stream as ReadableStream);
      return {} as R2Object;
    });
    expect(await send(upload.url, { flow, bytes, said })).toBe(200);
    expect(flow.taken).toBe(bytes);
    expect(flow.most).toBeGreaterThan(0);
    expect(flow.most).toBeLessThanOrEqual(BUFFERED);
  });

  test.each([
    { said: true, how: 'is said' },
    { said: false, how: 'is not said' },
  ])('as a part are never more than 1 MB, when their number $how', async ({ said }) => {
    const { admin } = await newTenant();
    const more = { contentType: 'video/mp4', fileName: 'a.mp4', sizeBytes: 60 * MB };
    const { upload } = await announce(admin, more);
    const bytes = upload.partSizeBytes;
    const flow = new Flow(bytes);
    const resume = env.FILES.resumeMultipartUpload.bind(env.FILES);
    vi.spyOn(env.FILES, 'resumeMultipartUpload').mockImplementation((key, id) => {
      const uploadPart = async (partNumber: number, stream: unknown) => {
        await flow.take(stream as ReadableStream);
        return { partNumber, etag: 'tag' };
      };
      return Object.assign(resume(key, id), { uploadPart });
    });
    expect(await send(upload.parts[2].url, { flow, bytes, said })).toBe(200);
    expect(flow.taken).toBe(bytes);
    expect(flow.most).toBeLessThanOrEqual(BUFFERED);
  });

  test('to a slow reader are never more than 1 MB', async () => {
    const { admin } = await newTenant();
    const bytes = 16 * MB;
    const { id } = await kept(admin);
    await env.DB.prepare('UPDATE document_versions SET size_bytes = ? WHERE document_id = ?').bind(bytes, id).run();
    const flow = new Flow(bytes);
    vi.spyOn(env.FILES, 'get').mockResolvedValue({ body: flow.stream } as R2ObjectBody);
    const response = await exports.default.fetch(`https://caddy.test/v1/documents/${id}/content`, {
      headers: { authorization: `Bearer ${admin.token}` },
    });
    expect(response.headers.get('content-length')).toBe(String(bytes));
    expect(flow.made).toBeLessThanOrEqual(BUFFERED);
    if (!response.body) throw new Error('no body');
    expect(await flow.take(response.body)).toBe(bytes);
    expect(flow.most).toBeLessThanOrEqual(BUFFERED);
  });

  test('stop coming from the bucket when the reader goes away', async () => {
    const { admin } = await newTenant();
    const bytes = 16 * MB;
    const { id } = await kept(admin);
    await env.DB.prepare('UPDATE document_versions SET size_bytes = ? WHERE document_id = ?').bind(bytes, id).run();
    const flow = new Flow(bytes);
    vi.spyOn(env.FILES, 'get').mockResolvedValue({ body: flow.stream } as R2ObjectBody);
    const response = await exports.default.fetch(`https://caddy.test/v1/documents/${id}/content`, {
      headers: { authorization: `Bearer ${admin.token}` },
    });
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    await scheduler.wait(50);
    expect(flow.made).toBeLessThanOrEqual(2 * BUFFERED);
  });
});

describe('the last 100 bytes of a large file', () => {
  test('are all that leaves the bucket', async () => {
    const { admin } = await newTenant();
    const bytes = crypto.getRandomValues(new Uint8Array(64 * KB));
    const large = new Uint8Array(5 * MB);
    for (let at = 0; at < large.length; at += bytes.length) large.set(bytes, at);
    large.set([0xff, 0xfb, 0x90, 0]);
    const more = { contentType: 'audio/mpeg', fileName: 'talk.mp3' };
    const { id, sha256: hash } = await kept(admin, large, more);
    expect(hash).toBe(await sha256(large));
    const get = vi.spyOn(env.FILES, 'get');
    const part = await download(admin, id, { headers: { range: 'bytes=-100' } });
    expect([part.status, part.bytes.length]).toEqual([206, 100]);
    expect(part.bytes).toEqual(large.slice(-100));
    expect(part.headers.get('content-range')).toBe(`bytes ${5 * MB - 100}-${5 * MB - 1}/${5 * MB}`);
    const range = { offset: 5 * MB - 100, length: 100 };
    expect(get.mock.calls.map(([, options]) => options)).toEqual([{ range }]);
    const object = await get.mock.results[0]?.value;
    expect(object.range).toEqual(range);
  });
});
