import sql from 'sql-template-tag';
import type { Tenant } from '../../context.ts';
import type { Database } from '../../database/database.ts';
import type { OrganizationRow } from '../organizations/table.ts';
import type { UserRow } from '../users/table.ts';
import { effectivePermissions, type Permission } from './rules.ts';

/** A user as sign-in needs them, with the organisation they belong to. */
export interface SignedInUser {
  id: string;
  email: string;
  role: UserRow['role'];
  permissions: Permission[];
  status: UserRow['status'];
  lastActiveAt: number | null;
  tenant: Tenant;
}

/** How long a user's row may be used without looking again (ms): a suspended user is out within this. */
const MAX_AGE = 30_000;
const MAX_USERS = 5_000;

type Row = Pick<UserRow, 'id' | 'organization_id' | 'email' | 'role' | 'permissions' | 'status' | 'last_active_at'> &
  Pick<OrganizationRow, 'time_zone' | 'subscription_status' | 'features' | 'alert_settings'>;

const known = new Map<string, { user: SignedInUser; at: number }>();

/** The user whose tokens have this subject; null when nobody here has. `fresh` tells whether the row was just read. */
export async function userOf(
  database: Database,
  { subject, now }: { subject: string; now: number },
): Promise<{ user: SignedInUser; fresh: boolean } | null> {
  const entry = known.get(subject);
  if (entry && now - entry.at < MAX_AGE) return { user: entry.user, fresh: false };
  const [[row]] = await database.read<[Row]>(
    sql`SELECT users.id, users.organization_id, users.email, users.role, users.permissions, users.status, users.last_active_at,
        organizations.time_zone, organizations.subscription_status, organizations.features, organizations.alert_settings
      FROM users JOIN organizations ON organizations.id = users.organization_id WHERE users.external_id = ${subject}`,
  );
  if (!row) {
    known.delete(subject);
    return null;
  }
  const user = signedInUser(row);
  if (known.size >= MAX_USERS) known.clear();
  known.set(subject, { user, at: now });
  return { user, fresh: true };
}

/** The user with this id, read now: for tickets, which outlive the token they were got with. */
export async function userById(
  database: Database,
  key: { organizationId: string; userId: string },
): Promise<SignedInUser | null> {
  const [[row]] = await database.read<[Row]>(
    sql`SELECT users.id, users.organization_id, users.email, users.role, users.permissions, users.status, users.last_active_at,
        organizations.time_zone, organizations.subscription_status, organizations.features, organizations.alert_settings
      FROM users JOIN organizations ON organizations.id = users.organization_id
      WHERE users.id = ${key.userId} AND users.organization_id = ${key.organizationId}`,
  );
  return row ? signedInUser(row) : null;
}

function signedInUser(row: Row): SignedInUser {
  return {
    id: row.id,
    email: row.email,
    role: row.role,
    permissions: effectivePermissions(row.role, JSON.parse(row.permissions)),
    status: row.status,
    lastActiveAt: row.last_active_at,
    tenant: {
      id: row.organization_id,
      timeZone: row.time_zone,
      subscriptionStatus: row.subscription_status,
      features: JSON.parse(row.features),
      alerts: JSON.parse(row.alert_settings),
    },
  };
}

/** Forgets what this isolate knows of users: the next request of each reads it. Other isolates' rows age out. */
export function forgetUsers(): void {
  known.clear();
}
