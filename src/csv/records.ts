import Papa from 'papaparse';

/** How a file's text is parted into cells and records. */
export interface Dialect {
  delimiter: string;
  newline: '\n' | '\r';
}

/** One record: its cells, and where it ends in the text (exclusive). */
export interface CsvRecord {
  cells: string[];
  end: number;
  /** A quotation mark stands where it cannot: the line is given as one cell, and reading goes on behind it. */
  broken: boolean;
}

/** So many broken lines in a row end the reading of a text: whoever asks decides what to make of it. */
const MAX_BROKEN = 60;

/** No record has more characters than this: a quotation mark that is never closed would swallow the whole file. */
export const MAX_RECORD = 2 * 1024 * 1024;

const DELIMITERS = [',', ';', '\t'];

/** The dialect that the beginning of a file (some lines of it) is written in; a comma when nothing speaks for another. */
export function dialectOf(sample: string): Dialect {
  const { meta } = Papa.parse<string[]>(sample, { preview: 20, skipEmptyLines: true, delimitersToGuess: DELIMITERS });
  const delimiter = DELIMITERS.includes(meta.delimiter) ? meta.delimiter : ',';
  return { delimiter, newline: sample.includes('\n') || !sample.includes('\r') ? '\n' : '\r' };
}

interface Parsed {
  data: string[][];
  errors: { type: string }[];
  meta: { cursor: number };
}

interface InnerParser {
  parse: (text: string, base: number, ignoreLast: boolean) => void;
  abort: () => void;
}

/** Papaparse's inner parser, which alone can be told to leave an unfinished record; its types do not say so. */
function innerParser(settings: Dialect & { fastMode: false; step: (one: Parsed) => void }): InnerParser {
  return Reflect.construct(Papa.Parser, [settings]);
}

/**
 * Parts a text into records. Unless it is `final`, what follows the last line break is left: `rest` says where it
 * begins. The parts that a file is read in do not change its records.
 */
export function readRecords(
  text: string,
  { dialect, final }: { dialect: Dialect; final: boolean },
): { records: CsvRecord[]; rest: number } {
  const records: CsvRecord[] = [];
  let from = 0;
  let lost = 0;
  while (from < text.length && lost < MAX_BROKEN) {
    const { broken } = parseFrom(text, { from, dialect, final, records });
    from = records.at(-1)?.end ?? 0;
    const unfinished = text.length - from;
    if (!broken && (unfinished <= MAX_RECORD || from >= text.length)) break;
    const line = text.indexOf(dialect.newline, from);
    const end = line === -1 ? text.length : line + 1;
    records.push({ cells: [text.slice(from, line === -1 ? end : line).slice(0, MAX_RECORD)], end, broken: true });
    from = end;
    lost += 1;
  }
  return { records, rest: from };
}

function parseFrom(
  text: string,
  place: { from: number; dialect: Dialect; final: boolean; records: CsvRecord[] },
): { broken: boolean } {
  const { from, dialect, final, records } = place;
  let broken = false;
  let start = 0;
  const parser = innerParser({
    delimiter: dialect.delimiter,
    newline: dialect.newline,
    fastMode: false,
    step: ({ data: [cells], errors, meta }) => {
      if (broken || !cells) return;
      if (errors.length > 0 || meta.cursor - start > MAX_RECORD) {
        broken = true;
        parser.abort();
        return;
      }
      // Behind the last line break there is one more empty cell, which is no record.
      const nothing = meta.cursor === start;
      start = meta.cursor;
      const last = cells.length - 1;
      // The carriage return of a line break is nobody's text.
      if (dialect.newline === '\n') cells[last] = (cells[last] ?? '').replace(/\r$/, '');
      if (!nothing) records.push({ cells, end: from + meta.cursor, broken: false });
    },
  });
  parser.parse(from === 0 ? text : text.slice(from), 0, !final);
  return { broken };
}
