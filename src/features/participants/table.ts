import { sql } from 'drizzle-orm';
import { check, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import { organizations } from '../organizations/table.ts';

export const PARTICIPANT_STATUSES = ['active', 'inactive', 'archived'] as const;
export const PRICING_ZONES = ['national', 'remote', 'very_remote'] as const;

/** What a participant without a plan sorts by: after every real date. */
export const NO_PLAN_END = '9999-12-31';

export const participants = sqliteTable(
  'participants',
  {
    id: text().primaryKey(),
    organization_id: text()
      .notNull()
      .references(() => organizations.id),
    ndis_number: text().notNull(),
    first_name: text().notNull(),
    last_name: text().notNull(),
    preferred_name: text(),
    date_of_birth: text().notNull(),
    gender: text(),
    contact: text().notNull(),
    address: text(),
    emergency: text().notNull().default('[]'),
    medical: text().notNull(),
    preferences: text().notNull(),
    tags: text().notNull().default('[]'),
    custom_fields: text().notNull().default('{}'),
    pricing_zone: text({ enum: PRICING_ZONES }).notNull().default('national'),
    status: text({ enum: PARTICIPANT_STATUSES }).notNull().default('active'),
    /** Family name and given name, folded: what the list sorts by. */
    name_key: text().notNull(),
    /** The end of the participant's last plan; `NO_PLAN_END` without one. */
    plan_end_key: text().notNull().default(NO_PLAN_END),
    compliance_score: integer(),
    /** Goes up by one with every change of the participant's ledger; compared before each of them. */
    ledger_version: integer().notNull().default(0),
    /** The id of the ledger's last structural change: later statements of its batch look for it. */
    ledger_change_id: text(),
    revision: integer().notNull().default(1),
    /** The id of the row's last change, by which the rest of the change's batch knows that it took effect. */
    change_id: text(),
    created_by: text(),
    created_at: integer().notNull(),
    updated_at: integer().notNull(),
    archived_at: integer(),
    archived_by: text(),
    archive_reason: text(),
  },
  (table) => [
    uniqueIndex('participants_ndis_number').on(table.organization_id, table.ndis_number),
    index('participants_by_name').on(table.organization_id, table.status, table.name_key, table.id),
    index('participants_by_organization').on(table.organization_id, table.id),
    index('participants_by_creation').on(table.organization_id, table.status, table.created_at, table.id),
    index('participants_by_plan_end').on(table.organization_id, table.status, table.plan_end_key, table.id),
    check('participant_ndis_number', sql`${table.ndis_number} GLOB '43[0-9][0-9][0-9][0-9][0-9][0-9][0-9]'`),
    check('participant_status', sql`${table.status} IN ('active', 'inactive', 'archived')`),
    check('participant_pricing_zone', sql`${table.pricing_zone} IN ('national', 'remote', 'very_remote')`),
    check('participant_contact_json', sql`json_valid(${table.contact})`),
    check('participant_address_json', sql`${table.address} IS NULL OR json_valid(${table.address})`),
    check('participant_emergency_json', sql`json_valid(${table.emergency})`),
    check('participant_medical_json', sql`json_valid(${table.medical})`),
    check('participant_preferences_json', sql`json_valid(${table.preferences})`),
    check('participant_tags_json', sql`json_valid(${table.tags})`),
    check('participant_custom_fields_json', sql`json_valid(${table.custom_fields})`),
    check('participant_ledger_version', sql`${table.ledger_version} >= 0`),
  ],
);

/** The search: every word of a participant, and every tag behind a `#`. WITHOUT ROWID; `npm run words` rebuilds it. */
export const participantWords = sqliteTable(
  'participant_words',
  {
    organization_id: text().notNull(),
    word: text().notNull(),
    participant_id: text()
      .notNull()
      .references(() => participants.id),
  },
  (table) => [
    primaryKey({ name: 'participant_words_key', columns: [table.organization_id, table.word, table.participant_id] }),
    index('participant_words_participant').on(table.participant_id, table.word),
  ],
);

export type ParticipantRow = typeof participants.$inferSelect;
