import sql from 'sql-template-tag';
import { rowsAs } from '../../database/database.ts';
import { AppError, refuse, Unavailable } from '../../http/problem.ts';
import type { DocumentVersionRow } from '../documents/table.ts';
import { beginParts, doomObject, endParts, isGone, noteObject, type PartsPlace } from './objects.ts';
import { awaitedVersion, exactly, type Incoming, put, refuseClosed, type Store, touchStatement } from './receive.ts';
import { type GrantOf, partCount } from './rules.ts';
import type { UploadPartRow } from './table.ts';

interface Place {
  object_key: string;
  upload_id: string;
}

/**
 * Takes a part. Two that write the same part at once cannot tell whose bytes R2 kept: then nobody's count, and the part
 * has to be sent again.
 */
export async function receivePart(
  store: Store,
  { grant, incoming }: { grant: GrantOf<'part'>; incoming: Incoming },
): Promise<number> {
  const { organizationId, number, sizeBytes } = grant;
  const stream = exactly(sizeBytes, incoming);
  const attempt = crypto.randomUUID();
  const open = sql`${awaitedVersion(grant)} AND version.upload_id IS NOT NULL`;
  const [, found] = await store.database.write([
    sql`INSERT INTO upload_parts (object_key, number, organization_id, attempt)
      SELECT version.object_key, ${number}, ${organizationId}, ${attempt} ${open}
      ON CONFLICT (object_key, number) DO UPDATE SET attempt = excluded.attempt, etag = NULL`,
    sql`SELECT version.object_key, version.upload_id ${open}`,
  ]);
  const [place] = rowsAs<Place>(found);
  if (!place) return refuseClosed(store, grant);
  const upload = store.env.FILES.resumeMultipartUpload(place.object_key, place.upload_id);
  const { etag } = await put(incoming, () => upload.uploadPart(number, stream));
  const [ended] = await store.database.write([
    sql`UPDATE upload_parts SET etag = CASE WHEN attempt = ${attempt} THEN ${etag} END,
        attempt = CASE WHEN attempt = ${attempt} THEN attempt ELSE ${crypto.randomUUID()} END
      WHERE object_key = ${place.object_key} AND number = ${number} AND +organization_id = ${organizationId}
      RETURNING etag`,
  ]);
  const [part] = rowsAs<Pick<UploadPartRow, 'etag'>>(ended);
  if (part?.etag !== etag) refuse('CONFLICT', 'The part was sent twice at the same time: send it once more.');
  return sizeBytes;
}

type Found = Pick<DocumentVersionRow, 'object_key' | 'upload_id' | 'size_bytes' | 'content_type'>;

/** Puts the parts together; a second time answers the same. Missing parts are named. */
export async function completeParts(store: Store, grant: GrantOf<'complete'>): Promise<number> {
  const { organizationId } = grant;
  const [[version], parts] = await store.database.read<[Found, Pick<UploadPartRow, 'number' | 'etag'>]>(
    sql`SELECT version.object_key, version.upload_id, version.size_bytes, version.content_type ${awaitedVersion(grant)}`,
    sql`SELECT number, etag FROM upload_parts WHERE etag IS NOT NULL AND +organization_id = ${organizationId}
      AND object_key = (SELECT version.object_key ${awaitedVersion(grant)}) ORDER BY number`,
  );
  if (!version || version.object_key === null) return refuseClosed(store, grant);
  const { object_key: key, upload_id: uploadId, size_bytes: sizeBytes } = version;
  if (uploadId === null) return sizeBytes;
  requireAll(parts, sizeBytes);
  const done = parts.map(({ number, etag }) => ({ partNumber: number, etag: etag ?? '' }));
  try {
    await store.env.FILES.resumeMultipartUpload(key, uploadId).complete(done);
  } catch (error) {
    // Completed by a request that died before it could say so; or R2 does not have the parts any more.
    const there = await store.env.FILES.head(key);
    if (there?.size !== sizeBytes) {
      if (!isGone(error)) throw new Unavailable();
      return beginAgain(store, { grant, version, old: { key, uploadId } });
    }
  }
  await store.database.write([
    touchStatement(grant),
    sql`UPDATE document_versions SET upload_id = NULL, mismatch = NULL
      WHERE document_id = ${grant.documentId} AND number = ${grant.version} AND +organization_id = ${organizationId}
        AND object_key = ${key} AND status = 'pending_upload'`,
  ]);
  return sizeBytes;
}

function requireAll(parts: readonly { number: number }[], sizeBytes: number): void {
  const there = new Set(parts.map(({ number }) => number));
  const missing: number[] = [];
  for (let number = 1; number <= partCount(sizeBytes); number++) if (!there.has(number)) missing.push(number);
  if (missing.length === 0) return;
  const detail = `${missing.length} of the ${partCount(sizeBytes)} parts are missing, the first of them number ${missing[0]}.`;
  throw new AppError({ code: 'CONFLICT', detail, details: { missing } });
}

async function beginAgain(
  store: Store,
  { grant, version, old }: { grant: GrantOf<'complete'>; version: Found; old: PartsPlace },
): Promise<never> {
  const { organizationId, documentId } = grant;
  const awaited = { ...grant, contentType: version.content_type, sizeBytes: version.size_bytes };
  const place = await beginParts(store.env.FILES, awaited);
  const isStill = sql`EXISTS (SELECT 1 FROM document_versions WHERE document_id = ${documentId} AND number = ${grant.version}
    AND organization_id = ${organizationId} AND object_key = ${old.key} AND upload_id = ${old.uploadId} AND status = 'pending_upload')`;
  const [noted] = await store.database.write([
    noteObject({ awaited, place, now: store.now }, isStill),
    doomObject({ key: old.key, organizationId }, isStill),
    sql`UPDATE document_versions SET object_key = ${place.key}, upload_id = ${place.uploadId}
      WHERE document_id = ${documentId} AND number = ${grant.version} AND +organization_id = ${organizationId}
        AND object_key = ${old.key} AND upload_id = ${old.uploadId} AND status = 'pending_upload'`,
  ]);
  if (noted?.changes === 0) {
    // Someone else has put the parts together, or begun again.
    await endParts(store.env.FILES, place);
    throw new Unavailable();
  }
  refuse('CONFLICT', 'The parts are not there any more: send all of them again, to the same addresses.');
}
