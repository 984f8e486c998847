import { sql } from 'drizzle-orm';
import { check, index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { organizations } from '../organizations/table.ts';
import { participants } from '../participants/table.ts';

export const THREAD_STATUSES = ['open', 'closed'] as const;

/** What staff talk about: a participant, or a matter of the organisation. */
export const threads = sqliteTable(
  'threads',
  {
    id: text().primaryKey(),
    organization_id: text()
      .notNull()
      .references(() => organizations.id),
    participant_id: text().references(() => participants.id),
    title: text().notNull(),
    status: text({ enum: THREAD_STATUSES }).notNull().default('open'),
    /** How many messages it ever had: the number of the last one. */
    message_count: integer().notNull().default(0),
    /** When something was last said; its creation while nothing is. */
    last_message_at: integer().notNull(),
    created_by: text().notNull(),
    created_at: integer().notNull(),
    updated_at: integer().notNull(),
    revision: integer().notNull().default(1),
    /** The id of the row's last change, by which the rest of the change's batch knows that it took effect. */
    change_id: text(),
  },
  (table) => [
    index('threads_by_creation').on(table.organization_id, table.id),
    index('threads_by_last_message').on(table.organization_id, table.last_message_at, table.id),
    index('threads_by_participant').on(table.organization_id, table.participant_id, table.id),
    index('threads_by_status').on(table.organization_id, table.status, table.id),
    index('threads_participant_key').on(table.participant_id),
    check('thread_status', sql`${table.status} IN ('open', 'closed')`),
  ],
);

export const THREAD_EVENTS = [
  'thread.created',
  'thread.updated',
  'thread.read',
  'message.created',
  'message.updated',
  'message.deleted',
] as const;
export type ThreadEvent = (typeof THREAD_EVENTS)[number];

/** What happened in an organisation's threads, in one order for all; `seq` counts up in each. WITHOUT ROWID. */
export const threadEvents = sqliteTable(
  'thread_events',
  {
    organization_id: text().notNull(),
    seq: integer().notNull(),
    kind: text({ enum: THREAD_EVENTS }).notNull(),
    thread_id: text().notNull(),
    message_id: text(),
    user_id: text().notNull(),
    at: integer().notNull(),
  },
  (table) => [
    primaryKey({ name: 'thread_events_key', columns: [table.organization_id, table.seq] }),
    index('thread_events_by_age').on(table.at),
    check(
      'thread_event_kind',
      sql`${table.kind} IN ('thread.created', 'thread.updated', 'thread.read', 'message.created', 'message.updated', 'message.deleted')`,
    ),
  ],
);

/** Up to which message a user has read a thread. WITHOUT ROWID. */
export const threadReads = sqliteTable(
  'thread_reads',
  {
    user_id: text().notNull(),
    thread_id: text()
      .notNull()
      .references(() => threads.id),
    organization_id: text().notNull(),
    /** The message's number in its thread. */
    number: integer().notNull(),
    /** Unique to each marking: its event is written only if it moved the mark. */
    change_id: text().notNull(),
    at: integer().notNull(),
  },
  (table) => [
    primaryKey({ name: 'thread_reads_key', columns: [table.user_id, table.thread_id] }),
    index('thread_reads_thread').on(table.thread_id),
  ],
);

export type ThreadRow = typeof threads.$inferSelect;
export type ThreadEventRow = typeof threadEvents.$inferSelect;
