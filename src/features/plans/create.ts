import type { Context } from '../../context.ts';
import { etag } from '../../http/revision.ts';
import { newId } from '../../ids.ts';
import type { Made } from '../idempotency/once.ts';
import { askLedger, circumstance } from '../ledger/ask.ts';
import { authorizeWrite } from '../sign-in/authorize.ts';
import { requireCoordinator } from './coordinator.ts';
import { planViewOf } from './queries.ts';
import type { PlanInput } from './rules.ts';
import type { PlanView } from './view.ts';

/** Gives a participant one more plan. */
export async function createPlan(
  ctx: Context,
  { participantId, input }: { participantId: string; input: PlanInput },
): Promise<Made<PlanView>> {
  authorizeWrite(ctx, 'budgets.write');
  await requireCoordinator(ctx, { userId: input.supportCoordinatorId, pointer: '/supportCoordinatorId' });
  const planId = newId('pln');
  const command = {
    ...circumstance(ctx),
    kind: 'create-plan' as const,
    changeId: newId('chg'),
    ifMatch: null,
    planId,
    budgetIds: input.budgets.map(() => newId('bud')),
    input,
  };
  const { plan, state } = await askLedger(ctx, { participantId, call: (ledger) => ledger.change(command) });
  return {
    body: planViewOf(ctx, { row: plan, state }),
    status: 201,
    headers: { Location: `/v1/plans/${planId}`, ETag: etag(plan.revision) },
    recorded: ctx.idempotency !== null,
  };
}
