import Papa from 'papaparse';
import { MAX_CENTS } from '../money/rules.ts';
import { isDate, isTimeOfDay } from '../time/rules.ts';

/**
 * What a cell of somebody's spreadsheet means. Each reader takes the cell's text without blanks around it and answers
 * a value, or `{ wrong }`: what is wrong, as the end of a sentence that begins with the cell.
 */
export type Read<Value> = { value: Value } | { wrong: string };

export type CellReader<Value> = (text: string) => Read<Value>;

/** A cell as people mean it: without blanks around, and without the apostrophe that keeps a spreadsheet from reading it. */
export function plainCell(text: string): string {
  const bare = text
    .replace(/^'[\t\r]\s*/, '')
    .replace(/^[\s']+(?=[=+\-@]|$)/, '')
    .trim();
  return /^'\d+$/.test(bare) ? bare.slice(1) : bare;
}

const SCIENTIFIC = /^\d(?:[.,]\d+)?e\+?\d+$/i;

/** What Excel did to a long number; null for anything else. */
function scientific(text: string): string | null {
  if (!SCIENTIFIC.test(text)) return null;
  return 'is what Excel makes of a long number: its last digits are lost. Format the column as text or as a number without decimals, and export it again';
}

const DATE_FORMS = 'must be a date such as 2026-07-01 or 01/07/2026, day first';
/** Day 1 of Excel's calendar is 1900-01-01; it counts a 29 February 1900, so that later days are one more. */
const EXCEL_EPOCH = Date.UTC(1899, 11, 30);
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

function dateOf([year = '', month = '', day = '']: readonly string[]): Read<string> {
  const date = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  if (!isDate(date)) return { wrong: 'is a day that the calendar does not have' };
  return date >= '1900' && date < '2200' ? { value: date } : { wrong: 'must be between 1900 and 2199' };
}

/**
 * A date: ISO, `YYYYMMDD`, day first with `/`, `-` or `.`, with the month's name, or an Excel serial; a time of 0:00
 * behind it is dropped. Always day first: 03/04/2026 is 3 April (`domain.md` §7.3).
 */
export function readDate(cell: string): Read<string> {
  const text = cell.replace(/[T ]0?0:00(?::00(?:\.0+)?)?(?: ?am)?Z?$/i, '').replace(/ 12:00(?::00)? ?am$/i, '');
  const iso = /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})$/.exec(text) ?? /^(\d{4})(\d{2})(\d{2})$/.exec(text);
  if (iso) return dateOf(iso.slice(1));
  const dayFirst = /^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})$/.exec(text);
  if (dayFirst) return dateOf(dayFirst.slice(1).reverse());
  const named = /^(\d{1,2})[- ]([a-z]{3,9})[- ,]+(\d{4})$/i.exec(text);
  const month = MONTHS.indexOf((named?.[2] ?? '').slice(0, 3).toLowerCase());
  if (named && month >= 0) return dateOf([named[3] ?? '', String(month + 1), named[1] ?? '']);
  if (/^\d{1,2}[-/.]\d{1,2}[-/.]\d{2}$/.test(text)) return { wrong: 'has a year of two digits: write all four' };
  const serial = /^(\d{5})(?:\.0+)?$/.exec(text);
  if (serial) return { value: new Date(EXCEL_EPOCH + Number(serial[1]) * 86_400_000).toISOString().slice(0, 10) };
  return { wrong: scientific(text) ?? DATE_FORMS };
}

/** A time of day: `9:00`, `09:00:00`, `9.30 am`, `0930`. */
export function readTime(text: string): Read<string> {
  const parts =
    /^(\d{1,2})(?:[:.](\d{2}))?(?::\d{2})? ?([ap])?\.?m?\.?$/i.exec(text) ?? /^(\d{2})(\d{2})()$/.exec(text);
  const wrong = 'must be a time of day such as 09:30';
  if (!parts) return { wrong };
  const half = parts[3]?.toLowerCase();
  const hour = Number(parts[1]);
  if (parts[2] === undefined && half === undefined) return { wrong };
  if (half !== undefined && half !== '' && (hour < 1 || hour > 12)) return { wrong };
  const hours = half === 'p' ? (hour % 12) + 12 : half === 'a' ? hour % 12 : hour;
  const time = `${String(hours).padStart(2, '0')}:${parts[2] ?? '00'}`;
  return isTimeOfDay(time) ? { value: time } : { wrong };
}

const MONEY_FORMS = 'must be an amount such as 1234.56 or $1,234.56';

/**
 * An amount in cents: with `$`, thousands' commas, blanks, brackets or a minus for negative. Digits beyond the cent
 * are float noise and rounded; real thirds of a cent are refused.
 */
export function readMoney(cell: string): Read<number> {
  const text = cell.replace(/\s|A?\$|AUD/gi, '');
  const negative = /^\(.*\)$/.test(text) || text.startsWith('-') || text.endsWith('-');
  const digits = text.replace(/^[-(]|[-)]$/g, '');
  const parts = /^(\d{1,3}(?:,\d{3})+|\d+)?(?:\.(\d*))?$/.exec(digits);
  if (!parts || !/\d/.test(digits)) return { wrong: scientific(text) ?? MONEY_FORMS };
  const decimals = (parts[2] ?? '').padEnd(2, '0');
  const noise = decimals.slice(2);
  if (!/^(?:0{0,2}|0{3,}\d*|9{4,}\d*|00\d*)?$/.test(noise)) return { wrong: 'must have at most two decimals' };
  const up = noise.startsWith('9') ? 1 : 0;
  const cents = Number((parts[1] ?? '0').replaceAll(',', '')) * 100 + Number(decimals.slice(0, 2)) + up;
  if (cents > MAX_CENTS) return { wrong: 'is more than $100,000,000.00' };
  return { value: negative && cents > 0 ? -cents : cents };
}

/** A number of units in hundredths, at most two decimals. */
export function readQuantity(text: string): Read<number> {
  const parts = /^(\d{1,5})(?:\.(\d{1,2})0*)?$/.exec(text);
  const hundredths = parts ? Number(parts[1]) * 100 + Number((parts[2] ?? '').padEnd(2, '0')) : 0;
  return hundredths > 0 ? { value: hundredths } : { wrong: 'must be a number above 0 with at most two decimals' };
}

/** A participant's NDIS number: nine digits beginning with 43, with blanks, a leading 0 or an apostrophe (`domain.md` §2.1). */
export function readNdisNumber(text: string): Read<string> {
  const digits = text.replace(/[\s'-]/g, '').replace(/\.0+$/, '');
  const nine = /^0\d{9}$/.test(digits) ? digits.slice(1) : digits;
  if (/^43\d{7}$/.test(nine)) return { value: nine };
  return { wrong: scientific(digits) ?? 'must be an NDIS number: nine digits beginning with 43' };
}

/** Yes or no, as spreadsheets say it. */
export function readFlag(text: string): Read<boolean> {
  if (/^(yes|y|true|1|x|flexible)$/i.test(text)) return { value: true };
  if (/^(no|n|false|0|fixed|stated)$/i.test(text)) return { value: false };
  return { wrong: 'must be Yes or No' };
}

/** A text that a spreadsheet would run as a formula, made harmless: `plainCell` takes the apostrophe away again. */
export function harmless(text: string): string {
  if (/^[-+]?\$?[\d,]*\.?\d+$/.test(text)) return text;
  return /^'*\s*[=+\-@]|^[\t\r]/.test(text) ? `'${text}` : text;
}

/** A record as a line of CSV (RFC 4180), each cell harmless. */
export function csvLine(cells: readonly string[]): string {
  return `${Papa.unparse([cells.map(harmless)])}\r\n`;
}
