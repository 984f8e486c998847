import type { Context } from '../../context.ts';
import { newId } from '../../ids.ts';
import { askLedger, circumstance } from '../ledger/ask.ts';
import { authorizeWrite } from '../sign-in/authorize.ts';
import { requireCoordinator } from './coordinator.ts';
import { findPlan, planViewOf } from './queries.ts';
import type { PlanPatch } from './rules.ts';
import type { PlanRow } from './table.ts';
import type { PlanView } from './view.ts';

/** Changes a plan's words, dates or system. */
export async function updatePlan(
  ctx: Context,
  target: { id: string; patch: PlanPatch; ifMatch: string | null },
): Promise<{ row: PlanRow; view: PlanView }> {
  authorizeWrite(ctx, 'budgets.write');
  const { participant_id: participantId } = await findPlan(ctx, target.id);
  await requireCoordinator(ctx, { userId: target.patch.supportCoordinatorId, pointer: '/supportCoordinatorId' });
  const command = {
    ...circumstance(ctx),
    kind: 'update-plan' as const,
    changeId: newId('chg'),
    ifMatch: target.ifMatch,
    planId: target.id,
    patch: target.patch,
  };
  const { plan, state } = await askLedger(ctx, { participantId, call: (ledger) => ledger.change(command) });
  return { row: plan, view: planViewOf(ctx, { row: plan, state }) };
}
