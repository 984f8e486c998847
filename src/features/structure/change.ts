import sql, { type Sql } from 'sql-template-tag';
import { ConstraintError, type Database, type Rows, rowsAs } from '../../database/database.ts';
import { newId } from '../../ids.ts';
import { dateAt } from '../../time/rules.ts';
import { poolAlertStatements, poolsOf } from '../alerts/raise.ts';
import { auditStatement, changeStatement } from '../audit/entry.ts';
import { designCreateBudget, designUpdateBudget } from '../budgets/designs.ts';
import { countPlans } from '../dashboard/count.ts';
import { idempotencyStatement } from '../idempotency/record.ts';
import type { Reply, StructureCommand } from '../ledger/commands.ts';
import { type Attempt, advance, type Keeper, persevere, reload, reloadWith } from '../ledger/keeper.ts';
import { type LedgerRows, ledgerStatements, ledgerStateOf } from '../ledger/load.ts';
import { type LedgerState, planShownOn } from '../ledger/state.ts';
import { ARCHIVED } from '../participants/open.ts';
import { planStatement } from '../plans/columns.ts';
import { designCreatePlan, designUpdatePlan, type UsedDays, usedDaysStatement } from '../plans/designs.ts';
import type { PlanRow } from '../plans/table.ts';
import { rewriteBoundaries } from './boundaries.ts';
import type { Design, Designed } from './design.ts';
import { claimProof, claimStatement, insertEntries, refreshTotals } from './statements.ts';

/** What a structural change answers: the plan's row and the ledger after it. */
export interface Changed {
  plan: PlanRow;
  state: LedgerState;
}

interface Seen {
  state: LedgerState;
  row: PlanRow | undefined;
  used: UsedDays | null;
}

function design(command: StructureCommand, seen: Seen): Designed {
  const { state } = seen;
  const today = dateAt(command.timeZone, command.now);
  switch (command.kind) {
    case 'create-plan':
      return designCreatePlan(command, { state, today });
    case 'update-plan':
      return designUpdatePlan(command, seen);
    case 'create-budget':
      return designCreateBudget(command, { state, today });
    case 'update-budget':
      return designUpdateBudget(command, { state });
  }
}

/** Changes plans or lines: reads the ledger, works the change out, writes it as one batch, and tells it. */
export function change(keeper: Keeper, command: StructureCommand): Promise<Reply<Changed>> {
  const { organizationId } = keeper.key;
  const entityId = 'budgetId' in command ? command.budgetId : command.planId;
  const attempt = async (database: Database): Promise<Attempt<Changed>> => {
    const seen = await reloadWith<[PlanRow, { landed: 1 }, UsedDays]>(keeper, {
      database,
      more: [
        planStatement(command.planId, organizationId),
        changeStatement(organizationId, { entityId, changeId: command.changeId }),
        usedDaysStatement(command.planId, organizationId),
      ],
    });
    const [[row], [landed], [used]] = seen.more;
    const { state } = seen;
    if (!state) return { refused: { code: 'NOT_FOUND', detail: 'There is no such participant.' } };
    if (landed && row) return { done: { plan: row, state } };
    if (state.status === 'archived') {
      return { refused: ARCHIVED };
    }
    const designed = design(command, { state, row, used: used ?? null });
    if ('refused' in designed) return designed;
    if ('unchanged' in designed) return row ? { done: { plan: row, state } } : 'again';
    try {
      return await commit(keeper, {
        database,
        command,
        state,
        design: designed,
        token: newId('chg'),
      });
    } catch (error) {
      if (!(error instanceof ConstraintError) || error.constraint !== 'budget_available') throw error;
      const { state: present } = await reload(keeper, database);
      return { refused: designed.belowSpent(present ?? state) };
    }
  };
  return persevere(keeper, { requestId: command.origin.requestId, attempt });
}

interface Work {
  database: Database;
  command: StructureCommand;
  state: LedgerState;
  design: Design;
  /** Unique to the attempt: see `claimProof`. */
  token: string;
}

async function commit(keeper: Keeper, work: Work): Promise<Attempt<Changed>> {
  const { database, command, state, design, token } = work;
  const { planId } = command;
  const version = design.movesLedger ? state.version + 1 : state.version;
  const { userId } = command.origin;
  const proof = claimProof(keeper.key, token);
  const commit = { ...keeper.key, version, actorId: userId, userId, at: command.now, proof };
  const after = ledgerStatements(keeper.key);
  const statements = [
    claimStatement(keeper.key, { from: state.version, to: version, token, guard: design.guard }),
    ...design.statements(commit),
    ...(design.movesLedger ? refreshTotals(planId, commit) : []),
    ...(design.movesLedger ? rewriteBoundaries([{ planId, participantId: keeper.key.participantId }], commit) : []),
    ...(design.movesLedger ? alertsOf(work, proof) : []),
    ...(design.movesLedger ? countPlans(sql`SELECT ${planId}`) : []),
    ...insertEntries(design.entries, commit),
    auditStatement({ ...design.audit, changeId: command.changeId, origin: command.origin }, commit),
    ...(command.idempotency && design.answer
      ? [idempotencyStatement({ request: command.idempotency, answer: design.answer }, commit)]
      : []),
    // The ledger as this batch leaves it comes back with it: no further round trip.
    planStatement(planId, keeper.key.organizationId),
    ...after,
  ];
  const outcomes = await database.write(statements);
  if (!outcomes[0]?.rows[0]) return 'again';
  if (design.movesLedger) keeper.alerted();
  const [plan, ...rows] = outcomes.slice(-1 - after.length);
  const [row] = rowsAs<PlanRow>(plan);
  const next = ledgerStateOf(ledgerRows(rows));
  if (!row || !next) return 'again';
  if (design.movesLedger) tellChange(keeper, { ...work, next });
  else keeper.state = next;
  return { done: { plan: row, state: next } };
}

/** The alerts of the plan's pools: those that it had, and those that it has now. */
function alertsOf({ command }: Work, proof: Sql): Sql[] {
  const { planId, now: at, alerts: settings, origin } = command;
  const { organizationId, requestId } = origin;
  const looking = { organizationId, today: dateAt(command.timeZone, at), at, settings, requestId };
  const pools = poolsOf([planId], organizationId);
  return poolAlertStatements(looking, { pools, proof, raise: 'thresholds' });
}

function ledgerRows(outcomes: Parameters<typeof rowsAs>[0][]): Rows<LedgerRows> {
  const [participant, plans, budgets, periods, boundaries] = outcomes;
  return [rowsAs<LedgerRows[0]>(participant), rowsAs(plans), rowsAs(budgets), rowsAs(periods), rowsAs(boundaries)];
}

/** Tells a change; when another plan is shown after it, the whole is told as well. */
function tellChange(keeper: Keeper, { command, state, design, next }: Work & { next: LedgerState }): void {
  const today = dateAt(command.timeZone, command.now);
  advance(keeper, { state: next, budgetIds: design.budgetIds(next), cause: { kind: design.cause } });
  if (keeper.told !== null && planShownOn(state, today)?.id !== planShownOn(next, today)?.id) {
    keeper.tell({ kind: 'snapshot', state: next });
  }
}
