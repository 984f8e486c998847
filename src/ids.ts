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
  'chg',
] as const;
export type IdPrefix = (typeof ID_PREFIXES)[number];

/** A new TypeID: the prefix and a UUIDv7, so that ids sort by the time they were made. */
export function newId(prefix: IdPrefix): string {
  return typeid(prefix).toString();
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
