import sql, { type Sql } from 'sql-template-tag';
import type { Database } from '../../database/database.ts';
import { addDays, dateAt, startOfDate } from '../../time/rules.ts';
import type { LedgerKey } from '../ledger/state.ts';
import { effectivePermissions, featureOf, type Permission } from '../sign-in/rules.ts';
import type { UserRow } from '../users/table.ts';

/** How often watchers and the ledger's version are looked at while someone watches (ms). */
const CHECK_EVERY = 30_000;

/** When to look next: in half a minute, or at the organisation's midnight if that comes first. In ms. */
export function nextCheck(timeZone: string, now: number): number {
  const midnight = startOfDate(timeZone, addDays(dateAt(timeZone, now), 1));
  return Math.min(now + CHECK_EVERY, midnight);
}

export interface Check {
  version: number | null;
  /** The organisation's zone; null when the participant is gone. */
  timeZone: string | null;
  /** The watching users who may not watch any more. */
  refused: Map<string, 'signedOut' | 'forbidden'>;
}

/** One round trip: the ledger's version, and which of the watching users may still see budgets. */
export async function checkWatchers(
  database: Database,
  { key, userIds }: { key: LedgerKey; userIds: readonly string[] },
): Promise<Check> {
  const ids = [...new Set(userIds)];
  const [[participant], users] = await database.read<[{ ledger_version: number; time_zone: string }, WatchingUser]>(
    sql`SELECT participants.ledger_version, organizations.time_zone FROM participants
      JOIN organizations ON organizations.id = participants.organization_id
      WHERE participants.id = ${key.participantId} AND participants.organization_id = ${key.organizationId}`,
    watchingUsers(key.organizationId, ids),
  );
  const refused = refusals(users, { ids, permission: 'budgets.read' });
  return { version: participant?.ledger_version ?? null, timeZone: participant?.time_zone ?? null, refused };
}

type WatchingUser = Pick<UserRow, 'id' | 'status' | 'role' | 'permissions'>;

function watchingUsers(organizationId: string, ids: readonly string[]): Sql {
  return sql`SELECT users.id, users.status, users.role, users.permissions FROM json_each(${JSON.stringify(ids)}) watching
    CROSS JOIN users ON users.id = watching.value WHERE users.organization_id = ${organizationId}`;
}

function refusals(
  users: readonly WatchingUser[],
  { ids, permission }: { ids: readonly string[]; permission: Permission },
): Map<string, 'signedOut' | 'forbidden'> {
  const refused = new Map<string, 'signedOut' | 'forbidden'>();
  for (const id of ids) {
    const user = users.find((candidate) => candidate.id === id);
    if (user?.status !== 'active') refused.set(id, 'signedOut');
    else if (!effectivePermissions(user.role, JSON.parse(user.permissions)).includes(permission)) {
      refused.set(id, 'forbidden');
    }
  }
  return refused;
}

/** Which of the watching users may not watch any more, for lack of a permission or of being active. One round trip. */
export async function refusedWatchers(
  database: Database,
  {
    organizationId,
    userIds,
    permission,
  }: { organizationId: string; userIds: readonly string[]; permission: Permission },
): Promise<Map<string, 'signedOut' | 'forbidden'>> {
  const ids = [...new Set(userIds)];
  const [users] = await database.read<[WatchingUser]>(watchingUsers(organizationId, ids));
  return refusals(users, { ids, permission });
}

/** What users who are active may do now, by their id; who is not active is not there. One round trip. */
export async function currentPermissions(
  database: Database,
  { organizationId, userIds }: { organizationId: string; userIds: readonly string[] },
): Promise<Map<string, Permission[]>> {
  const [users, [organization]] = await database.read<[WatchingUser, { features: string }]>(
    watchingUsers(organizationId, [...new Set(userIds)]),
    sql`SELECT features FROM organizations WHERE id = ${organizationId}`,
  );
  const features: string[] = JSON.parse(organization?.features ?? '[]');
  const isThere = (permission: Permission) => {
    const feature = featureOf(permission);
    return feature === null || features.includes(feature);
  };
  const active = users.filter(({ status }) => status === 'active');
  return new Map(
    active.map(({ id, role, permissions }) => [
      id,
      effectivePermissions(role, JSON.parse(permissions)).filter(isThere),
    ]),
  );
}
