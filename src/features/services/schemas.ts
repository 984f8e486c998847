import { z } from 'zod';
import { calendarDate, cents, id, longText, page, reason, supportItemCode, timeOfDay } from '../../http/fields.ts';
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
    .refine((value) => Math.round(value * 100) > 0, 'must be at least 0.01');

export const CreateService = z
  .strictObject({
    participantId: id('par'),
    supportItemCode: supportItemCode(),
    serviceDate: calendarDate(),
    startTime: timeOfDay().nullable().default(null),
    endTime: timeOfDay().nullable().default(null),
    notes: longText().default(''),
    unitPriceCents: cents().nullable().default(null),
    quantity: quantity().nullable().default(null),
    budgetId: id('bud').nullable().default(null),
  })
  .meta({
    id: 'CreateService',
    examples: [
      {
        participantId: 'par_01jc7xq3v8e2mb7r5s9w4d6k1h',
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

export const CancelService = z.strictObject({ reason: reason() }).meta({ id: 'CancelService' });

const Warning = z
  .object({ code: z.enum(['PARTICIPANT_INACTIVE', 'POSSIBLE_DUPLICATE']), serviceId: z.string().optional() })
  .meta({ id: 'Warning' });

const serviceFields = {
  id: id('svc'),
  participantId: id('par'),
  planId: id('pln'),
  budgetId: id('bud'),
  supportItemCode: z.string(),
  supportItemName: z.string(),
  unit: z.string(),
  serviceDate: z.string(),
  startTime: z.string().nullable(),
  endTime: z.string().nullable(),
  durationMinutes: z.int().nullable(),
  quantity: z.number().nullable(),
  unitPriceCents: z.int(),
  totalCostCents: z.int(),
  status: z.enum(SERVICE_STATUSES),
  supportWorkerId: id('usr'),
  notes: z.string(),
  ledgerVersion: z.int(),
  createdAt: z.string(),
  cancelledAt: z.string().nullable(),
  cancelReason: z.string().nullable(),
};

export const Service = z.object(serviceFields).meta({ id: 'Service' });
// Does not compile when the schema and the view disagree.
Service satisfies z.ZodType<ServiceView>;
export const RecordedService = z
  .object({ ...serviceFields, warnings: z.array(Warning) })
  .meta({ id: 'RecordedService' });
export const ServiceList = z
  .object({ data: z.array(Service), nextCursor: z.string().nullable() })
  .meta({ id: 'ServiceList' });

export const Quote = z
  .object({
    accepted: z.boolean(),
    totalCostCents: z.int().nullable(),
    unitPriceCents: z.int().nullable(),
    priceLimitCents: z.int().nullable(),
    budgetId: z.string().nullable(),
    availableCents: z.int().nullable(),
    refusals: z.array(
      z.object({
        code: z.enum(ERROR_CODES),
        detail: z.string(),
        details: z.record(z.string(), z.unknown()).optional(),
      }),
    ),
    warnings: z.array(Warning),
  })
  .meta({ id: 'Quote' });

export const ListServices = z.object({
  ...page,
  participantId: id('par').optional(),
  supportWorkerId: id('usr').optional(),
  from: calendarDate().optional(),
  to: calendarDate().optional(),
  status: z.enum(SERVICE_STATUSES).optional(),
});
