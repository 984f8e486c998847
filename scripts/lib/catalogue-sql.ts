import { itemWords, outranks, type Sheet } from '../../src/features/support-items/catalogue.ts';
import type { CatalogueItem } from '../../src/features/support-items/catalogue-rows.ts';
import type { SupportItemRow } from '../../src/features/support-items/table.ts';
import { literal, type OperatorDatabase } from './database.ts';

/** What is loaded of one file. `codes`: every number that it lists, those of refused rows too. */
export interface CatalogueFile {
  sheet: Sheet;
  items: readonly CatalogueItem[];
  codes: readonly string[];
}

export interface StoredCatalogue {
  items: SupportItemRow[];
  words: { word: string; code: string }[];
}

/** D1 takes statements of up to 100 KB; the rest is room for what stands around the rows. */
const MAX_BYTES = 90_000;
/** Items in one transaction: the running service does not wait long for its turn to write. */
const MAX_ITEMS = 200;

type Value = string | number | boolean | null;

/** A row's columns, and what the sheet says of them; `end_date` is worked out for all rows together. */
const COLUMNS: readonly [Exclude<keyof SupportItemRow, 'end_date'>, (item: CatalogueItem) => Value][] = [
  ['code', (item) => item.code],
  ['start_date', (item) => item.startDate],
  ['listed_end_date', (item) => item.listedEndDate],
  ['name', (item) => item.name],
  ['registration_group', (item) => item.registrationGroup],
  ['category_code', (item) => item.categoryCode],
  ['pace_category_code', (item) => item.paceCategoryCode],
  ['unit', (item) => item.unit],
  ['quotable', (item) => item.quotable],
  ['national_cents', (item) => item.limits.national],
  ['remote_cents', (item) => item.limits.remote],
  ['very_remote_cents', (item) => item.limits.very_remote],
  ['non_face_to_face', (item) => item.flags.nonFaceToFace],
  ['provider_travel', (item) => item.flags.providerTravel],
  ['short_notice_cancellation', (item) => item.flags.shortNoticeCancellation],
  ['ndia_requested_reports', (item) => item.flags.ndiaRequestedReports],
  ['irregular_sil', (item) => item.flags.irregularSil],
];
const NAMES = COLUMNS.map(([name]) => name);
const CHANGING = NAMES.filter((name) => name !== 'code' && name !== 'start_date');

/** The rule of `outranks`, in SQL; rows that say the same already are left alone. */
const UPSERT = `
ON CONFLICT (code, start_date) DO UPDATE SET ${CHANGING.map((name) => `${name} = excluded.${name}`).join(', ')}
WHERE COALESCE(excluded.listed_end_date, '') >= COALESCE(support_items.listed_end_date, '')
  AND (${CHANGING.map((name) => `excluded.${name}`).join(', ')})
    IS NOT (${CHANGING.map((name) => `support_items.${name}`).join(', ')})`;

/**
 * Works out every row's last day: the end that the catalogue gives; else the day before the first later catalogue
 * that does not list the item, or before a later row that has an end, with which the item as a whole ends (else the
 * older row would come back behind it); else none.
 */
export const RECALCULATE = `
UPDATE support_items SET end_date = worked.last_day FROM (
  SELECT item.code, item.start_date, COALESCE(item.listed_end_date, date((SELECT MIN(begins) FROM (
    SELECT catalogue.start_date AS begins FROM catalogues catalogue
    WHERE catalogue.start_date > item.start_date AND NOT EXISTS (SELECT 1 FROM catalogue_listings listing
      WHERE listing.catalogue_start = catalogue.start_date AND listing.code = item.code)
    UNION ALL
    SELECT later.start_date AS begins FROM support_items later
    WHERE later.code = item.code AND later.start_date > item.start_date AND later.listed_end_date IS NOT NULL
  )), '-1 day')) AS last_day
  FROM support_items item
) worked
WHERE worked.code = support_items.code AND worked.start_date = support_items.start_date
  AND support_items.end_date IS NOT worked.last_day`;

function tuple(values: readonly Value[]): string {
  return `(${values.map(literal).join(', ')})`;
}

/** `head`, as many of the tuples as one statement may have, `tail`; and so on. */
function statements(tuples: readonly string[], around: { head: string; tail?: string }): string[] {
  const { head, tail = '' } = around;
  const parts: string[][] = [];
  let bytes = MAX_BYTES;
  for (const one of tuples) {
    const size = Buffer.byteLength(one) + 2;
    if (bytes + size > MAX_BYTES) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(one);
    bytes += size;
  }
  return parts.map((part) => `${head}\n${part.join(',\n')}${tail}`);
}

/** All rows of all catalogues: organisations share them, and a few years make a few thousand. */
export function storedItems(database: OperatorDatabase): Promise<SupportItemRow[]> {
  return database.query(`SELECT end_date, ${NAMES.join(', ')} FROM support_items`);
}

export function storedWords(database: OperatorDatabase): Promise<StoredCatalogue['words']> {
  return database.query('SELECT word, code FROM support_item_words');
}

/** Items in parts of about `MAX_ITEMS`, all rows of one number in the same. */
function partsOf(items: readonly CatalogueItem[]): CatalogueItem[][] {
  const parts: CatalogueItem[][] = [];
  for (const rows of Map.groupBy(items, (item) => item.code).values()) {
    const part = parts.at(-1);
    if (part && part.length + rows.length <= MAX_ITEMS) part.push(...rows);
    else parts.push([...rows]);
  }
  return parts;
}

/** The words that a part's items gain and lose when its rows are stored, as tuples. */
function wordChanges(part: readonly CatalogueItem[], stored: StoredCatalogue) {
  const codes = new Set(part.map((item) => item.code));
  const names = new Map<string, Map<string, string>>([...codes].map((code) => [code, new Map()]));
  const ends = new Map<string, string | null>();
  for (const row of stored.items) {
    names.get(row.code)?.set(row.start_date, row.name);
    ends.set(`${row.code} ${row.start_date}`, row.listed_end_date);
  }
  for (const item of part) {
    const end = ends.get(`${item.code} ${item.startDate}`) ?? null;
    if (outranks(item.listedEndDate, end)) names.get(item.code)?.set(item.startDate, item.name);
  }
  const wanted = new Map([...names].map(([code, byStart]) => [code, itemWords(code, byStart.values())]));
  const lost: string[] = [];
  for (const { word, code } of stored.words) {
    // What is stored already need not be written again: `delete` says whether it was wanted.
    if (codes.has(code) && !wanted.get(code)?.delete(word)) lost.push(tuple([word, code]));
  }
  return { lost, gained: [...wanted].flatMap(([code, words]) => [...words].map((word) => tuple([word, code]))) };
}

/**
 * The statements that load a file over what is stored, in transactions. Each leaves every item as the catalogues say
 * that count by then: a new one counts, and ends what it leaves out, only in the last, when all its rows are there.
 */
export function loadingTransactions(file: CatalogueFile, stored: StoredCatalogue & { now: number }): string[][] {
  const { sheet, items, codes } = file;
  const transactions = partsOf(items).map((part) => {
    const { lost, gained } = wordChanges(part, stored);
    return [
      ...statements(
        part.map((item) => tuple(COLUMNS.map(([, of]) => of(item)))),
        { head: `INSERT INTO support_items (${NAMES.join(', ')}) VALUES`, tail: UPSERT },
      ),
      ...statements(lost, { head: 'DELETE FROM support_item_words WHERE (word, code) IN (VALUES', tail: ')' }),
      ...statements(gained, { head: 'INSERT OR IGNORE INTO support_item_words (word, code) VALUES' }),
      RECALCULATE,
    ];
  });
  if (sheet.kind === 'legacy') return transactions;

  // Listings add up: an extract of a year, loaded after the whole, takes nothing out of it.
  const listings = codes.map((code) => tuple([sheet.startDate, code]));
  transactions.push([
    `INSERT INTO catalogues (start_date, loaded_at) VALUES ${tuple([sheet.startDate, stored.now])}
      ON CONFLICT (start_date) DO UPDATE SET loaded_at = excluded.loaded_at`,
    ...statements(listings, { head: 'INSERT OR IGNORE INTO catalogue_listings (catalogue_start, code) VALUES' }),
    RECALCULATE,
  ]);
  return transactions;
}
