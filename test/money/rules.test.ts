import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { costOfMinutes, costOfQuantity, divideHalfUp, dollars, MAX_CENTS } from '../../src/money/rules.ts';

describe('a division of whole numbers', () => {
  test.each([
    [0, 60, 0],
    [29, 60, 0],
    [30, 60, 1],
    [31, 60, 1],
    [89, 60, 1],
    [90, 60, 2],
    [1, 3, 0],
    [2, 3, 1],
    [7, 1, 7],
  ])('%i / %i is rounded half up to %i', (numerator, denominator, expected) => {
    expect(divideHalfUp(numerator, denominator)).toBe(expected);
  });

  test('is exact for every amount that the product handles', () => {
    const numerator = fc.integer({ min: 0, max: MAX_CENTS * 100 });
    fc.assert(
      fc.property(numerator, fc.integer({ min: 1, max: MAX_CENTS }), (top, bottom) => {
        const [whole, rest] = [BigInt(top) / BigInt(bottom), BigInt(top) % BigInt(bottom)];
        const exact = rest * 2n >= BigInt(bottom) ? whole + 1n : whole;
        expect(BigInt(divideHalfUp(top, bottom))).toBe(exact);
      }),
    );
  });
});

describe('a cost', () => {
  test.each([
    [150, 7023, 17558], // 2 h 30 at $70.23: 175.575, half a cent goes up
    [60, 6756, 6756],
    [20, 6756, 2252],
    [1, 6756, 113], // 112.6
    [1, 29, 0], // 0.483
    [1, 30, 1], // exactly half a cent
    [1439, MAX_CENTS, 239_833_333_333], // 239,833,333,333.33
    [480, 0, 0],
  ])('of %i minutes at %i cents an hour is %i cents', (minutes, price, cost) => {
    expect(costOfMinutes(minutes, price)).toBe(cost);
  });

  test.each([
    [100, 1000, 1000],
    [250, 333, 833], // 832.5
    [1, 49, 0], // 0.49
    [1, 50, 1], // exactly half a cent
    [33, 100, 33],
    [9_999_999, 100, 9_999_999],
  ])('of %i hundredths at %i cents each is %i cents', (hundredths, price, cost) => {
    expect(costOfQuantity(hundredths, price)).toBe(cost);
  });
});

describe('cents in words', () => {
  test.each([
    [0, '$0.00'],
    [5, '$0.05'],
    [50, '$0.50'],
    [100, '$1.00'],
    [99_999, '$999.99'],
    [123_456, '$1,234.56'],
    [100_000_000, '$1,000,000.00'],
    [MAX_CENTS, '$100,000,000.00'],
    [-5, '-$0.05'],
    [-123_456, '-$1,234.56'],
  ])('%i is %s', (cents, text) => {
    expect(dollars(cents)).toBe(text);
  });
});
