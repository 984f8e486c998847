/** Letters that NFKD leaves whole, as people type them without their own keyboard. */
const PLAIN: Record<string, string> = { ø: 'o', ł: 'l', đ: 'd', ð: 'd', þ: 'th', ß: 'ss', æ: 'ae', œ: 'oe', ı: 'i' };

/** The text without case and accents: what two spellings of one name share. */
export function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[øłđðþßæœı]/g, (letter) => PLAIN[letter] ?? letter);
}

const NOT_WORD = /[^\p{L}\p{N}]+/gu;

/** A folded text's words as a search finds them: each run of letters and digits, and each spaced part joined. */
export function wordsOf(text: string): string[] {
  const words = new Set<string>();
  for (const part of fold(text).split(/\s+/)) {
    words.add(part.replace(NOT_WORD, ''));
    for (const word of part.split(NOT_WORD)) words.add(word);
  }
  words.delete('');
  return [...words];
}

/**
 * What a person typed into a search box, as word beginnings, longest first; digits with spaces between them are one
 * number. Empty when there is nothing to look for.
 */
export function searchTerms(search: string): string[] {
  const folded = fold(search);
  if (/^[\d\s]+$/.test(folded)) {
    const digits = folded.replace(/\s+/g, '');
    return digits === '' ? [] : [digits];
  }
  const terms = new Set(folded.split(/\s+/).map((part) => part.replace(NOT_WORD, '')));
  terms.delete('');
  return [...terms].sort((a, b) => b.length - a.length);
}

/** The end of the range of texts that begin with `prefix`: `word >= prefix AND word < prefixEnd(prefix)`. */
export function prefixEnd(prefix: string): string {
  return `${prefix}\u{10FFFF}`;
}

/** Whether storage keeps the text as it is: no NUL (cuts it short), no lone surrogate (comes back changed). */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}
