import type { Sql } from 'sql-template-tag';
import type { Refusal } from '../../http/problem.ts';
import { matches } from '../../http/revision.ts';
import type { AuditEntry } from '../audit/entry.ts';
import type { Answer } from '../idempotency/record.ts';
import type { LedgerState } from '../ledger/state.ts';
import type { Entry, StructureCommit } from './statements.ts';

/** How a change of plans or lines will be written, worked out from the ledger as it stands. */
export interface Design {
  /** False for a change of a plan's words only: the ledger stays at its version. */
  movesLedger: boolean;
  /** What must still be true in the database, beside the ledger's version. */
  guard: Sql;
  entries: Entry[];
  statements: (commit: StructureCommit) => Sql[];
  audit: Omit<AuditEntry, 'changeId'>;
  /** What a keyed POST answers; null for a PATCH. */
  answer: Answer | null;
  cause: 'budget.created' | 'budget.adjusted' | 'plan.changed';
  /** The lines that are told as changed. */
  budgetIds: (state: LedgerState) => string[];
  /** The answer when the new boundaries would break the rule for money. */
  belowSpent: (state: LedgerState) => Refusal;
}

export type Designed = Design | { refused: Refusal } | { unchanged: true };

/** The refusal of a change to something that was changed since it was read; null when `ifMatch` allows it. */
export function staleRefusal(ifMatch: string | null, revision: number): Refusal | null {
  if (matches(ifMatch, revision)) return null;
  return { code: 'STALE', detail: 'It was changed since you read it: read it again.' };
}
