import { sql } from 'drizzle-orm';
import { check, index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { organizations } from '../organizations/table.ts';
import { participants } from '../participants/table.ts';

export const DOCUMENT_TYPES = [
  'service_agreement',
  'plan',
  'assessment',
  'report',
  'consent',
  'incident',
  'invoice',
  'worker_screening',
  'avatar',
  'other',
] as const;
export const DOCUMENT_STATUSES = ['pending_upload', 'verifying', 'uploaded', 'deleted'] as const;
export const VERSION_STATUSES = ['pending_upload', 'verifying', 'uploaded'] as const;

/** What is known of a document. What is in it is in its versions. */
export const documents = sqliteTable(
  'documents',
  {
    id: text().primaryKey(),
    organization_id: text()
      .notNull()
      .references(() => organizations.id),
    participant_id: text().references(() => participants.id),
    type: text({ enum: DOCUMENT_TYPES }).notNull(),
    title: text().notNull(),
    valid_from: text(),
    valid_to: text(),
    tags: text().notNull(),
    status: text({ enum: DOCUMENT_STATUSES }).notNull(),
    /** The version that is shown: the last one that was uploaded, or the first while none is. */
    version: integer().notNull().default(1),
    created_by: text().notNull(),
    created_at: integer().notNull(),
    updated_at: integer().notNull(),
    deleted_at: integer(),
    deleted_by: text(),
    delete_reason: text(),
    revision: integer().notNull().default(1),
    /** The id of the row's last change, by which the rest of the change's batch knows that it took effect. */
    change_id: text(),
    /** How many versions were ever announced: a number is never given twice. */
    last_version: integer().notNull().default(1),
  },
  (table) => [
    index('documents_by_creation').on(table.organization_id, table.id),
    index('documents_by_participant').on(table.organization_id, table.participant_id, table.id),
    index('documents_by_creator').on(table.organization_id, table.created_by, table.id),
    index('documents_by_type').on(table.organization_id, table.type, table.id),
    index('documents_by_status').on(table.organization_id, table.status, table.id),
    index('documents_by_expiry').on(table.organization_id, table.valid_to, table.id).where(sql`valid_to IS NOT NULL`),
    index('documents_by_participant_key').on(table.participant_id),
    index('documents_unfinished').on(table.created_at).where(sql`status = 'pending_upload'`),
    check(
      'document_type',
      sql`${table.type} IN ('service_agreement', 'plan', 'assessment', 'report', 'consent', 'incident', 'invoice', 'worker_screening', 'avatar', 'other')`,
    ),
    check('document_status', sql`${table.status} IN ('pending_upload', 'verifying', 'uploaded', 'deleted')`),
    check('document_deleted', sql`(${table.status} = 'deleted') = (${table.deleted_at} IS NOT NULL)`),
    check('document_tags_json', sql`json_valid(${table.tags})`),
  ],
);

/** The files that a document has been. WITHOUT ROWID. One that is uploaded has its object, its length and its hash. */
export const documentVersions = sqliteTable(
  'document_versions',
  {
    document_id: text()
      .notNull()
      .references(() => documents.id),
    number: integer().notNull(),
    organization_id: text().notNull(),
    status: text({ enum: VERSION_STATUSES }).notNull(),
    file_name: text().notNull(),
    content_type: text().notNull(),
    size_bytes: integer().notNull(),
    /** In hexadecimal: what was announced, if anything, and once the file is uploaded, what it is. */
    sha256: text(),
    /** Where the file is in R2, or where its parts go; null until a file that comes whole has come. */
    object_key: text(),
    /** R2's name of the upload in parts, until it is complete: without one, what `object_key` names is there. */
    upload_id: text(),
    /** Why the last upload was not taken, as `[{ field, expected, found }]`. */
    mismatch: text(),
    created_by: text().notNull(),
    created_at: integer().notNull(),
    confirmed_at: integer(),
  },
  (table) => [
    primaryKey({ name: 'document_versions_key', columns: [table.document_id, table.number] }),
    index('document_versions_unfinished').on(table.status, table.created_at).where(sql`status <> 'uploaded'`),
    check('document_version_status', sql`${table.status} IN ('pending_upload', 'verifying', 'uploaded')`),
    check('document_version_size', sql`${table.size_bytes} > 0`),
    check(
      'document_version_object',
      sql`${table.status} = 'pending_upload' OR (${table.object_key} IS NOT NULL AND ${table.upload_id} IS NULL)`,
    ),
    check('document_version_hash', sql`${table.status} <> 'uploaded' OR ${table.sha256} IS NOT NULL`),
    check('document_version_mismatch_json', sql`${table.mismatch} IS NULL OR json_valid(${table.mismatch})`),
  ],
);

/** The search: every word of a document's title, file name and tags. WITHOUT ROWID. */
export const documentWords = sqliteTable(
  'document_words',
  {
    organization_id: text().notNull(),
    word: text().notNull(),
    document_id: text()
      .notNull()
      .references(() => documents.id),
  },
  (table) => [
    primaryKey({ name: 'document_words_key', columns: [table.organization_id, table.word, table.document_id] }),
    index('document_words_document').on(table.document_id, table.word),
  ],
);

export type DocumentRow = typeof documents.$inferSelect;
export type DocumentVersionRow = typeof documentVersions.$inferSelect;
