import { sql } from 'drizzle-orm';
import { check, index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { budgets } from '../budgets/table.ts';
import { participants } from '../participants/table.ts';

export const ENTRY_KINDS = [
  'service.recorded',
  'service.cancelled',
  'budget.created',
  'budget.adjusted',
  'plan.changed',
  'opening',
] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

/**
 * The rule for money, kept by the database: for each pool and each end of one of its funding periods, what has been
 * released and what has been spent up to that day. WITHOUT ROWID.
 */
export const poolBoundaries = sqliteTable(
  'pool_boundaries',
  {
    pool_id: text().notNull(),
    ends_on: text().notNull(),
    organization_id: text().notNull(),
    participant_id: text()
      .notNull()
      .references(() => participants.id),
    plan_id: text().notNull(),
    released_cents: integer().notNull(),
    spent_cents: integer().notNull(),
  },
  (table) => [
    primaryKey({ name: 'pool_boundaries_key', columns: [table.pool_id, table.ends_on] }),
    index('pool_boundaries_participant').on(table.participant_id),
    check('budget_available', sql`${table.spent_cents} <= ${table.released_cents}`),
    check('boundary_spent', sql`${table.spent_cents} >= 0`),
  ],
);

/** Every change of every line, append-only: its sums are the totals. WITHOUT ROWID. */
export const ledgerEntries = sqliteTable(
  'ledger_entries',
  {
    participant_id: text()
      .notNull()
      .references(() => participants.id),
    version: integer().notNull(),
    number: integer().notNull(),
    organization_id: text().notNull(),
    budget_id: text()
      .notNull()
      .references(() => budgets.id),
    kind: text({ enum: ENTRY_KINDS }).notNull(),
    allocated_delta_cents: integer().notNull(),
    spent_delta_cents: integer().notNull(),
    /** The day from which an opening entry counts as spent; null for every other kind. */
    effective_on: text(),
    service_id: text(),
    actor_id: text(),
    at: integer().notNull(),
  },
  (table) => [
    primaryKey({ name: 'ledger_entries_key', columns: [table.participant_id, table.version, table.number] }),
    index('ledger_entries_budget').on(table.budget_id, table.version, table.number),
    check(
      'ledger_entry_kind',
      sql`${table.kind} IN ('service.recorded', 'service.cancelled', 'budget.created', 'budget.adjusted', 'plan.changed', 'opening')`,
    ),
    check('ledger_entry_effective_on', sql`(${table.kind} = 'opening') = (${table.effective_on} IS NOT NULL)`),
  ],
);

export type PoolBoundaryRow = typeof poolBoundaries.$inferSelect;
export type LedgerEntryRow = typeof ledgerEntries.$inferSelect;
