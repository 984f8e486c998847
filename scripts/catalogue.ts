/**
 * `npm run catalogue -- FILE [--remote] [--env NAME]`: loads one sheet of the NDIA's support catalogue, as CSV, into the
 * local database or the deployed one. Years and sheets may be loaded in any order, and again.
 */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { decoder, recognise } from '../src/csv/encoding.ts';
import { dialectOf, readRecords } from '../src/csv/records.ts';
import { readHeader, sheetOf } from '../src/features/support-items/catalogue.ts';
import type { CatalogueItem, Remark } from '../src/features/support-items/catalogue-rows.ts';
import type { SupportItemRow } from '../src/features/support-items/table.ts';
import type { CatalogueFile } from './lib/catalogue-sql.ts';

const USAGE = `Usage: npm run catalogue -- FILE [--remote] [--env NAME]

FILE is one sheet of the NDIA's support catalogue (current or legacy), saved as CSV.
--remote loads it into the deployed database, of --env NAME where there are several.`;

/** How much of a file is enough to tell how it is written. */
const SAMPLE = 64 * 1024;

interface Loading extends CatalogueFile {
  /** Records below the header that are not blank, and those of them that say again what another says. */
  rows: number;
  repeated: number;
  absent: string[];
  warnings: [record: number, remark: Remark][];
  refused: [record: number, remark: Remark][];
}

const options = commandLine();
try {
  const loading = readSheet(textOf(options.file));
  // They bring wrangler with them, which takes seconds to load: a file that is refused need not wait for it.
  const { openDatabase } = await import('./lib/database.ts');
  const { loadingTransactions, storedItems, storedWords } = await import('./lib/catalogue-sql.ts');
  const database = openDatabase(options);
  try {
    const before = await storedItems(database);
    const stored = { items: before, words: await storedWords(database) };
    const transactions = loadingTransactions(loading, { ...stored, now: Date.now() });
    // A deployed database takes the whole as one file, and does so at once.
    for (const statements of options.remote ? [transactions.flat()] : transactions) await database.execute(statements);
    console.log(report(loading, { before, after: await storedItems(database) }));
  } finally {
    database.close();
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

function commandLine(): { file: string; remote: boolean; env: string | undefined } {
  try {
    const { values, positionals } = parseArgs({
      options: { remote: { type: 'boolean', default: false }, env: { type: 'string' }, help: { type: 'boolean' } },
      allowPositionals: true,
    });
    const [file, ...more] = positionals;
    if (values.help) {
      console.log(USAGE);
      process.exit(0);
    }
    if (file !== undefined && more.length === 0 && (values.remote || values.env === undefined)) {
      return { file, remote: values.remote, env: values.env };
    }
  } catch (error) {
    if (error instanceof TypeError) console.error(`${error.message}\n`);
    else throw error;
  }
  console.error(USAGE);
  process.exit(2);
}

/** A file's text: UTF-8, or what Excel makes of "CSV" on Windows. */
function textOf(path: string): string {
  let bytes: Buffer;
  try {
    // npm runs a script in the project's folder, wherever it was called from.
    bytes = readFileSync(existsSync(path) ? path : resolve(process.env['INIT_CWD'] ?? '', path));
  } catch (error) {
    throw new Error(`${path} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
  const recognised = recognise(bytes.subarray(0, SAMPLE));
  if (recognised.kind === 'binary') {
    throw new Error(
      /workbook/i.test(recognised.what)
        ? `${path} is a workbook: save each of its two sheets as CSV, and load both.`
        : `${path} is ${recognised.what}, not CSV.`,
    );
  }
  const text = bytes.subarray(recognised.markBytes);
  try {
    return decoder(recognised.encoding).decode(text);
  } catch {
    return decoder('windows-1252').decode(text);
  }
}

/** Reads the rows of a sheet, or refuses the file as a whole. */
function readSheet(text: string): Loading {
  const { records } = readRecords(text, { dialect: dialectOf(text.slice(0, SAMPLE)), final: true });
  const broken = records.findIndex((record) => record.broken);
  if (broken >= 0) {
    // Behind it nobody can say where a row ends; an item lost in there would count as left out of the catalogue.
    throw new Error(`Record ${broken + 1} has a quotation mark out of place: the rows cannot be told apart.`);
  }
  const data = records.map(({ cells }) => cells);
  const top = data.findIndex((cells) => cells.some((cell) => cell.trim() !== ''));
  const header = readHeader(data[top] ?? []);
  if (header.kind === 'refused') throw new Error(notCatalogue(header));

  const items: CatalogueItem[] = [];
  const codes = new Set<string>();
  const warnings: Loading['warnings'] = [];
  const refused: Loading['refused'] = [];
  let rows = 0;
  let repeated = 0;
  for (const [index, cells] of data.entries()) {
    if (index <= top) continue;
    const record = index + 1;
    const reading = header.read(cells, record);
    if (reading.kind !== 'blank') rows++;
    if (reading.kind === 'repeated') repeated++;
    if (reading.kind === 'item') {
      items.push(reading.item);
      codes.add(reading.item.code);
      for (const remark of reading.warnings) warnings.push([record, remark]);
    }
    if (reading.kind === 'refused') {
      // The catalogue does list the item, even if its row cannot be read: it must not end for that.
      if (reading.code !== null) codes.add(reading.code);
      for (const remark of reading.problems) refused.push([record, remark]);
    }
  }
  const sheet = sheetOf(items);
  if (sheet === null) throw new Error(['The file has no item that can be read.', ...remarks(refused)].join('\n'));
  return { sheet, items, codes: [...codes], rows, repeated, absent: header.absent, warnings, refused };
}

function notCatalogue(header: { missing: readonly string[]; twice: readonly string[] }): string {
  return [
    'The file is not a sheet of the support catalogue.',
    ...header.missing.map((title) => `  No column ${title}`),
    ...header.twice.map((columns) => `  Two columns for one thing: ${columns}`),
  ].join('\n');
}

interface Tables {
  before: readonly SupportItemRow[];
  after: readonly SupportItemRow[];
}

function report(loading: Loading, tables: Tables): string {
  const { sheet, items, absent, warnings, refused } = loading;
  const ends = items.flatMap((item) => item.listedEndDate ?? []).sort();
  const notes = absent.map((title) => `No column ${title}: its flag stays unknown.`);
  const { ended, resumed, wereOpen } = endings(tables);
  if (ended.length > wereOpen / 2 && wereOpen > 0 && sheet.kind === 'current') {
    notes.push(`It ends more than half of the ${wereOpen} items that were open before: is the file complete?`);
  }
  if (resumed > 0) notes.push(`${resumed} ${resumed === 1 ? 'item goes' : 'items go'} on that had an end before.`);
  return [
    sheet.kind === 'current'
      ? `Loaded the current sheet of the catalogue that begins on ${sheet.startDate}.`
      : `Loaded a legacy sheet: its items end from ${ends[0]} to ${ends.at(-1)}.`,
    ...section('', aligned(figures(loading, tables))),
    ...section('Please note', notes.map(indented)),
    ...section(`Warnings (${warnings.length})`, remarks(warnings)),
    ...section(`Refused (${new Set(refused.map(([record]) => record)).size})`, remarks(refused)),
    ...section(`Items that now end (${ended.length})`, aligned(ended)),
  ].join('\n');
}

function figures(loading: Loading, { before, after }: Tables): string[][] {
  const { items, rows, repeated } = loading;
  const key = (row: SupportItemRow) => `${row.code} ${row.start_date}`;
  const content = ({ end_date: _, ...row }: SupportItemRow) => JSON.stringify(row);
  const old = new Map(before.map((row) => [key(row), content(row)]));
  const now = new Map(after.map((row) => [key(row), row]));
  const counts = { added: 0, changed: 0, unchanged: 0, outranked: 0 };
  for (const item of items) {
    const row = now.get(`${item.code} ${item.startDate}`);
    const was = row && old.get(key(row));
    if (row === undefined || row.listed_end_date !== item.listedEndDate) counts.outranked++;
    else if (was === undefined) counts.added++;
    else if (was === content(row)) counts.unchanged++;
    else counts.changed++;
  }
  const units = [...Map.groupBy(items, (item) => item.unit)]
    .sort((a, b) => b[1].length - a[1].length)
    .map(([unit, list]) => `${list.length} ${unit}`);
  const numbers = new Set(items.map((item) => item.code)).size;
  return [
    ['Read', `${rows} rows, ${numbers} items (${units.join(', ')})`],
    ['New', `${counts.added}`],
    ['Changed', `${counts.changed}`],
    ['Unchanged', `${counts.unchanged}`],
    ...(counts.outranked > 0 ? [['Left', `${counts.outranked}, to which another sheet gives a later end`]] : []),
    ...(repeated > 0 ? [['Repeated', `${repeated}`]] : []),
  ];
}

/** Each item's last day over all its rows; null while one is open. */
function lastDays(rows: readonly SupportItemRow[]): Map<string, { day: string | null; name: string }> {
  const last = new Map<string, { day: string | null; name: string }>();
  for (const { code, end_date: day, name } of rows) {
    const known = last.get(code);
    if (!known || (known.day !== null && (day === null || day > known.day))) last.set(code, { day, name });
  }
  return last;
}

/** What the load does to items as a whole: those that now end (on another day than before), and those that go on. */
function endings({ before, after }: Tables): { ended: string[][]; resumed: number; wereOpen: number } {
  const old = lastDays(before);
  const ended: string[][] = [];
  let resumed = 0;
  for (const [code, { day, name }] of lastDays(after)) {
    const was = old.get(code)?.day;
    if (day === null) resumed += was ? 1 : 0;
    else if (day !== was) ended.push([day, code, name]);
  }
  ended.sort((a, b) => (a.join(' ') < b.join(' ') ? -1 : 1));
  return { ended, resumed, wereOpen: [...old.values()].filter((item) => item.day === null).length };
}

function section(title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  return title === '' ? ['', ...lines] : ['', title, ...lines];
}

function indented(line: string): string {
  return `  ${line}`;
}

function remarks(list: readonly [record: number, remark: Remark][]): string[] {
  return aligned(
    list.map(([record, { column, value, reason }]) => [`Record ${record}`, column, JSON.stringify(value), reason]),
  );
}

/** Lines whose columns begin below each other; a long cell pushes only its own line. */
function aligned(rows: readonly string[][]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, Math.min(cell.length, 40));
  }
  return rows.map((row) =>
    indented(
      row
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    ),
  );
}
