import sql from 'sql-template-tag';
import type { Context } from '../../context.ts';
import { type Page, pageOf, readCursor } from '../../http/cursor.ts';
import { notFound } from '../../http/problem.ts';
import { type LedgerRows, ledgerStatements, ledgerStateOf } from '../ledger/load.ts';
import type { LedgerState } from '../ledger/state.ts';
import { PLAN_COLUMNS, planStatement } from './columns.ts';
import type { PlanRow } from './table.ts';
import { type PlanView, planView } from './view.ts';

/** A plan's row; `NOT_FOUND` for an unknown id or another organisation's. */
export async function findPlan(ctx: Context, id: string): Promise<PlanRow> {
  const [[row]] = await ctx.database.read<[PlanRow]>(planStatement(id, ctx.tenant.id));
  return row ?? notFound('plan');
}

/** A plan with its lines as the ledger has them, by its row. */
export function planViewOf(ctx: Context, { row, state }: { row: PlanRow; state: LedgerState }): PlanView {
  const plan = state.plans.find((candidate) => candidate.id === row.id);
  return plan ? planView({ row, plan }, ctx.today) : notFound('plan');
}

/** A plan with its lines, in one round trip. */
export async function readPlan(ctx: Context, id: string): Promise<{ row: PlanRow; view: PlanView }> {
  const organizationId = ctx.tenant.id;
  const [[row], participant, plans, budgets, periods, boundaries] = await ctx.database.read<[PlanRow, ...LedgerRows]>(
    planStatement(id, organizationId),
    ...ledgerStatements({
      organizationId,
      participantId: sql`(SELECT participant_id FROM plans
        WHERE id = ${id} AND organization_id = ${organizationId})`,
    }),
  );
  const state = ledgerStateOf([participant, plans, budgets, periods, boundaries]);
  if (!row || !state) notFound('plan');
  return { row, view: planViewOf(ctx, { row, state }) };
}

/** A page of a participant's plans, by start date. */
export async function listPlans(
  ctx: Context,
  query: { participantId: string; limit: number; cursor?: string | undefined },
): Promise<Page<PlanView>> {
  const { participantId } = query;
  const after = readCursor(query.cursor, { name: `plans:${participantId}`, shape: [''] })?.[0] ?? '';
  const organizationId = ctx.tenant.id;
  const [rows, participant, plans, budgets, periods, boundaries] = await ctx.database.read<[PlanRow, ...LedgerRows]>(
    sql`SELECT ${PLAN_COLUMNS} FROM plans WHERE participant_id = ${participantId} AND organization_id = ${organizationId}
        AND start_date > ${after} ORDER BY start_date LIMIT ${query.limit + 1}`,
    ...ledgerStatements({ organizationId, participantId }),
  );
  const state = ledgerStateOf([participant, plans, budgets, periods, boundaries]);
  if (!state) notFound('participant');
  return pageOf(rows, {
    limit: query.limit,
    name: `plans:${participantId}`,
    key: (row) => [row.start_date],
    view: (row) => planViewOf(ctx, { row, state }),
  });
}
