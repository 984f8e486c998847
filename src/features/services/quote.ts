import sql from 'sql-template-tag';
import type { Context } from '../../context.ts';
import { notFound, type Refusal } from '../../http/problem.ts';
import { type LedgerRows, ledgerStatements, ledgerStateOf } from '../ledger/load.ts';
import { equalService } from '../ledger/record.ts';
import { authorize } from '../sign-in/authorize.ts';
import { itemStatement, type KnownItemRow, rememberItems } from '../support-items/cache.ts';
import { type Assessment, assess, type ServiceRequest, type Warning } from './rules.ts';

export interface QuoteView
  extends Pick<Assessment, 'totalCostCents' | 'unitPriceCents' | 'priceLimitCents' | 'budgetId' | 'availableCents'> {
  accepted: boolean;
  refusals: Pick<Refusal, 'code' | 'detail' | 'details'>[];
  warnings: Warning[];
}

/** What recording the service would answer, from D1 as it is now and by the same rules. Records nothing. */
export async function quoteService(ctx: Context, request: ServiceRequest): Promise<QuoteView> {
  authorize(ctx, 'services.read');
  const key = { organizationId: ctx.tenant.id, participantId: request.participantId };
  const item = { code: request.supportItemCode, organizationId: ctx.tenant.id };
  const equal = equalService({
    organization_id: ctx.tenant.id,
    participant_id: request.participantId,
    service_date: request.serviceDate,
    support_item_code: request.supportItemCode,
    start_time: request.startTime,
    support_worker_id: ctx.actor.userId,
  });
  const [participant, plans, budgets, periods, boundaries, itemRows, [duplicate]] = await ctx.database.read<
    [...LedgerRows, KnownItemRow, { id: string | null }]
  >(...ledgerStatements(key), itemStatement(item), sql`SELECT ${equal} AS id`);
  const state = ledgerStateOf([participant, plans, budgets, periods, boundaries]);
  const items = rememberItems(item, { rows: itemRows, now: ctx.now });
  const assessment = assess(request, { state, items, timeZone: ctx.tenant.timeZone, today: ctx.today });
  // As in recording: unless the times come first, a participant who is not there is all there is to say.
  if (assessment.refusals[0]?.code === 'NOT_FOUND') notFound('participant');
  const possible: Warning[] = duplicate?.id ? [{ code: 'POSSIBLE_DUPLICATE', serviceId: duplicate.id }] : [];
  return {
    accepted: assessment.charge !== null,
    totalCostCents: assessment.totalCostCents,
    unitPriceCents: assessment.unitPriceCents,
    priceLimitCents: assessment.priceLimitCents,
    budgetId: assessment.budgetId,
    availableCents: assessment.availableCents,
    refusals: assessment.refusals.map(({ errors: _, ...refusal }) => refusal),
    warnings: [...assessment.warnings, ...possible],
  };
}
