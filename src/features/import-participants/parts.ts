import { newId } from '../../ids.ts';
import type { AuditItem, Work } from '../import-runs/step.ts';
import type { Line, Plan } from '../ledger/state.ts';
import { searchWords } from '../participants/rules.ts';
import { NO_PLAN_END, type ParticipantRow } from '../participants/table.ts';
import { participantFields, participantView } from '../participants/view.ts';
import type { PlanRow } from '../plans/table.ts';
import { planView } from '../plans/view.ts';
import type { Entry } from '../structure/statements.ts';
import { type Change, movesLedger, type Person } from './work.ts';

/** A participant as the rows of a step found and left them, with what each row did. */
export interface Touched {
  before: Person;
  after: Person;
  rows: { row: number; changes: Change[]; version: number }[];
}

/** A participant's row as it will stand, with what follows from the ledger. */
function standing({ participant, ledger }: Person): ParticipantRow | null {
  if (!participant) return null;
  const ends = ledger.plans.map((plan) => plan.endDate).sort();
  return { ...participant, ledger_version: ledger.version, plan_end_key: ends.at(-1) ?? NO_PLAN_END };
}

/** What is written of one participant, table by table. */
export interface Parts {
  created: ParticipantRow[];
  updated: ParticipantRow[];
  words: object[];
  /** Known participants whose words are written anew. */
  reworded: string[];
  plans: PlanRow[];
  changedPlans: PlanRow[];
  budgets: object[];
  changedBudgets: { id: string }[];
  periods: object[];
  entries: object[];
  boundaries: object[];
  rewritten: { planId: string; participantId: string }[];
  audits: AuditItem[];
}

/** Works out what is written of a participant whom the rows of a step have changed. */
export function partsOf(work: Work, { before, after, rows }: Touched): Parts {
  const row = standing(after);
  if (!row) throw new Error('a participant that is written is there');
  const isNew = before.participant === null;
  const changes = rows.flatMap((one) => one.changes);
  const renamed = isNew || changes.some((change) => change.kind === 'participant.updated');
  const parts: Parts = {
    created: isNew ? [row] : [],
    updated: isNew ? [] : [row],
    words: renamed ? searchWords(participantFields(row)).map((word) => wordRow(row, word)) : [],
    reworded: renamed && !isNew ? [row.id] : [],
    plans: [],
    changedPlans: [],
    budgets: [],
    changedBudgets: [],
    periods: [],
    entries: [],
    boundaries: [],
    rewritten: [],
    audits: rows.flatMap((one) => one.changes.map((change) => auditOf(work, { change, row: one.row, after }))),
  };
  const old = new Map(before.ledger.plans.map((plan) => [plan.id, plan]));
  for (const plan of after.ledger.plans) {
    const was = old.get(plan.id);
    if (was !== plan) writePlan(work, { parts, plan, was, after });
  }
  for (const { changes: own, version } of rows) {
    parts.entries.push(
      ...own
        .flatMap((change) => entriesOf(change))
        .map((entry, index) => entryRow(work, { entry, version, number: index + 1, row })),
    );
  }
  return parts;
}

function wordRow(row: ParticipantRow, word: string): object {
  return { organization_id: row.organization_id, word, participant_id: row.id };
}

function writePlan(
  work: Work,
  { parts, plan, was, after }: { parts: Parts; plan: Plan; was: Plan | undefined; after: Person },
): void {
  const row = after.plans.get(plan.id);
  if (!row) throw new Error('a plan that is written is there');
  const sum = (of: (line: Line) => number) => plan.lines.reduce((total, line) => total + of(line), 0);
  const totals = { allocated_cents: sum((line) => line.allocatedCents), spent_cents: sum((line) => line.spentCents) };
  const agreed = was && was.lines !== plan.lines && was.revision === plan.revision ? 1 : 0;
  (was ? parts.changedPlans : parts.plans).push({
    ...row,
    ...totals,
    // A plan's revision moves with its lines.
    revision: row.revision + agreed,
    updated_at: work.now,
  });
  const known = new Map(was?.lines.map((line) => [line.id, line]));
  for (const line of plan.lines) {
    const earlier = known.get(line.id);
    if (earlier === line) continue;
    (earlier ? parts.changedBudgets : parts.budgets).push(budgetRow(work, { line, after }));
    parts.periods.push(
      ...line.periods.map((period) => ({
        budget_id: line.id,
        start_date: period.startDate,
        end_date: period.endDate,
        organization_id: work.organizationId,
        amount_cents: period.amountCents,
      })),
    );
  }
  const moved = [...plan.boundaries].filter(([pool, list]) => was?.boundaries.get(pool) !== list);
  const fresh = moved.every(([pool]) => !was?.boundaries.has(pool));
  if (!fresh) parts.rewritten.push({ planId: plan.id, participantId: after.ledger.participantId });
  else {
    parts.boundaries.push(
      ...moved.flatMap(([pool, list]) =>
        list.map((boundary) => ({
          pool_id: pool,
          ends_on: boundary.endsOn,
          organization_id: work.organizationId,
          participant_id: after.ledger.participantId,
          plan_id: plan.id,
          released_cents: boundary.releasedCents,
          spent_cents: boundary.spentCents,
        })),
      ),
    );
  }
}

function budgetRow(work: Work, { line, after }: { line: Line; after: Person }): { id: string } {
  return Object.assign(
    { id: line.id },
    {
      organization_id: work.organizationId,
      participant_id: after.ledger.participantId,
      plan_id: line.planId,
      number: line.number,
      category_code: line.categoryCode,
      support_item_code: line.supportItemCode,
      management_type: line.managementType,
      flexible: line.flexible ? 1 : 0,
      pool_id: line.poolId,
      allocated_cents: line.allocatedCents,
      spent_cents: line.spentCents,
      revision: line.revision,
      created_at: work.now,
      updated_at: work.now,
    },
  );
}

type DatedEntry = Entry & { effectiveOn?: string };

function entriesOf(change: Change): DatedEntry[] {
  switch (change.kind) {
    case 'participant.created':
    case 'participant.updated':
    case 'plan.created':
      return [];
    case 'plan.updated':
      if (!movesLedger(change)) return [];
      return change.lines.map((line) => entry(line, { kind: 'plan.changed', allocated: 0 }));
    case 'budget.created': {
      const { line, opening } = change;
      const made = entry(line, { kind: 'budget.created', allocated: line.allocatedCents });
      if (!opening) return [made];
      const opened = entry(line, { kind: 'opening', allocated: 0 });
      return [made, { ...opened, spentDeltaCents: opening.cents, effectiveOn: opening.on }];
    }
    case 'budget.adjusted': {
      const allocated = change.line.allocatedCents - change.before.allocatedCents;
      return [entry(change.line, { kind: 'budget.adjusted', allocated })];
    }
  }
}

function entry(line: Line, { kind, allocated }: { kind: Entry['kind']; allocated: number }): Entry {
  return { budgetId: line.id, kind, allocatedDeltaCents: allocated, spentDeltaCents: 0 };
}

function entryRow(
  work: Work,
  { entry: one, version, number, row }: { entry: DatedEntry; version: number; number: number; row: ParticipantRow },
): object {
  return {
    participant_id: row.id,
    version,
    number,
    organization_id: work.organizationId,
    budget_id: one.budgetId,
    kind: one.kind,
    allocated_delta_cents: one.allocatedDeltaCents,
    spent_delta_cents: one.spentDeltaCents,
    effective_on: one.effectiveOn ?? null,
    actor_id: work.userId,
    at: work.now,
  };
}

function auditOf(work: Work, { change, row, after }: { change: Change; row: number; after: Person }): AuditItem {
  const changeId = newId('chg');
  switch (change.kind) {
    case 'participant.created': {
      const { medical: _, ...view } = participantView(change.row, { medical: false });
      return { action: change.kind, entityId: change.row.id, changeId, row, after: view };
    }
    case 'participant.updated': {
      const { before, after: is } = change;
      return { action: change.kind, entityId: change.row.id, changeId, row, before, after: is };
    }
    case 'plan.created': {
      const plan = after.ledger.plans.find((candidate) => candidate.id === change.planId);
      const planRow = after.plans.get(change.planId);
      const view = plan && planRow ? planView({ row: planRow, plan: { ...plan, lines: [] } }, work.today) : null;
      return { action: change.kind, entityId: change.planId, changeId, row, after: view };
    }
    case 'plan.updated': {
      const { before, after: is } = change;
      return { action: change.kind, entityId: change.planId, changeId, row, before, after: is };
    }
    case 'budget.created':
      return {
        action: change.kind,
        entityId: change.line.id,
        changeId,
        row,
        after: { ...change.line, opening: change.opening },
      };
    case 'budget.adjusted':
      return {
        action: change.kind,
        entityId: change.line.id,
        changeId,
        row,
        before: adjustable(change.before),
        after: adjustable(change.line),
      };
  }
}

function adjustable({ allocatedCents, flexible, periods }: Line) {
  return { allocatedCents, flexible, periods };
}
