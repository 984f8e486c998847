import type { NewOrganization, NewUser } from './organization.ts';

const FEATURES = ['imports', 'claims', 'messages'];

function user(email: string, person: Pick<NewUser, 'role' | 'firstName' | 'lastName'>): NewUser {
  return { email, externalId: `local_${email}`, ...person };
}

/** The organisations of the local service, with a user for each role. Everyone is made up. */
export const DEMONSTRATION: readonly NewOrganization[] = [
  {
    name: 'Demo Support Services',
    abn: '51824753556',
    registrationNumber: '4050000001',
    timeZone: 'Australia/Sydney',
    features: FEATURES,
    participantLimit: null,
    users: [
      user('admin@demo.caddy.test', { role: 'admin', firstName: 'Ada', lastName: 'Marsh' }),
      user('coordinator@demo.caddy.test', { role: 'coordinator', firstName: 'Cora', lastName: 'Whitfield' }),
      user('worker@demo.caddy.test', { role: 'support_worker', firstName: 'Wes', lastName: 'Okafor' }),
      user('finance@demo.caddy.test', { role: 'finance', firstName: 'Fia', lastName: 'Lindqvist' }),
      user('viewer@demo.caddy.test', { role: 'viewer', firstName: 'Vic', lastName: 'Tamati' }),
    ],
  },
  {
    name: 'Other Provider',
    abn: '53004085616',
    registrationNumber: '4050000002',
    timeZone: 'Australia/Sydney',
    features: FEATURES,
    participantLimit: null,
    users: [user('admin@other.caddy.test', { role: 'admin', firstName: 'Otto', lastName: 'Reyes' })],
  },
];
