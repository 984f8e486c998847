import sql, { type Sql } from 'sql-template-tag';
import type { Awaited } from './offer.ts';

/** A new place in R2 for the file of a version: no two uploads ever write to the same one. */
export function newObjectKey({ organizationId, documentId }: Pick<Awaited, 'organizationId' | 'documentId'>): string {
  return `documents/${organizationId}/${documentId}/${crypto.randomUUID()}`;
}

/** A place in R2 to which the parts of a file go. */
export interface PartsPlace {
  key: string;
  uploadId: string;
}

/** Begins an upload in parts. What comes of it must be noted with `noteObject`, or ended with `endParts`. */
export async function beginParts(
  bucket: R2Bucket,
  awaited: Omit<Awaited, 'version' | 'sizeBytes'>,
): Promise<PartsPlace> {
  const key = newObjectKey(awaited);
  const upload = await bucket.createMultipartUpload(key, { httpMetadata: { contentType: awaited.contentType } });
  return { key, uploadId: upload.uploadId };
}

/** Whether R2 says that the upload or a part of it is not there: its codes 10024, 10025 and 10048. */
export function isGone(error: unknown): boolean {
  return (
    error instanceof Error && /100(?:24|25|48)|does not exist|could not be found|invalid part/i.test(error.message)
  );
}

/** Ends an upload in parts that nothing came of. Whether it is over: one that was over already is, too. */
export async function endParts(bucket: R2Bucket, { key, uploadId }: PartsPlace): Promise<boolean> {
  try {
    await bucket.resumeMultipartUpload(key, uploadId).abort();
    return true;
  } catch (error) {
    return isGone(error);
  }
}

/** Notes an object before it is written, so that it is found when nothing comes of it. */
export function noteObject(
  {
    awaited,
    place,
    now,
  }: {
    awaited: Omit<Awaited, 'contentType' | 'sizeBytes'>;
    place: { key: string; uploadId: string | null };
    now: number;
  },
  proof: Sql,
): Sql {
  return sql`INSERT INTO upload_objects (object_key, organization_id, document_id, version, upload_id, created_at)
    SELECT ${place.key}, ${awaited.organizationId}, ${awaited.documentId}, ${awaited.version}, ${place.uploadId}, ${now} WHERE ${proof}`;
}

/** Gives an object up: nothing may be made of it any more, and the sweep takes it away. */
export function doomObject({ key, organizationId }: { key: string; organizationId: string }, proof: Sql): Sql {
  return sql`UPDATE upload_objects SET doomed = 1
    WHERE object_key = ${key} AND +organization_id = ${organizationId} AND ${proof}`;
}

/** Takes away objects that nothing may be made of any more: from R2, and then from the notes. */
export async function removeObjects(
  env: Env,
  objects: readonly { object_key: string; upload_id: string | null }[],
): Promise<Sql[]> {
  const keys: string[] = [];
  for (const { object_key: key, upload_id: uploadId } of objects) {
    // What cannot be ended now stays noted.
    if (uploadId === null || (await endParts(env.FILES, { key, uploadId }))) keys.push(key);
  }
  if (keys.length === 0) return [];
  await env.FILES.delete(keys);
  const gone = JSON.stringify(keys);
  return [
    sql`DELETE FROM upload_parts WHERE object_key IN (SELECT value FROM json_each(${gone}))`,
    sql`DELETE FROM upload_objects WHERE object_key IN (SELECT value FROM json_each(${gone})) AND +doomed = 1`,
  ];
}
