import * as z from 'zod';
import { MAX_CENTS } from '../../money/rules.ts';
import { isStorable } from '../../text/rules.ts';
import { isDate } from '../../time/rules.ts';
import type { SupportItem, Unit } from './rules.ts';

/** A row as the catalogue itself gives it; `listedEndDate` is its own end, null where it leaves the item open. */
export type CatalogueItem = Omit<SupportItem, 'endDate' | 'own'> & { listedEndDate: string | null };

/** What is to be said about one cell. */
export interface Remark {
  column: string;
  value: string;
  reason: string;
}

/** A column as the file titles it, and where it stands. */
export interface Column {
  title: string;
  index: number;
}

/** Where a file keeps what a row is read from: `national` is one column, or eight of states. */
export interface Columns {
  fields: Partial<Record<Field, Column>>;
  national: readonly Column[];
  /** How many cells the header has, and how many a row needs to reach the last necessary column. */
  width: number;
  needed: number;
}

export type RowReading =
  | { kind: 'blank' }
  | { kind: 'item'; item: CatalogueItem; warnings: Remark[] }
  /** `code` is null where the number itself cannot be read. */
  | { kind: 'refused'; code: string | null; problems: Remark[] };

const MAX_NAME = 500;
const UNITS: readonly Unit[] = ['H', 'E', 'D', 'WK', 'MON', 'YR'];

/** One cell's text as a value; undefined from `parse` is a refusal with `reason`. */
function cell<Value>(parse: (text: string) => Value | undefined, reason: string) {
  return z.string().transform((text, context): Value => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: reason });
    return z.NEVER;
  });
}

/** An item's number in its usual case, undefined when it has no known form (`domain.md` §3.1). */
function itemNumber(text: string): string | undefined {
  if (/^bereavement$/i.test(text)) return 'Bereavement';
  const number = text.toUpperCase();
  return /^\d{2}_\d{3,9}(_\d{4})+_\d_\d(_[A-Z]{1,2}\d?)?$/.test(number) ? number : undefined;
}

/** A name as the NDIA writes it, on one line. */
function itemName(text: string): string | undefined {
  const name = text.replace(/\s*[\r\n]+\s*/g, ' ');
  return name !== '' && name.length <= MAX_NAME && isStorable(name) ? name : undefined;
}

/** `107` is what a spreadsheet makes of the registration group `0107`. */
function registrationGroup(text: string): string | undefined {
  const digits = text.replace(/\.0+$/, '');
  return /^\d{3,4}$/.test(digits) ? digits.padStart(4, '0') : undefined;
}

function categoryNumber(text: string): number | undefined {
  if (!/^\d{1,2}(\.0+)?$/.test(text)) return undefined;
  const number = Number(text);
  return number >= 1 && number <= 21 ? number : undefined;
}

function unit(text: string): Unit | undefined {
  const code = text.replace(/\s+/g, '').toUpperCase();
  return UNITS.find((known) => known === code);
}

function yesOrNo(text: string): boolean | undefined {
  if (/^(yes|y)$/i.test(text)) return true;
  return /^(no|n)$/i.test(text) ? false : undefined;
}

/** `NA` and blank, as on the legacy sheet, say nothing: null. */
function flag(text: string): boolean | null | undefined {
  return /^(n\/?a)?$/i.test(text) ? null : yesOrNo(text);
}

/** `20250701`, as a spreadsheet or a script may write it, as `2025-07-01`. */
function day(text: string): string | undefined {
  const digits = /^(\d{4})-?(\d\d)-?(\d\d)(?:\.0+)?$/.exec(text);
  if (!digits) return undefined;
  const date = `${digits[1]}-${digits[2]}-${digits[3]}`;
  return isDate(date) && ((date >= '2000-01-01' && date < '2200-01-01') || date === '9999-12-31') ? date : undefined;
}

/** The catalogue's `99991231` is no end: null. */
function end(text: string): string | null | undefined {
  const date = day(text);
  return date === '9999-12-31' ? null : date;
}

/**
 * A price in cents, null when blank: no limit, which is not zero. Digits beyond the cent are a spreadsheet's float
 * noise (`297.60000000000002`) and are rounded half up, from the text.
 */
export function priceCents(text: string): number | null | undefined {
  if (text === '') return null;
  const parts = /^\$?\s*(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d*))?$/.exec(text);
  if (!parts) return undefined;
  const decimals = (parts[2] ?? '').padEnd(3, '0');
  const whole = Number((parts[1] ?? '').replaceAll(',', '')) * 100 + Number(decimals.slice(0, 2));
  const cents = decimals.charAt(2) >= '5' ? whole + 1 : whole;
  return cents <= MAX_CENTS ? cents : undefined;
}

const category = 'must be a category number from 1 to 21';
const optionalFlag = () => cell(flag, 'must be Y, N, NA or blank');
const price = () => cell(priceCents, 'must be an amount of dollars such as 70.23, or blank for no limit');

const FIELDS = z.object({
  code: cell(itemNumber, 'is not a support item number such as 01_011_0107_1_1'),
  name: cell(itemName, `must be a name of at most ${MAX_NAME} characters`),
  registrationGroup: cell(registrationGroup, 'must be a registration group such as 0107'),
  category: cell(categoryNumber, category),
  paceCategory: cell((text) => (text === '' ? null : categoryNumber(text)), `${category}, or blank`),
  unit: cell(unit, 'must be one of H, E, D, WK, MON, YR'),
  quotable: cell(yesOrNo, 'must be Yes or No'),
  startDate: cell((text) => end(text) ?? undefined, 'must be a date YYYYMMDD'),
  endDate: cell(end, 'must be a date YYYYMMDD, 99991231 for none'),
  remote: price(),
  veryRemote: price(),
  nonFaceToFace: optionalFlag(),
  providerTravel: optionalFlag(),
  shortNoticeCancellation: optionalFlag(),
  ndiaRequestedReports: optionalFlag(),
  irregularSil: optionalFlag(),
  type: z.string(),
});

export type Field = keyof typeof FIELDS.shape;

const ROW = FIELDS.extend({ national: z.array(price()) }).superRefine((row, context) => {
  if (row.endDate === null || row.endDate >= row.startDate) return;
  context.addIssue({ code: 'custom', message: `must not be before the start, ${row.startDate}`, path: ['endDate'] });
});

/** Reads one record below the header. Nothing of a row is guessed: it is an item, or it is refused with every reason. */
export function readRow(columns: Columns, cells: readonly string[]): RowReading {
  if (cells.every((text) => text.trim() === '')) return { kind: 'blank' };
  const text = (column: Column | undefined) => (column ? (cells[column.index] ?? '').trim() : '');
  const refused = (...problems: Remark[]): RowReading => {
    return { kind: 'refused', code: itemNumber(text(columns.fields.code)) ?? null, problems };
  };
  const misfit = shapeProblem(columns, cells);
  if (misfit) return refused(misfit);

  const named = Object.keys(FIELDS.shape).map((field) => [field, text(columns.fields[fieldName(field)])]);
  const parsed = ROW.safeParse({ ...Object.fromEntries(named), national: columns.national.map(text) });
  if (parsed.success) return accepted(parsed.data, columns);

  const problems = parsed.error.issues.map((issue) => {
    const [field, index] = issue.path;
    const column = field === 'national' ? columns.national[Number(index)] : columns.fields[fieldName(String(field))];
    return { column: column?.title ?? '', value: text(column), reason: issue.message };
  });
  return refused(...problems);
}

/** Safe: called only with keys of `FIELDS`, which TypeScript widens to text. */
function fieldName(key: string): Field {
  return key as Field;
}

/** A row that is cut short would read as one without limits; one that is too long has its columns displaced. */
function shapeProblem(columns: Columns, cells: readonly string[]): Remark | undefined {
  if (cells.length < columns.needed) {
    return { column: 'row', value: `${cells.length} cells`, reason: `is cut short: the header has ${columns.width}` };
  }
  const beyond = cells.slice(columns.width).find((text) => text.trim() !== '');
  if (beyond === undefined) return undefined;
  return { column: 'row', value: beyond.trim(), reason: 'stands beyond the last column: is a comma not in quotes?' };
}

function accepted(row: z.output<typeof ROW>, columns: Columns): RowReading {
  const warnings: Remark[] = [];
  // The catalogue's own word for a price of 1.00 where the cell is left blank; the type says nothing else of a price.
  const blank = /^unit price\s*=\s*\$1(\.00)?$/i.test(row.type) ? 100 : null;
  const prices = row.national.filter((cents) => cents !== null);
  const lowest = prices.length > 0 ? Math.min(...prices) : blank;
  if (lowest !== null && prices.some((cents) => cents !== lowest)) {
    warnings.push({
      column: columns.national.map((column) => column.title).join(' '),
      value: [...new Set(prices)].map((cents) => (cents / 100).toFixed(2)).join(', '),
      reason: 'the limits differ by state: the lowest counts everywhere',
    });
  }
  const item: CatalogueItem = {
    code: row.code,
    name: row.name,
    registrationGroup: row.registrationGroup,
    categoryCode: row.category,
    paceCategoryCode: row.paceCategory ?? row.category,
    unit: row.unit,
    quotable: row.quotable,
    limits: { national: lowest, remote: row.remote ?? blank, very_remote: row.veryRemote ?? blank },
    startDate: row.startDate,
    listedEndDate: row.endDate,
    flags: {
      nonFaceToFace: row.nonFaceToFace,
      providerTravel: row.providerTravel,
      shortNoticeCancellation: row.shortNoticeCancellation,
      ndiaRequestedReports: row.ndiaRequestedReports,
      irregularSil: row.irregularSil,
    },
  };
  return { kind: 'item', item, warnings };
}
