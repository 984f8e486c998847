import * as z from 'zod';
import {
  calendarDate,
  cents,
  EXAMPLE_IDS,
  id,
  instant,
  longText,
  nextCursor,
  page,
  reason,
  supportItemCode,
  timeOfDay,
} from '../../http/fields.ts';
import { patchOf } from '../../http/patch.ts';
import { ERROR_CODES } from '../../http/problem.ts';
import type { ServiceRequest } from './rules.ts';
import { SERVICE_STATUSES } from './table.ts';
import type { ServiceView } from './view.ts';

const MAX_QUANTITY = 99_999.99;

/** A quantity with at most two decimals. */
const quantity = () =>
  z
    .number()
    .positive('must be more than 0')
    .max(MAX_QUANTITY, `must be at most ${MAX_QUANTITY}`)
    .refine((value) => Math.abs(value * 100 - Math.round(value * 100)) < 1e-6, 'must have at most two decimals')
    .refine((value) => Math.round(value * 100) > 0, 'must be at least 0.01')
    .meta({ description: 'At most two decimals. Not for items charged by the hour; 1 when left out.' });

export const CreateService = z
  .strictObject({
    participantId: id('par'),
    supportItemCode: supportItemCode(),
    serviceDate: calendarDate().meta({ description: 'Not after today.' }),
    startTime: timeOfDay()
      .meta({ description: 'By the clock of the organisation; needed for items charged by the hour.' })
      .nullable()
      .default(null),
    endTime: timeOfDay()
      .meta({ description: "At or before the start, it is the next day's." })
      .nullable()
      .default(null),
    notes: longText().default(''),
    unitPriceCents: cents()
      .meta({ description: 'The price limit of that date and zone when left out.' })
      .nullable()
      .default(null),
    quantity: quantity().nullable().default(null),
    budgetId: id('bud').meta({ description: 'The line that is to pay.' }).nullable().default(null),
  })
  .meta({
    id: 'CreateService',
    examples: [
      {
        participantId: EXAMPLE_IDS.par,
        supportItemCode: '01_011_0107_1_1',
        serviceDate: '2026-11-20',
        startTime: '09:00',
        endTime: '11:30',
        notes: 'Morning routine and breakfast.',
      },
    ],
  });

/** The request as the rules read it: the quantity in hundredths. */
export function serviceRequest(input: z.output<typeof CreateService>): ServiceRequest {
  const { quantity: asked, ...rest } = input;
  return { ...rest, quantityHundredths: asked === null ? null : Math.round(asked * 100) };
}

export const CancelService = z
  .strictObject({ reason: reason() })
  .meta({ id: 'CancelService', examples: [{ reason: 'Recorded twice.' }] });

/** What may still be said of a service once it is recorded. */
const ServiceNote = z.strictObject({
  notes: longText()
    .refine((value) => value.trim() !== '', 'must not be empty')
    .meta({ minLength: 1, pattern: '\\S' }),
});
export const NoteService = patchOf(ServiceNote).meta({
  id: 'NoteService',
  description: 'A JSON merge patch: absent leaves; null is for a service without a note.',
  examples: [{ notes: 'Morning routine and breakfast.' }],
});

const Warning = z
  .object({ code: z.enum(['PARTICIPANT_INACTIVE', 'POSSIBLE_DUPLICATE']), serviceId: id('svc').optional() })
  .meta({
    id: 'Warning',
    description:
      'Recorded all the same. `POSSIBLE_DUPLICATE` names a standing shift of the same worker, participant, item, date and start.',
  });

const serviceFields = {
  id: id('svc'),
  participantId: id('par'),
  planId: id('pln'),
  budgetId: id('bud'),
  supportItemCode: z.string(),
  supportItemName: z.string(),
  unit: z.string().meta({ description: "The catalogue's code: H, E, D, WK, MON or YR." }),
  serviceDate: calendarDate(),
  startTime: timeOfDay().nullable(),
  endTime: timeOfDay().nullable(),
  durationMinutes: z.int().nullable().meta({ description: "The minutes that passed, by the organisation's clock." }),
  quantity: z.number().nullable().meta({ description: 'Null for items charged by the hour.' }),
  unitPriceCents: z.int(),
  totalCostCents: z.int(),
  status: z.enum(SERVICE_STATUSES),
  supportWorkerId: id('usr'),
  notes: z.string(),
  notedAt: instant().nullable().meta({ description: 'When the note was written.' }),
  ledgerVersion: z.int().meta({ description: "The ledger's version once it was recorded." }),
  createdAt: instant(),
  cancelledAt: instant().nullable(),
  cancelReason: z.string().nullable(),
};

const SERVICE_EXAMPLE = {
  id: EXAMPLE_IDS.svc,
  participantId: EXAMPLE_IDS.par,
  planId: EXAMPLE_IDS.pln,
  budgetId: EXAMPLE_IDS.bud,
  supportItemCode: '01_011_0107_1_1',
  supportItemName: 'Assistance With Self-Care Activities - Standard - Weekday Daytime',
  unit: 'H',
  serviceDate: '2026-11-20',
  startTime: '09:00',
  endTime: '11:30',
  durationMinutes: 150,
  quantity: null,
  unitPriceCents: 7_023,
  totalCostCents: 17_558,
  status: 'completed',
  supportWorkerId: EXAMPLE_IDS.usr,
  notes: 'Morning routine and breakfast.',
  notedAt: '2026-11-20T01:02:03.456Z',
  ledgerVersion: 12,
  createdAt: '2026-11-20T01:02:03.456Z',
  cancelledAt: null,
  cancelReason: null,
};

export const Service = z.object(serviceFields).meta({ id: 'Service', examples: [SERVICE_EXAMPLE] });
// Does not compile when the schema and the view disagree.
Service satisfies z.ZodType<ServiceView>;
export const RecordedService = z
  .object({ ...serviceFields, warnings: z.array(Warning) })
  .meta({ id: 'RecordedService', examples: [{ ...SERVICE_EXAMPLE, warnings: [] }] });
export const ServiceList = z
  .object({ data: z.array(Service), nextCursor: nextCursor() })
  .meta({ id: 'ServiceList', examples: [{ data: [SERVICE_EXAMPLE], nextCursor: null }] });

export const Quote = z
  .object({
    accepted: z.boolean().meta({ description: 'Whether recording it now would succeed.' }),
    totalCostCents: z.int().nullable(),
    unitPriceCents: z.int().nullable(),
    priceLimitCents: z.int().nullable(),
    budgetId: id('bud').nullable().meta({ description: 'The line that would pay.' }),
    availableCents: z.int().nullable().meta({ description: "What that line could take on the service's date." }),
    refusals: z
      .array(
        z.object({
          code: z.enum(ERROR_CODES),
          detail: z.string(),
          details: z.record(z.string(), z.unknown()).optional(),
        }),
      )
      .meta({ description: 'All that apply; recording answers with the first.' }),
    warnings: z.array(Warning),
  })
  .meta({
    id: 'Quote',
    examples: [
      {
        accepted: false,
        totalCostCents: 17_558,
        unitPriceCents: 7_023,
        priceLimitCents: 7_023,
        budgetId: EXAMPLE_IDS.bud,
        availableCents: 12_000,
        refusals: [
          {
            code: 'INSUFFICIENT_BUDGET',
            detail: 'The service costs $175.58, and $120.00 is available on that date.',
            details: { budgetId: EXAMPLE_IDS.bud, requiredCents: 17_558, availableCents: 12_000 },
          },
        ],
        warnings: [],
      },
    ],
  });

export const ListServices = z.object({
  ...page,
  participantId: id('par').optional(),
  supportWorkerId: id('usr').optional(),
  from: calendarDate().optional().meta({ description: 'The first day.' }),
  to: calendarDate().optional().meta({ description: 'The last day.' }),
  status: z.enum(SERVICE_STATUSES).optional(),
});
