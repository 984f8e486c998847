import { describe, expect, test } from 'vitest';
import {
  beginsAs,
  downloadName,
  FILE_TYPES,
  faultOfName,
  HEAD_BYTES,
  isAllowedType,
  isImage,
  isRunnableName,
  officeFamily,
  plainType,
} from '../../../src/features/file-types/rules.ts';
import { jpeg, lies, pdf, png, samples, text } from '../../support/files.ts';
import { joined } from '../../support/zip.ts';

const valid = await samples();
// What has the right beginning is found by its contents: archives have a test of their own.
const atOnce = (await lies()).filter(({ isArchive }) => !isArchive);
const head = (bytes: Uint8Array) => bytes.subarray(0, HEAD_BYTES);

describe('a file that is what it says', () => {
  test('has a sample for every type that is kept', () => {
    expect(Object.keys(valid).sort()).toEqual([...FILE_TYPES].sort());
  });

  test.each(Object.entries(valid))('begins as %s', (contentType, bytes) => {
    expect(beginsAs(contentType, head(bytes))).toBe(true);
  });

  test.each([
    ['with sound of the second version', 'audio/mpeg', [0xff, 0xf3, 0x40, 0xc4]],
    ['with a tag of an older edition', 'audio/mpeg', [...text('ID3'), 3, 0]],
    ['of a later edition', 'application/pdf', [...text('%PDF-2.0\n')]],
    ['with EXIF first', 'image/jpeg', [0xff, 0xd8, 0xff, 0xe1]],
    ['in UTF-16', 'text/csv', [0xff, 0xfe, 0x41, 0, 0x2c, 0]],
    ['with a mark of its encoding', 'text/plain', [0xef, 0xbb, 0xbf, 0x41]],
    ['in an older encoding', 'text/plain', [0x5a, 0x6f, 0xeb]],
    ['that compares', 'text/plain', [...text('< 5 or > 3')]],
  ])('%s begins as %s', (_, contentType, bytes) => {
    expect(beginsAs(contentType, Uint8Array.from(bytes))).toBe(true);
  });

  test('is text also where a letter is cut in two at the end of what is looked at', () => {
    expect(beginsAs('text/plain', head(text(`a${'é'.repeat(HEAD_BYTES)}`)))).toBe(true);
  });

  test('begins as no other family of types', () => {
    const families = ['application/pdf', 'application/msword', 'image/png', 'image/jpeg', 'image/webp', 'audio/mpeg'];
    for (const [actual, bytes] of Object.entries(valid)) {
      for (const claimed of families) {
        const same = actual === claimed || (claimed === 'application/msword' && actual === 'application/vnd.ms-excel');
        expect([actual, claimed, beginsAs(claimed, head(bytes))]).toEqual([actual, claimed, same]);
      }
    }
  });
});

describe('a file that is not what it says', () => {
  test.each(atOnce)('$name does not begin as $contentType', ({ contentType, bytes }) => {
    expect(beginsAs(contentType, head(bytes))).toBe(false);
  });

  const pages = [
    '<!doctype html>',
    '<HTML>',
    '  <svg ',
    '\t<!--',
    '<?php',
    '<a href=',
    '<b>',
    '<body ',
    '<iframe',
    '<math>',
    '#!',
  ];
  test.each(pages)('%j does not begin as text', (content) => {
    expect(beginsAs('text/plain', text(content))).toBe(false);
    expect(beginsAs('text/csv', text(`\ufeff${content}`))).toBe(false);
  });

  test('is not told by the bytes that are not there', () => {
    for (const contentType of FILE_TYPES.filter((type) => !type.startsWith('text/'))) {
      expect([contentType, beginsAs(contentType, new Uint8Array())]).toEqual([contentType, false]);
      expect([contentType, beginsAs(contentType, new Uint8Array(64))]).toEqual([contentType, false]);
    }
  });

  test('nor by a header of a picture that is cut off or another’s', () => {
    expect(beginsAs('image/png', png().subarray(0, 15))).toBe(false);
    expect(beginsAs('image/png', joined(png().subarray(0, 12), 'IDAT'))).toBe(false);
    expect(beginsAs('image/jpeg', jpeg().subarray(0, 3))).toBe(false);
    expect(beginsAs('application/pdf', joined(' ', pdf()))).toBe(false);
    expect(beginsAs('image/webp', text('RIFF0000WAVEfmt '))).toBe(false);
    // A frame of layer II, and one of no version.
    expect(beginsAs('audio/mpeg', Uint8Array.from([0xff, 0xfd, 0x90, 0]))).toBe(false);
    expect(beginsAs('audio/mpeg', Uint8Array.from([0xff, 0xeb, 0x90, 0]))).toBe(false);
  });
});

describe('a declared type', () => {
  test('is made plain, and kept or not', () => {
    expect(plainType('Text/Plain; charset=utf-8')).toBe('text/plain');
    expect(isAllowedType('application/pdf')).toBe(true);
    for (const type of [
      'text/html',
      'image/svg+xml',
      'application/javascript',
      'application/zip',
      'application/xhtml+xml',
      'text/xml',
      'image/gif',
      'application/octet-stream',
      'constructor',
      '__proto__',
      '',
    ]) {
      expect([type, isAllowedType(type), beginsAs(type, text('x'))]).toEqual([type, false, false]);
    }
    expect(isImage('image/png')).toBe(true);
    expect(isImage('image/svg+xml')).toBe(false);
    expect(isImage('application/pdf')).toBe(false);
    expect(FILE_TYPES.map(officeFamily).filter((family) => family !== null)).toEqual(['docx', 'xlsx']);
  });
});

describe('a name', () => {
  const good = [
    'plan.pdf',
    `O'Brien "final"; v2 (copy)*.pdf`,
    'خطة الدعم.pdf',
    '計画 2026.pdf',
    'family 👩‍👩‍👧.jpg',
    '100% & more=?#.pdf',
    '...a',
    'no extension',
  ];
  test.each(good)('%s is kept', (name) => {
    expect(faultOfName(name)).toBeNull();
  });

  const bad = [
    '../plan.pdf',
    'a/b.pdf',
    'a\\b.pdf',
    'a\nb.pdf',
    'a\rb.pdf',
    'a\0b.pdf',
    'a\u0085b.pdf',
    'a\u2028b.pdf',
    'invoice\u202efdp.exe',
    'a\u2066b.pdf',
    'a\u200fb.pdf',
    'a\u061cb.pdf',
    '\ufeffa.pdf',
    '.',
    '..',
    ' .. ',
  ];
  test.each(bad)('%j is refused', (name) => {
    expect(faultOfName(name)).not.toBeNull();
  });

  test.each([
    'a.html',
    'A.HTM',
    'a.svg',
    'a.js',
    'a.exe',
    'a.pdf.exe',
    'a.lnk ',
    'a. html',
    'a.docm',
    'a.xlsm',
    'a.hta',
  ])('%j is that of a page or a program', (name) => {
    expect(isRunnableName(name)).toBe(true);
  });

  test.each(['a.pdf', 'html', 'a.html.pdf', 'exe', 'script.txt', '.pdf', 'a.'])('%j is not', (name) => {
    expect(isRunnableName(name)).toBe(false);
  });

  test.each([
    ['plan.pdf', 'application/pdf', 'plan.pdf'],
    ['PLAN.PDF', 'application/pdf', 'PLAN.PDF'],
    ['plan', 'application/pdf', 'plan.pdf'],
    ['plan.png', 'application/pdf', 'plan.png.pdf'],
    ['evil.exe.', 'application/pdf', 'evil.exe..pdf'],
    ['photo.jpe', 'image/jpeg', 'photo.jpe'],
    ['photo', 'image/jpeg', 'photo.jpg'],
    ['list.csv', 'text/plain', 'list.csv'],
    ['.pdf', 'application/pdf', '.pdf'],
  ])('%s is downloaded, as %s, as %s', (name, contentType, expected) => {
    expect(downloadName(name, contentType)).toBe(expected);
  });
});
