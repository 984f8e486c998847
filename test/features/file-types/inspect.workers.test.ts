import { describe, expect, test } from 'vitest';
import { DOCX, lies, samples, XLSX } from '../../support/files.ts';
import { changedBy } from '../../support/workers/contract.ts';
import { newTenant } from '../../support/workers/tenant.ts';
import {
  announce,
  documentBody,
  download,
  kept,
  objectsOf,
  sent,
  sentVersion,
  sha256,
} from '../../support/workers/uploading.ts';
import { zip } from '../../support/zip.ts';

const EXTENSIONS: Record<string, string> = {
  'application/pdf': 'pdf',
  'application/msword': 'doc',
  [DOCX]: 'docx',
  'application/vnd.ms-excel': 'xls',
  [XLSX]: 'xlsx',
  'text/csv': 'csv',
  'text/plain': 'txt',
  'image/png': 'png',
  'image/jpeg': 'jpeg',
  'image/heic': 'heic',
  'image/heif': 'heif',
  'image/webp': 'webp',
  'video/mp4': 'mp4',
  'audio/mpeg': 'mp3',
  'audio/mp4': 'm4a',
  'audio/x-m4a': 'm4a',
};

const [valid, false_] = [await samples(), await lies()];

describe('a file that is what it says', () => {
  test.each(Object.entries(valid))('is kept as %s and comes back byte for byte', async (contentType, bytes) => {
    const { admin } = await newTenant();
    const fileName = `file.${EXTENSIONS[contentType]}`;
    const document = await kept(admin, bytes, { contentType, fileName });
    expect(document).toMatchObject({ status: 'uploaded', contentType, sha256: await sha256(bytes) });
    const content = await download(admin, document.id);
    expect(content.bytes).toEqual(bytes);
    expect(content.headers.get('content-type')).toBe(contentType);
    expect(content.headers.get('content-disposition')).toContain(`filename="${fileName}"`);
  });

  test.each(['word/document2.xml', 'word/document22.xml'])(
    'is a docx as Word for the web writes it (%s)',
    async (name) => {
      const { admin } = await newTenant();
      const bytes = await zip([
        { name: '[Content_Types].xml', content: '<Types/>' },
        { name, content: '<w:document/>' },
      ]);
      expect((await kept(admin, bytes, { contentType: DOCX, fileName: 'a.docx' })).status).toBe('uploaded');
    },
  );

  test('is an Office file also behind a long comment, and beyond what is read at once', async () => {
    const { admin } = await newTenant();
    const parts = [
      { name: '[Content_Types].xml', content: '<Types/>' },
      { name: 'word/document.xml', content: '<w:document/>', deflated: true },
      { name: 'word/media/image1.png', content: crypto.getRandomValues(new Uint8Array(60_000)) },
      { name: 'word/media/image2.png', content: crypto.getRandomValues(new Uint8Array(60_000)) },
    ];
    const bytes = await zip(parts, { comment: 'c'.repeat(40_000) });
    const document = await kept(admin, bytes, { contentType: DOCX, fileName: 'a.docx' });
    expect(document.status).toBe('uploaded');
  });
});

describe('a file that is not what it says', () => {
  test.each(false_)('$name is refused and not kept', async ({ contentType, bytes }) => {
    const { admin, organizationId } = await newTenant();
    const fileName = `file.${EXTENSIONS[contentType]}`;
    const { document } = await sent(admin, bytes, { contentType, fileName });
    const refused = await admin.post(`/v1/documents/${document.id}/confirm`);
    expect([refused.status, refused.body.code]).toEqual([422, 'UPLOAD_MISMATCH']);
    expect(refused.body.details.mismatches).toEqual([
      { field: 'contentType', expected: contentType, found: expect.any(String) },
    ]);
    await expect.poll(() => objectsOf(organizationId)).toEqual([]);
    expect((await download(admin, document.id)).status).toBe(409);
  });

  test('is told what of an Office file is wrong', async () => {
    const { admin } = await newTenant();
    const found = new Map<string, string>();
    for (const { name, contentType, bytes } of false_.filter(({ isArchive }) => isArchive)) {
      const { document } = await sent(admin, bytes, { contentType, fileName: `file.${EXTENSIONS[contentType]}` });
      const { body } = await admin.post(`/v1/documents/${document.id}/confirm`);
      found.set(name, body.details.mismatches[0].found);
    }
    expect(Object.fromEntries(found)).toMatchObject({
      'an ordinary archive called docx': 'is a ZIP archive that is no docx',
      'a docx called xlsx': 'is a ZIP archive that is no xlsx',
      'a docx with macros': 'contains macros',
      'an xlsx with macros': 'contains macros',
      'a docx that unpacks to a thousand times its size': 'unpacks to hundreds of times its size',
      'a docx with a name that leads out': 'contains names that lead out of it',
      'a docx that was cut short': 'is no ZIP archive that can be read',
    });
  });

  test('as an archive whose list is longer than any of ours is not read', async () => {
    const { admin } = await newTenant();
    const parts = [
      '[Content_Types].xml',
      'word/document.xml',
      ...Array.from({ length: 4_000 }, (_, index) => `word/${'n'.repeat(90)}${index}`),
    ];
    const bytes = await zip(parts.map((name) => ({ name })));
    const { document } = await sent(admin, bytes, { contentType: DOCX, fileName: 'a.docx' });
    const { body } = await admin.post(`/v1/documents/${document.id}/confirm`);
    expect(body.details.mismatches[0].found).toBe('is no ZIP archive that can be read');
  });
});

describe('a type', () => {
  test.each([
    'text/html',
    'image/svg+xml',
    'application/javascript',
    'application/zip',
    'application/xhtml+xml',
    'text/xml',
    'image/gif',
    'application/octet-stream',
    'application/vnd.ms-word.document.macroEnabled.12',
    'TEXT/HTML; charset=utf-8',
    'text/plain, text/html',
    'pdf',
  ])('%s is not kept: nothing is written', async (contentType) => {
    const { admin } = await newTenant();
    const { id } = await kept(admin);
    const { type: _, title: __, ...file } = documentBody({ contentType });
    const changed = await changedBy(async () => {
      for (const made of [
        await admin.post('/v1/documents', documentBody({ contentType })),
        await admin.post('/v1/documents', documentBody({ contentType, sizeBytes: 60 * 1024 * 1024 })),
        await admin.post(`/v1/documents/${id}/versions`, file),
      ]) {
        expect([made.status, made.body.code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
        expect(made.body.errors).toEqual([{ pointer: '/contentType', message: 'is not a type that is kept here' }]);
      }
    });
    expect(changed).toEqual([]);
  });

  test('is kept without its parameters and in small letters', async () => {
    const { admin } = await newTenant();
    const { document, upload } = await announce(admin, { contentType: 'Text/Plain; charset=UTF-8' });
    expect([document.contentType, upload.headers]).toEqual(['text/plain', { 'Content-Type': 'text/plain' }]);
  });

  test('of an avatar is a picture’s, also when another file is on its way', async () => {
    const { admin } = await newTenant();
    const png = valid['image/png'] ?? new Uint8Array();
    const { id } = await kept(admin, png, { contentType: 'image/png', fileName: 'me.png' });
    await sentVersion(admin, { id, bytes: 'hello' });
    await admin.patch(`/v1/documents/${id}`, { type: 'avatar' });
    await admin.post(`/v1/documents/${id}/confirm`);
    const { body } = await admin.get(`/v1/documents/${id}`);
    expect([body.type, body.contentType]).not.toEqual(['avatar', 'text/plain']);
  });

  test('of an avatar is a picture’s, when it is made, changed, and for each version', async () => {
    const { admin } = await newTenant();
    const refused = await admin.post('/v1/documents', documentBody({ type: 'avatar' }));
    expect([refused.status, refused.body.errors[0].pointer]).toEqual([415, '/contentType']);
    const { id } = await kept(admin);
    expect((await admin.patch(`/v1/documents/${id}`, { type: 'avatar' })).status).toBe(415);
    const png = valid['image/png'] ?? new Uint8Array();
    const picture = await kept(admin, png, { type: 'avatar', contentType: 'image/png', fileName: 'me.png' });
    const { type: _, title: __, ...file } = documentBody();
    expect((await admin.post(`/v1/documents/${picture.id}/versions`, file)).status).toBe(415);
  });
});
