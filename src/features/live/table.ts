import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { users } from '../users/table.ts';

/** Tickets that open one socket each; only a hash of the ticket is kept. WITHOUT ROWID. */
export const liveTickets = sqliteTable(
  'live_tickets',
  {
    ticket_hash: text().primaryKey(),
    organization_id: text().notNull(),
    user_id: text()
      .notNull()
      .references(() => users.id),
    expires_at: integer().notNull(),
  },
  (table) => [index('live_tickets_by_expiry').on(table.expires_at), index('live_tickets_by_user').on(table.user_id)],
);
