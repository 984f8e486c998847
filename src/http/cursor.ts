import { refuse } from './problem.ts';

export interface Page<Row> {
  data: Row[];
  nextCursor: string | null;
}

type Key = string | number;

const MAX_LENGTH = 1_000;

function encode(key: readonly Key[]): string {
  const bytes = new TextEncoder().encode(JSON.stringify(key));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');
}

function decode(cursor: string): unknown {
  try {
    const binary = atob(cursor.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return null;
  }
}

/**
 * The key that a cursor carries: where the last page ended. `shape` has a sample of each part, and `name` the list and
 * its order, so that one list's cursor is an error in another.
 */
export function readCursor<Shape extends readonly Key[]>(
  cursor: string | undefined,
  list: { name: string; shape: Shape },
): { [Index in keyof Shape]: Shape[Index] extends number ? number : string } | null {
  if (cursor === undefined) return null;
  const parts = cursor.length > MAX_LENGTH ? null : decode(cursor);
  const fits =
    Array.isArray(parts) &&
    parts.length === list.shape.length + 1 &&
    parts[0] === list.name &&
    list.shape.every((sample, index) => typeof parts[index + 1] === typeof sample && parts[index + 1] !== '');
  if (!fits) refuse('INVALID_CURSOR', 'The cursor is not from this list: begin again without one.');
  return parts.slice(1) as { [Index in keyof Shape]: Shape[Index] extends number ? number : string };
}

/** A page of at most `limit` from `limit + 1` rows; the cursor is the key of the last row on it. */
export function pageOf<Row, View>(
  rows: readonly Row[],
  options: { limit: number; name: string; key: (row: Row) => readonly Key[]; view: (row: Row) => View },
): Page<View> {
  const shown = rows.slice(0, options.limit);
  const last = shown[shown.length - 1];
  return {
    data: shown.map(options.view),
    nextCursor: rows.length > options.limit && last ? encode([options.name, ...options.key(last)]) : null,
  };
}
