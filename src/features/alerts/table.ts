import { sql } from 'drizzle-orm';
import { check, index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import { participants } from '../participants/table.ts';

export const ALERT_KINDS = ['budget_threshold', 'run_out', 'underspend', 'plan_expiry', 'compliance'] as const;
export const ALERT_SEVERITIES = ['info', 'warning', 'critical'] as const;
export const ALERT_STATUSES = ['open', 'acknowledged', 'resolved'] as const;
export type AlertKind = (typeof ALERT_KINDS)[number];

/** What someone should look at. One stands until what it is about is no longer so, whoever resolved it before. */
export const alerts = sqliteTable(
  'alerts',
  {
    id: text().primaryKey(),
    organization_id: text().notNull(),
    participant_id: text()
      .notNull()
      .references(() => participants.id),
    plan_id: text(),
    /** What it is about: a pool, a plan, or a participant. */
    subject_id: text().notNull(),
    /** The first line of the pool; null when it is about no money. */
    budget_id: text(),
    kind: text({ enum: ALERT_KINDS }).notNull(),
    severity: text({ enum: ALERT_SEVERITIES }).notNull(),
    status: text({ enum: ALERT_STATUSES }).notNull().default('open'),
    /** The first day of the funding period, or of the plan. */
    period_start: text().notNull(),
    /** Per cent of what is released, or days; 0 where there is none. */
    threshold: integer().notNull(),
    /** The figures that it was raised by, as JSON. */
    figures: text().notNull().default('{}'),
    at: integer().notNull(),
    acknowledged_at: integer(),
    acknowledged_by: text(),
    resolved_at: integer(),
    /** Null when what it was about had passed. */
    resolved_by: text(),
    /** When it was no longer so: null while the same would only be raised again. */
    cleared_at: integer(),
    revision: integer().notNull().default(1),
    /** The id of the row's last change, by which the rest of the change's batch knows that it took effect. */
    change_id: text(),
    /** Whether it is among its organisation's open alerts, as they were last counted. */
    is_counted: integer().notNull().default(0),
  },
  (table) => [
    uniqueIndex('alerts_standing')
      .on(table.subject_id, table.kind, table.period_start, table.threshold)
      .where(sql`cleared_at IS NULL`),
    index('alerts_by_creation').on(table.organization_id, table.id),
    index('alerts_by_participant').on(table.organization_id, table.participant_id, table.id),
    index('alerts_by_status').on(table.organization_id, table.status, table.id),
    index('alerts_participant_key').on(table.participant_id),
    index('alerts_standing_by_participant').on(table.participant_id).where(sql`cleared_at IS NULL`),
    index('alerts_by_plan').on(table.plan_id).where(sql`cleared_at IS NULL`),
    index('alerts_standing_by_kind')
      .on(table.organization_id, table.kind, table.subject_id)
      .where(sql`cleared_at IS NULL`),
    index('alerts_by_change').on(table.change_id),
    check(
      'alert_kind',
      sql`${table.kind} IN ('budget_threshold', 'run_out', 'underspend', 'plan_expiry', 'compliance')`,
    ),
    check('alert_severity', sql`${table.severity} IN ('info', 'warning', 'critical')`),
    check('alert_status', sql`${table.status} IN ('open', 'acknowledged', 'resolved')`),
    check('alert_resolved', sql`(${table.status} = 'resolved') = (${table.resolved_at} IS NOT NULL)`),
    check('alert_cleared', sql`${table.cleared_at} IS NULL OR ${table.status} = 'resolved'`),
    check('alert_figures_json', sql`json_valid(${table.figures})`),
  ],
);

export type AlertRow = Omit<typeof alerts.$inferSelect, 'is_counted'>;
