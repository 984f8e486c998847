import { newId } from '../../src/ids.ts';
import { literal } from './database.ts';

export interface NewUser {
  email: string;
  externalId: string | null;
  firstName: string;
  lastName: string;
  role: 'admin' | 'coordinator' | 'support_worker' | 'finance' | 'viewer';
}

export interface NewOrganization {
  name: string;
  abn: string | null;
  registrationNumber: string | null;
  timeZone: string;
  features: readonly string[];
  participantLimit: number | null;
  users: readonly NewUser[];
}

const HOURS = { start: '09:00', end: '17:00', workDays: [1, 2, 3, 4, 5] };
const PREFERENCES = {
  notifications: { email: true, inApp: true, sms: true },
  defaultView: 'participants',
  shortcuts: [],
};

/** The statements that create an organisation with its first users and their rows in the record. */
export function organizationStatements(organization: NewOrganization, now: number): string[] {
  const id = newId('org');
  const values = (list: readonly (string | number | null)[]) => list.map(literal).join(', ');
  const statements = [
    `INSERT INTO organizations (id, name, abn, registration_number, time_zone, business_hours, subscription_plan,
      subscription_status, participant_limit, features, created_at, updated_at)
    VALUES (${values([id, organization.name, organization.abn, organization.registrationNumber, organization.timeZone, JSON.stringify(HOURS), 'pro', 'active', organization.participantLimit, JSON.stringify(organization.features), now, now])})`,
  ];
  for (const [index, user] of organization.users.entries()) {
    const userId = newId('usr');
    const { email, externalId, firstName, lastName, role } = user;
    statements.push(
      `INSERT INTO users (id, organization_id, external_id, email, email_key, first_name, last_name, role, preferences,
        created_at, updated_at)
      VALUES (${values([userId, id, externalId, email, email.toLowerCase(), firstName, lastName, role, JSON.stringify(PREFERENCES), now, now])})`,
      `INSERT INTO audit_logs (organization_id, seq, at, action, entity_type, entity_id, actor, request_id, change_id, after)
      VALUES (${values([id, index + 1, now, 'user.created', 'user', userId, 'operator', newId('chg'), newId('chg'), JSON.stringify({ email, role })])})`,
    );
  }
  return statements;
}
