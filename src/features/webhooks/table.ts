import { sql } from 'drizzle-orm';
import { check, index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';

export const WEBHOOK_SOURCES = ['resend', 'clerk'] as const;

/** The messages of others that were taken: the same one again changes nothing. WITHOUT ROWID. */
export const webhookMessages = sqliteTable(
  'webhook_messages',
  {
    source: text({ enum: WEBHOOK_SOURCES }).notNull(),
    message_id: text().notNull(),
    type: text().notNull(),
    /** What it was about, as the sender names it. */
    subject: text().notNull(),
    at: integer().notNull(),
  },
  (table) => [
    primaryKey({ name: 'webhook_messages_key', columns: [table.source, table.message_id] }),
    // A sign-in that is gone stays gone, however late the news of its making comes.
    index('webhook_messages_deleted').on(table.subject).where(sql`type = 'user.deleted'`),
    index('webhook_messages_by_age').on(table.at).where(sql`type <> 'user.deleted'`),
    check('webhook_source', sql`${table.source} IN ('resend', 'clerk')`),
  ],
);
