import { timestampOf } from '../../time/rules.ts';
import type { UserFieldsOutput, UserView } from './schemas.ts';
import type { UserRow } from './table.ts';

/** A user as readers see them. */
export function userView(row: UserRow): UserView {
  return {
    id: row.id,
    ...userFields(row),
    emailBouncedAt: timestampOf(row.email_bounced_at),
    lastActiveAt: timestampOf(row.last_active_at),
    createdAt: new Date(row.created_at).toISOString(),
    updatedAt: new Date(row.updated_at).toISOString(),
  };
}

/** The fields of a user as an administrator writes them. */
export function userFields(row: UserRow): UserFieldsOutput {
  return {
    externalId: row.external_id,
    email: row.email,
    firstName: row.first_name,
    lastName: row.last_name,
    phone: row.phone,
    role: row.role,
    permissions: JSON.parse(row.permissions),
    preferences: JSON.parse(row.preferences),
    status: row.status,
    screeningCheck: row.screening === null ? null : JSON.parse(row.screening),
  };
}

/** The columns that a user's fields are kept in. */
export function userColumns(fields: UserFieldsOutput) {
  return {
    external_id: fields.externalId,
    email: fields.email,
    email_key: fields.email.toLowerCase(),
    first_name: fields.firstName,
    last_name: fields.lastName,
    phone: fields.phone,
    role: fields.role,
    permissions: JSON.stringify(fields.permissions),
    preferences: JSON.stringify(fields.preferences),
    status: fields.status,
    screening: fields.screeningCheck === null ? null : JSON.stringify(fields.screeningCheck),
  };
}
