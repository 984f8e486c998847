import * as z from 'zod';
import { calendarDate, nextCursor, page, shortText } from '../../http/fields.ts';
import { PRICING_ZONES } from '../participants/table.ts';
import { UNITS } from './table.ts';

const at = {
  date: calendarDate().optional().meta({ description: 'Today when left out.' }),
  zone: z.enum(PRICING_ZONES).default('national').meta({ description: 'Whose price limits are wanted.' }),
};

export const ListSupportItems = z.object({
  ...page,
  ...at,
  search: shortText()
    .optional()
    .meta({ description: 'Each word must begin a word of the name or the number, whatever its case and accents.' }),
  category: z.coerce
    .number<string>('must be a number')
    .int('must be a whole number')
    .min(1)
    .max(21)
    .optional()
    .meta({ description: 'The catalogue category or the PACE category.' }),
});
export const ReadSupportItem = z.object(at);

/** Null where the catalogue does not say. */
const flag = () => z.boolean().nullable();

const ITEM_EXAMPLE = {
  code: '01_011_0107_1_1',
  name: 'Assistance With Self-Care Activities - Standard - Weekday Daytime',
  registrationGroup: 'Daily Personal Activities',
  categoryCode: 1,
  paceCategoryCode: 1,
  unit: 'H',
  quotable: false,
  priceLimitCents: 7_023,
  startDate: '2026-07-01',
  endDate: null,
  flags: {
    nonFaceToFace: true,
    providerTravel: true,
    shortNoticeCancellation: true,
    ndiaRequestedReports: false,
    irregularSil: false,
  },
};

export const SupportItemSchema = z
  .object({
    code: z.string(),
    name: z.string(),
    registrationGroup: z.string(),
    categoryCode: z.int().min(1).max(21),
    paceCategoryCode: z.int().min(1).max(21),
    unit: z.enum(UNITS).meta({ description: 'Hour, each, day, week, month or year.' }),
    quotable: z.boolean(),
    priceLimitCents: z.int().nullable().meta({ description: 'In the asked-for zone; null where there is no limit.' }),
    startDate: calendarDate(),
    endDate: calendarDate()
      .nullable()
      .meta({ description: 'The last day that the row counts; null while it is open.' }),
    flags: z.object({
      nonFaceToFace: flag(),
      providerTravel: flag(),
      shortNoticeCancellation: flag(),
      ndiaRequestedReports: flag(),
      irregularSil: flag(),
    }),
  })
  .meta({ id: 'SupportItem', examples: [ITEM_EXAMPLE] });
export type SupportItemView = z.infer<typeof SupportItemSchema>;
export const SupportItemList = z
  .object({ data: z.array(SupportItemSchema), nextCursor: nextCursor() })
  .meta({ id: 'SupportItemList', examples: [{ data: [ITEM_EXAMPLE], nextCursor: null }] });
