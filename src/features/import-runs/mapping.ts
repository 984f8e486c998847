import type { ImportKind } from '../imports/table.ts';
import { readCategory } from './categories.ts';
import { ALIASES, NEEDED, plainName } from './targets.ts';

/** What each column is read as, by the column's name: a target, or null for a column that is left alone. */
export type Mapping = Record<string, string | null>;

export interface ProposedColumn {
  column: string;
  target: string | null;
  /** From 0 to 1: 1 where a mapping says so, 0 for a column that is left alone. */
  confidence: number;
}

/** Why a file as a whole cannot be read. */
export interface FileProblem {
  code: string;
  message: string;
}

/** Words that say whose column it is, and no more. */
const WHOSE = /^(?:client|participant|customer|consumer|person)s?/;

/** The columns' names: blanks tidied, empty ones at the end dropped; a second one of a name is called `Name (2)`. */
export function columnNames(header: readonly string[]): string[] {
  const counts = new Map<string, number>();
  const names = header.map((cell, index) => {
    const name = cell.replace(/\s+/g, ' ').trim() || `Column ${index + 1}`;
    const count = (counts.get(plainName(name)) ?? 0) + 1;
    counts.set(plainName(name), count);
    return count === 1 ? name : `${name} (${count})`;
  });
  const last = header.findLastIndex((cell) => cell.trim() !== '');
  return names.slice(0, last + 1);
}

function guess(kind: ImportKind, column: string): { target: string | null; confidence: number } {
  const plain = plainName(column.replace(/ \(\d+\)$/, ''));
  const known = ALIASES[kind].get(plain) ?? ALIASES[kind].get(plainName(column));
  if (known) return { target: known, confidence: plain === plainName(known) ? 1 : 0.95 };
  const less = ALIASES[kind].get(plain.replace(WHOSE, ''));
  if (less) return { target: less, confidence: 0.8 };
  if (kind === 'participants') {
    const amount = readCategory(
      column.replace(/\b(?:budget|amount|funding|allocated|total)\b/gi, '').replace(/\$/g, ''),
    );
    if (amount) {
      return { target: `allocated:${String(amount.code).padStart(2, '0')}`, confidence: amount.certain ? 0.9 : 0.7 };
    }
  }
  return { target: null, confidence: 0 };
}

/** What each column of a file most probably holds; `given` settles the columns that it names. */
export function proposeColumns(
  kind: ImportKind,
  { columns, given = {} }: { columns: readonly string[]; given?: Mapping | undefined },
): ProposedColumn[] {
  const settled = new Map(Object.entries(given).map(([column, target]) => [plainName(column), target]));
  const proposed = columns.map((column): ProposedColumn => {
    const target = settled.get(plainName(column));
    if (target !== undefined) return { column, target, confidence: target === null ? 0 : 1 };
    return { column, ...guess(kind, column) };
  });
  return kind === 'participants' ? withoutWhole(proposed) : proposed;
}

/** Where two columns have the names, one that has both adds nothing; where a category column has amounts, so do amount columns. */
function withoutWhole(columns: readonly ProposedColumn[]): ProposedColumn[] {
  const targets = new Set(columns.map((column) => column.target));
  const inParts = targets.has('firstName') && targets.has('lastName');
  return columns.map((column) =>
    inParts && column.target === 'fullName' && column.confidence < 1
      ? { ...column, target: null, confidence: 0 }
      : column,
  );
}

/** What makes the columns unreadable as a whole: two for one target, none for a necessary one, a mapping of no column. */
export function columnProblems(
  kind: ImportKind,
  { columns, given = {} }: { columns: readonly ProposedColumn[]; given?: Mapping | undefined },
): FileProblem[] {
  const problems: FileProblem[] = [];
  const known = new Set(columns.map(({ column }) => plainName(column)));
  for (const column of Object.keys(given)) {
    if (known.has(plainName(column))) continue;
    problems.push({
      code: 'UNKNOWN_COLUMN',
      message: `The mapping names the column "${column}", which the file does not have.`,
    });
  }
  const byTarget = Map.groupBy(columns, (column) => column.target);
  for (const [target, list] of byTarget) {
    if (target === null || list.length === 1) continue;
    const names = list.map(({ column }) => `"${column}"`).join(' and ');
    problems.push({
      code: 'AMBIGUOUS_COLUMNS',
      message: `The columns ${names} are both read as ${target}: say in the mapping which of them it is.`,
    });
  }
  const missing = NEEDED[kind].filter((target) => !byTarget.has(target));
  if (missing.length > 0) {
    problems.push({
      code: 'MISSING_COLUMNS',
      message: `No column was recognised as ${missing.join(', ')}: name it in the mapping, or in the file.`,
    });
  }
  return problems;
}

/** The mapping that the columns are read by. */
export function mappingOf(columns: readonly ProposedColumn[]): Mapping {
  return Object.fromEntries(columns.map(({ column, target }) => [column, target]));
}
