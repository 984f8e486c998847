/**
 * Creates an organisation and its first administrator:
 * `npm run organization -- --name NAME --admin-email EMAIL --subject SUB [--time-zone ZONE] [--abn ABN]
 * [--participant-limit N] [--features imports,claims,messages] [--remote] [--env NAME]`
 */
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { isAbn } from '../src/features/organizations/rules.ts';
import { FEATURES } from '../src/features/sign-in/rules.ts';
import { isTimeZone } from '../src/time/rules.ts';
import { literal, openDatabase } from './lib/database.ts';
import { organizationStatements } from './lib/organization.ts';

const Options = z.object({
  name: z.string({ error: '--name is needed' }).trim().min(1).max(200),
  'admin-email': z.email({ error: '--admin-email must be an e-mail address' }),
  subject: z.string({ error: "--subject is needed: the `sub` of the administrator's tokens" }).min(1),
  'time-zone': z.string().refine(isTimeZone, '--time-zone must be an IANA zone').default('Australia/Sydney'),
  abn: z
    .string()
    .transform((text) => text.replaceAll(' ', ''))
    .refine(isAbn, '--abn must be an ABN whose checksum fits')
    .optional(),
  'participant-limit': z.coerce.number().int().positive().optional(),
  features: z
    .string()
    .default(FEATURES.join(','))
    .transform((text) => text.split(',').filter((part) => part !== ''))
    .pipe(z.array(z.enum(FEATURES))),
});

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    name: text,
    'admin-email': text,
    subject: text,
    'time-zone': text,
    abn: text,
    'participant-limit': text,
    features: text,
    env: text,
    remote: { type: 'boolean' },
  },
});
const parsed = Options.safeParse(values);
if (!parsed.success) {
  for (const issue of parsed.error.issues) console.error(issue.message);
  console.error('Usage: npm run organization -- --name NAME --admin-email EMAIL --subject SUB [--remote]');
  process.exit(2);
}
const { data } = parsed;
const database = openDatabase(values);
const taken = await database.query(
  `SELECT 1 FROM users WHERE email_key = ${literal(data['admin-email'].toLowerCase())} OR external_id = ${literal(data.subject)}`,
);
if (taken.length > 0) {
  console.error('There is a user with this e-mail or subject already: nothing was created.');
  process.exit(1);
}
await database.execute(
  organizationStatements(
    {
      name: data.name,
      abn: data.abn ?? null,
      registrationNumber: null,
      timeZone: data['time-zone'],
      features: data.features,
      participantLimit: data['participant-limit'] ?? null,
      users: [
        {
          email: data['admin-email'],
          externalId: data.subject,
          firstName: 'First',
          lastName: 'Administrator',
          role: 'admin',
        },
      ],
    },
    Date.now(),
  ),
);
database.close();
console.log(`${data.name} is there, with ${data['admin-email']} as its administrator.`);
