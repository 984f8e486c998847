import { Hono } from 'hono';
import { ifMatch, isUnchanged } from '../../http/answer.ts';
import type { AppEnv } from '../../http/app-env.ts';
import { operation } from '../../http/operation.ts';
import { etag } from '../../http/revision.ts';
import { validate } from '../../http/validate.ts';
import { BudgetWithPeriods, UpdateBudget } from '../plans/schemas.ts';
import { listEntries, readBudget, readBudgets } from './queries.ts';
import { Budgets, BudgetsQuery, EntryList, ListEntries } from './schemas.ts';
import { updateBudget } from './update.ts';

const tag = 'Plans and budgets';

export const participantBudgetRoutes = new Hono<AppEnv>().get(
  '/:id/budgets',
  operation('read', {
    id: 'getParticipantBudgets',
    summary: "Read a participant's budgets",
    idOf: 'par',
    description: 'The lines of the plan that contains today, else the next, else the last; or of `planId`.',
    tag,
    permission: 'budgets.read',
    success: { status: 200, description: 'The lines and the version of the ledger.', schema: Budgets },
    errors: ['NOT_FOUND', 'VALIDATION_FAILED'],
  }),
  validate('query', BudgetsQuery),
  async (c) =>
    c.json(await readBudgets(c.var.context, { participantId: c.req.param('id'), ...c.req.valid('query') }), 200),
);

export const budgetRoutes = new Hono<AppEnv>()
  .get(
    '/:id',
    operation('read', {
      id: 'getBudget',
      summary: 'Read a budget line',
      idOf: 'bud',
      description: "The ETag is of the line's own fields, not of what is spent.",
      tag,
      permission: 'budgets.read',
      conditional: true,
      success: { status: 200, description: 'The line.', schema: BudgetWithPeriods },
      errors: ['NOT_FOUND'],
    }),
    async (c) => {
      const { view, revision } = await readBudget(c.var.context, c.req.param('id'));
      if (isUnchanged(c, revision)) return c.body(null, 304, { ETag: etag(revision) });
      return c.json(view, 200, { ETag: etag(revision) });
    },
  )
  .patch(
    '/:id',
    operation('write', {
      id: 'updateBudget',
      summary: 'Change a budget line',
      idOf: 'bud',
      description: 'A change after which some day would have more spent than released is refused.',
      tag,
      permission: 'budgets.write',
      changes: true,
      conditional: true,
      success: { status: 200, description: 'The line.', schema: BudgetWithPeriods },
      errors: ['NOT_FOUND', 'PARTICIPANT_ARCHIVED', 'ALLOCATION_BELOW_SPENT'],
    }),
    validate('json', UpdateBudget),
    async (c) => {
      const target = { id: c.req.param('id'), patch: c.req.valid('json'), ifMatch: ifMatch(c) };
      const { view, revision } = await updateBudget(c.var.context, target);
      return c.json(view, 200, { ETag: etag(revision) });
    },
  )
  .get(
    '/:id/entries',
    operation('read', {
      id: 'listBudgetEntries',
      summary: "List a budget line's ledger entries",
      idOf: 'bud',
      description: 'Newest first. The sums of the two deltas are `allocatedCents` and `spentCents`.',
      tag,
      permission: 'budgets.read',
      success: { status: 200, description: 'A page of entries.', schema: EntryList },
      errors: ['NOT_FOUND', 'VALIDATION_FAILED', 'INVALID_CURSOR'],
    }),
    validate('query', ListEntries),
    async (c) =>
      c.json(await listEntries(c.var.context, { budgetId: c.req.param('id'), ...c.req.valid('query') }), 200),
  );
