import * as z from 'zod';
import {
  calendarDate,
  EXAMPLE_IDS,
  email,
  id,
  instant,
  MAX_LIST,
  name,
  nextCursor,
  page,
  shortText,
} from '../../http/fields.ts';
import { patchOf } from '../../http/patch.ts';
import { PERMISSIONS, ROLES } from '../sign-in/rules.ts';
import { USER_STATUSES } from './table.ts';

const Preferences = z.strictObject({
  notifications: z
    .strictObject({
      email: z.boolean().default(true),
      inApp: z.boolean().default(true),
      sms: z.boolean().default(true),
    })
    .prefault({}),
  defaultView: shortText().default('participants'),
  shortcuts: z.array(shortText()).max(MAX_LIST).default([]),
});
export type UserPreferences = z.output<typeof Preferences>;

const own = {
  firstName: name(),
  lastName: name(),
  phone: shortText().nullable().default(null),
  preferences: Preferences.prefault({}),
};

export const SCREENING_STATUSES = ['cleared', 'pending', 'interim_barred', 'suspended', 'excluded'] as const;

/** The NDIS Worker Screening Check (`domain.md` §5.1): a clearance holds for five years, and can be taken away. */
const ScreeningCheck = z
  .strictObject({
    number: shortText().min(1, 'must not be empty'),
    status: z.enum(SCREENING_STATUSES),
    expiresOn: calendarDate().nullable().default(null),
  })
  .meta({ id: 'ScreeningCheck', description: 'The NDIS Worker Screening Check.' });
export type ScreeningCheck = z.output<typeof ScreeningCheck>;

/** What an administrator says of a user. */
export const UserFields = z.strictObject({
  externalId: shortText().min(1).nullable().default(null).meta({ description: "The `sub` of the user's tokens." }),
  email: email(),
  ...own,
  role: z.enum(ROLES),
  permissions: z.array(z.enum(PERMISSIONS)).max(MAX_LIST).default([]),
  status: z.enum(USER_STATUSES).default('active'),
  screeningCheck: ScreeningCheck.nullable().default(null),
});
export type UserFieldsOutput = z.output<typeof UserFields>;

export const CreateUser = UserFields.meta({
  id: 'CreateUser',
  examples: [{ email: 'kai.brown@example.com', firstName: 'Kai', lastName: 'Brown', role: 'support_worker' }],
});
export const UpdateUser = patchOf(UserFields).meta({
  id: 'UpdateUser',
  description: 'A JSON merge patch: absent leaves, null clears.',
  examples: [{ status: 'suspended' }],
});

/** What a user may say of themselves. */
export const OwnFields = z.strictObject(own);
export const UpdateMe = patchOf(OwnFields).meta({
  id: 'UpdateMe',
  description: 'A JSON merge patch of the own name, phone and preferences.',
  examples: [{ phone: '02 5550 0101', preferences: { notifications: { sms: false } } }],
});

const USER_EXAMPLE = {
  id: EXAMPLE_IDS.usr,
  externalId: 'user_2abcDEF',
  email: 'kai.brown@example.com',
  firstName: 'Kai',
  lastName: 'Brown',
  phone: null,
  role: 'support_worker',
  permissions: [],
  preferences: {
    notifications: { email: true, inApp: true, sms: false },
    defaultView: 'participants',
    shortcuts: [],
  },
  status: 'active',
  screeningCheck: { number: 'WSC0000001', status: 'cleared', expiresOn: '2030-06-30' },
  emailBouncedAt: null,
  lastActiveAt: '2026-11-23T03:10:00.000Z',
  createdAt: '2026-06-01T00:00:00.000Z',
  updatedAt: '2026-11-02T04:05:06.789Z',
};

export const User = z
  .object({
    id: id('usr'),
    externalId: z.string().nullable(),
    email: z.string(),
    firstName: z.string(),
    lastName: z.string(),
    phone: z.string().nullable(),
    role: z.enum(ROLES),
    permissions: z.array(z.enum(PERMISSIONS)).meta({ description: "The user's own, beside the role's." }),
    preferences: z.object({
      notifications: z.object({ email: z.boolean(), inApp: z.boolean(), sms: z.boolean() }),
      defaultView: z.string(),
      shortcuts: z.array(z.string()),
    }),
    status: z.enum(USER_STATUSES),
    screeningCheck: z
      .object({ number: z.string(), status: z.enum(SCREENING_STATUSES), expiresOn: calendarDate().nullable() })
      .nullable(),
    emailBouncedAt: instant().nullable().meta({ description: 'Since when nothing is written to their address.' }),
    lastActiveAt: instant().nullable(),
    createdAt: instant(),
    updatedAt: instant(),
  })
  .meta({ id: 'User', examples: [USER_EXAMPLE] });
export type UserView = z.infer<typeof User>;

export const UserList = z
  .object({ data: z.array(User), nextCursor: nextCursor() })
  .meta({ id: 'UserList', examples: [{ data: [USER_EXAMPLE], nextCursor: null }] });
export const ListUsers = z.object(page);
