import fc from 'fast-check';
import Papa from 'papaparse';
import { describe, expect, test } from 'vitest';
import { bytesOf, decoder, recognise } from '../../src/csv/encoding.ts';
import { type Dialect, dialectOf, MAX_RECORD, readRecords } from '../../src/csv/records.ts';

const COMMA: Dialect = { delimiter: ',', newline: '\n' };
const cellsOf = (text: string, dialect = COMMA) =>
  readRecords(text, { dialect, final: true }).records.map(({ cells }) => cells);

describe('records', () => {
  test('keep line breaks, delimiters and quotes inside quotation marks', () => {
    expect(cellsOf('a,"b\nc","d ""e"", f"\r\n1,2,3')).toEqual([
      ['a', 'b\nc', 'd "e", f'],
      ['1', '2', '3'],
    ]);
  });

  test('are the same however the text is cut', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', 'é', '😀', ' '), maxLength: 8 });
    const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 3 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(table, fc.integer({ min: 1, max: 40 }), (rows, piece) => {
        const text = `${Papa.unparse(rows, { newline: '\n', quotes: true })}\n`;
        const whole = readRecords(text, { dialect: COMMA, final: true }).records.map(({ cells }) => cells);
        expect(whole).toEqual(rows);
        const parts: string[][] = [];
        let rest = '';
        for (let at = 0; at < text.length; at += piece) {
          rest += text.slice(at, at + piece);
          const read = readRecords(rest, { dialect: COMMA, final: false });
          parts.push(...read.records.map(({ cells }) => cells));
          rest = rest.slice(read.rest);
        }
        parts.push(...readRecords(rest, { dialect: COMMA, final: true }).records.map(({ cells }) => cells));
        expect(parts).toEqual(rows);
      }),
      { numRuns: 300 },
    );
  });

  test('say where each ends, so that a part can be read by itself', () => {
    const text = 'h1,h2\n"a\nb",1\nc,2\n';
    const { records } = readRecords(text, { dialect: COMMA, final: true });
    expect(records.map(({ end }) => text.slice(0, end))).toEqual(['h1,h2\n', 'h1,h2\n"a\nb",1\n', text]);
  });

  test('go on behind a quotation mark that is never closed: its line alone is broken', () => {
    const { records } = readRecords('a,b\n1,"lone\n2,fine\n3,fine\n', { dialect: COMMA, final: true });
    expect(records.map(({ cells, broken }) => [broken, ...cells])).toEqual([
      [false, 'a', 'b'],
      [true, '1,"lone'],
      [false, '2', 'fine'],
      [false, '3', 'fine'],
    ]);
  });

  test('go on behind one that is closed in the wrong place', () => {
    const { records } = readRecords('1,"x"y,2\n2,fine,3\n', { dialect: COMMA, final: true });
    expect(records.map(({ broken }) => broken)).toEqual([true, false]);
  });

  test('have a largest size, beyond which an open quotation mark is given up', () => {
    const text = `1,"open\n${'x,y\n'.repeat(MAX_RECORD / 4 + 10)}`;
    const { records } = readRecords(text, { dialect: COMMA, final: false });
    expect(records[0]).toMatchObject({ broken: true, cells: ['1,"open'] });
    expect(records[1]).toMatchObject({ broken: false, cells: ['x', 'y'] });
  });

  test.each([
    ['a;b\n1;2,5\n', ';', '\n'],
    ['a\tb\n1\t2\n', '\t', '\n'],
    ['a,b\r1,2\r', ',', '\r'],
    ['a,b\r\n1,2\r\n', ',', '\n'],
    ['alone\n1\n', ',', '\n'],
  ])('%j is parted by %j and %j', (sample, delimiter, newline) => {
    expect(dialectOf(sample)).toEqual({ delimiter, newline });
  });
});

describe('bytes', () => {
  test('are recognised by their mark, by zeros, or as what is no text', () => {
    const text = (encoding: string, markBytes: number) => ({ kind: 'text', encoding, markBytes });
    expect(recognise(new Uint8Array([0xef, 0xbb, 0xbf, 0x61]))).toEqual(text('utf-8', 3));
    expect(recognise(new Uint8Array([0xff, 0xfe, 0x61, 0]))).toEqual(text('utf-16le', 2));
    expect(recognise(new Uint8Array([0xfe, 0xff, 0, 0x61]))).toEqual(text('utf-16be', 2));
    expect(recognise(new Uint8Array([0x61, 0, 0x2c, 0, 0x62, 0, 0x0a, 0]))).toEqual(text('utf-16le', 0));
    expect(recognise(new TextEncoder().encode('a,b\n'))).toEqual(text('utf-8', 0));
    expect(recognise(new Uint8Array([0x50, 0x4b, 3, 4]))).toMatchObject({
      kind: 'binary',
      what: expect.stringContaining('Excel'),
    });
    expect(recognise(new Uint8Array([0x61, 0, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67]))).toMatchObject({ kind: 'binary' });
  });

  test('are counted as the file has them', () => {
    for (const encoding of ['utf-8', 'utf-16le'] as const) {
      const text = 'é😀x\n';
      const bytes =
        encoding === 'utf-8' ? new TextEncoder().encode(text) : new Uint8Array(Buffer.from(text, 'utf16le'));
      expect(bytesOf(text, encoding)).toBe(bytes.length);
      expect(decoder(encoding).decode(bytes)).toBe(text);
    }
    expect(bytesOf('é', 'windows-1252')).toBe(1);
  });
});
