import sql, { type Sql } from 'sql-template-tag';
import { AppError } from '../../http/problem.ts';
import { isAllowedType, isImage, isRunnableName, plainType } from '../file-types/rules.ts';
import { beginParts, endParts, noteObject, type PartsPlace } from '../uploads/objects.ts';
import type { Awaited } from '../uploads/offer.ts';
import { isInParts } from '../uploads/rules.ts';
import type { NewFileOutput } from './schemas.ts';

function refuseType(pointer: string, message: string): never {
  const errors = [{ pointer, message }];
  throw new AppError({ code: 'UNSUPPORTED_MEDIA_TYPE', detail: `${pointer} ${message}.`, errors });
}

/** The announced file with its type made plain; refused when files of its type or name are never kept. */
export function checkedFile<File extends NewFileOutput>(file: File, { type }: { type: string }): File {
  const contentType = plainType(file.contentType);
  if (!isAllowedType(contentType)) refuseType('/contentType', 'is not a type that is kept here');
  if (isRunnableName(file.fileName)) refuseType('/fileName', 'is the name of a page or a program');
  if (type === 'avatar' && !isImage(contentType)) refuseType('/contentType', 'must be a picture for an avatar');
  return { ...file, contentType };
}

/**
 * Has a new version written by `commit`, with the place that its parts go to; what was begun in R2 is ended again when
 * the version is not written.
 */
export async function withPlace<Value>(
  env: Env,
  { awaited, commit }: { awaited: Omit<Awaited, 'version'>; commit: (place: PartsPlace | null) => Promise<Value> },
): Promise<Value> {
  if (!isInParts(awaited.sizeBytes)) return commit(null);
  const place = await beginParts(env.FILES, awaited);
  try {
    return await commit(place);
  } catch (error) {
    // While the database does not answer, the version may be there all the same.
    if (!(error instanceof AppError && error.refusal.code === 'UNAVAILABLE')) await endParts(env.FILES, place);
    throw error;
  }
}

/** Writes a version that waits for its file. */
export function versionStatements(
  {
    awaited,
    file,
    place,
    by,
    now,
  }: { awaited: Awaited; file: NewFileOutput; place: PartsPlace | null; by: string; now: number },
  proof: Sql,
): Sql[] {
  return [
    sql`INSERT INTO document_versions (document_id, number, organization_id, status, file_name, content_type, size_bytes, sha256,
        object_key, upload_id, created_by, created_at)
      SELECT ${awaited.documentId}, ${awaited.version}, ${awaited.organizationId}, 'pending_upload', ${file.fileName},
        ${file.contentType}, ${file.sizeBytes}, ${file.sha256}, ${place?.key ?? null}, ${place?.uploadId ?? null}, ${by}, ${now}
      WHERE ${proof}`,
    ...(place ? [noteObject({ awaited, place, now }, proof)] : []),
  ];
}
