/** ZIP archives by hand (APPNOTE.TXT §4.3), so that a test can have one that lies. */

export interface Packed {
  name: string;
  content?: string | Uint8Array;
  /** Deflated as a writer does; stored as it is without. */
  deflated?: boolean;
  /** What the list of contents says of the length, in place of what is true. */
  claimedBytes?: number;
}

export interface ZipOptions {
  comment?: string;
  /** How many entries the end of the list says there are. */
  claimedEntries?: number;
  /** Before the first entry: an archive may begin anywhere in a file. */
  prefix?: Uint8Array;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (TABLE[(crc ^ byte) & 0xff] ?? 0);
  return (crc ^ 0xffffffff) >>> 0;
}

export function joined(...pieces: readonly (Uint8Array | string | readonly number[])[]): Uint8Array {
  const arrays = pieces.map((piece) =>
    typeof piece === 'string' ? new TextEncoder().encode(piece) : Uint8Array.from(piece),
  );
  const all = new Uint8Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}

async function deflate(bytes: Uint8Array): Promise<Uint8Array> {
  const packed = new Response(bytes).body?.pipeThrough(new CompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(packed ?? null).arrayBuffer());
}

/** Numbers in little-endian order, each as [value, bytes]. */
function fields(...numbers: readonly (readonly [value: number, bytes: number])[]): number[] {
  return numbers.flatMap(([value, bytes]) =>
    Array.from({ length: bytes }, (_, at) => Math.floor(value / 256 ** at) % 256),
  );
}

export async function zip(entries: readonly Packed[], options: ZipOptions = {}): Promise<Uint8Array> {
  const prefix = options.prefix ?? new Uint8Array();
  const locals: Uint8Array[] = [];
  const list: Uint8Array[] = [];
  let offset = prefix.length;
  for (const { name, content = '', deflated = false, claimedBytes } of entries) {
    const plain = joined(content);
    const packed = deflated ? await deflate(plain) : plain;
    const title = new TextEncoder().encode(name);
    const common = fields(
      [20, 2],
      [0x0800, 2],
      [deflated ? 8 : 0, 2],
      [0, 4],
      [crc32(plain), 4],
      [packed.length, 4],
      [claimedBytes ?? plain.length, 4],
      [title.length, 2],
      [0, 2],
    );
    const local = joined([0x50, 0x4b, 3, 4], common, title, packed);
    list.push(joined([0x50, 0x4b, 1, 2, 20, 0], common, fields([0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]), title));
    locals.push(local);
    offset += local.length;
  }
  const directory = joined(...list.map((entry) => Array.from(entry)));
  const comment = new TextEncoder().encode(options.comment ?? '');
  const count = options.claimedEntries ?? entries.length;
  const end = fields([0, 2], [0, 2], [count, 2], [count, 2], [directory.length, 4], [offset, 4], [comment.length, 2]);
  return joined(prefix, ...locals, directory, [0x50, 0x4b, 5, 6], end, comment);
}
