import { sql } from 'drizzle-orm';
import { check, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import { threads } from '../threads/table.ts';
import { users } from '../users/table.ts';

/** What was said. A deleted message is an empty row: what was is in the audit. */
export const messages = sqliteTable(
  'messages',
  {
    id: text().primaryKey(),
    organization_id: text().notNull(),
    thread_id: text()
      .notNull()
      .references(() => threads.id),
    /** Its place in the thread, from 1. */
    number: integer().notNull(),
    author_id: text()
      .notNull()
      .references(() => users.id),
    body: text().notNull(),
    mentions: text().notNull(),
    document_ids: text().notNull(),
    created_at: integer().notNull(),
    edited_at: integer(),
    deleted_at: integer(),
    revision: integer().notNull().default(1),
    /** The id of the row's last change, by which the rest of the change's batch knows that it took effect. */
    change_id: text(),
  },
  (table) => [
    uniqueIndex('messages_by_number').on(table.thread_id, table.number),
    index('messages_by_author').on(table.thread_id, table.author_id, table.number),
    index('messages_author_key').on(table.author_id),
    index('messages_deleted').on(table.thread_id, table.number, table.author_id).where(sql`deleted_at IS NOT NULL`),
    check('message_mentions_json', sql`json_valid(${table.mentions})`),
    check('message_document_ids_json', sql`json_valid(${table.document_ids})`),
  ],
);

/** Who is mentioned in which message of which thread. WITHOUT ROWID. */
export const messageMentions = sqliteTable(
  'message_mentions',
  {
    user_id: text().notNull(),
    thread_id: text().notNull(),
    /** The message's. */
    number: integer().notNull(),
    organization_id: text().notNull(),
    message_id: text()
      .notNull()
      .references(() => messages.id),
  },
  (table) => [
    primaryKey({ name: 'message_mentions_key', columns: [table.user_id, table.thread_id, table.number] }),
    index('message_mentions_message').on(table.message_id),
  ],
);

export type MessageRow = typeof messages.$inferSelect;
