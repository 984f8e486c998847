import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  csvLine,
  harmless,
  plainCell,
  readDate,
  readFlag,
  readMoney,
  readNdisNumber,
  readQuantity,
  readTime,
} from '../../src/csv/cells.ts';
import { readCategory } from '../../src/features/import-runs/categories.ts';

describe('a date', () => {
  test.each([
    ['2026-07-01', '2026-07-01'],
    ['2026-7-1', '2026-07-01'],
    ['01/07/2026', '2026-07-01'],
    ['1/7/2026', '2026-07-01'],
    ['03/04/2026', '2026-04-03'],
    ['01-07-2026', '2026-07-01'],
    ['1.7.2026', '2026-07-01'],
    ['20260701', '2026-07-01'],
    ['46204', '2026-07-01'],
    ['46204.0', '2026-07-01'],
    ['29/02/2028', '2028-02-29'],
    ['1 Jul 2026', '2026-07-01'],
    ['01-July-2026', '2026-07-01'],
    ['2026-07-01 00:00:00', '2026-07-01'],
    ['2026-07-01T00:00:00Z', '2026-07-01'],
    ['1/07/2026 12:00:00 AM', '2026-07-01'],
  ])('%s is %s', (cell, date) => {
    expect(readDate(cell)).toEqual({ value: date });
  });

  test.each(['29/02/2027', '31/04/2026', '13/13/2026', '1/7/26', '2026', 'soon', '7/2026', '4.3E+08', '1234567'])(
    '%s is refused with a reason',
    (cell) => {
      expect(readDate(cell)).toEqual({ wrong: expect.stringMatching(/\w/) });
    },
  );
});

describe('an amount', () => {
  test.each([
    ['1234.56', 123_456],
    ['$1,234.56', 123_456],
    ['A$ 1,234.5', 123_450],
    ['$ 46,114.21 ', 4_611_421],
    ['(1,234.50)', -123_450],
    ['-5', -500],
    ['.5', 50],
    ['0', 0],
    ['-0.00', 0],
    ['1 234.00', 123_400],
    ['297.60000000000002', 29_760],
    ['0.30000000000000004', 30],
    ['70.229999999999', 7_023],
    ['100000000', 10_000_000_000],
  ])('%s is %d cents', (cell, cents) => {
    expect(readMoney(cell)).toEqual({ value: cents });
  });

  test.each(['12.345', '1,23.00', 'ten', '$', '', '1.2E+05', '1.234,56', '100000000.01', '--1'])(
    '%j is refused',
    (cell) => {
      expect(readMoney(cell)).toHaveProperty('wrong');
    },
  );
});

describe('an NDIS number', () => {
  test.each(['430000001', '430 000 001', "'430000001", '0430000001', '430000001.0', '430-000-001'])(
    '%s is read',
    (cell) => {
      expect(readNdisNumber(cell)).toEqual({ value: '430000001' });
    },
  );

  test('that Excel has rounded is refused with what Excel did', () => {
    expect(readNdisNumber('4.3E+08')).toEqual({ wrong: expect.stringContaining('Excel') });
  });

  test.each(['43000001', '4300000011', '530000001', 'NDIS Number'])('%s is refused', (cell) => {
    expect(readNdisNumber(cell)).toHaveProperty('wrong');
  });
});

describe('a time of day', () => {
  test.each([
    ['9:00', '09:00'],
    ['09:00:00', '09:00'],
    ['0930', '09:30'],
    ['9am', '09:00'],
    ['9.30 pm', '21:30'],
    ['12:00 AM', '00:00'],
    ['12:15 p.m.', '12:15'],
    ['23:59', '23:59'],
  ])('%s is %s', (cell, time) => {
    expect(readTime(cell)).toEqual({ value: time });
  });

  test.each(['24:00', '9', '13 pm', 'noon', '9:60'])('%s is refused', (cell) => {
    expect(readTime(cell)).toHaveProperty('wrong');
  });
});

test('a quantity has at most two decimals and is above 0', () => {
  expect(readQuantity('1.25')).toEqual({ value: 125 });
  expect(readQuantity('3')).toEqual({ value: 300 });
  for (const cell of ['0', '-1', '1.234', 'x']) expect(readQuantity(cell), cell).toHaveProperty('wrong');
});

test('yes and no are read as people write them', () => {
  expect(['Yes', 'y', 'TRUE', '1'].map((cell) => readFlag(cell))).toEqual(Array(4).fill({ value: true }));
  expect(['No', 'n', 'false', '0'].map((cell) => readFlag(cell))).toEqual(Array(4).fill({ value: false }));
  expect(readFlag('perhaps')).toHaveProperty('wrong');
});

describe('a cell that a spreadsheet would run', () => {
  test.each(['=cmd|x', '+1+1', '-2+3', '@SUM(A1)', '\t=1', ' =1', "'=1", "''=1"])(
    '%j gets an apostrophe that reading drops',
    (cell) => {
      expect(harmless(cell)).toBe(`'${cell}`);
      expect(plainCell(harmless(cell))).toBe(plainCell(cell));
    },
  );

  test.each(['-5.00', '+61', '-$1,234.50', 'plain', '', '430000001'])('%j is none', (cell) => {
    expect(harmless(cell)).toBe(cell);
  });

  test('comes back as it was read, whatever it is', () => {
    const text = fc.string({ unit: fc.constantFrom("'", '=', '+', '-', '@', ' ', '1', 'a', '\t', '.'), maxLength: 8 });
    fc.assert(
      fc.property(text, (cell) => {
        expect(plainCell(harmless(cell))).toBe(plainCell(cell));
      }),
      { numRuns: 2_000 },
    );
  });

  test('is read fast, however long', () => {
    const began = performance.now();
    readCategory(`1${' '.repeat(20_000)}x\ny`);
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  test('stays one cell in a line', () => {
    expect(csvLine(['a', '=x,"y"', 'line\nbreak'])).toBe('a,"\'=x,""y""","line\nbreak"\r\n');
  });
});
