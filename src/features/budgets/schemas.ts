import * as z from 'zod';
import { calendarDate, EXAMPLE_IDS, id, instant, nextCursor, page } from '../../http/fields.ts';
import { ENTRY_KINDS } from '../ledger/table.ts';
import { MANAGEMENT_TYPES } from '../plans/table.ts';
import type { BudgetView } from './rules.ts';

/** A line of A$25,000 with one service charged, as it stood on 2026-11-23. */
export const BUDGET_EXAMPLE = {
  id: EXAMPLE_IDS.bud,
  planId: EXAMPLE_IDS.pln,
  categoryCode: 1,
  categoryName: 'Assistance with Daily Life',
  supportItemCode: null,
  managementType: 'ndia_managed',
  flexible: true,
  allocatedCents: 2_500_000,
  releasedCents: 1_250_000,
  spentCents: 17_558,
  remainingCents: 2_482_442,
  availableCents: 1_232_442,
  percentUsed: 0.7,
  status: 'green',
  startDate: '2026-07-01',
  endDate: '2027-06-30',
  daysRemaining: 219,
  burnRateCentsPerDay: 120,
  projectedRunOutDate: null,
};

export const Budget = z
  .object({
    id: id('bud'),
    planId: id('pln'),
    categoryCode: z.int().min(1).max(21),
    categoryName: z.string(),
    supportItemCode: z
      .string()
      .nullable()
      .meta({ description: 'The one item that the line is for; null for all of its category.' }),
    managementType: z.enum(MANAGEMENT_TYPES),
    flexible: z.boolean().meta({ description: 'Lines with the same management type share one pool.' }),
    allocatedCents: z.int(),
    releasedCents: z.int().meta({ description: "The line's own, up to today." }),
    spentCents: z.int(),
    remainingCents: z.int().meta({ description: 'Allocated less spent.' }),
    availableCents: z.int().meta({ description: 'What a service dated today could take.' }),
    percentUsed: z.number().nullable().meta({ description: 'One decimal; null when nothing is allocated.' }),
    status: z
      .enum(['green', 'amber', 'red'])
      .meta({ description: 'Green up to 75 percent, amber above, red above 90, by the exact share.' }),
    startDate: calendarDate().meta({ description: "The plan's." }),
    endDate: calendarDate().meta({ description: "The plan's." }),
    daysRemaining: z.int().min(0),
    burnRateCentsPerDay: z.int().meta({ description: "Spent, over the days since the plan's start." }),
    projectedRunOutDate: calendarDate()
      .nullable()
      .meta({ description: 'When nothing is left at that rate; null when that is after the end.' }),
  })
  .meta({ id: 'BudgetView' });
// Does not compile when the schema and the rules disagree about a view.
Budget satisfies z.ZodType<BudgetView>;

export const Budgets = z
  .object({
    version: z.int().meta({ description: "The ledger's: one more with each change of it." }),
    asOf: calendarDate().meta({ description: "The organisation's date, by which the figures are." }),
    budgets: z.array(Budget),
  })
  .meta({ id: 'Budgets', examples: [{ version: 12, asOf: '2026-11-23', budgets: [BUDGET_EXAMPLE] }] });
export const BudgetsQuery = z.object({
  planId: id('pln').optional().meta({ description: "One of the participant's plans." }),
});

export const Entry = z
  .object({
    version: z.int().meta({ description: "The ledger's version after it." }),
    kind: z.enum(ENTRY_KINDS),
    allocatedDeltaCents: z.int(),
    spentDeltaCents: z.int(),
    serviceId: id('svc').nullable(),
    actorId: id('usr').nullable(),
    at: instant(),
  })
  .meta({ id: 'LedgerEntry' });
export type EntryView = z.infer<typeof Entry>;
export const EntryList = z.object({ data: z.array(Entry), nextCursor: nextCursor() }).meta({
  id: 'LedgerEntryList',
  examples: [
    {
      data: [
        {
          version: 12,
          kind: 'service.recorded',
          allocatedDeltaCents: 0,
          spentDeltaCents: 17_558,
          serviceId: EXAMPLE_IDS.svc,
          actorId: EXAMPLE_IDS.usr,
          at: '2026-11-20T01:02:03.456Z',
        },
      ],
      nextCursor: null,
    },
  ],
});
export const ListEntries = z.object(page);
