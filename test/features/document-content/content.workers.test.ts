import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { png } from '../../support/files.ts';
import { newTenant, send } from '../../support/workers/tenant.ts';
import {
  actionsOf,
  announce,
  documentBody,
  download,
  kept,
  recordOf,
  sentVersion,
  sha256,
  text,
} from '../../support/workers/uploading.ts';

afterEach(() => vi.restoreAllMocks());

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz';

/** The name that a browser gives a download (RFC 6266: the extended one comes first). */
function nameOf(headers: Headers): string | undefined {
  const [, encoded] =
    /^attachment; filename="[\w. -]*"; filename\*=UTF-8''([\w!#$&+.^`|~%-]+)$/.exec(
      headers.get('content-disposition') ?? '',
    ) ?? [];
  return encoded && decodeURIComponent(encoded);
}

describe('a document’s content', () => {
  test('comes whole, as an attachment of its type that no browser runs and no cache keeps', async () => {
    const { admin } = await newTenant();
    const document = await kept(admin, ALPHABET);
    const content = await download(admin, document.id);
    expect([content.status, content.text]).toEqual([200, ALPHABET]);
    expect(Object.fromEntries(content.headers)).toMatchObject({
      'content-type': 'text/plain',
      'content-length': '26',
      'content-disposition': `attachment; filename="notes.txt"; filename*=UTF-8''notes.txt`,
      'x-content-type-options': 'nosniff',
      'content-security-policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
      'cache-control': 'private, no-store',
      'referrer-policy': 'no-referrer',
      'accept-ranges': 'bytes',
      etag: `"${await sha256(text(ALPHABET))}"`,
    });
    expect(content.headers.has('content-range')).toBe(false);
  });

  test('has the same headers by a link', async () => {
    const { admin } = await newTenant();
    const { id } = await kept(admin, ALPHABET);
    const { body: link } = await admin.post(`/v1/documents/${id}/links`);
    const [direct, linked] = [await download(admin, id), await send('GET', new URL(link.url).pathname)];
    expect([linked.status, linked.body]).toEqual([200, ALPHABET]);
    for (const name of [
      'content-type',
      'content-length',
      'content-disposition',
      'x-content-type-options',
      'content-security-policy',
      'cache-control',
      'referrer-policy',
      'accept-ranges',
      'etag',
    ]) {
      expect([name, linked.headers.get(name)]).toEqual([name, direct.headers.get(name)]);
    }
  });

  test('is that of the version that is asked for, each with its own name, type and tag', async () => {
    const { admin } = await newTenant();
    const { id } = await kept(admin, 'first');
    const more = { fileName: 'list.csv', contentType: 'text/csv' };
    await sentVersion(admin, { id, bytes: 'a,b\n', more });
    await admin.post(`/v1/documents/${id}/confirm`);
    const [now, old, present] = [
      await download(admin, id),
      await download(admin, id, { query: '?version=1' }),
      await download(admin, id, { query: '?version=2' }),
    ];
    expect([now.text, old.text, present.text]).toEqual(['a,b\n', 'first', 'a,b\n']);
    expect([nameOf(now.headers), nameOf(old.headers)]).toEqual(['list.csv', 'notes.txt']);
    expect([now.headers.get('content-type'), old.headers.get('content-type')]).toEqual(['text/csv', 'text/plain']);
    expect(old.headers.get('etag')).toBe(`"${await sha256(text('first'))}"`);
    expect((await download(admin, id, { query: '?version=3' })).status).toBe(404);
    expect((await download(admin, id, { query: '?version=0' })).status).toBe(400);
  });

  test('is not there before it is confirmed, after it is deleted, or for anyone else', async () => {
    const [{ admin }, other] = [await newTenant(), await newTenant()];
    const { document } = await announce(admin);
    expect((await download(admin, document.id)).status).toBe(409);
    const { id } = await kept(admin);
    expect((await download(other.admin, id)).status).toBe(404);
    await admin.delete(`/v1/documents/${id}`, { reason: 'A mistake.' });
    expect((await download(admin, id)).status).toBe(404);
    expect(await actionsOf(admin, id)).not.toContain('document.downloaded');
  });
});

test('a page of the app may read the name and the range of a download', async () => {
  const { admin } = await newTenant();
  const { id } = await kept(admin, ALPHABET);
  const headers = { origin: 'https://app.caddy.test', range: 'bytes=0-1' };
  const exposed = (await download(admin, id, { headers })).headers.get('access-control-expose-headers');
  for (const name of ['Content-Disposition', 'Content-Range']) expect(exposed).toContain(name);
});

describe('a range', () => {
  test.each([
    ['the first bytes', 'bytes=0-4', 'abcde', 'bytes 0-4/26'],
    ['one in the middle', 'bytes=10-12', 'klm', 'bytes 10-12/26'],
    ['the last bytes', 'bytes=-3', 'xyz', 'bytes 23-25/26'],
    ['an open one', 'bytes=20-', 'uvwxyz', 'bytes 20-25/26'],
    ['one that ends beyond the end', 'bytes=24-1000', 'yz', 'bytes 24-25/26'],
    ['more last bytes than there are', 'bytes=-1000', ALPHABET, 'bytes 0-25/26'],
    ['one byte', 'bytes=25-25', 'z', 'bytes 25-25/26'],
  ])('of %s is these bytes alone', async (_, range, expected, contentRange) => {
    const { admin } = await newTenant();
    const { id } = await kept(admin, ALPHABET);
    const part = await download(admin, id, { headers: { range } });
    expect([part.status, part.text]).toEqual([206, expected]);
    expect(part.headers.get('content-range')).toBe(contentRange);
    expect(part.headers.get('content-length')).toBe(String(expected.length));
    expect(part.headers.get('content-disposition')).toMatch(/^attachment/);
    expect(part.headers.get('content-security-policy')).toMatch(/^sandbox/);
  });

  test.each(['bytes=0-1,5-6', 'bytes=5-2', 'lines=1-2', 'bytes=abc', ''])('%j is the whole file', async (range) => {
    const { admin } = await newTenant();
    const { id } = await kept(admin, ALPHABET);
    const whole = await download(admin, id, { headers: { range } });
    expect([whole.status, whole.text, whole.headers.has('content-range')]).toEqual([200, ALPHABET, false]);
  });

  test.each(['bytes=26-', 'bytes=1000-2000', 'bytes=-0'])('%s is beyond the end, which is said', async (range) => {
    const { admin } = await newTenant();
    const { id } = await kept(admin, ALPHABET);
    const get = vi.spyOn(env.FILES, 'get');
    const beyond = await download(admin, id, { headers: { range } });
    expect([beyond.status, JSON.parse(beyond.text).code]).toEqual([416, 'RANGE_NOT_SATISFIABLE']);
    expect(beyond.headers.get('content-range')).toBe('bytes */26');
    expect(get).not.toHaveBeenCalled();
  });

  test('holds while the file is the one that the client knows, and is the whole file when it is not', async () => {
    const { admin } = await newTenant();
    const { id, sha256: hash } = await kept(admin, ALPHABET);
    const ask = (ifRange: string) => download(admin, id, { headers: { range: 'bytes=0-4', 'if-range': ifRange } });
    const same = await ask(`"${hash}"`);
    expect([same.status, same.text]).toEqual([206, 'abcde']);
    for (const other of ['"another"', `W/"${hash}"`, 'Mon, 23 Nov 2026 03:15:00 GMT']) {
      const whole = await ask(other);
      expect([other, whole.status, whole.text]).toEqual([other, 200, ALPHABET]);
    }
  });
});

describe('what the client has already', () => {
  test('does not come again', async () => {
    const { admin } = await newTenant();
    const { id, sha256: hash } = await kept(admin, ALPHABET);
    const get = vi.spyOn(env.FILES, 'get');
    for (const known of [`"${hash}"`, `W/"${hash}"`, `"other", "${hash}"`, '*']) {
      const unchanged = await download(admin, id, { headers: { 'if-none-match': known } });
      expect([known, unchanged.status, unchanged.text]).toEqual([known, 304, '']);
      expect(unchanged.headers.get('etag')).toBe(`"${hash}"`);
      expect(unchanged.headers.get('cache-control')).toBe('private, no-store');
    }
    expect(get).not.toHaveBeenCalled();
    const other = await download(admin, id, { headers: { 'if-none-match': '"other"' } });
    expect([other.status, other.text]).toEqual([200, ALPHABET]);
  });
});

describe('the record of reads', () => {
  test('has one entry for each read, with who, which version and which range', async () => {
    const { admin, user } = await newTenant();
    const reader = await user('finance');
    const { id } = await kept(admin, ALPHABET);
    await download(reader, id);
    await download(reader, id, { query: '?version=1', headers: { range: 'bytes=0-4' } });
    const { body: link } = await reader.post(`/v1/documents/${id}/links`);
    await send('GET', new URL(link.url).pathname, { headers: { 'user-agent': 'Viewer' } });
    const reads = (await recordOf(admin, id)).filter(({ action }) => action === 'document.downloaded');
    expect(reads.map(({ userId, metadata }) => [userId, metadata])).toEqual([
      [reader.userId, { version: 1, range: null }],
      [reader.userId, { version: 1, range: 'bytes=0-4' }],
      [reader.userId, { version: 1, range: null }],
    ]);
    expect(reads[2].userAgent).toBe('Viewer');
  });

  test('has none of what was not sent', async () => {
    const { admin } = await newTenant();
    const { id, sha256: hash } = await kept(admin, ALPHABET);
    const reads = async () => (await actionsOf(admin, id)).filter((action) => action === 'document.downloaded').length;
    expect((await download(admin, id, { headers: { 'if-none-match': `"${hash}"` } })).status).toBe(304);
    expect((await download(admin, id, { headers: { range: 'bytes=26-' } })).status).toBe(416);
    expect((await download(admin, id, { query: '?version=2' })).status).toBe(404);
    expect(await reads()).toBe(0);
    expect((await download(admin, id, { headers: { range: 'bytes=25-' } })).status).toBe(206);
    expect(await reads()).toBe(1);
  });

  test('has the whole file that is sent because the client knows another one', async () => {
    const { admin } = await newTenant();
    const { id } = await kept(admin, ALPHABET);
    const whole = await download(admin, id, { headers: { range: 'bytes=999-', 'if-range': '"another"' } });
    expect([whole.status, whole.text]).toEqual([200, ALPHABET]);
    expect((await actionsOf(admin, id)).filter((action) => action === 'document.downloaded')).toHaveLength(1);
  });

  test.each([
    ['no bytes at all', 'GET', { range: 'bytes=-0' }, 416],
    ['the headers alone', 'HEAD', {}, 200],
  ])('has none of a request for %s', async (_, method, headers, status) => {
    const { admin } = await newTenant();
    const { id } = await kept(admin, ALPHABET);
    expect((await admin.request(method, `/v1/documents/${id}/content`, { headers })).status).toBe(status);
    expect(await actionsOf(admin, id)).not.toContain('document.downloaded');
  });

  test('is written before the first byte goes: without it, none does', async () => {
    const { admin } = await newTenant();
    const { id } = await kept(admin, ALPHABET);
    const batch = vi.spyOn(env.DB, 'batch').mockRejectedValue(new Error('D1_ERROR: Network connection lost.'));
    const get = vi.spyOn(env.FILES, 'get');
    const refused = await download(admin, id);
    batch.mockRestore();
    expect([refused.status, JSON.parse(refused.text).code]).toEqual([503, 'UNAVAILABLE']);
    expect(get).not.toHaveBeenCalled();
  });

  test('costs a read nothing beside itself: one round trip', async () => {
    const { admin } = await newTenant();
    const { id } = await kept(admin, ALPHABET);
    const content = await download(admin, id);
    expect(content.headers.get('server-timing')).toContain('trips=1 ');
  });
});

describe('a file’s name', () => {
  test.each([
    `O'Brien "final"; v2 (copy)*.txt`,
    'خطة الدعم.txt',
    'Zoë’s 計画 👩‍👩‍👧 100% & more=?#.txt',
    'a;filename=evil.html;.txt',
    "a\"; filename*=UTF-8''evil.html;.txt",
    '%2e%2e%2fetc.txt',
    `${'n'.repeat(196)}.txt`,
  ])('%s comes back as it was', async (fileName) => {
    const { admin } = await newTenant();
    const document = await kept(admin, 'hello', { fileName });
    expect(document.fileName).toBe(fileName);
    const { headers } = await download(admin, document.id);
    expect(nameOf(headers)).toBe(fileName);
  });

  test.each([
    ['../notes.txt'],
    ['..\\notes.txt'],
    ['a/b.txt'],
    ['..'],
    ['a\nb.txt'],
    ['a\r\nSet-Cookie: a=b.txt'],
    ['a\u0000.txt'],
    ['invoice\u202etxt.exe'],
    ['\u2067a.txt'],
    ['n'.repeat(300)],
    [`${'n'.repeat(197)}.txt`],
    [''],
    ['   '],
  ])('%j is refused', async (fileName) => {
    const { admin } = await newTenant();
    const made = await admin.post('/v1/documents', documentBody({ fileName }));
    expect([made.status, made.body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(made.body.errors[0].pointer).toBe('/fileName');
  });

  test.each(['a.html', 'a.svg', 'a.js', 'a.exe', 'a.txt.EXE', 'a.docm'])(
    '%s is that of a page or a program',
    async (fileName) => {
      const { admin } = await newTenant();
      const { id } = await kept(admin);
      const { type: _, title: __, ...file } = documentBody({ fileName });
      for (const [path, body] of [
        ['/v1/documents', documentBody({ fileName })],
        [`/v1/documents/${id}/versions`, file],
      ] as const) {
        const made = await admin.post(path, body);
        expect([made.status, made.body.code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
        expect(made.body.errors[0].pointer).toBe('/fileName');
      }
    },
  );

  test('that ends as another type does is given the ending of its own', async () => {
    const { admin } = await newTenant();
    const document = await kept(admin, png(), { fileName: 'photo.txt', contentType: 'image/png' });
    const { headers } = await download(admin, document.id);
    expect([document.fileName, nameOf(headers)]).toEqual(['photo.txt', 'photo.txt.png']);
    const bare = await kept(admin, 'hello', { fileName: 'README' });
    expect(nameOf((await download(admin, bare.id)).headers)).toBe('README.txt');
  });
});
