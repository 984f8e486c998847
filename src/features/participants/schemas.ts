import * as z from 'zod';
import {
  anyFields,
  calendarDate,
  EXAMPLE_IDS,
  email,
  id,
  instant,
  longText,
  MAX_LIST,
  name,
  nextCursor,
  page,
  reason,
  shortText,
} from '../../http/fields.ts';
import { patchOf } from '../../http/patch.ts';
import { isDate } from '../../time/rules.ts';
import { CreatePlan } from '../plans/schemas.ts';
import { PARTICIPANT_STATUSES, PRICING_ZONES } from './table.ts';

const text = () => shortText().nullable().default(null);
const list = () => z.array(shortText()).max(MAX_LIST).default([]);

const Contact = z.strictObject({
  email: email().nullable().default(null),
  phone: text(),
  mobile: text(),
  preferredMethod: text(),
});

const Address = z.strictObject({
  street: shortText().default(''),
  suburb: shortText().default(''),
  state: shortText().default(''),
  postcode: shortText().default(''),
  country: shortText().default('AU'),
});

const EmergencyContact = z.strictObject({
  name: shortText(),
  relationship: shortText().default(''),
  phone: shortText().default(''),
  isPrimary: z.boolean().default(false),
});

const Profile = z.strictObject({
  firstName: name(),
  lastName: name(),
  preferredName: text(),
  dateOfBirth: z
    .string()
    .refine(isDate, 'must be a real date, YYYY-MM-DD')
    .meta({ format: 'date', description: 'Not in the future, and not before 1900.' }),
  gender: text(),
  contact: Contact.prefault({}),
  address: Address.nullable().default(null),
  emergency: z.array(EmergencyContact).max(MAX_LIST).default([]),
});

const Medical = z.strictObject({
  disabilities: list(),
  medications: z
    .array(z.strictObject({ name: shortText(), dosage: shortText().default(''), frequency: shortText().default('') }))
    .max(MAX_LIST)
    .default([]),
  allergies: list(),
  dietaryRequirements: list(),
});

const Preferences = z.strictObject({
  communicationNeeds: longText().nullable().default(null),
  culturalConsiderations: longText().nullable().default(null),
  interests: list(),
  routines: longText().nullable().default(null),
});

const ndisNumber = () =>
  z
    .string()
    .overwrite((value) => value.replace(/\s+/g, ''))
    .regex(/^43\d{7}$/, 'must be nine digits beginning with 43')
    .meta({
      description: 'Nine digits beginning with 43; spaces are dropped. Unique in the organisation.',
      pattern: '^\\s*4\\s*3(\\s*\\d){7}\\s*$',
    });

/** The fields of a participant that clients write, all of them present. */
export const Fields = z.strictObject({
  ndisNumber: ndisNumber(),
  profile: Profile,
  pricingZone: z.enum(PRICING_ZONES).default('national'),
  medical: Medical.prefault({}),
  preferences: Preferences.prefault({}),
  tags: z.array(name()).max(MAX_LIST).default([]),
  customFields: anyFields(),
});
export type ParticipantFields = z.output<typeof Fields>;

export const CreateParticipant = Fields.extend({ plan: CreatePlan.nullable().default(null) }).meta({
  id: 'CreateParticipant',
  examples: [
    {
      ndisNumber: '430000001',
      profile: { firstName: 'Mia', lastName: 'Nguyen', dateOfBirth: '1990-01-01' },
      tags: ['Mornings'],
      plan: {
        startDate: '2026-07-01',
        endDate: '2027-06-30',
        managementType: 'plan_managed',
        budgets: [{ categoryCode: 1, flexible: true, allocatedCents: 2_500_000 }],
      },
    },
  ],
});

const settableStatus = z.enum(['active', 'inactive']);
export const UpdateParticipant = patchOf(Fields.extend({ status: settableStatus })).meta({
  id: 'UpdateParticipant',
  description: 'A JSON merge patch: absent leaves, null clears.',
  examples: [{ profile: { preferredName: 'Mimi', contact: { phone: null } }, status: 'inactive' }],
});
export const Updated = Fields.extend({ status: settableStatus });

export const Archive = z
  .strictObject({ reason: reason() })
  .meta({ id: 'ArchiveParticipant', examples: [{ reason: 'Moved interstate.' }] });

export const ListParticipants = z.object({
  ...page,
  status: z.enum(PARTICIPANT_STATUSES).default('active'),
  search: shortText().optional().meta({
    description: 'Each word must begin a word of the names, NDIS number, e-mail or phone; accents are ignored.',
  }),
  tag: shortText().optional().meta({ description: 'One that the participant has.' }),
  sort: z
    .enum(['name', '-createdAt', 'planEnd'])
    .default('name')
    .meta({ description: 'By family name, newest first, or by the end of the last plan.' }),
});

const BASE_EXAMPLE = {
  id: EXAMPLE_IDS.par,
  ndisNumber: '430000001',
  profile: {
    firstName: 'Mia',
    lastName: 'Nguyen',
    preferredName: null,
    dateOfBirth: '1990-01-01',
    gender: null,
    contact: { email: 'mia.nguyen@example.com', phone: null, mobile: null, preferredMethod: 'email' },
    address: { street: '1 Example Street', suburb: 'Sydney', state: 'NSW', postcode: '2000', country: 'AU' },
    emergency: [{ name: 'Lan Nguyen', relationship: 'Mother', phone: '02 5550 0102', isPrimary: true }],
  },
  pricingZone: 'national',
  preferences: { communicationNeeds: null, culturalConsiderations: null, interests: ['Cooking'], routines: null },
  tags: ['Mornings'],
  customFields: {},
  status: 'active',
  createdAt: '2026-06-20T02:00:00.000Z',
  updatedAt: '2026-11-02T04:05:06.789Z',
  archivedAt: null,
  archivedBy: null,
};

const ParticipantBase = z.object({
  id: id('par'),
  ndisNumber: z.string(),
  profile: z.object({
    firstName: z.string(),
    lastName: z.string(),
    preferredName: z.string().nullable(),
    dateOfBirth: calendarDate(),
    gender: z.string().nullable(),
    contact: z.object({
      email: z.string().nullable(),
      phone: z.string().nullable(),
      mobile: z.string().nullable(),
      preferredMethod: z.string().nullable(),
    }),
    address: z
      .object({ street: z.string(), suburb: z.string(), state: z.string(), postcode: z.string(), country: z.string() })
      .nullable(),
    emergency: z.array(
      z.object({ name: z.string(), relationship: z.string(), phone: z.string(), isPrimary: z.boolean() }),
    ),
  }),
  pricingZone: z.enum(PRICING_ZONES),
  preferences: z.object({
    communicationNeeds: z.string().nullable(),
    culturalConsiderations: z.string().nullable(),
    interests: z.array(z.string()),
    routines: z.string().nullable(),
  }),
  tags: z.array(z.string()),
  customFields: z.record(z.string(), z.unknown()),
  status: z.enum(PARTICIPANT_STATUSES),
  createdAt: instant(),
  updatedAt: instant(),
  archivedAt: instant().nullable(),
  archivedBy: id('usr').nullable(),
});

export const Participant = ParticipantBase.extend({
  medical: z
    .object({
      disabilities: z.array(z.string()),
      medications: z.array(z.object({ name: z.string(), dosage: z.string(), frequency: z.string() })),
      allergies: z.array(z.string()),
      dietaryRequirements: z.array(z.string()),
    })
    .optional()
    .meta({ description: 'Only for readers with `participants.medical`.' }),
}).meta({
  id: 'Participant',
  examples: [
    {
      ...BASE_EXAMPLE,
      medical: {
        disabilities: ['Cerebral palsy'],
        medications: [],
        allergies: ['Penicillin'],
        dietaryRequirements: [],
      },
    },
  ],
});
export type ParticipantView = z.infer<typeof Participant>;

export const ParticipantListItem = ParticipantBase.extend({
  currentBudget: z
    .object({
      allocatedCents: z.int(),
      spentCents: z.int(),
      remainingCents: z.int(),
      percentUsed: z.number().nullable(),
      status: z.enum(['green', 'amber', 'red']),
    })
    .nullable()
    .meta({ description: 'Of the plan of today, else the next, else the last; null without `budgets.read`.' }),
  recentServices: z
    .array(
      z.object({
        id: id('svc'),
        serviceDate: calendarDate(),
        supportItemCode: z.string(),
        supportItemName: z.string(),
        totalCostCents: z.int(),
        status: z.enum(['completed', 'cancelled']),
      }),
    )
    .meta({ description: 'The newest five.' }),
  complianceScore: z.int().min(0).max(100).nullable(),
}).meta({ id: 'ParticipantListItem' });
export type ParticipantListItemView = z.infer<typeof ParticipantListItem>;

export const ParticipantList = z.object({ data: z.array(ParticipantListItem), nextCursor: nextCursor() }).meta({
  id: 'ParticipantList',
  examples: [
    {
      data: [
        {
          ...BASE_EXAMPLE,
          currentBudget: {
            allocatedCents: 2_500_000,
            spentCents: 0,
            remainingCents: 2_500_000,
            percentUsed: 0,
            status: 'green',
          },
          recentServices: [],
          complianceScore: null,
        },
      ],
      nextCursor: null,
    },
  ],
});
