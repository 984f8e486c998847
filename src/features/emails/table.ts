import { sql } from 'drizzle-orm';
import { check, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';

export const TEMPLATES = [
  'budget_alert',
  'daily_digest',
  'compliance_report',
  'plan_expiry',
  'import_finished',
  'mention',
  'invitation',
] as const;
export type Template = (typeof TEMPLATES)[number];
export const EMAIL_STATUSES = ['queued', 'sent', 'delivered', 'bounced', 'complained', 'failed', 'suppressed'] as const;

/**
 * What people have to be told by e-mail, written in the batch of what happened: gone once its messages are in the log.
 * WITHOUT ROWID.
 */
export const mailings = sqliteTable(
  'mailings',
  {
    organization_id: text().notNull(),
    template: text({ enum: TEMPLATES }).notNull(),
    entity_id: text().notNull(),
    /** Which time, where the same thing is told several times; else empty. */
    occasion: text().notNull().default(''),
    at: integer().notNull(),
  },
  (table) => [
    primaryKey({
      name: 'mailings_key',
      columns: [table.organization_id, table.template, table.entity_id, table.occasion],
    }),
    index('mailings_by_age').on(table.at),
  ],
);

/** Every message to a person, with what became of it. */
export const emailLogs = sqliteTable(
  'email_logs',
  {
    id: text().primaryKey(),
    organization_id: text().notNull(),
    template: text({ enum: TEMPLATES }).notNull(),
    /** What it is about: an alert, an import, a message, a plan, a user, or of a digest its job run. */
    entity_id: text().notNull(),
    /** The same occasion is one message: what it is about, to whom, and which time if there are several. */
    occasion: text().notNull(),
    user_id: text().notNull(),
    to_address: text().notNull(),
    subject: text().notNull(),
    body_text: text().notNull(),
    body_html: text().notNull(),
    status: text({ enum: EMAIL_STATUSES }).notNull().default('queued'),
    /** How Resend names it. */
    provider_id: text(),
    attempts: integer().notNull().default(0),
    at: integer().notNull(),
    sent_at: integer(),
    updated_at: integer().notNull(),
  },
  (table) => [
    uniqueIndex('email_logs_once').on(table.organization_id, table.occasion),
    index('email_logs_by_creation').on(table.organization_id, table.id),
    uniqueIndex('email_logs_provider').on(table.provider_id),
    index('email_logs_queued').on(table.updated_at).where(sql`status = 'queued'`),
    check(
      'email_log_template',
      sql`${table.template} IN ('budget_alert', 'daily_digest', 'compliance_report', 'plan_expiry', 'import_finished', 'mention', 'invitation')`,
    ),
    check(
      'email_log_status',
      sql`${table.status} IN ('queued', 'sent', 'delivered', 'bounced', 'complained', 'failed', 'suppressed')`,
    ),
  ],
);

export type MailingRow = typeof mailings.$inferSelect;
export type EmailLogRow = typeof emailLogs.$inferSelect;
