import { z } from 'zod';
import { calendarDate, cents, id, longText, MAX_LIST, shortText, supportItemCode } from '../../http/fields.ts';
import { Budget } from '../budgets/schemas.ts';
import { type BudgetInput, type PlanInput, planErrors } from './rules.ts';
import { MANAGEMENT_TYPES, PLAN_SYSTEMS } from './table.ts';
import type { PlanView } from './view.ts';

const text = () => shortText().nullable().default(null);

const Period = z
  .strictObject({ startDate: calendarDate(), endDate: calendarDate(), amountCents: cents() })
  .meta({ id: 'FundingPeriodInput' });
const Periods = z.array(Period).max(MAX_LIST).nullable();

/** A field of a merge patch whose null puts it back to its default. */
function cleared<Schema extends z.ZodType>(schema: Schema, fallback: z.output<Schema>) {
  return schema
    .nullable()
    .transform((value) => value ?? fallback)
    .optional();
}

const Line = z.strictObject({
  categoryCode: z.int('must be a whole number').min(1).max(21),
  supportItemCode: supportItemCode().nullable().default(null),
  managementType: z.enum(MANAGEMENT_TYPES).nullable().default(null),
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
    examples: [{ allocatedCents: 3_000_000 }],
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
  managementType: z.enum(MANAGEMENT_TYPES),
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
            periods: [
              { startDate: '2026-07-01', endDate: '2026-12-31', amountCents: 1_250_000 },
              { startDate: '2027-01-01', endDate: '2027-06-30', amountCents: 1_250_000 },
            ],
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
    managementType: z.enum(MANAGEMENT_TYPES).optional(),
  })
  .meta({
    id: 'UpdatePlan',
    description:
      'A JSON merge patch. New dates move the first and last funding periods with them and are kept in `datesHistory`.',
    examples: [{ endDate: '2027-09-30' }],
  });

export const FundingPeriod = z
  .object({ startDate: z.string(), endDate: z.string(), amountCents: z.int() })
  .meta({ id: 'FundingPeriod' });
export const BudgetWithPeriods = Budget.extend({ periods: z.array(FundingPeriod) }).meta({ id: 'BudgetDetail' });

export const Plan: z.ZodType<PlanView> = z
  .object({
    id: id('pln'),
    participantId: id('par'),
    status: z.enum(['upcoming', 'current', 'ended']),
    planNumber: z.string().nullable(),
    startDate: z.string(),
    endDate: z.string(),
    reviewDate: z.string().nullable(),
    planManager: z.string().nullable(),
    supportCoordinatorId: z.string().nullable(),
    goals: z.array(z.string()),
    system: z.enum(PLAN_SYSTEMS),
    managementType: z.enum(MANAGEMENT_TYPES),
    datesHistory: z.array(
      z.object({
        startDate: z.string(),
        endDate: z.string(),
        changedAt: z.string(),
        changedBy: z.string().nullable(),
      }),
    ),
    allocatedCents: z.int(),
    spentCents: z.int(),
    budgets: z.array(BudgetWithPeriods),
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .meta({ id: 'Plan' });

export const PlanList = z.object({ data: z.array(Plan), nextCursor: z.string().nullable() }).meta({ id: 'PlanList' });
