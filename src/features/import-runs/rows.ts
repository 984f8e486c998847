import { type CellReader, plainCell, type Read } from '../../csv/cells.ts';
import { isStorable } from '../../text/rules.ts';
import type { Mapping } from './mapping.ts';
import { plainName } from './targets.ts';

/** What is wrong with a row: in which column, the cell as it stood there, a code and a sentence. */
export interface RowError {
  column: string | null;
  value: string | null;
  code: string;
  message: string;
}

/** Longer cells are no words or amounts of anybody's. */
const MAX_CELL = 20_000;
/** How much of a cell an error shows. */
const SHOWN = 200;

/** The columns of a file as they are read: where each target stands. */
export interface Layout {
  columns: readonly string[];
  /** By target, in the file's order. */
  places: ReadonlyMap<string, { column: string; index: number }>;
}

/** The layout that a mapping gives to a file's columns. */
export function layoutOf(columns: readonly string[], mapping: Mapping): Layout {
  const targets = new Map(Object.entries(mapping).map(([column, target]) => [plainName(column), target]));
  const places = new Map<string, { column: string; index: number }>();
  for (const [index, column] of columns.entries()) {
    const target = targets.get(plainName(column));
    if (target) places.set(target, { column, index });
  }
  return { columns, places };
}

/** Reads a row's cells one by one, and remembers everything that is wrong with them. */
export interface RowReader {
  errors: RowError[];
  has: (target: string) => boolean;
  /** The cell without blanks around; empty where there is none. */
  text: (target: string) => string;
  /** What the cell says; null when it is empty or wrong. */
  read: <Value>(target: string, reader: CellReader<Value>) => Value | null;
  fail: (target: string, error: { code?: string; message: string }) => void;
}

export function rowReader(layout: Layout, cells: readonly string[]): RowReader {
  const errors: RowError[] = [];
  const text = (target: string) => {
    const place = layout.places.get(target);
    return place ? plainCell(cells[place.index] ?? '') : '';
  };
  const fail: RowReader['fail'] = (target, { code = 'VALIDATION_FAILED', message }) => {
    const place = layout.places.get(target);
    const value = place ? (cells[place.index] ?? '').slice(0, SHOWN) : null;
    errors.push({ column: place?.column ?? null, value, code, message });
  };
  return {
    errors,
    has: (target) => layout.places.has(target),
    text,
    fail,
    read<Value>(target: string, reader: CellReader<Value>): Value | null {
      const cell = text(target);
      if (cell === '') return null;
      // Nothing that is read is so long, and some readers take their time over a long text.
      const read: Read<Value> = cell.length > SHOWN ? { wrong: `has more than ${SHOWN} characters` } : reader(cell);
      if ('value' in read) return read.value;
      fail(target, { message: `"${cell.slice(0, 40)}" ${read.wrong}.` });
      return null;
    },
  };
}

/** What is wrong with a record as a whole: too many cells, or one that is no cell of a table. */
export function shapeErrors(
  layout: Layout,
  { cells, broken }: { cells: readonly string[]; broken: boolean },
): RowError[] {
  if (broken) {
    const message =
      'A quotation mark is not closed, or stands inside a cell without being doubled: the line cannot be parted into cells.';
    return [{ column: null, value: (cells[0] ?? '').slice(0, SHOWN), code: 'UNCLOSED_QUOTE', message }];
  }
  const odd = cells.findIndex((cell) => !isStorable(cell));
  if (odd >= 0) {
    const message = 'The cell has a character in it that is no text: NUL, or half of one.';
    return [{ column: layout.columns[odd] ?? null, value: null, code: 'INVALID_CHARACTER', message }];
  }
  const long = cells.findIndex((cell) => cell.length > MAX_CELL);
  if (long >= 0) {
    const message = `The cell has ${cells[long]?.length} characters; at most ${MAX_CELL} are read.`;
    return [
      {
        column: layout.columns[long] ?? null,
        value: (cells[long] ?? '').slice(0, SHOWN),
        code: 'CELL_TOO_LONG',
        message,
      },
    ];
  }
  const beyond = cells.findIndex((cell, index) => index >= layout.columns.length && cell.trim() !== '');
  if (beyond >= 0) {
    const message = `The row has ${cells.length} cells, the header ${layout.columns.length}: a delimiter inside a cell needs quotation marks around it.`;
    return [{ column: null, value: (cells[beyond] ?? '').slice(0, SHOWN), code: 'TOO_MANY_CELLS', message }];
  }
  const own = cells.map((cell) => plainName(cell));
  const repeats = own.filter((cell, index) => cell !== '' && cell === plainName(layout.columns[index] ?? '')).length;
  if (repeats >= 2 && repeats >= own.filter((cell) => cell !== '').length / 2) {
    return [
      { column: null, value: null, code: 'HEADER_REPEATED', message: 'The row says the names of the columns again.' },
    ];
  }
  return [];
}

/** Whether a record has nothing in it. */
export function isBlank(cells: readonly string[]): boolean {
  return cells.every((cell) => cell.trim() === '');
}
