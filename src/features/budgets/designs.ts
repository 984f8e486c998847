import sql, { type Sql } from 'sql-template-tag';
import type { Refusal } from '../../http/problem.ts';
import { dollars } from '../../money/rules.ts';
import type { StructureCommand } from '../ledger/commands.ts';
import { findLine, type LedgerState, type Line, linesOfPool, poolOf } from '../ledger/state.ts';
import { newLine, openingEntries } from '../plans/build.ts';
import { periodErrors, wholePeriod } from '../plans/rules.ts';
import { type BudgetDetail, budgetDetail } from '../plans/view.ts';
import { type Designed, staleRefusal } from '../structure/design.ts';
import { insertLines, replacePeriods, type StructureCommit, unspentBoundaries } from '../structure/statements.ts';

type Command<Kind> = Extract<StructureCommand, { kind: Kind }>;

function misfit(errors: { pointer: string; message: string }[]): { refused: Refusal } {
  const [first] = errors;
  return { refused: { code: 'VALIDATION_FAILED', detail: `${first?.pointer} ${first?.message}`, errors } };
}

const MAX_LINES = 100;

/** One more line in a plan. */
export function designCreateBudget(
  command: Command<'create-budget'>,
  seen: { state: LedgerState; today: string },
): Designed {
  const { input } = command;
  const plan = seen.state.plans.find((candidate) => candidate.id === command.planId);
  if (!plan) return { refused: { code: 'NOT_FOUND', detail: 'There is no such plan.' } };
  if (plan.lines.length >= MAX_LINES) {
    return { refused: { code: 'CONFLICT', detail: `A plan has at most ${MAX_LINES} budget lines.` } };
  }
  const errors = periodErrors(input, plan);
  if (errors.length > 0) return misfit(errors);
  const number = Math.max(0, ...plan.lines.map((line) => line.number)) + 1;
  const line = newLine(input, { id: command.budgetId, number, plan });
  const view = budgetDetail({ plan: { ...plan, boundaries: unspentBoundaries([line]) }, line }, seen.today);
  return {
    movesLedger: true,
    guard: sql`EXISTS (SELECT 1 FROM plans WHERE id = ${plan.id} AND organization_id = ${seen.state.organizationId} AND start_date = ${plan.startDate} AND end_date = ${plan.endDate})`,
    entries: openingEntries([line]),
    statements: (commit) => [...insertLines([line], commit), revisePlan(plan.id, commit)],
    audit: { action: 'budget.created', entityId: line.id, after: view },
    answer: {
      status: 201,
      headers: { Location: `/v1/budgets/${line.id}`, ETag: `"${line.revision}"` },
      body: withAvailable(view, { poolId: line.poolId, today: seen.today }),
    },
    cause: 'budget.created',
    budgetIds: (state) => poolMates(state, line.id),
    belowSpent: () => ({ code: 'CONFLICT', detail: 'The pool has more spent than it releases.' }),
  };
}

/** A plan's lines are the plan's: its revision moves with them, though not with what is spent of them. */
function revisePlan(planId: string, commit: StructureCommit): Sql {
  return sql`UPDATE plans SET revision = revision + 1, updated_at = ${commit.at}
    WHERE id = ${planId} AND organization_id = ${commit.organizationId} AND ${commit.proof}`;
}

/** The line's JSON with what the pool it joins has left, which only the database can tell once the line is in. */
function withAvailable(view: BudgetDetail, { poolId, today }: { poolId: string; today: string }) {
  const body = JSON.stringify(view);
  if (today < view.startDate || view.endDate < today) return body;
  return sql`json_set(${body}, '$.availableCents', (SELECT min(released_cents - spent_cents) FROM pool_boundaries
    WHERE pool_id = ${poolId} AND ends_on >= ${today}))`;
}

function poolMates(state: LedgerState, budgetId: string): string[] {
  const found = findLine(state, budgetId);
  return found ? linesOfPool(found.plan, found.line.poolId).map((line) => line.id) : [];
}

/** Another allocation, other periods or another pool for a line. */
export function designUpdateBudget(command: Command<'update-budget'>, seen: { state: LedgerState }): Designed {
  const { patch } = command;
  const found = findLine(seen.state, command.budgetId);
  if (!found) return { refused: { code: 'NOT_FOUND', detail: 'There is no such budget line.' } };
  const { plan, line } = found;
  const stale = staleRefusal(command.ifMatch, line.revision);
  if (stale) return { refused: stale };

  const allocatedCents = patch.allocatedCents ?? line.allocatedCents;
  const flexible = patch.flexible ?? line.flexible;
  const periods = periodsAfter(line, { patch, allocatedCents, plan });
  const errors = periodErrors({ periods, allocatedCents }, plan);
  if (errors.length > 0) return misfit(errors);
  const next: Line = { ...line, allocatedCents, flexible, periods, poolId: poolOf({ ...line, flexible }) };
  if (JSON.stringify(next) === JSON.stringify(line)) return { unchanged: true };

  const mates = linesOfPool(plan, line.poolId).map((other) => other.id);
  return {
    movesLedger: true,
    guard: sql`EXISTS (SELECT 1 FROM budgets WHERE id = ${line.id} AND organization_id = ${seen.state.organizationId} AND revision = ${line.revision})`,
    entries: [
      {
        budgetId: line.id,
        kind: 'budget.adjusted',
        allocatedDeltaCents: allocatedCents - line.allocatedCents,
        spentDeltaCents: 0,
      },
    ],
    statements: (commit) => [
      sql`UPDATE budgets SET allocated_cents = ${allocatedCents}, flexible = ${flexible}, pool_id = ${next.poolId},
          revision = revision + 1, updated_at = ${commit.at}
        WHERE id = ${line.id} AND organization_id = ${commit.organizationId} AND ${commit.proof}`,
      ...replacePeriods([next], commit),
      revisePlan(plan.id, commit),
    ],
    audit: { action: 'budget.adjusted', entityId: line.id, before: adjustable(line), after: adjustable(next) },
    answer: null,
    cause: 'budget.adjusted',
    budgetIds: (state) => [...new Set([...mates, ...poolMates(state, line.id)])],
    belowSpent: (state) => belowSpent(state, { line: next, allocatedCents }),
  };
}

/** A line without periods of its own releases whatever it is allocated; with several, they must be said anew. */
function periodsAfter(
  line: Line,
  change: {
    patch: Command<'update-budget'>['patch'];
    allocatedCents: number;
    plan: { startDate: string; endDate: string };
  },
) {
  const { patch, allocatedCents, plan } = change;
  if (patch.periods === null) return wholePeriod(plan, allocatedCents);
  if (patch.periods !== undefined) return patch.periods;
  return line.periods.length === 1 ? wholePeriod(plan, allocatedCents) : line.periods;
}

function adjustable(line: Line) {
  return { allocatedCents: line.allocatedCents, flexible: line.flexible, periods: line.periods };
}

function belowSpent(state: LedgerState, asked: { line: Line; allocatedCents: number }): Refusal {
  const { line } = asked;
  const spentCents = findLine(state, line.id)?.line.spentCents ?? line.spentCents;
  return {
    code: 'ALLOCATION_BELOW_SPENT',
    detail: `${dollars(spentCents)} of the line is spent: with ${dollars(asked.allocatedCents)} released as asked, some day would have more spent than released.`,
    details: { budgetId: line.id, allocatedCents: asked.allocatedCents, spentCents },
  };
}
