/** Which bytes of a file are asked for (RFC 9110, §14). */
export type Range = { kind: 'from'; first: number; last: number | null } | { kind: 'suffix'; length: number };

/**
 * The one range that a Range header asks for. Null without one, and for what a server may ignore: other units, several
 * ranges, what is not a range at all.
 */
export function rangeOf(header: string | undefined): Range | null {
  const [, first = '', last = ''] = /^bytes=\s*(\d{0,15})-(\d{0,15})\s*$/i.exec(header ?? '') ?? [];
  if (first === '') return last === '' ? null : { kind: 'suffix', length: Number(last) };
  if (last !== '' && Number(last) < Number(first)) return null;
  return { kind: 'from', first: Number(first), last: last === '' ? null : Number(last) };
}

/** The bytes that a range is of a file with so many; null when it has none of them. */
export function bytesOf(range: Range, size: number): { offset: number; length: number } | null {
  if (range.kind === 'suffix') {
    const length = Math.min(range.length, size);
    return length === 0 ? null : { offset: size - length, length };
  }
  if (range.first >= size) return null;
  const last = Math.min(range.last ?? size - 1, size - 1);
  return { offset: range.first, length: last - range.first + 1 };
}

/** The first byte that a range may begin with, as far as it says: a file with no more than that has none of it. */
export function firstOf(range: Range): number {
  if (range.kind === 'from') return range.first;
  return range.length === 0 ? Number.MAX_SAFE_INTEGER : 0;
}
