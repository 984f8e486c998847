import { bytesOf, decoder, type Encoding, recognise } from '../../csv/encoding.ts';
import { type CsvRecord, type Dialect, dialectOf, readRecords } from '../../csv/records.ts';
import type { FileProblem } from './mapping.ts';
import { isBlank } from './rows.ts';

/** What a file of imports may have. */
export const MAX_BYTES = 50 * 1024 * 1024;
export const MAX_ROWS = 200_000;
const MAX_COLUMNS = 500;
const MAX_NAME = 200;
/** What is worked off in one batch: so many records, and so many bytes of the file. */
export const CHUNK_ROWS = { participants: 200, services: 500, support_catalogue: 500 } as const;
const CHUNK_BYTES = 512 * 1024;
/** More broken lines than this are no accident, and each costs a look through all that is held. */
const MAX_BROKEN = 50;
/** How much of the file is enough to tell how it is written. */
export const SAMPLE_BYTES = 64 * 1024;

/** How a file is read: kept with its import, so that each part is read as the whole was. */
export interface Reading extends Dialect {
  encoding: Encoding;
  markBytes: number;
  header: string[];
  /** The record that the header is, from 1. */
  headerRow: number;
}

/** A part of a file: its first record's number, and its bytes. */
export interface Chunk {
  firstRow: number;
  byteStart: number;
  byteEnd: number;
}

export type Scan = { reading: Reading; chunks: Chunk[]; rows: number } | { problem: FileProblem };

/** How much text and bytes reading holds at once, at most: counted, because a file may be any size. */
export interface Buffered {
  now: number;
  most: number;
}

function problem(code: string, message: string): { problem: FileProblem } {
  return { problem: { code, message } };
}

/** How the beginning of a file says that it is written; `size` is the whole file's. */
export function beginning(
  bytes: Uint8Array,
  size: number,
): { encoding: Encoding; markBytes: number } | { problem: FileProblem } {
  if (size === 0) return problem('EMPTY_FILE', 'The file is empty.');
  const recognised = recognise(bytes);
  if (recognised.kind === 'binary') {
    return problem('NOT_CSV', `The file is ${recognised.what}, not CSV: save it as "CSV UTF-8" and send that.`);
  }
  return recognised;
}

/**
 * Looks through a file once, piece by piece: how it is written, how many rows it has, and where the parts begin that
 * it is worked off in. Bytes that turn out not to be UTF-8 are read again as Windows-1252.
 */
export async function scan(
  pieces: () => AsyncIterable<Uint8Array>,
  options: { size: number; chunkRows: number; buffered?: Buffered },
): Promise<Scan> {
  const { sample } = await sampleOf(pieces());
  const start = beginning(sample, options.size);
  if ('problem' in start) return start;
  try {
    return await scanAs(pieces(), { ...options, ...start });
  } catch (error) {
    if (!(error instanceof TypeError) || start.encoding !== 'utf-8') throw error;
    if (start.markBytes > 0) {
      return problem(
        'NOT_UTF8',
        'The file begins as UTF-8 and has bytes in it that are not: save it as "CSV UTF-8" and send that.',
      );
    }
    return scanAs(pieces(), { ...options, encoding: 'windows-1252', markBytes: 0 });
  }
}

async function sampleOf(pieces: AsyncIterable<Uint8Array>): Promise<{ sample: Uint8Array }> {
  for await (const piece of pieces) return { sample: piece.subarray(0, SAMPLE_BYTES) };
  return { sample: new Uint8Array() };
}

interface Scanning {
  dialect: Dialect | null;
  header: { cells: string[]; row: number } | null;
  chunks: Chunk[];
  open: Chunk | null;
  /** Records in the open chunk, rows in all, records in all. */
  inOpen: number;
  rows: number;
  records: number;
  broken: number;
  bytes: number;
  /** Where the last record ends that is not blank. */
  filled: number;
}

async function scanAs(
  pieces: AsyncIterable<Uint8Array>,
  options: { encoding: Encoding; markBytes: number; chunkRows: number; buffered?: Buffered },
): Promise<Scan> {
  const { encoding, markBytes, chunkRows, buffered } = options;
  const decode = decoder(encoding);
  const state: Scanning = {
    dialect: null,
    header: null,
    chunks: [],
    open: null,
    inOpen: 0,
    rows: 0,
    records: 0,
    broken: 0,
    bytes: markBytes,
    filled: markBytes,
  };
  let skip = markBytes;
  let text = '';
  const take = (final: boolean) => {
    state.dialect ??= dialectOf(text.slice(0, SAMPLE_BYTES));
    const { records, rest } = readRecords(text, { dialect: state.dialect, final });
    let from = 0;
    for (const record of records) {
      note(state, { record, bytes: bytesOf(text.slice(from, record.end), encoding), chunkRows });
      from = record.end;
    }
    text = text.slice(rest);
  };
  for await (const piece of pieces) {
    const bytes = skip === 0 ? piece : piece.subarray(Math.min(skip, piece.length));
    skip -= piece.length - bytes.length;
    text += decode.decode(bytes, { stream: true });
    count(buffered, piece.length + text.length * 2);
    take(false);
    if (state.rows > MAX_ROWS)
      return problem('TOO_MANY_ROWS', `The file has more than ${MAX_ROWS} rows: send it in parts.`);
    if (state.broken > MAX_BROKEN) return brokenQuotes();
    if ((state.header?.cells.length ?? 0) > MAX_COLUMNS) break;
  }
  text += decode.decode();
  take(true);
  if (state.broken > MAX_BROKEN) return brokenQuotes();
  if (state.open) state.chunks.push({ ...state.open, byteEnd: state.filled });
  return outcome(state, options);
}

function brokenQuotes(): { problem: FileProblem } {
  return problem(
    'BROKEN_QUOTES',
    `More than ${MAX_BROKEN} lines have quotation marks out of place: the rows cannot be told apart.`,
  );
}

function count(buffered: Buffered | undefined, now: number): void {
  if (!buffered) return;
  buffered.now = now;
  buffered.most = Math.max(buffered.most, now);
}

function note(
  state: Scanning,
  { record, bytes, chunkRows }: { record: CsvRecord; bytes: number; chunkRows: number },
): void {
  state.records += 1;
  if (record.broken) state.broken += 1;
  const start = state.bytes;
  state.bytes += bytes;
  if (isBlank(record.cells) && !record.broken) return;
  if (!state.header) {
    const last = record.cells.findLastIndex((cell) => cell.trim() !== '');
    state.header = { cells: record.cells.slice(0, last + 1), row: state.records };
    return;
  }
  state.rows += 1;
  const { open } = state;
  if (open && (state.inOpen >= chunkRows || state.bytes - open.byteStart > CHUNK_BYTES)) {
    // Without the blank records behind its last row, of which there may be a million.
    state.chunks.push({ ...open, byteEnd: state.filled });
    state.open = null;
  }
  if (!state.open) {
    state.open = { firstRow: state.records, byteStart: start, byteEnd: start };
    state.inOpen = 0;
  }
  state.inOpen += 1;
  state.filled = state.bytes;
}

function outcome(state: Scanning, { encoding, markBytes }: { encoding: Encoding; markBytes: number }): Scan {
  const { header, dialect } = state;
  if (!header || !dialect) return problem('EMPTY_FILE', 'The file has nothing in it.');
  if (header.cells.length > MAX_COLUMNS) {
    return problem('TOO_MANY_COLUMNS', `The file has ${header.cells.length} columns; at most ${MAX_COLUMNS} are read.`);
  }
  const long = header.cells.find((cell) => cell.length > MAX_NAME);
  if (long !== undefined) {
    return problem(
      'COLUMN_NAME_TOO_LONG',
      `A column's name has ${long.length} characters; at most ${MAX_NAME} are read.`,
    );
  }
  if (state.rows === 0) return problem('NO_ROWS', 'The file has a header and no rows below it.');
  const reading = { ...dialect, encoding, markBytes, header: header.cells, headerRow: header.row };
  return { reading, chunks: state.chunks, rows: state.rows };
}

/** The records of one part of a file, blank ones left out; `row` is each one's number in the file. */
export function readChunk(
  bytes: Uint8Array,
  { reading, chunk }: { reading: Reading; chunk: Chunk },
): { row: number; cells: string[]; broken: boolean }[] {
  const text = decoder(reading.encoding).decode(bytes);
  const { records } = readRecords(text, { dialect: reading, final: true });
  return records
    .map(({ cells, broken }, index) => ({ row: chunk.firstRow + index, cells, broken }))
    .filter(({ cells, broken }) => broken || !isBlank(cells));
}
