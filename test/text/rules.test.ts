import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fold, isStorable, prefixEnd, searchTerms, wordsOf } from '../../src/text/rules.ts';

/** Letters of the European languages, digits, and what stands between the parts of a name. */
const LATIN = Array.from({ length: 0x180 - 0xc0 }, (_, index) => String.fromCodePoint(0xc0 + index));
const letter = fc.constantFrom(..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-'.", ...LATIN);
const part = fc.array(letter, { minLength: 1, maxLength: 8 }).map((letters) => letters.join(''));
const name = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(' '));

describe('a folded text', () => {
  test.each([
    ['Nguyễn', 'nguyen'],
    ['ZOË', 'zoe'],
    ['Søren Ångström', 'soren angstrom'],
    ['Łukasz', 'lukasz'],
    ['Straße', 'strasse'],
    ['STRAẞE', 'strasse'],
    ['Þóra Æsir', 'thora aesir'],
    ['İpek ışık', 'ipek isik'],
    ['ﬁona', 'fiona'],
    ['Ｍｉａ', 'mia'],
    ["O'Brien", "o'brien"],
  ])('of %s is %s', (text, folded) => {
    expect(fold(text)).toBe(folded);
  });

  test('is the same for capitals, small letters and letters whose accents stand apart', () => {
    fc.assert(
      fc.property(name, (text) => {
        const folded = fold(text);
        expect(fold(text.toUpperCase())).toBe(folded);
        expect(fold(text.toLowerCase())).toBe(folded);
        expect(fold(text.normalize('NFD'))).toBe(folded);
        expect(fold(folded)).toBe(folded);
      }),
    );
  });
});

describe('the words of a text', () => {
  test.each([
    ['Mia Nguyen', ['mia', 'nguyen']],
    ["Anne-Marie O'Brien", ['annemarie', 'anne', 'marie', 'obrien', 'o', 'brien']],
    ['mia.nguyen@example.com', ['mianguyenexamplecom', 'mia', 'nguyen', 'example', 'com']],
    ['0412 345 678', ['0412', '345', '678']],
    ['  –  ', []],
    ['', []],
    ['小林 さくら', ['小林', 'さくら']],
  ])('%j are %j', (text, words) => {
    expect(new Set(wordsOf(text))).toEqual(new Set(words));
  });
});

describe('what is searched for', () => {
  test.each([
    ['mia NGUYEN', ['nguyen', 'mia']],
    ['  Zoë  ', ['zoe']],
    ["o'brien", ['obrien']],
    ['430 000 001', ['430000001']],
    ['43 mia', ['mia', '43']],
    ['mia mia', ['mia']],
    ['   ', []],
    ['!? -', []],
  ])('%j is %j', (search, terms) => {
    expect(searchTerms(search)).toEqual(terms);
  });

  test('finds a name by the beginning of any of its parts, without regard to case and accents', () => {
    const typed = fc.tuple(name, fc.nat(), fc.nat(), fc.boolean());
    fc.assert(
      fc.property(typed, ([text, which, length, capitals]) => {
        const parts = text.split(' ');
        const letters = [...(parts[which % parts.length] ?? '')];
        const beginning = letters.slice(0, 1 + (length % letters.length)).join('');
        const words = wordsOf(text);
        for (const term of searchTerms(capitals ? beginning.toUpperCase() : beginning.normalize('NFD'))) {
          expect(words.some((word) => word.startsWith(term))).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('does not find what begins otherwise', () => {
    expect(wordsOf('Mia Nguyen').some((word) => word.startsWith('guy'))).toBe(false);
  });
});

test('the range of a prefix holds exactly the words that begin with it, as the database sorts them', () => {
  const word = fc.string({ unit: fc.constantFrom(...'abz09éя小😀') });
  fc.assert(
    fc.property(word, word, (prefix, other) => {
      const bytes = Buffer.from(other);
      const within =
        Buffer.compare(Buffer.from(prefix), bytes) <= 0 && Buffer.compare(bytes, Buffer.from(prefixEnd(prefix))) < 0;
      expect(within).toBe(other.startsWith(prefix));
    }),
  );
});

describe('a text that storage keeps as it is', () => {
  test.each(['', 'plain', 'line\nbreak', 'é', '😀', '\u{10FFFF}', '\u0001'])('%j is one', (text) =>
    expect(isStorable(text)).toBe(true),
  );
  test.each(['\0', 'a\0b', '\ud83d', '\ude00', 'a\ud83db', '\ude00\ud83d'])('%j is none', (text) =>
    expect(isStorable(text)).toBe(false),
  );
});
