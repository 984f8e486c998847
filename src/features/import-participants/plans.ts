import { difference } from '../audit/rules.ts';
import type { LedgerState, Plan } from '../ledger/state.ts';
import { planRow } from '../plans/build.ts';
import { movePeriods, overlapping } from '../plans/rules.ts';
import type { ParticipantIntent } from './rows.ts';
import { given, Refused, replacePlan, type Work, withBoundaries } from './work.ts';

/** Finds the plan that a row is about by its start date; makes or changes it as the row says. */
export function applyPlan(work: Work, intent: ParticipantIntent): Plan {
  const asked = intent.plan;
  const { ledger } = work.person;
  const known = ledger.plans.find((plan) => plan.startDate === asked?.startDate);
  if (!asked) throw new Error('a plan is asked for');
  if (known) return updatePlan(work, { plan: known, asked });
  if (asked.endDate === null) {
    const message = `The participant has no plan that starts on ${asked.startDate}: for a new one its end is needed.`;
    throw new Refused({ target: 'planEnd', code: 'VALIDATION_FAILED', message });
  }
  const dates = { startDate: asked.startDate, endDate: asked.endDate };
  refuseOverlap(ledger, dates);
  if (asked.managementType === null) {
    const message = 'The row does not say how the plan is managed: it is taken as managed by the NDIA.';
    work.warnings.push({ code: 'MANAGEMENT_TYPE_ASSUMED', message });
  }
  const managementType = asked.managementType ?? 'ndia_managed';
  const id = work.newId('pln');
  const plan: Plan = {
    id,
    ...dates,
    system: asked.system ?? 'pace',
    managementType,
    revision: 1,
    lines: [],
    boundaries: new Map(),
  };
  const input = {
    planNumber: asked.planNumber,
    ...dates,
    reviewDate: null,
    planManager: asked.planManager,
    supportCoordinatorId: null,
    goals: [],
    system: plan.system,
    managementType,
    budgets: [],
  };
  const commit = { organizationId: work.organizationId, participantId: ledger.participantId, at: work.now };
  replacePlan(work, { plan, row: planRow({ input, plan }, commit) });
  work.changes.push({ kind: 'plan.created', planId: id });
  return plan;
}

function refuseOverlap(ledger: LedgerState, dates: { startDate: string; endDate: string; except?: string }): void {
  const other = overlapping(ledger.plans, dates);
  if (!other) return;
  const message = `The participant has a plan from ${other.startDate} to ${other.endDate}: plans do not overlap.`;
  throw new Refused({ target: 'planStart', code: 'CONFLICT', message });
}

function updatePlan(work: Work, { plan, asked }: { plan: Plan; asked: NonNullable<ParticipantIntent['plan']> }): Plan {
  const row = work.person.plans.get(plan.id);
  if (!row) throw new Error('a plan has its row');
  const before = {
    endDate: row.end_date,
    planNumber: row.plan_number,
    planManager: row.plan_manager,
    system: row.system,
  };
  const after = {
    ...before,
    ...given({
      endDate: asked.endDate,
      planNumber: asked.planNumber,
      planManager: asked.planManager,
      system: asked.system,
    }),
  };
  const changed = difference(before, after);
  if (!changed) return plan;
  const dates = { startDate: plan.startDate, endDate: after.endDate };
  refuseOverlap(work.person.ledger, { ...dates, except: plan.id });
  const used = work.lastUsed.get(plan.id);
  if (used !== undefined && used > after.endDate) {
    const message = `Something of the plan is spent on ${used}: it cannot be shortened over that.`;
    throw new Refused({ target: 'planEnd', code: 'CONFLICT', message });
  }
  const lines = plan.lines.map((line) => {
    const periods = movePeriods(line.periods, dates);
    if (periods) return after.endDate === before.endDate ? line : { ...line, periods, revision: line.revision + 1 };
    const message = 'A funding period would have no day left in the plan: change the periods of its lines first.';
    throw new Refused({ target: 'planEnd', code: 'CONFLICT', message });
  });
  const next: Plan = { ...plan, endDate: after.endDate, system: after.system, revision: plan.revision + 1, lines };
  const moved = withBoundaries(next, [...new Set(lines.map((line) => line.poolId))]);
  const history = JSON.parse(row.dates_history);
  if (after.endDate !== before.endDate) {
    const changedAt = new Date(work.now).toISOString();
    history.push({ startDate: row.start_date, endDate: row.end_date, changedAt, changedBy: work.userId });
  }
  replacePlan(work, {
    plan: moved,
    row: {
      ...row,
      end_date: after.endDate,
      plan_number: after.planNumber,
      plan_manager: after.planManager,
      system: after.system,
      dates_history: JSON.stringify(history),
      revision: row.revision + 1,
      updated_at: work.now,
    },
  });
  const shortenedTo = after.endDate < before.endDate ? after.endDate : null;
  work.changes.push({ kind: 'plan.updated', planId: plan.id, lines: moved.lines, shortenedTo, ...changed });
  return moved;
}
