import sql from 'sql-template-tag';
import type { Context } from '../../context.ts';
import { type Page, pageOf, readCursor } from '../../http/cursor.ts';
import { notFound } from '../../http/problem.ts';
import { type LedgerRows, ledgerStatements, ledgerStateOf, loadLedger } from '../ledger/load.ts';
import { findLine, type LedgerState } from '../ledger/state.ts';
import type { LedgerEntryRow } from '../ledger/table.ts';
import { type BudgetDetail, budgetDetail } from '../plans/view.ts';
import { type BudgetsView, budgetsView } from './rules.ts';
import type { EntryView } from './schemas.ts';
import type { BudgetRow } from './table.ts';

/** A participant's lines in the plan that is shown today, or in the named one; one round trip. */
export async function readBudgets(
  ctx: Context,
  { participantId, planId }: { participantId: string; planId?: string | undefined },
): Promise<BudgetsView> {
  const state = await loadLedger(ctx.database, { organizationId: ctx.tenant.id, participantId });
  if (!state) notFound('participant');
  if (planId === undefined) return budgetsView(state, { today: ctx.today });
  const plan = state.plans.find((candidate) => candidate.id === planId);
  return plan ? budgetsView(state, { today: ctx.today, plan }) : notFound('plan');
}

/** Whose line it is and in which plan; `NOT_FOUND` for an unknown id or another organisation's. */
export async function findBudget(ctx: Context, id: string): Promise<Pick<BudgetRow, 'participant_id' | 'plan_id'>> {
  const [[row]] = await ctx.database.read<[Pick<BudgetRow, 'participant_id' | 'plan_id'>]>(
    sql`SELECT participant_id, plan_id FROM budgets WHERE id = ${id} AND organization_id = ${ctx.tenant.id}`,
  );
  return row ?? notFound('budget');
}

/** A line as the ledger has it, with its revision. */
export function budgetDetailOf(
  ctx: Context,
  { state, budgetId }: { state: LedgerState | null; budgetId: string },
): { view: BudgetDetail; revision: number } {
  const found = state ? findLine(state, budgetId) : undefined;
  if (!found) notFound('budget');
  return { view: budgetDetail(found, ctx.today), revision: found.line.revision };
}

/** A line in one round trip. */
export async function readBudget(ctx: Context, id: string): Promise<{ view: BudgetDetail; revision: number }> {
  const organizationId = ctx.tenant.id;
  const participantId = sql`(SELECT participant_id FROM budgets WHERE id = ${id} AND organization_id = ${organizationId})`;
  const rows = await ctx.database.read<LedgerRows>(...ledgerStatements({ organizationId, participantId }));
  return budgetDetailOf(ctx, { state: ledgerStateOf(rows), budgetId: id });
}

type EntryRow = Pick<
  LedgerEntryRow,
  'version' | 'number' | 'kind' | 'allocated_delta_cents' | 'spent_delta_cents' | 'service_id' | 'actor_id' | 'at'
>;

/** A line's ledger, newest first. */
export async function listEntries(
  ctx: Context,
  query: { budgetId: string; limit: number; cursor?: string | undefined },
): Promise<Page<EntryView>> {
  const { budgetId } = query;
  const after = readCursor(query.cursor, { name: `entries:${budgetId}`, shape: [0, 0] });
  const older = after ? sql`AND (version, number) < (${after[0]}, ${after[1]})` : sql``;
  const [[line], rows] = await ctx.database.read<[{ id: string }, EntryRow]>(
    sql`SELECT id FROM budgets WHERE id = ${budgetId} AND organization_id = ${ctx.tenant.id}`,
    sql`SELECT version, number, kind, allocated_delta_cents, spent_delta_cents, service_id, actor_id, at FROM ledger_entries
      WHERE budget_id = ${budgetId} AND organization_id = ${ctx.tenant.id} ${older}
      ORDER BY version DESC, number DESC LIMIT ${query.limit + 1}`,
  );
  if (!line) notFound('budget');
  return pageOf(rows, {
    limit: query.limit,
    name: `entries:${budgetId}`,
    key: (row) => [row.version, row.number],
    view: (row) => ({
      version: row.version,
      kind: row.kind,
      allocatedDeltaCents: row.allocated_delta_cents,
      spentDeltaCents: row.spent_delta_cents,
      serviceId: row.service_id,
      actorId: row.actor_id,
      at: new Date(row.at).toISOString(),
    }),
  });
}
