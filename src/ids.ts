import { TypeID, typeid } from 'typeid-js';

/** What an id may belong to, by its TypeID prefix (`par_01h…`). */
export const ID_PREFIXES = [
  'org',
  'usr',
  'par',
  'pln',
  'bud',
  'svc',
  'imp',
  'doc',
  'thr',
  'msg',
  'alr',
  'eml',
  'run',
  'inc',
  'met',
  'chg',
] as const;
export type IdPrefix = (typeof ID_PREFIXES)[number];

/** A new TypeID: the prefix and a UUIDv7, so that ids sort by the time they were made. */
export function newId(prefix: IdPrefix): string {
  return typeid(prefix).toString();
}

/**
 * The beginning of ids for rows that a statement counts out itself: with a number of five digits behind it, each is a
 * TypeID. Two stems never begin alike: their time and 45 random bits are in it.
 */
export function idStem(prefix: IdPrefix): string {
  return newId(prefix).slice(0, -5);
}

/** The id that sorts first of those that are made at an instant (ms), because ids begin with their time. */
export function firstIdAt(prefix: IdPrefix, instant: number): string {
  const time = Math.max(0, instant).toString(16).padStart(12, '0');
  return TypeID.fromUUID(prefix, `${time.slice(0, 8)}-${time.slice(8)}-0000-0000-000000000000`).toString();
}

/** Whether `value` is a well-formed TypeID with this prefix. */
export function isId(prefix: IdPrefix, value: string): boolean {
  if (!value.startsWith(`${prefix}_`)) return false;
  try {
    TypeID.fromString(value, prefix);
    return true;
  } catch {
    return false;
  }
}
