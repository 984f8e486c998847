import type { Context } from '../../context.ts';
import { newId } from '../../ids.ts';
import { askLedger, circumstance } from '../ledger/ask.ts';
import type { BudgetPatch } from '../plans/rules.ts';
import type { BudgetDetail } from '../plans/view.ts';
import { authorizeWrite } from '../sign-in/authorize.ts';
import { budgetDetailOf, findBudget } from './queries.ts';

/** Changes a line's allocation, periods or pool. */
export async function updateBudget(
  ctx: Context,
  target: { id: string; patch: BudgetPatch; ifMatch: string | null },
): Promise<{ view: BudgetDetail; revision: number }> {
  authorizeWrite(ctx, 'budgets.write');
  const line = await findBudget(ctx, target.id);
  const command = {
    ...circumstance(ctx),
    kind: 'update-budget' as const,
    changeId: newId('chg'),
    ifMatch: target.ifMatch,
    planId: line.plan_id,
    budgetId: target.id,
    patch: target.patch,
  };
  const { state } = await askLedger(ctx, {
    participantId: line.participant_id,
    call: (ledger) => ledger.change(command),
  });
  return budgetDetailOf(ctx, { state, budgetId: target.id });
}
