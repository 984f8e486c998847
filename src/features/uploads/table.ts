import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/**
 * Every object in R2 that no confirmed document is made of, noted before its first byte is written: what is left over
 * is found here and taken away. WITHOUT ROWID.
 */
export const uploadObjects = sqliteTable(
  'upload_objects',
  {
    object_key: text().primaryKey(),
    organization_id: text().notNull(),
    document_id: text().notNull(),
    version: integer().notNull(),
    /** R2's name of an upload in parts that may have to be ended. */
    upload_id: text(),
    created_at: integer().notNull(),
    /** 1 once nothing may be made of it any more. */
    doomed: integer().notNull().default(0),
  },
  (table) => [
    index('upload_objects_by_age').on(table.doomed, table.created_at),
    index('upload_objects_by_document').on(table.document_id, table.version),
  ],
);

/** The parts of an upload that have come. WITHOUT ROWID. */
export const uploadParts = sqliteTable(
  'upload_parts',
  {
    object_key: text()
      .notNull()
      .references(() => uploadObjects.object_key),
    number: integer().notNull(),
    organization_id: text().notNull(),
    /** Who writes the part: only the last one that began may say that it is there. */
    attempt: text().notNull(),
    /** R2's tag of the part; null while it is being written. */
    etag: text(),
  },
  (table) => [primaryKey({ name: 'upload_parts_key', columns: [table.object_key, table.number] })],
);

export type UploadPartRow = typeof uploadParts.$inferSelect;
