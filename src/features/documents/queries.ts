import sql, { join, raw, type Sql } from 'sql-template-tag';
import type * as z from 'zod';
import type { Context } from '../../context.ts';
import { type Page, pageOf, readCursor } from '../../http/cursor.ts';
import { notFound, refuse } from '../../http/problem.ts';
import { searchWords } from '../../http/search.ts';
import { prefixEnd } from '../../text/rules.ts';
import { refuseArchived } from '../participants/open.ts';
import type { Awaited } from '../uploads/offer.ts';
import { isInParts, partCount } from '../uploads/rules.ts';
import type { DocumentView, ListDocuments, VersionView } from './schemas.ts';
import type { DocumentVersionRow } from './table.ts';
import { documentView, type ShownRow, versionView } from './view.ts';

const SHOWN =
  raw(`document.id, document.participant_id, document.type, document.title, document.valid_from, document.valid_to,
  document.tags, document.status, document.version, document.created_by, document.created_at, document.updated_at,
  document.deleted_at, document.deleted_by, document.delete_reason, document.revision,
  version.file_name, version.content_type, version.size_bytes, version.sha256, version.confirmed_at, version.mismatch,
  version.object_key, version.status AS version_status,
  (SELECT max(number) FROM document_versions WHERE document_id = document.id AND status <> 'uploaded') AS pending_version`);

const VERSION_COLUMNS =
  raw(`document_id, number, organization_id, status, file_name, content_type, size_bytes, sha256, object_key,
  upload_id, mismatch, created_by, created_at, confirmed_at`);

/** The read of one document, deleted ones included, with the version that is shown. */
export function documentStatement(id: string, organizationId: string): Sql {
  return sql`SELECT ${SHOWN}, document.last_version AS newest_version,
      (SELECT status FROM participants
      WHERE id = document.participant_id AND organization_id = ${organizationId}) AS participant_status
    FROM documents document
    JOIN document_versions version ON version.document_id = document.id AND version.number = document.version
    WHERE document.id = ${id} AND document.organization_id = ${organizationId}`;
}

/** A document; `NOT_FOUND` for an unknown id, another organisation's or one that is deleted. */
export async function findDocument(ctx: Context, id: string): Promise<ShownRow> {
  const [[row]] = await ctx.database.read<[ShownRow]>(documentStatement(id, ctx.tenant.id));
  return row && row.status !== 'deleted' ? row : notFound('document');
}

/** The read of a document's versions, newest first, from below a number. */
export function versionsStatement(
  id: string,
  { organizationId, below, limit }: { organizationId: string; below: number; limit: number },
): Sql {
  return sql`SELECT ${VERSION_COLUMNS} FROM document_versions
    WHERE document_id = ${id} AND +organization_id = ${organizationId} AND number < ${below} ORDER BY number DESC LIMIT ${limit}`;
}

/** A page of a document's versions, newest first. */
export async function listVersions(
  ctx: Context,
  { id, limit, cursor }: { id: string; limit: number; cursor?: string | undefined },
): Promise<Page<VersionView>> {
  const name = `versions:${id}`;
  const below = readCursor(cursor, { name, shape: [0] })?.[0] ?? Number.MAX_SAFE_INTEGER;
  const organizationId = ctx.tenant.id;
  const [[document], rows] = await ctx.database.read<[ShownRow, DocumentVersionRow]>(
    documentStatement(id, organizationId),
    versionsStatement(id, { organizationId, below, limit: limit + 1 }),
  );
  if (!document || document.status === 'deleted') notFound('document');
  return pageOf(rows, { limit, name, key: (row) => [row.number], view: versionView });
}

/** The newest file of a document that is on its way, with the parts of it that are there. */
export async function openUpload(ctx: Context, id: string): Promise<Awaited & { received: number[] }> {
  const organizationId = ctx.tenant.id;
  const [[document], [version], parts] = await ctx.database.read<[ShownRow, DocumentVersionRow, { number: number }]>(
    documentStatement(id, organizationId),
    sql`SELECT ${VERSION_COLUMNS} FROM document_versions ${newestPending(id, organizationId)}`,
    sql`SELECT number FROM upload_parts WHERE +organization_id = ${organizationId} AND etag IS NOT NULL
      AND object_key = (SELECT object_key FROM document_versions ${newestPending(id, organizationId)}) ORDER BY number`,
  );
  if (!document || document.status === 'deleted') notFound('document');
  if (document.participant_status === 'archived') refuseArchived();
  if (!version) refuse('CONFLICT', 'No file is on its way: announce a new version.');
  const { number, content_type: contentType, size_bytes: sizeBytes, upload_id } = version;
  if (isInParts(sizeBytes) && version.object_key === null)
    refuse('CONFLICT', 'The parts did not come within a day: announce a new version.');
  // Put together already, all of them are there.
  const isWhole = version.object_key !== null && upload_id === null && isInParts(sizeBytes);
  const received = isWhole
    ? Array.from({ length: partCount(sizeBytes) }, (_, index) => index + 1)
    : parts.map((part) => part.number);
  return { organizationId, documentId: id, version: number, contentType, sizeBytes, received };
}

function newestPending(id: string, organizationId: string): Sql {
  return sql`WHERE document_id = ${id} AND +organization_id = ${organizationId} AND +status = 'pending_upload'
    ORDER BY number DESC LIMIT 1`;
}

type Query = z.output<typeof ListDocuments>;

/** Shorter words match so many documents that walking the list finds a page sooner than collecting them. */
const SELECTIVE = 3;

/** The index that narrows most; named, because the organisation in every query tempts the planner to walk all of it. */
function indexFor(query: Query): Sql {
  if (query.participantId !== undefined) return sql`INDEXED BY documents_by_participant`;
  if (query.createdBy !== undefined) return sql`INDEXED BY documents_by_creator`;
  if (query.expiringBefore !== undefined) return sql`INDEXED BY documents_by_expiry`;
  if (query.type !== undefined) return sql`INDEXED BY documents_by_type`;
  if (query.status !== undefined) return sql`INDEXED BY documents_by_status`;
  return sql`INDEXED BY documents_by_creation`;
}

/** Those that expire are listed by when they do; all else newest first. */
const isByExpiry = (query: Query) => query.expiringBefore !== undefined;
const listName = (query: Query) => (isByExpiry(query) ? 'documents:expiry' : 'documents');

function afterCursor(query: Query): Sql[] {
  const name = listName(query);
  if (isByExpiry(query)) {
    const after = readCursor(query.cursor, { name, shape: ['', ''] });
    return after ? [sql`(document.valid_to, document.id) > (${after[0]}, ${after[1]})`] : [];
  }
  const after = readCursor(query.cursor, { name, shape: [''] });
  return after ? [sql`document.id < ${after[0]}`] : [];
}

/** A page of documents in one round trip. */
export function listDocumentsStatement(ctx: Context, query: Query): Sql {
  const organizationId = ctx.tenant.id;
  const [longest, ...others] = searchWords(query.search);
  // Those of one participant or one user are fewer than those of any word.
  const isNarrow = query.participantId !== undefined || query.createdBy !== undefined;
  const collected = !isNarrow && longest !== undefined && longest.length >= SELECTIVE;
  const probes = (collected ? others : longest === undefined ? [] : [longest, ...others]).map(
    (word) => sql`EXISTS (SELECT 1 FROM document_words INDEXED BY document_words_document
      WHERE document_id = document.id AND word >= ${word} AND word < ${prefixEnd(word)} AND organization_id = ${organizationId})`,
  );
  const source = collected
    ? sql`(SELECT DISTINCT document_id FROM document_words
        WHERE organization_id = ${organizationId} AND word >= ${longest} AND word < ${prefixEnd(longest)}) found
      CROSS JOIN documents document ON document.id = found.document_id`
    : sql`documents document ${indexFor(query)}`;
  const where = [
    sql`document.organization_id = ${organizationId}`,
    query.status === undefined ? sql`document.status <> 'deleted'` : sql`document.status = ${query.status}`,
    ...(query.participantId === undefined ? [] : [sql`document.participant_id = ${query.participantId}`]),
    ...(query.createdBy === undefined ? [] : [sql`document.created_by = ${query.createdBy}`]),
    ...(query.type === undefined ? [] : [sql`document.type = ${query.type}`]),
    ...(query.expiringBefore === undefined
      ? []
      : [sql`document.valid_to IS NOT NULL AND document.valid_to < ${query.expiringBefore}`]),
    ...probes,
    ...afterCursor(query),
  ];
  return sql`SELECT ${SHOWN}, document.version AS newest_version, NULL AS participant_status FROM ${source}
    CROSS JOIN document_versions version ON version.document_id = document.id AND version.number = document.version
    WHERE ${join(where, ' AND ')} ORDER BY ${isByExpiry(query) ? sql`document.valid_to, document.id` : sql`document.id DESC`}
    LIMIT ${query.limit + 1}`;
}

/** A page of documents, newest first; those that expire before a day, the soonest first. */
export async function listDocuments(ctx: Context, query: Query): Promise<Page<DocumentView>> {
  const nothingToFind =
    query.search !== undefined && query.search.trim() !== '' && searchWords(query.search).length === 0;
  const [rows] = nothingToFind ? [[]] : await ctx.database.read<[ShownRow]>(listDocumentsStatement(ctx, query));
  return pageOf(rows, {
    limit: query.limit,
    name: listName(query),
    key: (row) => (isByExpiry(query) ? [row.valid_to ?? '', row.id] : [row.id]),
    view: documentView,
  });
}
