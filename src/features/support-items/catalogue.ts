import { wordsOf } from '../../text/rules.ts';
import { type CatalogueItem, type Column, type Columns, type Field, type Remark, readRow } from './catalogue-rows.ts';

/**
 * The NDIA's support catalogue as a table of text (`domain.md` §3.2): first the header, then row after row, so that a
 * file can be read as it arrives. Columns may stand in any order; those that no rule reads are left alone.
 */

interface Title {
  title: string;
  also?: readonly string[];
  /** What a sheet without the column leaves `unknown`, or that it loses `nothing`. Without this it is no catalogue. */
  without?: 'unknown' | 'nothing';
}

const TITLES: Record<Field, Title> = {
  code: { title: 'Support Item Number' },
  name: { title: 'Support Item Name' },
  registrationGroup: { title: 'Registration Group Number' },
  category: { title: 'Support Category Number' },
  paceCategory: { title: 'Support Category Number (PACE)', without: 'nothing' },
  unit: { title: 'Unit' },
  quotable: { title: 'Quote' },
  startDate: { title: 'Start date' },
  endDate: { title: 'End Date' },
  // The edition of 2022-23 named the zones by their codes.
  remote: { title: 'Remote', also: ['P01'] },
  veryRemote: { title: 'Very Remote', also: ['P02'] },
  nonFaceToFace: { title: 'Non-Face-to-Face Support Provision', without: 'unknown' },
  providerTravel: { title: 'Provider Travel', without: 'unknown' },
  shortNoticeCancellation: {
    title: 'Short Notice Cancellations',
    also: ['Short Notice Cancellation'],
    without: 'unknown',
  },
  ndiaRequestedReports: { title: 'NDIA Requested Reports', without: 'unknown' },
  irregularSil: { title: 'Irregular SIL Supports', without: 'unknown' },
  type: { title: 'Type', without: 'nothing' },
};
const NATIONAL = 'National';
const STATES = ['ACT', 'NSW', 'NT', 'QLD', 'SA', 'TAS', 'VIC', 'WA'];

export type HeaderReading =
  /** `absent`: columns that a catalogue usually has, whose flags stay unknown. */
  | { kind: 'catalogue'; absent: string[]; read: ReadRecord }
  /** Not a catalogue: necessary columns are missing, or two columns claim to be the same. */
  | { kind: 'refused'; missing: string[]; twice: string[] };

/** Reads the next record; `record` is its number in the file, of which the header is 1. */
export type ReadRecord = (cells: readonly string[], record: number) => RecordReading;

export type RecordReading =
  | ReturnType<typeof readRow>
  /** The same item, in all its cells that count, as an earlier record. */
  | { kind: 'repeated'; of: number };

/** A title without case, blanks and punctuation, which editions change. */
function plain(title: string): string {
  return title.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/** Recognises a header row, and gives back what reads the rows below it (in the order of the file). */
export function readHeader(header: readonly string[]): HeaderReading {
  const found = new Map<string, Column[]>();
  for (const [index, title] of header.entries()) {
    const key = plain(title);
    if (key !== '') found.set(key, [...(found.get(key) ?? []), { title: title.trim(), index }]);
  }
  const twice: string[] = [];
  const find = (titles: readonly string[]): Column | undefined => {
    const columns = titles.flatMap((title) => found.get(plain(title)) ?? []);
    if (columns.length > 1) twice.push(columns.map((column) => column.title).join(' and '));
    return columns[0];
  };

  const missing: string[] = [];
  const absent: string[] = [];
  const fields: Columns['fields'] = {};
  const necessary: Column[] = [];
  for (const [field, { title, also = [], without }] of titles()) {
    const column = find([title, ...also]);
    if (column) {
      fields[field] = column;
      if (!without) necessary.push(column);
    } else if (!without) missing.push(title);
    else if (without === 'unknown') absent.push(title);
  }
  const states = STATES.map((state) => find([state]));
  const national = [find([NATIONAL]), ...states].filter((column) => column !== undefined);
  if (national.length === 0) missing.push(`${NATIONAL} (or the states ${STATES.join(', ')})`);
  else if (!found.has(plain(NATIONAL))) missing.push(...STATES.filter((_, index) => states[index] === undefined));
  if (missing.length > 0 || twice.length > 0) return { kind: 'refused', missing, twice };

  const needed = Math.max(...[...necessary, ...national].map((column) => column.index + 1));
  return { kind: 'catalogue', absent, read: recordReader({ fields, national, width: header.length, needed }) };
}

/** Safe: the keys of `TITLES` are exactly the fields, which `Object.entries` widens to text. */
function titles(): [Field, (typeof TITLES)[Field]][] {
  return Object.entries(TITLES) as [Field, (typeof TITLES)[Field]][];
}

/** A number may stand twice in a sheet, with dates that differ: the key is number and start (`domain.md` §3.2). */
function recordReader(columns: Columns): ReadRecord {
  const seen = new Map<string, { record: number; content: string }>();
  return (cells, record) => {
    const reading = readRow(columns, cells);
    if (reading.kind !== 'item') return reading;
    const { code, startDate } = reading.item;
    const key = `${code} ${startDate}`;
    const content = JSON.stringify(reading.item);
    const earlier = seen.get(key);
    if (earlier === undefined) {
      seen.set(key, { record, content });
      return reading;
    }
    if (earlier.content === content) return { kind: 'repeated', of: earlier.record };
    const reason = `has the start date ${startDate} in record ${earlier.record} too, and says something else there`;
    const problem: Remark = { column: columns.fields.code?.title ?? '', value: code, reason };
    return { kind: 'refused', code, problems: [problem] };
  };
}

/** A workbook's `Current` sheet is that year's catalogue; its `Legacy` sheet has only rows that end. */
export type Sheet = { kind: 'current'; startDate: string } | { kind: 'legacy' };

/**
 * Which sheet the rows are from. A catalogue begins on the start date that most of its rows have (the earlier of two
 * as frequent): single items may begin later in its year. Null without rows.
 */
export function sheetOf(items: readonly CatalogueItem[]): Sheet | null {
  if (items.length === 0) return null;
  if (items.every((item) => item.listedEndDate !== null)) return { kind: 'legacy' };
  const counts = new Map<string, number>();
  for (const { startDate } of items) counts.set(startDate, (counts.get(startDate) ?? 0) + 1);
  const [[startDate] = ['']] = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  return { kind: 'current', startDate };
}

/**
 * Whether a row takes the place of the stored one with its number and start. An end is later news than none, and a
 * later end than an earlier one, in whatever order the sheets are loaded; between equals the last load is a correction.
 */
export function outranks(incoming: string | null, stored: string | null): boolean {
  return (incoming ?? '') >= (stored ?? '');
}

/** What a search may find an item by: the words of its number and of every name it has had. */
export function itemWords(code: string, names: Iterable<string>): Set<string> {
  return new Set([code, ...names].flatMap(wordsOf));
}
