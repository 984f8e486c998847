import { describe, expect, test } from 'vitest';
import { type Buffered, readChunk, type Scan, scan } from '../../../src/features/import-runs/file.ts';

const encoder = new TextEncoder();

function pieces(bytes: Uint8Array, size = 7) {
  return async function* () {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  };
}

async function scanned(bytes: Uint8Array, chunkRows = 2): Promise<Scan> {
  return scan(pieces(bytes), { size: bytes.length, chunkRows });
}

function ready(scan: Scan) {
  if ('problem' in scan) throw new Error(scan.problem.message);
  return scan;
}

describe('a file that is looked through', () => {
  const TEXT = 'Name,Nöte\r\nAnn,"one\r\ntwo"\r\n\r\nBöb,x\r\nCy,😀\r\n,\r\nDi,y\r\n';

  test.each([
    ['utf-8', new Uint8Array(encoder.encode(TEXT))],
    ['utf-8', new Uint8Array([0xef, 0xbb, 0xbf, ...encoder.encode(TEXT)])],
    ['utf-16le', new Uint8Array([0xff, 0xfe, ...Buffer.from(TEXT, 'utf16le')])],
    ['windows-1252', new Uint8Array(Buffer.from(TEXT.replace('😀', 'z'), 'latin1'))],
  ])('as %s is parted into chunks that read as the whole does', async (encoding, bytes) => {
    const { reading, chunks, rows } = ready(await scanned(bytes));
    expect([reading.encoding, reading.header, reading.headerRow, rows]).toEqual([encoding, ['Name', 'Nöte'], 1, 4]);
    const read = chunks.flatMap((chunk) =>
      readChunk(bytes.subarray(chunk.byteStart, chunk.byteEnd), { reading, chunk }),
    );
    // Blank records have their numbers too, as in a spreadsheet.
    expect(read.map(({ row, cells }) => [row, cells[0]])).toEqual([
      [2, 'Ann'],
      [4, 'Böb'],
      [5, 'Cy'],
      [7, 'Di'],
    ]);
    expect(read[0]?.cells[1]).toBe('one\r\ntwo');
    expect(chunks).toHaveLength(2);
  });

  test.each([
    ['EMPTY_FILE', ''],
    ['EMPTY_FILE', '\n\n'],
    ['NO_ROWS', 'NDIS Number,Name\n'],
    ['NOT_CSV', 'PK\u0003\u0004zip'],
    ['NOT_CSV', '%PDF-1.7'],
    ['NOT_CSV', 'a\u0000b,c\nd,e,f,g'],
    ['TOO_MANY_COLUMNS', `${Array.from({ length: 501 }, (_, index) => `c${index}`).join(',')}\n1\n`],
  ])('is refused as %s', async (code, text) => {
    expect(await scanned(encoder.encode(text))).toMatchObject({ problem: { code, message: expect.any(String) } });
  });

  test('of 50 MB is never held: at most 16 MB of it at once', async () => {
    const line = encoder.encode(`430000001,${'x'.repeat(250)},"quoted, cell"\n`);
    const block = new Uint8Array(line.length * 240);
    for (let index = 0; index < 240; index++) block.set(line, index * line.length);
    const blocks = Math.floor((50 * 1024 * 1024) / block.length);
    const many = async function* () {
      yield encoder.encode('NDIS Number,Notes,More\n');
      for (let index = 0; index < blocks; index++) yield block;
    };
    const buffered: Buffered = { now: 0, most: 0 };
    const { rows, chunks } = ready(await scan(many, { size: 50 * 1024 * 1024, chunkRows: 200, buffered }));
    expect(rows).toBe(blocks * 240);
    expect(buffered.most).toBeLessThan(16 * 1024 * 1024);
    expect(Math.max(...chunks.map((chunk) => chunk.byteEnd - chunk.byteStart))).toBeLessThan(1024 * 1024);
  }, 60_000);

  test('with a million blank rows behind its rows has none of them in a part', async () => {
    const many = async function* () {
      yield encoder.encode('a,b\n1,2\n');
      for (let index = 0; index < 64; index++) yield encoder.encode(',,,\n'.repeat(16_384));
      yield encoder.encode('3,4\n');
    };
    const { chunks, rows } = ready(await scan(many, { size: 4_194_320, chunkRows: 200 }));
    expect([rows, chunks.map((chunk) => chunk.byteEnd - chunk.byteStart)]).toEqual([2, [4, 4]]);
  }, 60_000);

  test('of quotation marks out of place is refused, soon', async () => {
    const block = encoder.encode('1,"open\n'.repeat(8_000));
    const many = async function* () {
      yield encoder.encode('a,b\n');
      for (let index = 0; index < 100; index++) yield block;
    };
    const began = performance.now();
    expect(await scan(many, { size: 6_400_000, chunkRows: 200 })).toMatchObject({ problem: { code: 'BROKEN_QUOTES' } });
    // Not a speed: a bound without which it takes hours.
    expect(performance.now() - began).toBeLessThan(20_000);
  }, 60_000);

  test('with a quotation mark that is never closed is not held either', async () => {
    const block = encoder.encode('1,open\n'.repeat(8_000));
    const many = async function* () {
      yield encoder.encode('a,b\n1,"\n');
      for (let index = 0; index < 40; index++) yield encoder.encode('x,y\n'.repeat(16_000));
      yield block;
    };
    const buffered: Buffered = { now: 0, most: 0 };
    await scan(many, { size: 3_000_000, chunkRows: 200, buffered });
    expect(buffered.most).toBeLessThan(16 * 1024 * 1024);
  }, 60_000);
});
