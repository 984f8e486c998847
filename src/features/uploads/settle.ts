import sql, { type Sql } from 'sql-template-tag';
import { type Changing, commitChange } from '../audit/commit.ts';
import type { DocumentVersionRow } from '../documents/table.ts';
import { detailsOf, type ShownRow } from '../documents/view.ts';
import { replaceWords } from '../documents/words.ts';
import type { Mismatch } from '../file-types/inspect.ts';
import type { Answer } from '../idempotency/record.ts';
import { participantIsOpen } from '../participants/open.ts';
import { doomObject, noteObject, type PartsPlace } from './objects.ts';

/** A version whose file has come. */
export type Come = Pick<
  DocumentVersionRow,
  'document_id' | 'number' | 'organization_id' | 'status' | 'file_name' | 'content_type' | 'size_bytes' | 'sha256'
> & { object_key: string };

/** What became of a file that has come. */
export type Outcome =
  | { kind: 'uploaded'; sha256: string }
  /** It is what was announced but for its hash, which is not known yet. */
  | { kind: 'verifying' }
  /** It is not what was announced; a file in parts is awaited at another place. */
  | { kind: 'mismatched'; mismatches: readonly Mismatch[]; place: PartsPlace | null };

/** What is shown of a document once its file is settled; `waiting` are the other files on their way, by number. */
export function afterSettling(
  row: ShownRow,
  { come, outcome, now, waiting }: { come: Come; outcome: Outcome; now: number; waiting: readonly number[] },
): ShownRow {
  const changed = { ...row, revision: row.revision + 1, updated_at: now };
  const others = [...waiting].filter((number) => number !== come.number);
  const pending = { pending_version: others.length > 0 ? Math.max(...others) : null };
  const file = { file_name: come.file_name, content_type: come.content_type, size_bytes: come.size_bytes };
  const isFirst = row.version_status !== 'uploaded';
  const isShown = isFirst || come.number > row.version;
  const status = row.status === 'deleted' ? ('deleted' as const) : ('uploaded' as const);
  switch (outcome.kind) {
    case 'uploaded':
      return {
        ...changed,
        ...pending,
        ...(isShown && {
          ...file,
          version: come.number,
          status,
          version_status: 'uploaded' as const,
          sha256: outcome.sha256,
          mismatch: null,
          confirmed_at: now,
        }),
      };
    case 'verifying': {
      const later = { pending_version: Math.max(come.number, ...others) };
      if (row.version_status !== 'pending_upload') return { ...changed, ...later };
      const verifying = { status: 'verifying' as const, version_status: 'verifying' as const };
      return { ...changed, ...later, ...file, ...verifying, version: come.number, sha256: come.sha256, mismatch: null };
    }
    case 'mismatched': {
      if (row.version !== come.number || row.version_status === 'uploaded') return changed;
      const back = row.status === 'deleted' ? row.status : ('pending_upload' as const);
      return { ...changed, status: back, version_status: 'pending_upload' };
    }
  }
}

/**
 * Writes what became of a file: what is shown of its document, its version, and whether its object is kept. False when
 * it is not so any more: another file came, or the document was changed. Nothing was written then.
 */
export async function settle(
  ctx: Changing,
  {
    row,
    next,
    come,
    outcome,
    answer,
  }: { row: ShownRow; next: ShownRow; come: Come; outcome: Outcome; answer?: Answer },
): Promise<boolean> {
  const { document_id: id, number, organization_id: organizationId, object_key: key } = come;
  const isThere = sql`EXISTS (SELECT 1 FROM document_versions WHERE document_id = ${id} AND number = ${number}
    AND organization_id = ${organizationId} AND status = ${come.status} AND object_key = ${key} AND upload_id IS NULL)`;
  const first = sql`${participantIsOpen(sql`documents.participant_id`, organizationId)}
    AND EXISTS (SELECT 1 FROM upload_objects WHERE object_key = ${key} AND doomed = 0)`;
  const words = { documentId: id, organizationId, ...detailsOf(next), fileName: next.file_name };
  return commitChange(ctx, {
    table: 'documents',
    head: (
      changeId,
    ) => sql`UPDATE documents SET version = ${next.version}, status = ${next.status}, updated_at = ${next.updated_at},
        revision = ${next.revision}, change_id = ${changeId}
      WHERE id = ${id} AND organization_id = ${organizationId} AND revision = ${row.revision} AND ${isThere}
        AND ${come.status === 'pending_upload' ? first : sql`true`}
      RETURNING id`,
    also: (proof) => [
      ...versionStatements(ctx, { come, outcome, proof }),
      ...(next.file_name === row.file_name ? [] : replaceWords(words, proof)),
    ],
    audit: {
      entityId: id,
      ...(outcome.kind === 'mismatched'
        ? { action: 'document.rejected', after: { version: number, mismatches: outcome.mismatches } }
        : { action: 'document.uploaded', after: { version: number, status: outcome.kind } }),
    },
    ...(answer && { answer }),
  });
}

function versionStatements(
  { now }: Changing,
  { come, outcome, proof }: { come: Come; outcome: Outcome; proof: Sql },
): Sql[] {
  const { document_id: documentId, number: version, organization_id: organizationId, object_key: key } = come;
  const where = sql`WHERE document_id = ${documentId} AND number = ${version} AND +organization_id = ${organizationId} AND ${proof}`;
  const ofObject = sql`WHERE object_key = ${key} AND +organization_id = ${organizationId} AND ${proof}`;
  const parts = sql`DELETE FROM upload_parts ${ofObject}`;
  const note = sql`DELETE FROM upload_objects ${ofObject}`;
  switch (outcome.kind) {
    case 'uploaded':
      return [
        sql`UPDATE document_versions SET status = 'uploaded', sha256 = ${outcome.sha256}, mismatch = NULL,
          confirmed_at = coalesce(confirmed_at, ${now}) ${where}`,
        parts,
        note,
      ];
    case 'verifying':
      return [
        sql`UPDATE document_versions SET status = 'verifying', mismatch = NULL, confirmed_at = ${now} ${where}`,
        parts,
        note,
      ];
    case 'mismatched': {
      const { place, mismatches } = outcome;
      const awaited = { organizationId, documentId, version };
      // While it was verified, its object was no longer noted.
      const again = { awaited, place: { key, uploadId: null }, now };
      return [
        sql`UPDATE document_versions SET status = 'pending_upload', confirmed_at = NULL, mismatch = ${JSON.stringify(mismatches)},
          object_key = ${place?.key ?? null}, upload_id = ${place?.uploadId ?? null} ${where}`,
        ...(come.status === 'verifying' ? [noteObject(again, proof)] : []),
        doomObject({ key, organizationId }, proof),
        ...(place ? [noteObject({ awaited, place, now }, proof)] : []),
      ];
    }
  }
}
