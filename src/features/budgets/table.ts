import { sql } from 'drizzle-orm';
import { check, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import { MANAGEMENT_TYPES, plans } from '../plans/table.ts';

export const budgets = sqliteTable(
  'budgets',
  {
    id: text().primaryKey(),
    organization_id: text().notNull(),
    participant_id: text().notNull(),
    plan_id: text()
      .notNull()
      .references(() => plans.id),
    /** The line's place in its plan, from 1: lines are tried in this order. */
    number: integer().notNull(),
    category_code: integer().notNull(),
    support_item_code: text(),
    management_type: text({ enum: MANAGEMENT_TYPES }).notNull(),
    flexible: integer().notNull(),
    /** The pool whose money the line spends: the plan's for its management type, or its own. */
    pool_id: text().notNull(),
    allocated_cents: integer().notNull(),
    spent_cents: integer().notNull().default(0),
    revision: integer().notNull().default(1),
    created_at: integer().notNull(),
    updated_at: integer().notNull(),
    /** The traffic light of `rules.ts`, as the triggers of the dashboard count it. */
    colour: text({ enum: ['green', 'amber', 'red'] }).generatedAlwaysAs(
      sql`CASE WHEN allocated_cents = 0 THEN iif(spent_cents > 0, 'red', 'green') WHEN spent_cents * 100 > allocated_cents * 90 THEN 'red' WHEN spent_cents * 100 > allocated_cents * 75 THEN 'amber' ELSE 'green' END`,
      { mode: 'virtual' },
    ),
  },
  (table) => [
    uniqueIndex('budgets_by_plan').on(table.plan_id, table.number),
    index('budgets_by_participant').on(table.participant_id),
    check('budget_category_code', sql`${table.category_code} BETWEEN 1 AND 21`),
    check('budget_management_type', sql`${table.management_type} IN ('self_managed', 'plan_managed', 'ndia_managed')`),
    check('budget_flexible', sql`${table.flexible} IN (0, 1)`),
    check(
      'budget_pool',
      sql`${table.pool_id} = CASE ${table.flexible} WHEN 1 THEN ${table.plan_id} || '/' || ${table.management_type} ELSE ${table.id} END`,
    ),
    check('budget_allocated', sql`${table.allocated_cents} >= 0`),
    check('budget_spent', sql`${table.spent_cents} >= 0`),
  ],
);

/** When a line's money is released: each period's amount on its first day. WITHOUT ROWID. */
export const fundingPeriods = sqliteTable(
  'funding_periods',
  {
    budget_id: text()
      .notNull()
      .references(() => budgets.id),
    start_date: text().notNull(),
    end_date: text().notNull(),
    organization_id: text().notNull(),
    amount_cents: integer().notNull(),
  },
  (table) => [
    primaryKey({ name: 'funding_periods_key', columns: [table.budget_id, table.start_date] }),
    check('funding_period_dates', sql`${table.start_date} <= ${table.end_date}`),
    check('funding_period_amount', sql`${table.amount_cents} >= 0`),
  ],
);

export type BudgetRow = Omit<typeof budgets.$inferSelect, 'colour'>;
export type FundingPeriodRow = typeof fundingPeriods.$inferSelect;
