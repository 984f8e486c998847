import { sql } from 'drizzle-orm';
import { check, index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import { participants } from '../participants/table.ts';
import { users } from '../users/table.ts';

export const PLAN_SYSTEMS = ['pace', 'legacy'] as const;
export const MANAGEMENT_TYPES = ['self_managed', 'plan_managed', 'ndia_managed'] as const;

export const plans = sqliteTable(
  'plans',
  {
    id: text().primaryKey(),
    organization_id: text().notNull(),
    participant_id: text()
      .notNull()
      .references(() => participants.id),
    plan_number: text(),
    start_date: text().notNull(),
    end_date: text().notNull(),
    review_date: text(),
    plan_manager: text(),
    support_coordinator_id: text().references(() => users.id),
    goals: text().notNull().default('[]'),
    system: text({ enum: PLAN_SYSTEMS }).notNull().default('pace'),
    management_type: text({ enum: MANAGEMENT_TYPES }).notNull(),
    /** What the dates were before each change: `[{ startDate, endDate, changedAt, changedBy }]`, oldest first. */
    dates_history: text().notNull().default('[]'),
    allocated_cents: integer().notNull().default(0),
    spent_cents: integer().notNull().default(0),
    revision: integer().notNull().default(1),
    created_at: integer().notNull(),
    updated_at: integer().notNull(),
    /** How the plan and its lines were last counted for the dashboard; null dates when they are not. */
    counted_start: text(),
    counted_end: text(),
    counted_green: integer().notNull().default(0),
    counted_amber: integer().notNull().default(0),
    counted_red: integer().notNull().default(0),
  },
  (table) => [
    uniqueIndex('plans_by_participant').on(table.participant_id, table.start_date),
    index('plans_support_coordinator').on(table.support_coordinator_id),
    check('plan_dates', sql`${table.start_date} <= ${table.end_date}`),
    check('plan_system', sql`${table.system} IN ('pace', 'legacy')`),
    check('plan_management_type', sql`${table.management_type} IN ('self_managed', 'plan_managed', 'ndia_managed')`),
    check('plan_goals_json', sql`json_valid(${table.goals})`),
    check('plan_dates_history_json', sql`json_valid(${table.dates_history})`),
    check('plan_totals', sql`${table.allocated_cents} >= 0 AND ${table.spent_cents} >= 0`),
  ],
);

export type PlanRow = Omit<
  typeof plans.$inferSelect,
  'counted_start' | 'counted_end' | 'counted_green' | 'counted_amber' | 'counted_red'
>;
