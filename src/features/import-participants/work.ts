import type { RowError } from '../import-runs/rows.ts';
import type { RowWarning } from '../import-runs/step.ts';
import { boundariesOf } from '../ledger/rules.ts';
import { type LedgerState, type Line, linesOfPool, type Plan } from '../ledger/state.ts';
import type { ParticipantRow } from '../participants/table.ts';
import type { PlanRow } from '../plans/table.ts';

/** One participant as the rows so far leave them; `participant` is null while there is none. */
export interface Person {
  participant: ParticipantRow | null;
  ledger: LedgerState;
  /** The rows of the ledger's plans, by id. */
  plans: ReadonlyMap<string, PlanRow>;
}

/** What a row did, as it will be written. */
export type Change =
  | { kind: 'participant.created'; row: ParticipantRow }
  | { kind: 'participant.updated'; row: ParticipantRow; before: object; after: object }
  | { kind: 'plan.created'; planId: string }
  | {
      kind: 'plan.updated';
      planId: string;
      before: object;
      after: object;
      /** The plan's lines at that time. */
      lines: readonly Line[];
      /** The plan's new end, where it ends earlier than before. */
      shortenedTo: string | null;
    }
  | { kind: 'budget.created'; line: Line; opening: { cents: number; on: string } | null }
  | { kind: 'budget.adjusted'; before: Line; line: Line };

export type Applied =
  | { person: Person; changes: Change[]; warnings: Omit<RowWarning, 'column'>[] }
  | { errors: (Pick<RowError, 'code' | 'message'> & { target: string })[] };

/** What applying needs of the world: the instant, the organisation's date, new ids. */
export interface Circumstances {
  organizationId: string;
  userId: string;
  now: number;
  today: string;
  /** The last day on which something of a plan is spent, for plans that a row may shorten. */
  lastUsed: ReadonlyMap<string, string>;
  newId: (prefix: 'par' | 'pln' | 'bud') => string;
}

type Target = string;
/** Refusals inside, caught by `applyRow`: nothing of a row that has one is kept. */
export class Refused extends Error {
  readonly errors: { target: Target; code: string; message: string }[];

  constructor(...errors: { target: Target; code: string; message: string }[]) {
    super('refused');
    this.errors = errors;
  }
}

export interface Work extends Circumstances {
  person: Person;
  changes: Change[];
  warnings: Omit<RowWarning, 'column'>[];
}

/** Whether a change is one of the ledger: it moves its version on. */
export function movesLedger(change: Change): boolean {
  if (change.kind === 'plan.updated') return 'endDate' in change.after || 'system' in change.after;
  return change.kind !== 'participant.created' && change.kind !== 'participant.updated';
}

type Given<Value> = { [Key in keyof Value]?: NonNullable<Value[Key]> };

/** The fields that say something. Safe: it is the same object without its nulls. */
export function given<Value extends object>(fields: Value): Given<Value> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)) as Given<Value>;
}

/** Puts a changed plan in the place of what was there. */
export function replacePlan(work: Work, { plan, row }: { plan: Plan; row?: PlanRow | undefined }): void {
  const { person } = work;
  const others = person.ledger.plans.filter((other) => other.id !== plan.id);
  const plans = [...others, plan].sort((a, b) => (a.startDate < b.startDate ? -1 : 1));
  const rows = row ? new Map(person.plans).set(plan.id, row) : person.plans;
  work.person = { ...person, ledger: { ...person.ledger, plans }, plans: rows };
}

/** The plan with the boundaries of some of its pools worked out anew. */
export function withBoundaries(plan: Plan, poolIds: readonly string[]): Plan {
  const boundaries = new Map(plan.boundaries);
  for (const poolId of poolIds) {
    boundaries.set(poolId, boundariesOf(linesOfPool(plan, poolId), boundaries.get(poolId) ?? []));
  }
  return { ...plan, boundaries };
}
