import * as z from 'zod';
import { EXAMPLE_IDS, email, id, instant, MAX_LIST, name, shortText, timeOfDay } from '../../http/fields.ts';
import { patchOf } from '../../http/patch.ts';
import { isTimeZone } from '../../time/rules.ts';
import { DEFAULT_ALERTS } from '../alerts/rules.ts';
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
      .meta({ description: 'Days of the week, Sunday being 0.', uniqueItems: true }),
  })
  .meta({ id: 'BusinessHours' });

const percent = () => z.int('must be a whole number').min(1).max(100);

const Alerts = z
  .strictObject({
    warningPercent: percent()
      .default(DEFAULT_ALERTS.warningPercent)
      .meta({ description: 'Above so much of what is released up to the current period’s end.' }),
    criticalPercent: percent().default(DEFAULT_ALERTS.criticalPercent),
    runOutDays: z
      .int('must be a whole number')
      .min(0)
      .max(366)
      .default(DEFAULT_ALERTS.runOutDays)
      .meta({ description: 'When money is projected to be gone more than so many days before the plan ends.' }),
    underspendPercent: percent()
      .default(DEFAULT_ALERTS.underspendPercent)
      .meta({ description: 'When less than so much is spent in the last quarter of a plan.' }),
  })
  .refine(({ warningPercent, criticalPercent }) => warningPercent < criticalPercent, {
    path: ['criticalPercent'],
    message: 'must be above warningPercent',
  })
  .meta({ id: 'AlertSettings' });

const Settings = z.strictObject({
  timeZone: z
    .string()
    .max(64)
    .refine(isTimeZone, 'must be an IANA time zone such as Australia/Sydney')
    .meta({ description: 'An IANA time zone.' }),
  currency: z.literal('AUD', 'must be AUD').default('AUD'),
  dateFormat: z.enum(DATE_FORMATS).default('DD/MM/YYYY'),
  businessHours: BusinessHours.prefault({}),
  claimDuration: z.enum(CLAIM_DURATIONS).default('hours'),
  alerts: Alerts.prefault({}),
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
  abn: digits()
    .refine(isAbn, 'must be an ABN: eleven digits whose checksum fits')
    .meta({
      description: 'Eleven digits whose checksum fits; spaces are dropped.',
      pattern: '^\\s*[1-9](\\s*\\d){10}\\s*$',
    })
    .nullable()
    .default(null),
  registrationNumber: digits()
    .refine(isRegistrationNumber, 'must be nine or ten digits beginning with 405')
    .meta({
      description: 'Nine or ten digits beginning with 405; spaces are dropped.',
      pattern: '^\\s*4\\s*0\\s*5(\\s*\\d){6,7}\\s*$',
    })
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
    .meta({ description: 'At most one is primary.' })
    .default([]),
});
export type OrganizationFieldsOutput = z.output<typeof OrganizationFields>;

export const UpdateOrganization = patchOf(OrganizationFields).meta({
  id: 'UpdateOrganization',
  description: 'A JSON merge patch: absent leaves, null clears.',
  examples: [{ abn: '51 824 753 556', settings: { claimDuration: 'quantity' } }],
});

export const SETTINGS_EXAMPLE = {
  timeZone: 'Australia/Sydney',
  currency: 'AUD',
  dateFormat: 'DD/MM/YYYY',
  businessHours: { start: '09:00', end: '17:00', workDays: [1, 2, 3, 4, 5] },
  claimDuration: 'hours',
  alerts: DEFAULT_ALERTS,
};

export const SettingsView = z
  .object({
    timeZone: z.string(),
    currency: z.string(),
    dateFormat: z.string(),
    businessHours: z.object({ start: timeOfDay(), end: timeOfDay(), workDays: z.array(z.int().min(0).max(6)) }),
    claimDuration: z.enum(CLAIM_DURATIONS),
    alerts: z.object({
      warningPercent: z.int(),
      criticalPercent: z.int(),
      runOutDays: z.int(),
      underspendPercent: z.int(),
    }),
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
      currentPeriodEnd: instant().nullable(),
      participantLimit: z.int().nullable().meta({ description: 'Null: as many as they like.' }),
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
    createdAt: instant(),
    updatedAt: instant(),
  })
  .meta({
    id: 'Organization',
    examples: [
      {
        id: EXAMPLE_IDS.org,
        name: 'Example Support Services',
        abn: '51824753556',
        registrationNumber: '4050000001',
        settings: SETTINGS_EXAMPLE,
        subscription: {
          plan: 'pro',
          status: 'active',
          currentPeriodEnd: '2027-06-30T14:00:00.000Z',
          participantLimit: 200,
          features: ['imports', 'claims'],
        },
        contacts: [
          {
            name: 'Ira Novak',
            role: 'Director',
            email: 'ira.novak@example.com',
            phone: '02 5550 0100',
            isPrimary: true,
          },
        ],
        createdAt: '2026-06-01T00:00:00.000Z',
        updatedAt: '2026-11-02T04:05:06.789Z',
      },
    ],
  });
export type OrganizationView = z.infer<typeof Organization>;
