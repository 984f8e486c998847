import { sign } from './address.ts';
import { ADDRESS_LIFE, isInParts, PART_BYTES, partCount, partSize } from './rules.ts';
import type { UploadView } from './schemas.ts';

/** A version of a document that waits for its file. */
export interface Awaited {
  organizationId: string;
  documentId: string;
  version: number;
  contentType: string;
  sizeBytes: number;
}

/**
 * The signed addresses that a file may be sent to, at `origin`, from an instant on (ms); `received` are the parts that
 * are there. The same instant gives the same addresses.
 */
export async function offerUpload(
  env: Env,
  { origin, awaited, from, received = [] }: { origin: string; awaited: Awaited; from: number; received?: number[] },
): Promise<UploadView> {
  const { organizationId, documentId, version, contentType, sizeBytes } = awaited;
  const expires = from + ADDRESS_LIFE;
  const about = { organizationId, documentId, version, expires };
  const expiresAt = new Date(expires).toISOString();
  if (!isInParts(sizeBytes)) {
    const token = await sign(env, { use: 'upload', ...about, contentType, sizeBytes });
    return {
      method: 'PUT',
      url: `${origin}/files/uploads/${token}`,
      headers: { 'Content-Type': contentType },
      expiresAt,
    };
  }
  const there = new Set(received);
  const numbers = Array.from({ length: partCount(sizeBytes) }, (_, index) => index + 1);
  const parts = await Promise.all(
    numbers.map(async (number) => {
      const token = await sign(env, { use: 'part', ...about, number, sizeBytes: partSize(sizeBytes, number) });
      return { number, url: `${origin}/files/parts/${token}`, received: there.has(number) };
    }),
  );
  const completeUrl = `${origin}/files/complete/${await sign(env, { use: 'complete', ...about })}`;
  return { partSizeBytes: PART_BYTES, parts, completeUrl, expiresAt };
}
