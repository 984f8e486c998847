import { describe, expect, test } from 'vitest';
import { isAbn, isRegistrationNumber } from '../../../src/features/organizations/rules.ts';

describe('an ABN', () => {
  // domain.md §2.3
  test.each(['51824753556', '53004085616', '48123123124', '33051775556', '88000014675', '49004028077', '25617475104'])(
    '%s has a checksum that fits',
    (abn) => {
      expect(isAbn(abn)).toBe(true);
    },
  );

  test.each([
    ['51824753557', 'its last digit is another'],
    ['15824753556', 'its first two digits are swapped'],
    ['12345678901', 'its weighted sum is 455'],
    ['11111111111', 'its weighted sum is 100'],
    ['00000000000', 'it begins with 0'],
    ['01300000000', 'it begins with 0, though its weighted sum is 0'],
    ['5182475355', 'it has ten digits'],
    ['518247535560', 'it has twelve digits'],
    ['51 824 753 556', 'it has spaces'],
    ['5182475355a', 'it has a letter'],
    ['51824753556\n', 'it ends with a line break'],
    ['', 'it is empty'],
  ])('%j is refused, because %s', (abn) => {
    expect(isAbn(abn)).toBe(false);
  });

  test('no longer fits when any one digit is changed', () => {
    const abn = '51824753556';
    for (let index = 0; index < abn.length; index++) {
      for (const digit of '0123456789') {
        const changed = abn.slice(0, index) + digit + abn.slice(index + 1);
        expect(isAbn(changed), changed).toBe(changed === abn);
      }
    }
  });
});

describe('a provider registration number', () => {
  test.each(['405000000', '4050000001', '405999999'])('%s is one', (digits) => {
    expect(isRegistrationNumber(digits)).toBe(true);
  });
  test.each(['40500000', '40500000001', '430000001', '406000000', '405 000 000', '405000000\n', ''])(
    '%j is none',
    (digits) => {
      expect(isRegistrationNumber(digits)).toBe(false);
    },
  );
});
