import { sql } from 'drizzle-orm';
import { check, index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { budgets } from '../budgets/table.ts';
import { participants } from '../participants/table.ts';
import { users } from '../users/table.ts';

export const SERVICE_STATUSES = ['completed', 'cancelled'] as const;

export const services = sqliteTable(
  'services',
  {
    id: text().primaryKey(),
    organization_id: text().notNull(),
    participant_id: text()
      .notNull()
      .references(() => participants.id),
    plan_id: text().notNull(),
    budget_id: text()
      .notNull()
      .references(() => budgets.id),
    support_item_code: text().notNull(),
    support_item_name: text().notNull(),
    unit: text().notNull(),
    service_date: text().notNull(),
    start_time: text(),
    end_time: text(),
    duration_minutes: integer(),
    quantity_hundredths: integer(),
    unit_price_cents: integer().notNull(),
    total_cost_cents: integer().notNull(),
    status: text({ enum: SERVICE_STATUSES }).notNull().default('completed'),
    support_worker_id: text()
      .notNull()
      .references(() => users.id),
    notes: text().notNull().default(''),
    /** An equal, earlier shift that stood when this one was recorded. */
    possible_duplicate_of: text(),
    ledger_version: integer().notNull(),
    revision: integer().notNull().default(1),
    created_at: integer().notNull(),
    cancelled_at: integer(),
    cancelled_by: text(),
    cancel_reason: text(),
    /** When the note was written, where that was after the service was recorded. */
    noted_at: integer(),
    /** The id of the row's last change that passes no ledger, by which the rest of its batch knows that it took effect. */
    change_id: text(),
  },
  (table) => [
    // For the list by day, and to find an equal shift without reading the day.
    index('services_by_participant').on(
      table.participant_id,
      table.service_date,
      table.support_item_code,
      table.start_time,
      table.support_worker_id,
    ),
    index('services_by_organization').on(table.organization_id, table.service_date, table.id),
    index('services_by_worker').on(table.support_worker_id, table.service_date, table.id),
    index('services_by_budget').on(table.budget_id, table.service_date),
    index('services_cancelled')
      .on(table.organization_id, table.service_date, table.id)
      .where(sql`status = 'cancelled'`),
    check('service_status', sql`${table.status} IN ('completed', 'cancelled')`),
    check('service_unit_price', sql`${table.unit_price_cents} >= 0`),
    check('service_total_cost', sql`${table.total_cost_cents} >= 0`),
    check('service_duration', sql`${table.duration_minutes} > 0`),
    check('service_quantity', sql`${table.quantity_hundredths} > 0`),
  ],
);

export type ServiceRow = Omit<typeof services.$inferSelect, 'change_id'>;
