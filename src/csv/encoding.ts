/** How a file's bytes are text. What spreadsheets write: UTF-8, UTF-16 ("Unicode text"), or Windows-1252. */
export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';

export type Recognised =
  | { kind: 'text'; encoding: Encoding; markBytes: number }
  /** What the bytes are instead, where that can be said. */
  | { kind: 'binary'; what: string };

const SIGNATURES: readonly [string, readonly number[]][] = [
  ['an Excel workbook or a ZIP archive', [0x50, 0x4b, 0x03, 0x04]],
  ['an old Excel workbook', [0xd0, 0xcf, 0x11, 0xe0]],
  ['a PDF', [0x25, 0x50, 0x44, 0x46]],
  ['a picture', [0x89, 0x50, 0x4e, 0x47]],
  ['a picture', [0xff, 0xd8, 0xff]],
];

function beginsWith(bytes: Uint8Array, signature: readonly number[]): boolean {
  return signature.every((byte, index) => bytes[index] === byte);
}

/** Of the bytes on even and on odd places, the share that is zero. */
function zeros(bytes: Uint8Array): { even: number; odd: number } {
  const counts = { even: 0, odd: 0 };
  for (const [index, byte] of bytes.entries()) if (byte === 0) counts[index % 2 === 0 ? 'even' : 'odd'] += 1;
  const half = Math.max(1, bytes.length / 2);
  return { even: counts.even / half, odd: counts.odd / half };
}

/**
 * Recognises a file by its first bytes (a few thousand are enough). Without a mark or zeros it is called UTF-8: only
 * all of the file can tell it from Windows-1252, which `decoder` finds out.
 */
export function recognise(bytes: Uint8Array): Recognised {
  if (beginsWith(bytes, [0xef, 0xbb, 0xbf])) return { kind: 'text', encoding: 'utf-8', markBytes: 3 };
  if (beginsWith(bytes, [0xff, 0xfe])) return { kind: 'text', encoding: 'utf-16le', markBytes: 2 };
  if (beginsWith(bytes, [0xfe, 0xff])) return { kind: 'text', encoding: 'utf-16be', markBytes: 2 };
  const known = SIGNATURES.find(([, signature]) => beginsWith(bytes, signature));
  if (known) return { kind: 'binary', what: known[0] };
  const { even, odd } = zeros(bytes);
  if (odd > 0.4 && even < 0.1) return { kind: 'text', encoding: 'utf-16le', markBytes: 0 };
  if (even > 0.4 && odd < 0.1) return { kind: 'text', encoding: 'utf-16be', markBytes: 0 };
  if (even + odd > 0) return { kind: 'binary', what: 'no text' };
  return { kind: 'text', encoding: 'utf-8', markBytes: 0 };
}

/** A decoder that keeps what a piece ends in the middle of. Throws `TypeError` for bytes that are not UTF-8. */
export function decoder(encoding: Encoding): TextDecoder {
  return new TextDecoder(encoding, { fatal: encoding === 'utf-8', ignoreBOM: true });
}

const encoder = new TextEncoder();

/** How many bytes of the file a text takes. */
export function bytesOf(text: string, encoding: Encoding): number {
  if (encoding === 'windows-1252') return text.length;
  return encoding === 'utf-8' ? encoder.encode(text).length : text.length * 2;
}
