import { sql } from 'drizzle-orm';
import { check, index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { organizations } from '../organizations/table.ts';

export const IMPORT_KINDS = ['participants', 'services', 'support_catalogue'] as const;
export type ImportKind = (typeof IMPORT_KINDS)[number];
export const IMPORT_STATUSES = [
  'queued',
  'running',
  'completed',
  'completed_with_errors',
  'failed',
  'cancelled',
] as const;
export type ImportStatus = (typeof IMPORT_STATUSES)[number];
export const ROW_STATUSES = ['pending', 'succeeded', 'failed'] as const;
export const ROW_ACTIONS = ['created', 'updated', 'unchanged'] as const;
export type RowAction = (typeof ROW_ACTIONS)[number];

/** A file on its way in: what was asked, and how far it is. */
export const imports = sqliteTable(
  'imports',
  {
    id: text().primaryKey(),
    organization_id: text()
      .notNull()
      .references(() => organizations.id),
    kind: text({ enum: IMPORT_KINDS }).notNull(),
    file_name: text().notNull(),
    status: text({ enum: IMPORT_STATUSES }).notNull().default('queued'),
    dry_run: integer().notNull(),
    /** What was asked for, and, once the file has been looked through, what is used. */
    mapping: text(),
    /** Where the file is in R2, how large it is, and its SHA-256. */
    object_key: text().notNull(),
    size_bytes: integer().notNull(),
    sha256: text().notNull(),
    /** How the file is read, once it has been looked through: encoding, dialect, columns. */
    reading: text(),
    /** The number of the next chunk: moved on by the batch that writes a chunk's rows. */
    next_chunk: integer().notNull().default(0),
    /** How many of that chunk's records are done, while it is worked off record by record. */
    next_record: integer().notNull().default(0),
    /** Unique to each batch: its later statements take effect only if it is here. */
    change_id: text(),
    total_rows: integer(),
    processed_rows: integer().notNull().default(0),
    created: integer().notNull().default(0),
    updated: integer().notNull().default(0),
    unchanged: integer().notNull().default(0),
    failed: integer().notNull().default(0),
    warnings: integer().notNull().default(0),
    /** Why the file as a whole was not read, as `{ code, message }`. */
    failure: text(),
    created_by: text().notNull(),
    created_at: integer().notNull(),
    started_at: integer(),
    finished_at: integer(),
    updated_at: integer().notNull(),
  },
  (table) => [
    index('imports_by_creation').on(table.organization_id, table.created_at, table.id),
    index('imports_running').on(table.organization_id).where(sql`status IN ('queued', 'running')`),
    index('imports_unfinished').on(table.updated_at).where(sql`status IN ('queued', 'running')`),
    check('import_kind', sql`${table.kind} IN ('participants', 'services', 'support_catalogue')`),
    check(
      'import_status',
      sql`${table.status} IN ('queued', 'running', 'completed', 'completed_with_errors', 'failed', 'cancelled')`,
    ),
    check('import_mapping_json', sql`${table.mapping} IS NULL OR json_valid(${table.mapping})`),
    check('import_reading_json', sql`${table.reading} IS NULL OR json_valid(${table.reading})`),
    check('import_failure_json', sql`${table.failure} IS NULL OR json_valid(${table.failure})`),
  ],
);

/** The parts that a file is worked off in: bytes `byte_start` to `byte_end`, the first of them record `first_row`. WITHOUT ROWID. */
export const importChunks = sqliteTable(
  'import_chunks',
  {
    import_id: text()
      .notNull()
      .references(() => imports.id),
    number: integer().notNull(),
    organization_id: text().notNull(),
    first_row: integer().notNull(),
    byte_start: integer().notNull(),
    byte_end: integer().notNull(),
  },
  (table) => [primaryKey({ name: 'import_chunks_key', columns: [table.import_id, table.number] })],
);

/** What became of each row. WITHOUT ROWID; `cells` are kept of failed rows, for the file of errors. */
export const importRows = sqliteTable(
  'import_rows',
  {
    import_id: text()
      .notNull()
      .references(() => imports.id),
    row: integer().notNull(),
    organization_id: text().notNull(),
    status: text({ enum: ['succeeded', 'failed'] }).notNull(),
    action: text({ enum: ROW_ACTIONS }),
    entity_id: text(),
    errors: text(),
    warnings: text(),
    cells: text(),
  },
  (table) => [
    primaryKey({ name: 'import_rows_key', columns: [table.import_id, table.row] }),
    index('import_rows_failed').on(table.import_id, table.row).where(sql`status = 'failed'`),
    // A row that equals an earlier accepted one of its file is found by the service that the earlier one is.
    index('import_rows_services')
      .on(table.import_id, table.entity_id)
      .where(sql`entity_id >= 'svc_' AND entity_id < 'svd'`),
    check('import_row_status', sql`${table.status} IN ('succeeded', 'failed')`),
    check('import_row_action', sql`${table.action} IN ('created', 'updated', 'unchanged')`),
  ],
);

/** What a dry run has seen change so far, instead of changing it: by NDIS number. WITHOUT ROWID; gone with its end. */
export const importDrafts = sqliteTable(
  'import_drafts',
  {
    import_id: text()
      .notNull()
      .references(() => imports.id),
    key: text().notNull(),
    organization_id: text().notNull(),
    value: text().notNull(),
  },
  (table) => [primaryKey({ name: 'import_drafts_key', columns: [table.import_id, table.key] })],
);

/** The mapping that an organisation last used for files with these columns. WITHOUT ROWID. */
export const importMappings = sqliteTable(
  'import_mappings',
  {
    organization_id: text()
      .notNull()
      .references(() => organizations.id),
    kind: text({ enum: IMPORT_KINDS }).notNull(),
    /** The columns' names, plain and sorted, as one text. */
    columns_key: text().notNull(),
    mapping: text().notNull(),
    updated_at: integer().notNull(),
  },
  (table) => [
    primaryKey({ name: 'import_mappings_key', columns: [table.organization_id, table.kind, table.columns_key] }),
    check('import_mapping_kept_json', sql`json_valid(${table.mapping})`),
  ],
);

export type ImportRow = typeof imports.$inferSelect;
export type ImportRowRow = typeof importRows.$inferSelect;
export type ImportChunkRow = typeof importChunks.$inferSelect;
