import { sql } from 'drizzle-orm';
import { check, index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/** Who changed what, append-only; `seq` counts from 1 without a gap in each organisation. WITHOUT ROWID. */
export const auditLogs = sqliteTable(
  'audit_logs',
  {
    organization_id: text().notNull(),
    seq: integer().notNull(),
    at: integer().notNull(),
    action: text().notNull(),
    entity_type: text().notNull(),
    entity_id: text().notNull(),
    user_id: text(),
    actor: text().notNull(),
    ip: text(),
    user_agent: text(),
    request_id: text().notNull(),
    /** Chosen before the commit: whoever lost the commit's answer looks for it here. */
    change_id: text().notNull(),
    before: text(),
    after: text(),
    metadata: text(),
  },
  (table) => [
    primaryKey({ name: 'audit_logs_key', columns: [table.organization_id, table.seq] }),
    index('audit_logs_by_entity').on(table.organization_id, table.entity_id, table.seq),
    index('audit_logs_by_type').on(table.organization_id, table.entity_type, table.seq),
    index('audit_logs_by_user').on(table.organization_id, table.user_id, table.seq),
    index('audit_logs_by_time').on(table.organization_id, table.at),
    check('audit_before_json', sql`${table.before} IS NULL OR json_valid(${table.before})`),
    check('audit_after_json', sql`${table.after} IS NULL OR json_valid(${table.after})`),
    check('audit_metadata_json', sql`${table.metadata} IS NULL OR json_valid(${table.metadata})`),
  ],
);

export type AuditRow = typeof auditLogs.$inferSelect;
