import type { Context } from '../../context.ts';
import { etag } from '../../http/revision.ts';
import { newId } from '../../ids.ts';
import type { Made } from '../idempotency/once.ts';
import { askLedger, circumstance } from '../ledger/ask.ts';
import { findPlan } from '../plans/queries.ts';
import type { BudgetInput } from '../plans/rules.ts';
import type { BudgetDetail } from '../plans/view.ts';
import { authorizeWrite } from '../sign-in/authorize.ts';
import { budgetDetailOf } from './queries.ts';

/** Adds a line to a plan. */
export async function createBudget(
  ctx: Context,
  { planId, input }: { planId: string; input: BudgetInput },
): Promise<Made<BudgetDetail>> {
  authorizeWrite(ctx, 'budgets.write');
  const { participant_id: participantId } = await findPlan(ctx, planId);
  const budgetId = newId('bud');
  const command = {
    ...circumstance(ctx),
    kind: 'create-budget' as const,
    changeId: newId('chg'),
    ifMatch: null,
    planId,
    budgetId,
    input,
  };
  const { state } = await askLedger(ctx, { participantId, call: (ledger) => ledger.change(command) });
  const { view, revision } = budgetDetailOf(ctx, { state, budgetId });
  return {
    body: view,
    status: 201,
    headers: { Location: `/v1/budgets/${budgetId}`, ETag: etag(revision) },
    recorded: ctx.idempotency !== null,
  };
}
