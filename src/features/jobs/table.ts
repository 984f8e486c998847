import { sql } from 'drizzle-orm';
import { check, index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';

export const RUN_STATUSES = ['queued', 'running', 'completed', 'failed'] as const;

/** Each time that a job is done for an organisation: once for each day that it is due. */
export const jobRuns = sqliteTable(
  'job_runs',
  {
    id: text().primaryKey(),
    organization_id: text().notNull(),
    job: text({ enum: ['daily-budget-check', 'weekly-compliance-check', 'plan-expiry-check'] }).notNull(),
    /** The organisation's date for which it is done. */
    due_on: text().notNull(),
    status: text({ enum: RUN_STATUSES }).notNull().default('queued'),
    /** What it has done, by name. */
    counts: text().notNull().default('{}'),
    attempts: integer().notNull().default(0),
    created_at: integer().notNull(),
    started_at: integer(),
    finished_at: integer(),
    /** Where the next delivery goes on; empty at the beginning. */
    position: text().notNull().default(''),
  },
  (table) => [
    uniqueIndex('job_runs_once').on(table.organization_id, table.job, table.due_on),
    index('job_runs_by_creation').on(table.organization_id, table.id),
    index('job_runs_unfinished').on(table.created_at).where(sql`status IN ('queued', 'running')`),
    check('job_run_job', sql`${table.job} IN ('daily-budget-check', 'weekly-compliance-check', 'plan-expiry-check')`),
    check('job_run_status', sql`${table.status} IN ('queued', 'running', 'completed', 'failed')`),
    check('job_run_counts_json', sql`json_valid(${table.counts})`),
  ],
);

export type JobRunRow = typeof jobRuns.$inferSelect;
