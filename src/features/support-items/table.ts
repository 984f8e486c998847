import { sql } from 'drizzle-orm';
import { check, index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { organizations } from '../organizations/table.ts';

export const UNITS = ['H', 'E', 'D', 'WK', 'MON', 'YR'] as const;

/** The NDIA's catalogue, several years side by side; one row a number and start date. Shared by all organisations. */
export const supportItems = sqliteTable(
  'support_items',
  {
    code: text().notNull(),
    start_date: text().notNull(),
    /** The end that the catalogue itself gives; null when it leaves the item open. */
    listed_end_date: text(),
    /** The last day the row counts, worked out over all loaded catalogues. */
    end_date: text(),
    name: text().notNull(),
    registration_group: text().notNull(),
    category_code: integer().notNull(),
    pace_category_code: integer().notNull(),
    unit: text({ enum: UNITS }).notNull(),
    quotable: integer().notNull(),
    national_cents: integer(),
    remote_cents: integer(),
    very_remote_cents: integer(),
    non_face_to_face: integer(),
    provider_travel: integer(),
    short_notice_cancellation: integer(),
    ndia_requested_reports: integer(),
    irregular_sil: integer(),
  },
  (table) => [
    primaryKey({ name: 'support_items_key', columns: [table.code, table.start_date] }),
    index('support_items_category').on(table.category_code, table.code),
    index('support_items_pace_category').on(table.pace_category_code, table.code),
    check('support_item_unit', sql`${table.unit} IN ('H', 'E', 'D', 'WK', 'MON', 'YR')`),
    check(
      'support_item_category',
      sql`${table.category_code} BETWEEN 1 AND 21 AND ${table.pace_category_code} BETWEEN 1 AND 21`,
    ),
  ],
);

/** The words of each item's name and number. WITHOUT ROWID; written with the catalogue. */
export const supportItemWords = sqliteTable(
  'support_item_words',
  { word: text().notNull(), code: text().notNull() },
  (table) => [primaryKey({ name: 'support_item_words_key', columns: [table.word, table.code] })],
);

/** Which yearly catalogue lists which item: what a later one leaves out ends the day before it. WITHOUT ROWID. */
export const catalogueListings = sqliteTable(
  'catalogue_listings',
  { catalogue_start: text().notNull(), code: text().notNull() },
  (table) => [primaryKey({ name: 'catalogue_listings_key', columns: [table.catalogue_start, table.code] })],
);

/** The yearly catalogues that were loaded, by the day their prices begin. */
export const catalogues = sqliteTable('catalogues', {
  start_date: text().primaryKey(),
  loaded_at: integer().notNull(),
});

/** What an organisation has agreed on for itself: over the NDIA's item of that number and day. WITHOUT ROWID. */
export const ownItems = sqliteTable(
  'own_items',
  {
    organization_id: text()
      .notNull()
      .references(() => organizations.id),
    code: text().notNull(),
    start_date: text().notNull(),
    end_date: text(),
    name: text().notNull(),
    category_code: integer().notNull(),
    unit: text({ enum: UNITS }).notNull(),
    national_cents: integer(),
    remote_cents: integer(),
    very_remote_cents: integer(),
  },
  (table) => [
    primaryKey({ name: 'own_items_key', columns: [table.organization_id, table.code, table.start_date] }),
    check('own_item_unit', sql`${table.unit} IN ('H', 'E', 'D', 'WK', 'MON', 'YR')`),
    check('own_item_category', sql`${table.category_code} BETWEEN 1 AND 21`),
  ],
);

export type OwnItemRow = typeof ownItems.$inferSelect;
export type SupportItemRow = typeof supportItems.$inferSelect;
