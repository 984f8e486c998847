import { sql } from 'drizzle-orm';
import { check, index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/** The answer to a keyed POST, written in the batch of its change. WITHOUT ROWID. */
export const idempotencyKeys = sqliteTable(
  'idempotency_keys',
  {
    organization_id: text().notNull(),
    key: text().notNull(),
    user_id: text().notNull(),
    route: text().notNull(),
    /** SHA-256 of the body. */
    fingerprint: text().notNull(),
    status: integer().notNull(),
    headers: text().notNull(),
    body: text().notNull(),
    created_at: integer().notNull(),
  },
  (table) => [
    primaryKey({ name: 'idempotency_keys_key', columns: [table.organization_id, table.key] }),
    index('idempotency_keys_by_creation').on(table.created_at),
    check('idempotency_key_status', sql`${table.status} BETWEEN 200 AND 299`),
  ],
);

export type IdempotencyRow = typeof idempotencyKeys.$inferSelect;
