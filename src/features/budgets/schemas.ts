import { z } from 'zod';
import { id, page } from '../../http/fields.ts';
import { ENTRY_KINDS } from '../ledger/table.ts';
import { MANAGEMENT_TYPES } from '../plans/table.ts';
import type { BudgetView } from './rules.ts';

export const Budget = z
  .object({
    id: id('bud'),
    planId: id('pln'),
    categoryCode: z.int(),
    categoryName: z.string(),
    supportItemCode: z.string().nullable(),
    managementType: z.enum(MANAGEMENT_TYPES),
    flexible: z.boolean(),
    allocatedCents: z.int(),
    releasedCents: z.int().meta({ description: "The line's own, up to today." }),
    spentCents: z.int(),
    remainingCents: z.int().meta({ description: 'Allocated less spent.' }),
    availableCents: z.int().meta({ description: 'What a service dated today could take.' }),
    percentUsed: z.number().nullable(),
    status: z.enum(['green', 'amber', 'red']),
    startDate: z.string(),
    endDate: z.string(),
    daysRemaining: z.int(),
    burnRateCentsPerDay: z.int(),
    projectedRunOutDate: z.string().nullable(),
  })
  .meta({ id: 'BudgetView' });
// Does not compile when the schema and the rules disagree about a view.
Budget satisfies z.ZodType<BudgetView>;

export const Budgets = z
  .object({ version: z.int(), asOf: z.string(), budgets: z.array(Budget) })
  .meta({ id: 'Budgets' });
export const BudgetsQuery = z.object({ planId: id('pln').optional() });

export const Entry = z
  .object({
    version: z.int(),
    kind: z.enum(ENTRY_KINDS),
    allocatedDeltaCents: z.int(),
    spentDeltaCents: z.int(),
    serviceId: z.string().nullable(),
    actorId: z.string().nullable(),
    at: z.string(),
  })
  .meta({ id: 'LedgerEntry' });
export type EntryView = z.infer<typeof Entry>;
export const EntryList = z
  .object({ data: z.array(Entry), nextCursor: z.string().nullable() })
  .meta({ id: 'LedgerEntryList' });
export const ListEntries = z.object(page);
