import { directoryOf, entriesOf, faultOfOffice, MAX_DIRECTORY, TAIL_BYTES } from './archive.ts';
import { beginsAs, HEAD_BYTES, officeFamily } from './rules.ts';

/** In what a file differs from what was announced. */
export interface Mismatch {
  field: 'sizeBytes' | 'sha256' | 'contentType';
  expected: string | number;
  found: string | number | null;
}

export interface Announced {
  contentType: string;
  sizeBytes: number;
  sha256: string | null;
}

interface Stored {
  bucket: R2Bucket;
  key: string;
  /** Of the object. */
  size: number;
}

async function bytesOf({ bucket, key, size }: Stored, range: { offset: number; length: number }): Promise<Uint8Array> {
  const length = Math.min(range.length, size - range.offset);
  if (range.offset < 0 || length <= 0) return new Uint8Array();
  const object = await bucket.get(key, { range: { offset: range.offset, length } });
  return object ? new Uint8Array(await object.arrayBuffer()) : new Uint8Array();
}

async function faultOfArchive(stored: Stored, family: 'docx' | 'xlsx'): Promise<string | null> {
  const length = Math.min(TAIL_BYTES, stored.size);
  const directory = directoryOf(await bytesOf(stored, { offset: stored.size - length, length }));
  if (!directory || directory.length > MAX_DIRECTORY) return 'is no ZIP archive that can be read';
  const entries = entriesOf(await bytesOf(stored, directory), directory.entries);
  return entries ? faultOfOffice(entries, family) : 'is no ZIP archive that can be read';
}

/** The SHA-256 of an object, in hexadecimal, streamed; null when it is not there. */
export async function hashObject(bucket: R2Bucket, key: string): Promise<string | null> {
  const object = await bucket.get(key);
  if (!object) return null;
  const digest = new crypto.DigestStream('SHA-256');
  await object.body.pipeTo(digest);
  return Array.from(new Uint8Array(await digest.digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** In what an object's size and first bytes differ from what was announced; of an Office file, its contents too. */
export async function inspectObject(
  bucket: R2Bucket,
  { key, announced }: { key: string; announced: Announced },
): Promise<Mismatch[]> {
  const { contentType, sizeBytes } = announced;
  const head = await bucket.head(key);
  if (!head) return [{ field: 'sizeBytes', expected: sizeBytes, found: null }];
  if (head.size !== sizeBytes) return [{ field: 'sizeBytes', expected: sizeBytes, found: head.size }];
  const stored = { bucket, key, size: head.size };
  if (!beginsAs(contentType, await bytesOf(stored, { offset: 0, length: HEAD_BYTES }))) {
    return [{ field: 'contentType', expected: contentType, found: 'something else' }];
  }
  const family = officeFamily(contentType);
  const fault = family && (await faultOfArchive(stored, family));
  return fault ? [{ field: 'contentType', expected: contentType, found: fault }] : [];
}
