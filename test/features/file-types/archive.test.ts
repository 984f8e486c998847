import { describe, expect, test } from 'vitest';
import {
  type Directory,
  directoryOf,
  type Entry,
  entriesOf,
  faultOfOffice,
  TAIL_BYTES,
} from '../../../src/features/file-types/archive.ts';
import { bomb, office } from '../../support/files.ts';
import { joined, type Packed, type ZipOptions, zip } from '../../support/zip.ts';

function listOf(bytes: Uint8Array): Entry[] | null {
  const directory = directoryOf(bytes.subarray(-TAIL_BYTES));
  if (!directory) return null;
  return entriesOf(bytes.subarray(directory.offset, directory.offset + directory.length), directory.entries);
}

async function faultOf(bytes: Uint8Array, family: 'docx' | 'xlsx' = 'docx'): Promise<string | null> {
  const entries = listOf(bytes);
  return entries ? faultOfOffice(entries, family) : 'no list';
}

const entry = (name: string, unpackedBytes = 1, packedBytes = 1): Entry => ({ name, unpackedBytes, packedBytes });
const PARTS = [entry('[Content_Types].xml'), entry('word/document.xml')];

describe('the list of contents', () => {
  test('is read from the end of the archive', async () => {
    const content = 'a'.repeat(1_000);
    const bytes = await zip([
      { name: 'stored.txt', content },
      { name: 'Zoë/packed.txt', content, deflated: true },
    ]);
    const entries = listOf(bytes);
    expect(entries?.map(({ name, unpackedBytes }) => [name, unpackedBytes])).toEqual([
      ['stored.txt', 1_000],
      ['Zoë/packed.txt', 1_000],
    ]);
    expect(entries?.[0]?.packedBytes).toBe(1_000);
    expect(entries?.[1]?.packedBytes).toBeLessThan(100);
  });

  const endings: [string, ZipOptions][] = [
    ['a comment', { comment: 'made by hand' }],
    ['the longest comment', { comment: 'c'.repeat(65_535) }],
    ['a comment that looks like an end', { comment: `PK\u0005\u0006${'\0'.repeat(30)}` }],
  ];
  test.each(endings)('is found before %s', async (_, options) => {
    const bytes = await zip([{ name: 'a.txt', content: 'a' }], options);
    expect(listOf(bytes)?.map(({ name }) => name)).toEqual(['a.txt']);
  });

  test('is none in what is no archive, is cut short, or goes on behind its end', async () => {
    const bytes = await zip([{ name: 'a.txt', content: 'a' }]);
    expect(directoryOf(new Uint8Array())).toBeNull();
    expect(directoryOf(new Uint8Array(21))).toBeNull();
    expect(directoryOf(new Uint8Array(1_000))).toBeNull();
    for (let cut = 1; cut <= 22; cut++) expect(directoryOf(bytes.subarray(0, -cut))).toBeNull();
    expect(directoryOf(joined(bytes, 'more'))).toBeNull();
  });

  test('is none where the end points at something else, or says more entries than there are', async () => {
    const bytes = await zip([{ name: 'a.txt', content: 'a' }]);
    const directory = directoryOf(bytes) as Directory;
    expect(entriesOf(bytes.subarray(directory.offset - 1), directory.entries)).toBeNull();
    expect(entriesOf(bytes.subarray(directory.offset, directory.offset + 20), directory.entries)).toBeNull();
    expect(listOf(await zip([{ name: 'a.txt' }], { claimedEntries: 2 }))).toBeNull();
    expect(listOf(await zip([{ name: 'a.txt' }, { name: 'b.txt' }], { claimedEntries: 1 }))).toBeNull();
  });
});

describe('an Office file', () => {
  test('has its list of types and its main part, and nothing wrong', async () => {
    expect(await faultOf(await office('docx'))).toBeNull();
    expect(await faultOf(await office('xlsx'), 'xlsx')).toBeNull();
    expect(await faultOf(await office('docx'), 'xlsx')).toContain('no xlsx');
    expect(await faultOf(await zip([{ name: 'word/document.xml' }]))).toContain('no docx');
    expect(await faultOf(await zip([]))).toContain('no docx');
  });

  const more: [string, Packed, string][] = [
    ['macros', { name: 'word/vbaProject.bin', content: 'Sub' }, 'macros'],
    ['macros in capitals', { name: 'WORD/VBAPROJECT.BIN', content: 'Sub' }, 'macros'],
    ['a name that leads up', { name: '../a', content: 'a' }, 'lead out'],
    ['a name that leads up in the middle', { name: 'word/../../a', content: 'a' }, 'lead out'],
    ['a name that leads up as Windows writes it', { name: 'word\\..\\a', content: 'a' }, 'lead out'],
    ['a name from the root', { name: '/etc/passwd', content: 'a' }, 'lead out'],
    ['an entry of 4 GB', { name: 'a', content: 'a', claimedBytes: 0xffffffff }, '4 GB'],
  ];
  test.each(more)('with %s is refused', async (_, packed, said) => {
    expect(await faultOf(await office('docx', packed))).toContain(said);
  });

  test('may have dots in its names', () => {
    expect(faultOfOffice([...PARTS, entry('word/media/a..b.png'), entry('..a'), entry('a../b')], 'docx')).toBeNull();
  });

  test('that unpacks to hundreds of times its size is a bomb, in one entry or in many', async () => {
    expect(await faultOf(await bomb())).toContain('hundreds of times');
    const many = Array.from({ length: 1_000 }, (_, index) => entry(`word/${index}`, 100_000, 100));
    expect(faultOfOffice([...PARTS, ...many], 'docx')).toContain('hundreds of times');
  });

  test('that is small when unpacked, or little packed, is none', () => {
    expect(faultOfOffice([...PARTS, entry('word/a.xml', 9_000_000, 9_000)], 'docx')).toBeNull();
    expect(faultOfOffice([...PARTS, entry('word/a.bmp', 500_000_000, 5_000_000)], 'docx')).toBeNull();
  });
});
