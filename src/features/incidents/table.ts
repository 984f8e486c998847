import { sql } from 'drizzle-orm';
import { check, index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { STATES } from '../../business-days/rules.ts';
import { participants } from '../participants/table.ts';

/** What can happen; all but the last are reportable kinds (`domain.md` §5.1). */
export const INCIDENT_CATEGORIES = [
  'death',
  'serious_injury',
  'abuse_or_neglect',
  'unlawful_contact',
  'sexual_misconduct',
  'restrictive_practice',
  'other',
] as const;
export const INCIDENT_STATUSES = ['open', 'closed'] as const;

/** What happened, when the provider knew, and whether the Commission was told in time. Kept for seven years and more. */
export const incidents = sqliteTable(
  'incidents',
  {
    id: text().primaryKey(),
    organization_id: text().notNull(),
    participant_id: text().references(() => participants.id),
    category: text({ enum: INCIDENT_CATEGORIES }).notNull(),
    /** Whether someone was harmed: an unauthorised restrictive practice then has 24 hours. */
    caused_harm: integer().notNull(),
    description: text().notNull(),
    actions_taken: text().notNull(),
    /** Whose public holidays count. */
    state: text({ enum: STATES }).notNull(),
    occurred_at: integer().notNull(),
    became_aware_at: integer().notNull(),
    reportable: integer().notNull(),
    notified_at: integer(),
    /** When the five-day form went in. */
    reported_at: integer(),
    /** Until when the Commission is to be notified, and to have the form; null when it is not reportable. */
    notify_by: integer(),
    report_by: integer(),
    status: text({ enum: INCIDENT_STATUSES }).notNull().default('open'),
    created_by: text().notNull(),
    created_at: integer().notNull(),
    updated_at: integer().notNull(),
    revision: integer().notNull().default(1),
    /** The id of the row's last change, by which the rest of the change's batch knows that it took effect. */
    change_id: text(),
  },
  (table) => [
    index('incidents_by_creation').on(table.organization_id, table.id),
    index('incidents_by_participant').on(table.organization_id, table.participant_id, table.id),
    index('incidents_by_status').on(table.organization_id, table.status, table.id),
    index('incidents_by_category').on(table.organization_id, table.category, table.id),
    index('incidents_participant_key').on(table.participant_id),
    index('incidents_due')
      .on(table.organization_id, table.notify_by)
      .where(sql`reportable = 1 AND (notified_at IS NULL OR reported_at IS NULL)`),
    check(
      'incident_category',
      sql`${table.category} IN ('death', 'serious_injury', 'abuse_or_neglect', 'unlawful_contact', 'sexual_misconduct', 'restrictive_practice', 'other')`,
    ),
    check('incident_status', sql`${table.status} IN ('open', 'closed')`),
    check('incident_state', sql`${table.state} IN ('NSW', 'VIC', 'QLD', 'SA', 'WA', 'TAS', 'ACT', 'NT')`),
    check('incident_flags', sql`${table.caused_harm} IN (0, 1) AND ${table.reportable} IN (0, 1)`),
    check('incident_aware', sql`${table.became_aware_at} >= ${table.occurred_at}`),
    check(
      'incident_clocks',
      sql`(${table.reportable} = 1) = (${table.notify_by} IS NOT NULL) AND (${table.reportable} = 1) = (${table.report_by} IS NOT NULL)`,
    ),
  ],
);

export type IncidentRow = typeof incidents.$inferSelect;
