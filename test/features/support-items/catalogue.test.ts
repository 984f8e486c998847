import fc from 'fast-check';
import Papa from 'papaparse';
import { describe, expect, test } from 'vitest';
import {
  itemWords,
  outranks,
  type RecordReading,
  readHeader,
  sheetOf,
} from '../../../src/features/support-items/catalogue.ts';
import { type CatalogueItem, priceCents } from '../../../src/features/support-items/catalogue-rows.ts';

const STATES = ['ACT', 'NSW', 'NT', 'QLD', 'SA', 'TAS', 'VIC', 'WA'];
const BEFORE_PRICES = [
  ...['Support Item Number', 'Support Item Name', 'Registration Group Number', 'Registration Group Name'],
  ...['Support Category Number', 'Support Category Number (PACE)', 'Support Category Name'],
  ...['Support Category Name (PACE)', 'Unit', 'Quote', 'Start date', 'End Date'],
];
const AFTER_PRICES = [
  ...['Remote', 'Very Remote', 'Non-Face-to-Face Support Provision', 'Provider Travel', 'Short Notice Cancellations.'],
  ...['NDIA Requested Reports', 'Irregular SIL Supports', 'Type'],
];
const WITH_STATES = [...BEFORE_PRICES, ...STATES, ...AFTER_PRICES];
const WITH_NATIONAL = [...BEFORE_PRICES, 'National', ...AFTER_PRICES];

const SELF_CARE: Record<string, string> = {
  'Support Item Number': '01_011_0107_1_1',
  'Support Item Name': 'Self-Care - Weekday Daytime',
  'Registration Group Number': '0107',
  'Registration Group Name': 'Daily Personal Activities',
  'Support Category Number': '1',
  'Support Category Number (PACE)': '1',
  'Support Category Name': 'Assistance with Daily Life (Includes SIL)',
  'Support Category Name (PACE)': 'Assistance with Daily Life',
  Unit: 'H',
  Quote: 'No',
  'Start date': '20250701',
  'End Date': '99991231',
  National: '70.23',
  ...Object.fromEntries(STATES.map((state) => [state, '70.23'])),
  Remote: '98.32',
  'Very Remote': '105.35',
  'Non-Face-to-Face Support Provision': 'Y',
  'Provider Travel': 'Y',
  'Short Notice Cancellations.': 'Y',
  'NDIA Requested Reports': 'N',
  'Irregular SIL Supports': 'NA',
  Type: 'Price Limited Supports',
};

function cells(titles: readonly string[], changes: Record<string, string> = {}): string[] {
  return titles.map((title) => changes[title] ?? SELF_CARE[title] ?? '');
}

function reader(titles: readonly string[]) {
  const header = readHeader(titles);
  if (header.kind !== 'catalogue') throw new Error(`refused: ${JSON.stringify(header)}`);
  return header.read;
}

/** One row of the 21-column layout, with some cells changed. */
function reading(changes: Record<string, string>, titles: readonly string[] = WITH_NATIONAL): RecordReading {
  return reader(titles)(cells(titles, changes), 2);
}

function itemOf(found: RecordReading): CatalogueItem {
  if (found.kind !== 'item') throw new Error(`not an item: ${JSON.stringify(found)}`);
  return found.item;
}

const EXPECTED: CatalogueItem = {
  code: '01_011_0107_1_1',
  name: 'Self-Care - Weekday Daytime',
  registrationGroup: '0107',
  categoryCode: 1,
  paceCategoryCode: 1,
  unit: 'H',
  quotable: false,
  limits: { national: 7023, remote: 9832, very_remote: 10535 },
  startDate: '2025-07-01',
  listedEndDate: null,
  flags: {
    nonFaceToFace: true,
    providerTravel: true,
    shortNoticeCancellation: true,
    ndiaRequestedReports: false,
    irregularSil: null,
  },
};

describe('the header', () => {
  test.each([
    ['28 columns with eight states', WITH_STATES],
    ['21 columns with one national price', WITH_NATIONAL],
    [
      'the zones by their codes',
      WITH_NATIONAL.map((title) => ({ Remote: 'P01', 'Very Remote': 'P02' })[title] ?? title),
    ],
    ['blanks, full stops and case', WITH_STATES.map((title) => ` ${title.toUpperCase()}. `)],
    ['trailing empty columns', [...WITH_STATES, '', ' ', '']],
  ])('is recognised with %s', (_, titles) => {
    const row = cells(titles === WITH_NATIONAL || titles.includes('P01') ? WITH_NATIONAL : WITH_STATES);
    expect(itemOf(reader(titles)(row, 2))).toEqual(EXPECTED);
  });

  test('is recognised with its columns in any order', () => {
    fc.assert(
      fc.property(
        fc
          .constantFrom(WITH_STATES, WITH_NATIONAL)
          .chain((titles) => fc.shuffledSubarray(titles, { minLength: titles.length, maxLength: titles.length })),
        (titles) => {
          expect(itemOf(reader(titles)(cells(titles), 2))).toEqual(EXPECTED);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('is refused by the names of the columns that it lacks', () => {
    const lacks = (titles: readonly string[]) => {
      const header = readHeader(titles);
      return header.kind === 'refused' ? header.missing : [];
    };
    expect(lacks(WITH_NATIONAL.filter((title) => title !== 'Unit' && title !== 'Remote'))).toEqual(['Unit', 'Remote']);
    expect(lacks(WITH_STATES.filter((title) => title !== 'TAS'))).toEqual(['TAS']);
    expect(lacks([...BEFORE_PRICES, ...AFTER_PRICES])).toEqual([`National (or the states ${STATES.join(', ')})`]);
    expect(lacks(['Name', 'Surname'])).toContain('Support Item Number');
    expect(lacks([])).toContain('Start date');
  });

  test('is refused when two columns claim to be the same', () => {
    const header = readHeader([...WITH_NATIONAL, 'P01', ' national ']);
    expect(header).toMatchObject({ kind: 'refused', twice: ['Remote and P01', 'National and national'] });
  });

  test('says which flags an edition without their column leaves unknown', () => {
    const titles = WITH_NATIONAL.filter((title) => title !== 'Provider Travel' && title !== 'Type');
    const header = readHeader(titles);
    expect(header).toMatchObject({ kind: 'catalogue', absent: ['Provider Travel'] });
    expect(itemOf(reader(titles)(cells(titles), 2)).flags.providerTravel).toBeNull();
  });
});

describe('a row', () => {
  test.each([
    '05_060000111_0135_1_2',
    '05_0002_0103_1_2',
    '15_056_0128_1_3_T',
    '15_056_0128_1_3_CA',
    '15_056_0128_1_3_NF2',
    '15_056_0128_1_3_PT',
    'Bereavement',
  ])('may have the number %s, with blanks around it', (code) => {
    expect(itemOf(reading({ 'Support Item Number': `${code} ` })).code).toBe(code);
  });

  test.each([
    ['Start date', '20260230', 'must be a date YYYYMMDD'],
    ['Start date', '1/07/2025', 'must be a date YYYYMMDD'],
    ['Start date', '99991231', 'must be a date YYYYMMDD'],
    ['End Date', '', 'must be a date YYYYMMDD, 99991231 for none'],
    ['End Date', '20250630', 'must not be before the start, 2025-07-01'],
    ['Support Item Number', '1_11', 'is not a support item number such as 01_011_0107_1_1'],
    ['Support Item Name', '', 'must be a name of at most 500 characters'],
    ['Support Item Name', 'a\0b', 'must be a name of at most 500 characters'],
    ['Registration Group Number', '', 'must be a registration group such as 0107'],
    ['Support Category Number', '22', 'must be a category number from 1 to 21'],
    ['Support Category Number (PACE)', 'Core', 'must be a category number from 1 to 21, or blank'],
    ['Unit', 'HOUR', 'must be one of H, E, D, WK, MON, YR'],
    ['Quote', 'Maybe', 'must be Yes or No'],
    ['National', '-1', 'must be an amount of dollars such as 70.23, or blank for no limit'],
    ['Remote', 'POA', 'must be an amount of dollars such as 70.23, or blank for no limit'],
    ['Provider Travel', 'X', 'must be Y, N, NA or blank'],
  ])('is refused for the %s %j', (column, value, reason) => {
    expect(reading({ [column]: value })).toMatchObject({ kind: 'refused', problems: [{ column, value, reason }] });
  });

  test('is refused with all that is wrong, and keeps its number', () => {
    const found = reading({ Unit: 'HOUR', 'Start date': 'soon', 'End Date': '20250630' });
    expect(found).toMatchObject({ kind: 'refused', code: '01_011_0107_1_1' });
    expect(found.kind === 'refused' && found.problems.map((problem) => problem.column)).toEqual(['Unit', 'Start date']);
  });

  test('names a state column by its title', () => {
    const found = reading({ VIC: 'x' }, WITH_STATES);
    expect(found).toMatchObject({ kind: 'refused', problems: [{ column: 'VIC', value: 'x' }] });
  });

  test('is refused when it is cut short before its prices, or has more cells than the header', () => {
    const row = cells(WITH_NATIONAL);
    const read = (record: readonly string[]) => reader(WITH_NATIONAL)(record, 2);
    expect(read(row.slice(0, 12))).toMatchObject({ kind: 'refused', problems: [{ value: '12 cells' }] });
    expect(read(row.slice(0, 15)).kind).toBe('item');
    expect(read([...row, '', '']).kind).toBe('item');
    expect(read([...row, '', 'more'])).toMatchObject({ kind: 'refused', problems: [{ value: 'more' }] });
  });

  test('without any text is blank', () => {
    const read = reader(WITH_NATIONAL);
    expect([[''], [], cells(WITH_NATIONAL).map(() => ' ')].map((row) => read(row, 2).kind)).toEqual(
      Array(3).fill('blank'),
    );
  });

  test('reads units in any case and spacing', () => {
    const units = ['h', ' E ', 'd', 'w k', 'Mon', 'yr '].map((unit) => itemOf(reading({ Unit: unit })).unit);
    expect(units).toEqual(['H', 'E', 'D', 'WK', 'MON', 'YR']);
  });

  test('keeps an end that the sheet gives, and none for 99991231', () => {
    expect(itemOf(reading({ 'End Date': '20251123' })).listedEndDate).toBe('2025-11-23');
    expect(itemOf(reading({ 'End Date': '99991231' })).listedEndDate).toBeNull();
    expect(itemOf(reading({ 'Start date': '20250701.0', 'End Date': '2025-07-01' })).listedEndDate).toBe('2025-07-01');
  });

  test('tells yes, no, and nothing said of a flag', () => {
    const flags = ['Y', 'n', 'NA', ''].map((flag) => itemOf(reading({ 'Provider Travel': flag })).flags.providerTravel);
    expect(flags).toEqual([true, false, null, null]);
  });

  test('has the catalogue category where the PACE category is blank', () => {
    const change = { 'Support Category Number': '05', 'Support Category Number (PACE)': '' };
    expect(itemOf(reading(change))).toMatchObject({ categoryCode: 5, paceCategoryCode: 5 });
    expect(itemOf(reading({ ...change, 'Support Category Number (PACE)': '19' })).paceCategoryCode).toBe(19);
  });

  test('has the zeros of its registration group that a spreadsheet dropped', () => {
    expect(itemOf(reading({ 'Registration Group Number': '107' })).registrationGroup).toBe('0107');
  });

  test('has its name on one line, as the NDIA writes it', () => {
    const name = ' Grab  Rails\r\n – Outside ';
    expect(itemOf(reading({ 'Support Item Name': name })).name).toBe('Grab  Rails – Outside');
  });
});

describe('a price', () => {
  test.each([
    ['297.60000000000002', 29760],
    ['148.36000000000001', 14836],
    ['148.35999999999999', 14836],
    ['1', 100],
    ['$1,234.5', 123450],
    ['0.995', 100],
    ['1.005', 101],
  ])('of %s is %i cents', (text, cents) => {
    expect(priceCents(text)).toBe(cents);
  });

  test.each(['-1', '1e3', '1,23', 'N/A', '1.2.3', '99999999999999'])('is not %s', (text) => {
    expect(priceCents(text)).toBeUndefined();
  });

  test('survives the float noise of a spreadsheet', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5_000_000 }), fc.constantFrom(17, 16, 15), (cents, digits) => {
        expect(priceCents((cents / 100).toFixed(2))).toBe(cents);
        expect(priceCents(Number((cents / 100).toPrecision(digits)).toFixed(13))).toBe(cents);
      }),
    );
  });

  test('that is blank is no limit, whatever the type calls it', () => {
    const none = { National: '', Remote: '', 'Very Remote': '' };
    for (const Type of ['Quotable Supports', 'Price Limited Supports', '']) {
      const { limits } = itemOf(reading({ ...none, Type }));
      expect(limits).toEqual({ national: null, remote: null, very_remote: null });
    }
    expect(itemOf(reading({ ...none, Type: 'Unit Price = $1' })).limits.national).toBe(100);
    expect(itemOf(reading({ Type: 'Unit Price = $1' })).limits.national).toBe(7023);
  });

  test('is that of all states, blank ones apart', () => {
    const found = reading({ ACT: '', TAS: ' ', WA: '70.23000000000001' }, WITH_STATES);
    expect(found).toMatchObject({ kind: 'item', item: { limits: { national: 7023 } }, warnings: [] });
  });

  test('is the lowest where states differ, with a warning', () => {
    const found = reading({ NSW: '244.22', NT: '222.99', ...blankExcept('NSW', 'NT') }, WITH_STATES);
    expect(found).toMatchObject({
      kind: 'item',
      item: { limits: { national: 22299 } },
      warnings: [{ column: STATES.join(' '), value: '244.22, 222.99' }],
    });
  });
});

function blankExcept(...kept: string[]): Record<string, string> {
  return Object.fromEntries(STATES.filter((state) => !kept.includes(state)).map((state) => [state, '']));
}

describe('a number that stands twice', () => {
  test('is two rows when the dates are split', () => {
    const read = reader(WITH_NATIONAL);
    const first = read(cells(WITH_NATIONAL, { 'End Date': '20251123' }), 2);
    const second = read(cells(WITH_NATIONAL, { 'Start date': '20251124', National: '56.16' }), 3);
    expect([first.kind, second.kind]).toEqual(['item', 'item']);
  });

  test('with one start date is nothing new when it says the same, and refused when it does not', () => {
    const read = reader(WITH_NATIONAL);
    read(cells(WITH_NATIONAL), 2);
    expect(read(cells(WITH_NATIONAL, { Type: 'Priced Supports' }), 3)).toEqual({ kind: 'repeated', of: 2 });
    const problems = [{ reason: 'has the start date 2025-07-01 in record 2 too, and says something else there' }];
    expect(read(cells(WITH_NATIONAL, { National: '1.00' }), 4)).toMatchObject({ kind: 'refused', problems });
  });
});

describe('a sheet', () => {
  const sheet = (...dates: [start: string, end: string][]) =>
    sheetOf(dates.map(([start, end]) => itemOf(reading({ 'Start date': start, 'End Date': end }))));

  test('begins on the start date that most rows have, the earlier of two as frequent', () => {
    const open = '99991231';
    expect(sheet(['20250702', open], ['20250701', open], ['20250701', '20251123'])).toEqual({
      kind: 'current',
      startDate: '2025-07-01',
    });
    expect(sheet(['20251124', open], ['20250701', '20251123'])).toEqual({ kind: 'current', startDate: '2025-07-01' });
  });

  test('is the legacy one when every row ends', () => {
    expect(sheet(['20240701', '20260930'], ['20250701', '20251231'])).toEqual({ kind: 'legacy' });
    expect(sheetOf([])).toBeNull();
  });

  test('is read from CSV with a byte-order mark, blank rows and line breaks in quotes', () => {
    const rows = [
      WITH_NATIONAL.map((title) => (title === 'Remote' ? ' Remote\r\n' : title)),
      cells(WITH_NATIONAL, { 'Support Item Name': 'Two\nlines, "quoted"' }),
      [],
      cells(WITH_NATIONAL, { 'Support Item Number': 'Bereavement' }),
    ];
    const [header = [], ...records] = Papa.parse<string[]>(`\uFEFF${Papa.unparse(rows)}\r\n,,,\r\n`).data;
    const read = reader(header);
    const found = records.map((record, index) => read(record, index + 2));
    expect(found.map((one) => one.kind)).toEqual(['item', 'blank', 'item', 'blank', 'blank']);
    expect(found[0]).toMatchObject({ item: { name: 'Two lines, "quoted"' } });
  });
});

test('an end outranks none and an earlier end; between equals the later load counts', () => {
  expect(outranks('2025-12-31', null)).toBe(true);
  expect(outranks(null, '2025-12-31')).toBe(false);
  expect(outranks('2026-06-30', '2025-12-31')).toBe(true);
  expect(outranks('2025-12-31', '2026-06-30')).toBe(false);
  expect(outranks(null, null)).toBe(true);
});

test('an item is found by the words of its number and of all its names', () => {
  const words = itemWords('01_011_0107_1_1', ['Self-Care', 'Weekday Dáytime']);
  expect([...words].sort()).toEqual(
    ['01', '01011010711', '0107', '011', '1', 'care', 'daytime', 'self', 'selfcare', 'weekday'].sort(),
  );
});
