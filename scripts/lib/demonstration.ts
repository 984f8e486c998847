import type { NewOrganization, NewUser } from './organization.ts';

const FEATURES = ['imports', 'claims', 'messages'];

function user(name: string, domain: string, role: NewUser['role'], people: [string, string]): NewUser {
  return {
    email: `${name}@${domain}`,
    externalId: `local_${name}@${domain}`,
    firstName: people[0],
    lastName: people[1],
    role,
  };
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
      user('admin', 'demo.caddy.test', 'admin', ['Ada', 'Marsh']),
      user('coordinator', 'demo.caddy.test', 'coordinator', ['Cora', 'Whitfield']),
      user('worker', 'demo.caddy.test', 'support_worker', ['Wes', 'Okafor']),
      user('finance', 'demo.caddy.test', 'finance', ['Fia', 'Lindqvist']),
      user('viewer', 'demo.caddy.test', 'viewer', ['Vic', 'Tamati']),
    ],
  },
  {
    name: 'Other Provider',
    abn: '53004085616',
    registrationNumber: '4050000002',
    timeZone: 'Australia/Sydney',
    features: FEATURES,
    participantLimit: null,
    users: [user('admin', 'other.caddy.test', 'admin', ['Otto', 'Reyes'])],
  },
];
