/** The contents list of a ZIP archive (APPNOTE.TXT §4.3.12 and §4.3.16), read from its end. Nothing is unpacked. */

/** How much of an archive's end its last record is looked for in: the record, and the longest comment. */
export const TAIL_BYTES = 22 + 65_535;

const END = 0x06054b50;
const ENTRY = 0x02014b50;
/** In place of a number that is too large for its field: the archive is larger than any of ours. */
const TOO_LARGE = 0xffffffff;

export interface Directory {
  /** Where the list begins in the file, and its length, in bytes. */
  offset: number;
  length: number;
  entries: number;
}

export interface Entry {
  name: string;
  packedBytes: number;
  unpackedBytes: number;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Where an archive's list of contents is, from the archive's last bytes; null when they are not an archive's. */
export function directoryOf(tail: Uint8Array): Directory | null {
  const view = viewOf(tail);
  for (let at = tail.length - 22; at >= 0; at--) {
    if (view.getUint32(at, true) !== END || at + 22 + view.getUint16(at + 20, true) !== tail.length) continue;
    const [length, offset] = [view.getUint32(at + 12, true), view.getUint32(at + 16, true)];
    if (length === TOO_LARGE || offset === TOO_LARGE) return null;
    return { offset, length, entries: view.getUint16(at + 10, true) };
  }
  return null;
}

/** The entries of a list of contents; null when it is not one. */
export function entriesOf(directory: Uint8Array, count: number): Entry[] | null {
  const view = viewOf(directory);
  const entries: Entry[] = [];
  let at = 0;
  while (entries.length < count) {
    if (at + 46 > directory.length || view.getUint32(at, true) !== ENTRY) return null;
    const nameLength = view.getUint16(at + 28, true);
    const name = new TextDecoder().decode(directory.subarray(at + 46, at + 46 + nameLength));
    entries.push({ name, packedBytes: view.getUint32(at + 20, true), unpackedBytes: view.getUint32(at + 24, true) });
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  // A list that goes on hides something.
  return at === directory.length ? entries : null;
}

/** The longest list of contents that is read, in bytes: some 5,000 entries. */
export const MAX_DIRECTORY = 512 * 1024;
/** More than so many bytes, unpacked from less than a two hundredth of them, is a bomb. */
const BOMB_BYTES = 10 * 1024 * 1024;
const BOMB_RATIO = 200;

/** The part that every such file has; Word for the web numbers it. */
const MAIN_PART = { docx: /^word\/document\d*\.xml$/, xlsx: /^xl\/workbook\d*\.xml$/ } as const;

/** What is wrong with an Office file of these entries; null when nothing is. */
export function faultOfOffice(entries: readonly Entry[], family: 'docx' | 'xlsx'): string | null {
  const names = new Set(entries.map(({ name }) => name));
  if (!names.has('[Content_Types].xml') || !entries.some(({ name }) => MAIN_PART[family].test(name)))
    return `is a ZIP archive that is no ${family}`;
  if (entries.some(({ name }) => /vbaProject\.bin$/i.test(name))) return 'contains macros';
  if (entries.some(({ name }) => name.startsWith('/') || /(?:^|[/\\])\.\.(?:[/\\]|$)/.test(name)))
    return 'contains names that lead out of it';
  const total = (of: (entry: Entry) => number) => entries.reduce((sum, entry) => sum + of(entry), 0);
  const unpacked = total((entry) => entry.unpackedBytes);
  const packed = total((entry) => entry.packedBytes);
  if (entries.some(({ unpackedBytes }) => unpackedBytes === TOO_LARGE)) return 'unpacks to more than 4 GB';
  if (unpacked > BOMB_BYTES && unpacked > packed * BOMB_RATIO) return 'unpacks to hundreds of times its size';
  return null;
}
