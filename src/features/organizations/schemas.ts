import { z } from 'zod';
import { email, id, MAX_LIST, name, shortText, timeOfDay } from '../../http/fields.ts';
import { patchOf } from '../../http/patch.ts';
import { isTimeZone } from '../../time/rules.ts';
import { isAbn, isRegistrationNumber } from './rules.ts';
import { CLAIM_DURATIONS, DATE_FORMATS, SUBSCRIPTION_PLANS, SUBSCRIPTION_STATUSES } from './table.ts';

const digits = () => z.string().overwrite((value) => value.replace(/\s+/g, ''));

const BusinessHours = z
  .strictObject({
    start: timeOfDay().default('09:00'),
    end: timeOfDay().default('17:00'),
    workDays: z
      .array(z.int().min(0).max(6))
      .max(7)
      .refine((days) => new Set(days).size === days.length, 'must name each day once')
      .default([1, 2, 3, 4, 5])
      .meta({ description: 'Days of the week, Sunday being 0.' }),
  })
  .meta({ id: 'BusinessHours' });

const Settings = z.strictObject({
  timeZone: z.string().max(64).refine(isTimeZone, 'must be an IANA time zone such as Australia/Sydney'),
  currency: z.literal('AUD', 'must be AUD').default('AUD'),
  dateFormat: z.enum(DATE_FORMATS).default('DD/MM/YYYY'),
  businessHours: BusinessHours.prefault({}),
  claimDuration: z.enum(CLAIM_DURATIONS).default('hours'),
});

const OrganizationContact = z.strictObject({
  name: name(),
  role: shortText().default(''),
  email: email().nullable().default(null),
  phone: shortText().nullable().default(null),
  isPrimary: z.boolean().default(false),
});

/** What an administrator may change; the subscription is the operator's. */
export const OrganizationFields = z.strictObject({
  name: name(),
  abn: digits().refine(isAbn, 'must be an ABN: eleven digits whose checksum fits').nullable().default(null),
  registrationNumber: digits()
    .refine(isRegistrationNumber, 'must be nine or ten digits beginning with 405')
    .nullable()
    .default(null),
  settings: Settings,
  contacts: z
    .array(OrganizationContact)
    .max(MAX_LIST)
    .refine(
      (contacts) => contacts.filter((contact) => contact.isPrimary).length <= 1,
      'must have at most one primary contact',
    )
    .default([]),
});
export type OrganizationFieldsOutput = z.output<typeof OrganizationFields>;

export const UpdateOrganization = patchOf(OrganizationFields).meta({
  id: 'UpdateOrganization',
  description: 'A JSON merge patch: absent leaves, null clears.',
});

const SettingsView = z
  .object({
    timeZone: z.string(),
    currency: z.string(),
    dateFormat: z.string(),
    businessHours: z.object({ start: z.string(), end: z.string(), workDays: z.array(z.int()) }),
    claimDuration: z.enum(CLAIM_DURATIONS),
  })
  .meta({ id: 'OrganizationSettings' });

export const Organization = z
  .object({
    id: id('org'),
    name: z.string(),
    abn: z.string().nullable(),
    registrationNumber: z.string().nullable(),
    settings: SettingsView,
    subscription: z.object({
      plan: z.enum(SUBSCRIPTION_PLANS),
      status: z.enum(SUBSCRIPTION_STATUSES),
      currentPeriodEnd: z.string().nullable(),
      participantLimit: z.int().nullable(),
      features: z.array(z.string()),
    }),
    contacts: z.array(
      z.object({
        name: z.string(),
        role: z.string(),
        email: z.string().nullable(),
        phone: z.string().nullable(),
        isPrimary: z.boolean(),
      }),
    ),
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .meta({ id: 'Organization' });
export type OrganizationView = z.infer<typeof Organization>;
export { SettingsView };
