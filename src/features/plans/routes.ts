import { Hono } from 'hono';
import { ifMatch, isUnchanged } from '../../http/answer.ts';
import type { AppEnv } from '../../http/app-env.ts';
import { operation } from '../../http/operation.ts';
import { etag } from '../../http/revision.ts';
import { validate } from '../../http/validate.ts';
import { createBudget } from '../budgets/create.ts';
import { once } from '../idempotency/once.ts';
import { createPlan } from './create.ts';
import { listPlans, readPlan } from './queries.ts';
import { BudgetWithPeriods, CreateBudget, CreatePlan, ListPlans, Plan, PlanList, UpdatePlan } from './schemas.ts';
import { updatePlan } from './update.ts';

const tag = 'Plans and budgets';

export const participantPlanRoutes = new Hono<AppEnv>()
  .get(
    '/:id/plans',
    operation('read', {
      id: 'listPlans',
      summary: "List a participant's plans",
      idOf: 'par',
      tag,
      permission: 'budgets.read',
      success: { status: 200, description: 'A page of plans, by start date.', schema: PlanList },
      errors: ['NOT_FOUND', 'VALIDATION_FAILED', 'INVALID_CURSOR'],
    }),
    validate('query', ListPlans),
    async (c) =>
      c.json(await listPlans(c.var.context, { participantId: c.req.param('id'), ...c.req.valid('query') }), 200),
  )
  .post(
    '/:id/plans',
    operation('write', {
      id: 'createPlan',
      summary: 'Create a plan',
      idOf: 'par',
      description:
        'Plans of one participant do not overlap. Without `periods` a line releases its whole allocation at the start; with them, they tile the plan and add up to the allocation.',
      tag,
      permission: 'budgets.write',
      changes: true,
      keyed: true,
      success: { status: 201, description: 'The plan.', schema: Plan, headers: ['Location', 'ETag'] },
      errors: ['NOT_FOUND', 'PARTICIPANT_ARCHIVED', 'CONFLICT'],
    }),
    validate('json', CreatePlan),
    async (c) => {
      const input = c.req.valid('json');
      const wanted = { participantId: c.req.param('id'), input };
      const { body, headers } = await once(c, { input, verb: (ctx) => createPlan(ctx, wanted) });
      return c.json(body, 201, headers);
    },
  );

export const planRoutes = new Hono<AppEnv>()
  .get(
    '/:id',
    operation('read', {
      id: 'getPlan',
      summary: 'Read a plan',
      idOf: 'pln',
      description: 'The ETag is of the plan and its lines as they were agreed, not of what is spent of them.',
      tag,
      permission: 'budgets.read',
      conditional: true,
      success: { status: 200, description: 'The plan with its lines.', schema: Plan },
      errors: ['NOT_FOUND'],
    }),
    async (c) => {
      const { row, view } = await readPlan(c.var.context, c.req.param('id'));
      if (isUnchanged(c, row.revision)) return c.body(null, 304, { ETag: etag(row.revision) });
      return c.json(view, 200, { ETag: etag(row.revision) });
    },
  )
  .patch(
    '/:id',
    operation('write', {
      id: 'updatePlan',
      summary: 'Change a plan',
      idOf: 'pln',
      description:
        'An extension moves the last period of each line and is kept in `datesHistory`. A plan is not shortened over its services.',
      tag,
      permission: 'budgets.write',
      changes: true,
      conditional: true,
      success: { status: 200, description: 'The plan.', schema: Plan },
      errors: ['NOT_FOUND', 'PARTICIPANT_ARCHIVED', 'CONFLICT'],
    }),
    validate('json', UpdatePlan),
    async (c) => {
      const target = { id: c.req.param('id'), patch: c.req.valid('json'), ifMatch: ifMatch(c) };
      const { row, view } = await updatePlan(c.var.context, target);
      return c.json(view, 200, { ETag: etag(row.revision) });
    },
  )
  .post(
    '/:id/budgets',
    operation('write', {
      id: 'createBudget',
      summary: 'Add a budget line to a plan',
      idOf: 'pln',
      tag,
      permission: 'budgets.write',
      changes: true,
      keyed: true,
      success: { status: 201, description: 'The line.', schema: BudgetWithPeriods, headers: ['Location', 'ETag'] },
      errors: ['NOT_FOUND', 'PARTICIPANT_ARCHIVED', 'CONFLICT'],
    }),
    validate('json', CreateBudget),
    async (c) => {
      const input = c.req.valid('json');
      const wanted = { planId: c.req.param('id'), input };
      const { body, headers } = await once(c, { input, verb: (ctx) => createBudget(ctx, wanted) });
      return c.json(body, 201, headers);
    },
  );
