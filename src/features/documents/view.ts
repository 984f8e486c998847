import { timestampOf } from '../../time/rules.ts';
import type { DocumentDetails, DocumentView, VersionView } from './schemas.ts';
import type { DocumentRow, DocumentVersionRow } from './table.ts';

/** A document with the version that is shown of it. */
export type ShownRow = Omit<DocumentRow, 'organization_id' | 'change_id' | 'last_version'> &
  Pick<
    DocumentVersionRow,
    'file_name' | 'content_type' | 'size_bytes' | 'sha256' | 'confirmed_at' | 'mismatch' | 'object_key'
  > & {
    version_status: DocumentVersionRow['status'];
    /** The newest version whose file is on its way. */
    pending_version: number | null;
    /** The highest number that any of its versions has. */
    newest_version: number;
    participant_status: string | null;
  };

/** What can be changed of a document. */
export function detailsOf(row: Pick<ShownRow, 'type' | 'title' | 'valid_from' | 'valid_to' | 'tags'>): DocumentDetails {
  return {
    type: row.type,
    title: row.title,
    validFrom: row.valid_from,
    validTo: row.valid_to,
    tags: JSON.parse(row.tags),
  };
}

/** A document as it is answered. */
export function documentView(row: ShownRow): DocumentView {
  const isThere = row.version_status === 'uploaded';
  return {
    id: row.id,
    participantId: row.participant_id,
    ...detailsOf(row),
    fileName: row.file_name,
    contentType: row.content_type,
    sizeBytes: row.size_bytes,
    sha256: row.sha256,
    status: row.status,
    version: row.version,
    pendingVersion: row.pending_version,
    mismatch: row.mismatch === null ? null : JSON.parse(row.mismatch),
    createdBy: row.created_by,
    createdAt: new Date(row.created_at).toISOString(),
    updatedAt: new Date(row.updated_at).toISOString(),
    uploadedAt: isThere ? timestampOf(row.confirmed_at) : null,
    deletedAt: timestampOf(row.deleted_at),
    deletedBy: row.deleted_by,
    deleteReason: row.delete_reason,
  };
}

/** A version of a document as it is answered. */
export function versionView(row: DocumentVersionRow): VersionView {
  return {
    version: row.number,
    status: row.status,
    fileName: row.file_name,
    contentType: row.content_type,
    sizeBytes: row.size_bytes,
    sha256: row.sha256,
    mismatch: row.mismatch === null ? null : JSON.parse(row.mismatch),
    createdBy: row.created_by,
    createdAt: new Date(row.created_at).toISOString(),
    uploadedAt: row.status === 'uploaded' ? timestampOf(row.confirmed_at) : null,
  };
}
