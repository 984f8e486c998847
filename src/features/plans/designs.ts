import sql, { type Sql } from 'sql-template-tag';
import type { Refusal } from '../../http/problem.ts';
import { difference } from '../audit/rules.ts';
import type { StructureCommand } from '../ledger/commands.ts';
import type { LedgerState, Line, Plan } from '../ledger/state.ts';
import { type Designed, staleRefusal } from '../structure/design.ts';
import { replacePeriods, type StructureCommit } from '../structure/statements.ts';
import { insertPlan, newPlan, openingEntries, planRow } from './build.ts';
import { movePeriods, overlapping, type PlanPatch } from './rules.ts';
import type { PlanRow } from './table.ts';
import { planView } from './view.ts';

type Command<Kind> = Extract<StructureCommand, { kind: Kind }>;

function conflict(detail: string): { refused: Refusal } {
  return { refused: { code: 'CONFLICT', detail } };
}

function noOverlap(
  { organizationId, participantId }: LedgerState,
  key: { planId: string; startDate: string; endDate: string },
): Sql {
  return sql`NOT EXISTS (SELECT 1 FROM plans WHERE participant_id = ${participantId} AND organization_id = ${organizationId}
    AND id <> ${key.planId} AND start_date <= ${key.endDate} AND end_date >= ${key.startDate})`;
}

/** A new plan beside the participant's others. */
export function designCreatePlan(
  command: Command<'create-plan'>,
  seen: { state: LedgerState; today: string },
): Designed {
  const { input, planId } = command;
  const { state } = seen;
  const other = overlapping(state.plans, input);
  if (other)
    return conflict(`The participant has a plan from ${other.startDate} to ${other.endDate}: plans do not overlap.`);
  const plan = newPlan(input, command);
  const row = planRow({ input, plan }, { ...state, at: command.now });
  const view = planView({ row, plan }, seen.today);
  return {
    movesLedger: true,
    guard: noOverlap(state, { planId, startDate: input.startDate, endDate: input.endDate }),
    entries: openingEntries(plan.lines),
    statements: (commit) => insertPlan({ row, plan }, commit),
    audit: { action: 'plan.created', entityId: planId, after: view },
    answer: {
      status: 201,
      headers: { Location: `/v1/plans/${planId}`, ETag: `"${row.revision}"` },
      body: JSON.stringify(view),
    },
    cause: 'budget.created',
    budgetIds: () => plan.lines.map((line) => line.id),
    belowSpent: () => conflict('The plan has more spent than it releases.').refused,
  };
}

/** The first and last day on which something of a plan is spent. */
export interface UsedDays {
  first: string;
  last: string;
}

function usedDays(planId: string, organizationId: string): Sql {
  return sql`SELECT min(day) AS first, max(day) AS last FROM (
    SELECT service.service_date AS day FROM budgets line JOIN services service ON service.budget_id = line.id
    WHERE line.plan_id = ${planId} AND line.organization_id = ${organizationId} AND service.status = 'completed'
    UNION ALL
    SELECT entry.effective_on FROM budgets line JOIN ledger_entries entry ON entry.budget_id = line.id
    WHERE line.plan_id = ${planId} AND line.organization_id = ${organizationId} AND entry.kind = 'opening')`;
}

/** The read of `UsedDays`; both are null where nothing is spent. */
export function usedDaysStatement(planId: string, organizationId: string): Sql {
  return sql`SELECT used.first, used.last FROM (${usedDays(planId, organizationId)}) used WHERE used.first IS NOT NULL`;
}

const FIELDS = {
  planNumber: 'plan_number',
  startDate: 'start_date',
  endDate: 'end_date',
  reviewDate: 'review_date',
  planManager: 'plan_manager',
  supportCoordinatorId: 'support_coordinator_id',
  system: 'system',
  managementType: 'management_type',
} as const satisfies Partial<Record<keyof PlanPatch, keyof PlanRow>>;

/** A plan's own fields, as clients write them. */
function fieldsOf(row: PlanRow): Record<string, unknown> {
  const fields = Object.entries(FIELDS).map(([name, column]) => [name, row[column]]);
  return { ...Object.fromEntries(fields), goals: JSON.parse(row.goals) };
}

/** The row with the patch applied; `goals` as their JSON text. */
function patched(row: PlanRow, patch: PlanPatch): PlanRow {
  const next: PlanRow = { ...row };
  for (const [name, column] of Object.entries(FIELDS)) {
    const value = patch[name as keyof typeof FIELDS];
    if (value !== undefined) Object.assign(next, { [column]: value });
  }
  if (patch.goals !== undefined) next.goals = JSON.stringify(patch.goals);
  return next;
}

/** Other words, dates or another system for a plan. New dates move its first and last periods and keep their history. */
export function designUpdatePlan(
  command: Command<'update-plan'>,
  seen: { state: LedgerState; row: PlanRow | undefined; used: UsedDays | null },
): Designed {
  const { row, state } = seen;
  const { organizationId } = state;
  const plan = state.plans.find((candidate) => candidate.id === command.planId);
  if (!row || !plan) return { refused: { code: 'NOT_FOUND', detail: 'There is no such plan.' } };
  const stale = staleRefusal(command.ifMatch, row.revision);
  if (stale) return { refused: stale };
  const next = patched(row, command.patch);
  const changed = difference(fieldsOf(row), fieldsOf(next));
  if (!changed) return { unchanged: true };

  const dates = { startDate: next.start_date, endDate: next.end_date };
  if (dates.endDate < dates.startDate) {
    const message = 'must not be before startDate';
    const errors = [{ pointer: '/endDate', message }];
    return { refused: { code: 'VALIDATION_FAILED', detail: `/endDate ${message}.`, errors } };
  }
  const other = overlapping(state.plans, { ...dates, except: plan.id });
  if (other)
    return conflict(`The participant has a plan from ${other.startDate} to ${other.endDate}: plans do not overlap.`);
  const moved = movedLines(plan, dates);
  if (!moved)
    return conflict('A funding period would have no day left in the plan: change the periods of its lines first.');

  const datesMove = next.start_date !== row.start_date || next.end_date !== row.end_date;
  const movesLedger = datesMove || next.system !== row.system;
  const { used } = seen;
  if (datesMove && used && (used.first < dates.startDate || used.last > dates.endDate)) {
    return conflict(
      `Services of the plan are dated from ${used.first} to ${used.last}: it cannot be shortened over them.`,
    );
  }
  return {
    movesLedger,
    guard: sql`EXISTS (SELECT 1 FROM plans WHERE id = ${plan.id} AND organization_id = ${organizationId} AND revision = ${row.revision})
      AND ${noOverlap(state, { planId: plan.id, ...dates })}
      AND NOT EXISTS (${usedDays(plan.id, organizationId)} HAVING min(day) < ${dates.startDate} OR max(day) > ${dates.endDate})`,
    entries: movesLedger ? plan.lines.map(changedEntry) : [],
    statements: (commit) => [
      updatePlan(next, { commit, datesMove }),
      ...(datesMove && moved.length > 0 ? [reviseLines(plan.id, commit), ...replacePeriods(moved, commit)] : []),
    ],
    audit: { action: 'plan.updated', entityId: plan.id, ...changed },
    answer: null,
    cause: 'plan.changed',
    budgetIds: () => plan.lines.map((line) => line.id),
    belowSpent: () => conflict('Services were recorded on days that the plan would no longer have.').refused,
  };
}

function changedEntry(line: Line) {
  return { budgetId: line.id, kind: 'plan.changed' as const, allocatedDeltaCents: 0, spentDeltaCents: 0 };
}

/** The lines with their periods moved to the dates; null when that would leave a period without a day. */
function movedLines(plan: Plan, dates: { startDate: string; endDate: string }): Line[] | null {
  const moved: Line[] = [];
  for (const line of plan.lines) {
    const periods = movePeriods(line.periods, dates);
    if (!periods) return null;
    moved.push({ ...line, periods });
  }
  return moved;
}

/** New dates move the periods of the plan's lines, which are the lines' own. */
function reviseLines(planId: string, commit: StructureCommit): Sql {
  return sql`UPDATE budgets SET revision = revision + 1, updated_at = ${commit.at}
    WHERE plan_id = ${planId} AND organization_id = ${commit.organizationId} AND ${commit.proof}`;
}

function updatePlan(next: PlanRow, change: { commit: StructureCommit; datesMove: boolean }): Sql {
  const { commit, datesMove } = change;
  const history = datesMove
    ? sql`json_insert(dates_history, '$[#]', json_object('startDate', start_date, 'endDate', end_date,
        'changedAt', ${new Date(commit.at).toISOString()}, 'changedBy', ${commit.actorId}))`
    : sql`dates_history`;
  return sql`UPDATE plans SET plan_number = ${next.plan_number}, start_date = ${next.start_date}, end_date = ${next.end_date},
      review_date = ${next.review_date}, plan_manager = ${next.plan_manager}, support_coordinator_id = ${next.support_coordinator_id},
      goals = ${next.goals}, system = ${next.system}, management_type = ${next.management_type}, dates_history = ${history},
      revision = revision + 1, updated_at = ${commit.at}
    WHERE id = ${next.id} AND organization_id = ${commit.organizationId} AND ${commit.proof}`;
}
