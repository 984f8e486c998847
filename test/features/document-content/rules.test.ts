import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesOf, rangeOf } from '../../../src/features/document-content/rules.ts';

describe('a Range header', () => {
  test.each([
    ['bytes=0-4', { kind: 'from', first: 0, last: 4 }],
    ['bytes=5-', { kind: 'from', first: 5, last: null }],
    ['bytes=-5', { kind: 'suffix', length: 5 }],
    ['bytes=0-0', { kind: 'from', first: 0, last: 0 }],
    ['bytes=-0', { kind: 'suffix', length: 0 }],
    ['BYTES=1-2', { kind: 'from', first: 1, last: 2 }],
    ['bytes= 1-2 ', { kind: 'from', first: 1, last: 2 }],
  ])('%s is a range', (header, range) => {
    expect(rangeOf(header)).toEqual(range);
  });

  test.each([
    undefined,
    '',
    'bytes',
    'bytes=',
    'bytes=-',
    'bytes=a-b',
    'bytes=5-2',
    'bytes=0-1,3-4',
    'bytes=0-1, -1',
    'items=0-1',
    'bytes 0-1',
    'bytes=0x0-0x1',
    'bytes=1.5-2',
    'bytes=--1',
    'bytes=1-2-3',
    `bytes=${'9'.repeat(16)}-`,
  ])('%s is none', (header) => {
    expect(rangeOf(header)).toBeNull();
  });
});

describe('the bytes of a range', () => {
  test.each([
    ['bytes=0-4', 10, { offset: 0, length: 5 }],
    ['bytes=9-9', 10, { offset: 9, length: 1 }],
    ['bytes=5-', 10, { offset: 5, length: 5 }],
    ['bytes=5-100', 10, { offset: 5, length: 5 }],
    ['bytes=-3', 10, { offset: 7, length: 3 }],
    ['bytes=-100', 10, { offset: 0, length: 10 }],
    ['bytes=10-', 10, null],
    ['bytes=10-20', 10, null],
    ['bytes=-0', 10, null],
    ['bytes=999999999999999-', 10, null],
  ])('%s of a file with %i', (header, size, bytes) => {
    const range = rangeOf(header);
    expect(range && bytesOf(range, size)).toEqual(bytes);
  });

  test('are those that a copy of the file would give', () => {
    const position = fc.option(fc.nat(30), { nil: null });
    fc.assert(
      fc.property(position, position, fc.integer({ min: 1, max: 20 }), (first, last, size) => {
        const range = rangeOf(`bytes=${first ?? ''}-${last ?? ''}`);
        if (!range) return;
        const all = Array.from({ length: size }, (_, index) => index);
        const wanted = all.filter((at) =>
          first === null ? at >= size - (last ?? 0) : at >= first && at <= (last ?? 99),
        );
        const bytes = bytesOf(range, size);
        const given = bytes ? all.slice(bytes.offset, bytes.offset + bytes.length) : [];
        expect(given).toEqual(wanted);
        if (bytes) expect(bytes.offset + bytes.length).toBeLessThanOrEqual(size);
      }),
    );
  });
});
