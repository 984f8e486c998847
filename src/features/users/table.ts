import { sql } from 'drizzle-orm';
import { check, index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import { organizations } from '../organizations/table.ts';

export const USER_STATUSES = ['active', 'inactive', 'suspended'] as const;

export const users = sqliteTable(
  'users',
  {
    id: text().primaryKey(),
    organization_id: text()
      .notNull()
      .references(() => organizations.id),
    /** The `sub` of the user's tokens; null until the user is linked to a sign-in. */
    external_id: text(),
    email: text().notNull(),
    /** The e-mail in lower case: unique everywhere, because a person belongs to one organisation. */
    email_key: text().notNull(),
    first_name: text().notNull(),
    last_name: text().notNull(),
    phone: text(),
    role: text({ enum: ['admin', 'coordinator', 'support_worker', 'finance', 'viewer'] }).notNull(),
    permissions: text().notNull().default('[]'),
    preferences: text().notNull(),
    status: text({ enum: USER_STATUSES }).notNull().default('active'),
    last_active_at: integer(),
    revision: integer().notNull().default(1),
    /** The id of the row's last change, by which the rest of the change's batch knows that it took effect. */
    change_id: text(),
    created_at: integer().notNull(),
    updated_at: integer().notNull(),
    /** Since when mail to them comes back: nothing more is sent until an administrator clears it. */
    email_bounced_at: integer(),
    /** The NDIS Worker Screening Check, as `ScreeningCheck`; null when none is recorded. */
    screening: text(),
    /** When the sign-in's own record last changed, as the identity provider says: older news of it is late. */
    sign_in_updated_at: integer(),
  },
  (table) => [
    uniqueIndex('users_external_id').on(table.external_id),
    uniqueIndex('users_email_key').on(table.email_key),
    index('users_organization').on(table.organization_id, table.id),
    index('users_by_role').on(table.organization_id, table.role, table.status),
    check('user_role', sql`${table.role} IN ('admin', 'coordinator', 'support_worker', 'finance', 'viewer')`),
    check('user_status', sql`${table.status} IN ('active', 'inactive', 'suspended')`),
    check('user_permissions_json', sql`json_valid(${table.permissions})`),
    check('user_preferences_json', sql`json_valid(${table.preferences})`),
  ],
);

export type UserRow = typeof users.$inferSelect;
