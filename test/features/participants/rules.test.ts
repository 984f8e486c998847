import { describe, expect, test } from 'vitest';
import { nameKey, searchWords, tagWord } from '../../../src/features/participants/rules.ts';
import { isStorable, searchTerms } from '../../../src/text/rules.ts';

const sorted = (people: [string, string][]) =>
  people
    .map(([firstName, lastName]) => ({ lastName, key: nameKey({ firstName, lastName }), firstName }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ firstName, lastName }) => `${firstName} ${lastName}`);

describe('the list of participants', () => {
  test('is by family name, then given name, without regard to case and accents', () => {
    const people: [string, string][] = [
      ['Zoe', 'abbott'],
      ['Mia', 'Zhang'],
      ['Anna', 'Ábbott'],
      ['mia', 'Abbott'],
    ];
    expect(sorted(people)).toEqual(['Anna Ábbott', 'mia Abbott', 'Zoe abbott', 'Mia Zhang']);
  });

  test('does not mind how many blanks a name has', () => {
    expect(nameKey({ firstName: ' Mia  Rose ', lastName: 'van  der Berg ' })).toBe('van der berg mia rose');
  });
});

const mia = {
  ndisNumber: '430000001',
  profile: {
    firstName: 'Mia Rose',
    lastName: "O'Brien-Nguyễn",
    preferredName: 'Mimi',
    dateOfBirth: '1990-01-01',
    gender: null,
    contact: {
      email: 'mia.obrien@example.com',
      phone: '(02) 9876 5432',
      mobile: '+61 412 345 678',
      preferredMethod: 'sms',
    },
    address: null,
    emergency: [{ name: 'Harriet', relationship: 'sister', phone: '0400 000 000', isPrimary: true }],
  },
  tags: ['High needs', ' VIP '],
};

function finds(search: string): boolean {
  const words = searchWords(mia);
  const terms = searchTerms(search);
  return terms.length > 0 && terms.every((term) => words.some((word) => word.startsWith(term)));
}

describe('a participant', () => {
  test.each([
    'mia',
    'MIA ROSE',
    'rose',
    'nguyen',
    "o'brien",
    'obrien',
    'brien',
    'Mim',
    'nguy mi',
    '430000001',
    '4300 0000 1',
    '43',
    'mia.obrien@example.com',
    'mia.o',
    '02 9876',
    '0298765432',
    '9876',
    '61412345678',
    '+61 412',
    '412',
    '345',
  ])('is found by %j', (search) => {
    expect(finds(search)).toBe(true);
  });

  test.each(['ia', 'ose', '30000001', 'harriet', '0400', 'sms', 'mia zhang', 'high', 'vip', 'needs'])(
    'is not found by %j',
    (search) => {
      expect(finds(search)).toBe(false);
    },
  );

  test('is kept under a word for each tag, whole, which no search term equals', () => {
    const words = searchWords(mia);
    expect(words).toContain(tagWord('high NEEDS'));
    expect(words).toContain(tagWord('vip'));
    expect(words).not.toContain(tagWord('high'));
    expect(searchTerms('#vip')).not.toContain(tagWord('vip'));
  });

  test('without contacts and tags is kept under the names and the number', () => {
    const contact = { email: null, phone: null, mobile: null, preferredMethod: null };
    const profile = { ...mia.profile, firstName: 'Kai', lastName: 'Brown', preferredName: null, contact };
    expect(searchWords({ ...mia, profile, tags: [] }).sort()).toEqual(['430000001', 'brown', 'kai']);
  });

  test('whose phone has no digit is not kept under an empty word', () => {
    const contact = { email: null, phone: 'n/a', mobile: '', preferredMethod: null };
    expect(searchWords({ ...mia, profile: { ...mia.profile, contact } })).not.toContain('');
  });

  test('is found by the whole of a name or a tag, as long as either may be', () => {
    const long = 'x'.repeat(200);
    const words = searchWords({ ...mia, profile: { ...mia.profile, firstName: long }, tags: [long] });
    const [term = 'none'] = searchTerms(long);
    expect(words.some((word) => word.startsWith(term))).toBe(true);
    expect(words).toContain(tagWord(long));
  });

  test('is kept under words that storage keeps as they are, however long and rare the letters', () => {
    const profile = { ...mia.profile, firstName: `a${'𠀀'.repeat(150)}` };
    expect(searchWords({ ...mia, profile }).filter((word) => !isStorable(word))).toEqual([]);
  });
});
