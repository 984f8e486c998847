import { z } from 'zod';
import { calendarDate, page, shortText } from '../../http/fields.ts';
import { PRICING_ZONES } from '../participants/table.ts';
import { UNITS } from './table.ts';

const at = { date: calendarDate().optional(), zone: z.enum(PRICING_ZONES).default('national') };

export const ListSupportItems = z.object({
  ...page,
  ...at,
  search: shortText().optional(),
  category: z.coerce.number<string>('must be a number').int('must be a whole number').min(1).max(21).optional(),
});
export const ReadSupportItem = z.object(at);

const flag = () => z.boolean().nullable();

export const SupportItemSchema = z
  .object({
    code: z.string(),
    name: z.string(),
    registrationGroup: z.string(),
    categoryCode: z.int(),
    paceCategoryCode: z.int(),
    unit: z.enum(UNITS),
    quotable: z.boolean(),
    priceLimitCents: z.int().nullable(),
    startDate: z.string(),
    endDate: z.string().nullable(),
    flags: z.object({
      nonFaceToFace: flag(),
      providerTravel: flag(),
      shortNoticeCancellation: flag(),
      ndiaRequestedReports: flag(),
      irregularSil: flag(),
    }),
  })
  .meta({ id: 'SupportItem' });
export type SupportItemView = z.infer<typeof SupportItemSchema>;
export const SupportItemList = z
  .object({ data: z.array(SupportItemSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'SupportItemList' });
