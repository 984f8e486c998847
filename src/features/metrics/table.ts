import { sql } from 'drizzle-orm';
import { check, index, integer, real, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/** Figures that an organisation measures itself, and the errors that its requests met. */
export const metrics = sqliteTable(
  'metrics',
  {
    id: text().primaryKey(),
    organization_id: text().notNull(),
    metric: text().notNull(),
    value: real().notNull(),
    tags: text().notNull(),
    /** Null when the service noted it. */
    user_id: text(),
    at: integer().notNull(),
  },
  (table) => [
    index('metrics_by_creation').on(table.organization_id, table.id),
    index('metrics_by_name').on(table.organization_id, table.metric, table.id),
    index('metrics_by_age').on(table.at),
    check('metric_tags_json', sql`json_valid(${table.tags})`),
  ],
);

export type MetricRow = typeof metrics.$inferSelect;
