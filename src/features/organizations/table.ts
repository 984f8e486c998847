import { sql } from 'drizzle-orm';
import { check, index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { DEFAULT_ALERTS } from '../alerts/rules.ts';

export const SUBSCRIPTION_PLANS = ['free', 'pro', 'enterprise'] as const;
export const SUBSCRIPTION_STATUSES = ['active', 'past_due', 'cancelled'] as const;
export const DATE_FORMATS = ['DD/MM/YYYY', 'YYYY-MM-DD', 'D MMM YYYY'] as const;
export const CLAIM_DURATIONS = ['hours', 'quantity'] as const;

/** Column names are the property names, so that a row reads the same in SQL and in TypeScript. */
export const organizations = sqliteTable(
  'organizations',
  {
    id: text().primaryKey(),
    name: text().notNull(),
    abn: text(),
    registration_number: text(),
    time_zone: text().notNull(),
    currency: text().notNull().default('AUD'),
    date_format: text({ enum: DATE_FORMATS }).notNull().default('DD/MM/YYYY'),
    business_hours: text().notNull(),
    claim_duration: text({ enum: CLAIM_DURATIONS }).notNull().default('hours'),
    subscription_plan: text({ enum: SUBSCRIPTION_PLANS }).notNull(),
    subscription_status: text({ enum: SUBSCRIPTION_STATUSES }).notNull(),
    current_period_end: integer(),
    participant_limit: integer(),
    participant_count: integer().notNull().default(0),
    features: text().notNull().default('[]'),
    contacts: text().notNull().default('[]'),
    revision: integer().notNull().default(1),
    /** The id of the row's last change, by which the rest of the change's batch knows that it took effect. */
    change_id: text(),
    created_at: integer().notNull(),
    updated_at: integer().notNull(),
    /** When they want to be told, as `AlertSettings`. */
    alert_settings: text().notNull().default(JSON.stringify(DEFAULT_ALERTS)),
    /** The last of its dates for which jobs were put on the list. */
    jobs_on: text().notNull().default(''),
    /** Of the participants that are counted, those who are inactive. */
    inactive_count: integer().notNull().default(0),
    open_alerts: integer().notNull().default(0),
    /** How many participants have a compliance score, what their scores add up to, and how many fail whatever it is. */
    compliance_scored: integer().notNull().default(0),
    compliance_points: integer().notNull().default(0),
    compliance_hard_fails: integer().notNull().default(0),
  },
  (table) => [
    index('organizations_by_jobs').on(table.time_zone, table.jobs_on),
    check('organization_business_hours_json', sql`json_valid(${table.business_hours})`),
    check('organization_features_json', sql`json_valid(${table.features})`),
    check('organization_contacts_json', sql`json_valid(${table.contacts})`),
    check('organization_subscription_plan', sql`${table.subscription_plan} IN ('free', 'pro', 'enterprise')`),
    check('organization_subscription_status', sql`${table.subscription_status} IN ('active', 'past_due', 'cancelled')`),
    check('organization_claim_duration', sql`${table.claim_duration} IN ('hours', 'quantity')`),
    check('organization_participant_count', sql`${table.participant_count} >= 0`),
  ],
);

export type OrganizationRow = typeof organizations.$inferSelect;
