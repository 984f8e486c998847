import * as z from 'zod';
import {
  calendarDate,
  cents,
  EXAMPLE_IDS,
  id,
  instant,
  longText,
  MAX_LIST,
  nextCursor,
  page,
  shortText,
  supportItemCode,
} from '../../http/fields.ts';
import { BUDGET_EXAMPLE, Budget } from '../budgets/schemas.ts';
import { type BudgetInput, type PlanInput, planErrors } from './rules.ts';
import { MANAGEMENT_TYPES, PLAN_SYSTEMS } from './table.ts';
import type { PlanView } from './view.ts';

const text = () => shortText().nullable().default(null);

const Period = z
  .strictObject({ startDate: calendarDate(), endDate: calendarDate(), amountCents: cents() })
  .meta({ id: 'FundingPeriodInput' });
const Periods = z
  .array(Period)
  .max(MAX_LIST)
  .meta({ description: 'They tile the plan and add up to the allocation. Null: all of it at the start of the plan.' })
  .nullable();

/**
 * A field of a merge patch whose null puts it back to its default. Zod drops the `examples` of a body with such a
 * field, so that body has an `example`.
 */
function cleared<Schema extends z.ZodType>(schema: Schema, fallback: z.output<Schema>) {
  return schema
    .nullable()
    .transform((value) => value ?? fallback)
    .optional();
}

/** Two funding periods of one year, for the examples. */
const HALVES = [
  { startDate: '2026-07-01', endDate: '2026-12-31', amountCents: 1_250_000 },
  { startDate: '2027-01-01', endDate: '2027-06-30', amountCents: 1_250_000 },
];

const Line = z.strictObject({
  categoryCode: z.int('must be a whole number').min(1).max(21),
  supportItemCode: supportItemCode().meta({ description: 'For a stated line: its one item.' }).nullable().default(null),
  managementType: z.enum(MANAGEMENT_TYPES).meta({ description: "The plan's when left out." }).nullable().default(null),
  flexible: z.boolean().default(false),
  allocatedCents: cents(),
  periods: Periods.default(null),
}) satisfies z.ZodType<BudgetInput>;

export const CreateBudget = Line.meta({
  id: 'CreateBudget',
  examples: [{ categoryCode: 1, flexible: true, allocatedCents: 2_500_000 }],
});

export const UpdateBudget = z
  .strictObject({
    allocatedCents: cents().optional(),
    periods: Periods.optional(),
    flexible: cleared(z.boolean(), false),
  })
  .meta({
    id: 'UpdateBudget',
    description: 'A JSON merge patch. `periods: null` releases the whole allocation at the start of the plan.',
    example: { allocatedCents: 3_000_000 },
  });

const planFields = {
  planNumber: text(),
  startDate: calendarDate(),
  endDate: calendarDate(),
  reviewDate: calendarDate().nullable().default(null),
  planManager: text(),
  supportCoordinatorId: id('usr').nullable().default(null),
  goals: z.array(longText()).max(MAX_LIST).default([]),
  system: z.enum(PLAN_SYSTEMS).default('pace'),
  managementType: z
    .enum(MANAGEMENT_TYPES)
    .meta({ description: 'Of lines that name none when they are made; lines that are there keep their own.' }),
};

export const CreatePlan = z
  .strictObject({ ...planFields, budgets: z.array(Line).max(MAX_LIST) })
  .superRefine((plan, issues) => {
    for (const { pointer, message } of planErrors(plan)) {
      const path = pointer
        .slice(1)
        .split('/')
        .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
      issues.addIssue({ code: 'custom', path, message });
    }
  })
  .meta({
    id: 'CreatePlan',
    examples: [
      {
        startDate: '2026-07-01',
        endDate: '2027-06-30',
        managementType: 'ndia_managed',
        budgets: [
          {
            categoryCode: 1,
            flexible: true,
            allocatedCents: 2_500_000,
            periods: HALVES,
          },
        ],
      },
    ],
  }) satisfies z.ZodType<PlanInput>;

export const UpdatePlan = z
  .strictObject({
    planNumber: shortText().nullable().optional(),
    startDate: calendarDate().optional(),
    endDate: calendarDate().optional(),
    reviewDate: calendarDate().nullable().optional(),
    planManager: shortText().nullable().optional(),
    supportCoordinatorId: id('usr').nullable().optional(),
    goals: z
      .array(longText())
      .max(MAX_LIST)
      .nullable()
      .transform((goals) => goals ?? [])
      .optional(),
    system: cleared(z.enum(PLAN_SYSTEMS), 'pace'),
    managementType: z
      .enum(MANAGEMENT_TYPES)
      .meta({ description: 'Of lines that name none when they are made; lines that are there keep their own.' })
      .optional(),
  })
  .meta({
    id: 'UpdatePlan',
    description:
      'A JSON merge patch. New dates move the first and last funding periods with them and are kept in `datesHistory`.',
    example: { endDate: '2027-09-30' },
  });

export const FundingPeriod = z
  .object({ startDate: calendarDate(), endDate: calendarDate(), amountCents: z.int() })
  .meta({ id: 'FundingPeriod', description: 'Its amount is released on its first day.' });

const LINE_EXAMPLE = { ...BUDGET_EXAMPLE, periods: HALVES };
export const BudgetWithPeriods = Budget.extend({ periods: z.array(FundingPeriod) }).meta({
  id: 'BudgetDetail',
  examples: [LINE_EXAMPLE],
});

const PLAN_EXAMPLE = {
  id: EXAMPLE_IDS.pln,
  participantId: EXAMPLE_IDS.par,
  status: 'current',
  planNumber: null,
  startDate: '2026-07-01',
  endDate: '2027-06-30',
  reviewDate: null,
  planManager: null,
  supportCoordinatorId: null,
  goals: ['To cook for myself.'],
  system: 'pace',
  managementType: 'ndia_managed',
  datesHistory: [],
  allocatedCents: 2_500_000,
  spentCents: 17_558,
  budgets: [LINE_EXAMPLE],
  createdAt: '2026-06-20T02:00:00.000Z',
  updatedAt: '2026-06-20T02:00:00.000Z',
};

export const Plan: z.ZodType<PlanView> = z
  .object({
    id: id('pln'),
    participantId: id('par'),
    status: z.enum(['upcoming', 'current', 'ended']).meta({ description: "By the organisation's date." }),
    planNumber: z.string().nullable(),
    startDate: calendarDate(),
    endDate: calendarDate(),
    reviewDate: calendarDate().nullable(),
    planManager: z.string().nullable(),
    supportCoordinatorId: id('usr').nullable(),
    goals: z.array(z.string()),
    system: z.enum(PLAN_SYSTEMS),
    managementType: z.enum(MANAGEMENT_TYPES),
    datesHistory: z
      .array(
        z.object({
          startDate: calendarDate(),
          endDate: calendarDate(),
          changedAt: instant(),
          changedBy: id('usr').nullable(),
        }),
      )
      .meta({ description: 'What the dates were before each change, oldest first.' }),
    allocatedCents: z.int(),
    spentCents: z.int(),
    budgets: z.array(BudgetWithPeriods),
    createdAt: instant(),
    updatedAt: instant(),
  })
  .meta({ id: 'Plan', examples: [PLAN_EXAMPLE] });

export const ListPlans = z.object(page);
export const PlanList = z
  .object({ data: z.array(Plan), nextCursor: nextCursor() })
  .meta({ id: 'PlanList', examples: [{ data: [PLAN_EXAMPLE], nextCursor: null }] });
