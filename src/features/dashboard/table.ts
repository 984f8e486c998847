import { integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/** What the dashboard adds up, kept by `count.ts` in the batch of whatever moves it. Both WITHOUT ROWID. */

/** The standing services of each day, and what they cost. */
export const serviceDays = sqliteTable(
  'service_days',
  {
    organization_id: text().notNull(),
    date: text().notNull(),
    services: integer().notNull(),
    spent_cents: integer().notNull(),
  },
  (table) => [primaryKey({ name: 'service_days_key', columns: [table.organization_id, table.date] })],
);

/**
 * The plans of participants who are not archived, and their lines by colour, by the day, month and year of their start
 * and of their end: how many are current on a day is what has begun less what has ended, some fifty rows each.
 */
export const planDays = sqliteTable(
  'plan_days',
  {
    organization_id: text().notNull(),
    /** `start.y`, `start.m`, `start.d`, `end.y`, `end.m` or `end.d`. */
    edge: text().notNull(),
    /** `2026`, `2026-11` or `2026-11-23`. */
    bucket: text().notNull(),
    plans: integer().notNull(),
    green: integer().notNull(),
    amber: integer().notNull(),
    red: integer().notNull(),
  },
  (table) => [primaryKey({ name: 'plan_days_key', columns: [table.organization_id, table.edge, table.bucket] })],
);
