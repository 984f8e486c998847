import sql, { type Sql } from 'sql-template-tag';
import { boundariesOf } from '../ledger/rules.ts';
import type { Boundary, LedgerKey, Line } from '../ledger/state.ts';
import type { EntryKind } from '../ledger/table.ts';

/** Statements that change what money there is and when; each takes effect only under `proof`. */
export interface StructureCommit extends LedgerKey {
  version: number;
  actorId: string;
  at: number;
  proof: Sql;
}

export interface Entry {
  budgetId: string;
  kind: EntryKind;
  allocatedDeltaCents: number;
  spentDeltaCents: number;
  serviceId?: string;
}

/**
 * The first statement of a structural change: it moves the ledger on from the version that the change was worked out
 * for, and leaves `token` where `claimProof` finds it. `RETURNING` tells whether it did.
 */
export function claimStatement(key: LedgerKey, claim: { from: number; to: number; token: string; guard: Sql }): Sql {
  return sql`UPDATE participants SET ledger_version = ${claim.to}, ledger_change_id = ${claim.token}
    WHERE id = ${key.participantId} AND organization_id = ${key.organizationId} AND ledger_version = ${claim.from}
      AND status <> 'archived' AND ${claim.guard}
    RETURNING ledger_version`;
}

/** True only in the batch whose claim was granted: every attempt has a token of its own. */
export function claimProof(key: LedgerKey, token: string): Sql {
  return sql`EXISTS (SELECT 1 FROM participants WHERE id = ${key.participantId} AND organization_id = ${key.organizationId}
    AND ledger_change_id = ${token})`;
}

/** New lines of a plan and their periods. */
export function insertLines(lines: readonly Line[], commit: StructureCommit): Sql[] {
  const rows = JSON.stringify(lines.map(({ periods: _, ...line }) => line));
  return [
    sql`INSERT INTO budgets (id, organization_id, participant_id, plan_id, number, category_code, support_item_code, management_type,
        flexible, pool_id, allocated_cents, created_at, updated_at)
      SELECT value ->> 'id', ${commit.organizationId}, ${commit.participantId}, value ->> 'planId', value ->> 'number',
        value ->> 'categoryCode', value ->> 'supportItemCode', value ->> 'managementType', value ->> 'flexible', value ->> 'poolId',
        value ->> 'allocatedCents', ${commit.at}, ${commit.at}
      FROM json_each(${rows}) WHERE ${commit.proof}`,
    insertPeriods(lines, commit),
  ];
}

function insertPeriods(lines: readonly Pick<Line, 'id' | 'periods'>[], commit: StructureCommit): Sql {
  const rows = JSON.stringify(
    lines.flatMap((line) => line.periods.map((period) => ({ budgetId: line.id, ...period }))),
  );
  return sql`INSERT INTO funding_periods (budget_id, start_date, end_date, organization_id, amount_cents)
    SELECT value ->> 'budgetId', value ->> 'startDate', value ->> 'endDate', ${commit.organizationId}, value ->> 'amountCents'
    FROM json_each(${rows}) WHERE ${commit.proof}`;
}

/** Other periods for lines that are there. */
export function replacePeriods(lines: readonly Pick<Line, 'id' | 'periods'>[], commit: StructureCommit): Sql[] {
  const ids = JSON.stringify(lines.map((line) => line.id));
  return [
    sql`DELETE FROM funding_periods WHERE budget_id IN (SELECT value FROM json_each(${ids}))
      AND organization_id = ${commit.organizationId} AND ${commit.proof}`,
    insertPeriods(lines, commit),
  ];
}

/** The change's ledger entries, numbered from 1 within its version; none for a change of no line. */
export function insertEntries(entries: readonly Entry[], commit: StructureCommit): Sql[] {
  if (entries.length === 0) return [];
  const rows = JSON.stringify(entries);
  return [
    sql`INSERT INTO ledger_entries (participant_id, version, number, organization_id, budget_id, kind, allocated_delta_cents,
        spent_delta_cents, effective_on, service_id, actor_id, at)
      SELECT ${commit.participantId}, ${commit.version}, key + 1, ${commit.organizationId}, value ->> 'budgetId', value ->> 'kind',
        value ->> 'allocatedDeltaCents', value ->> 'spentDeltaCents', NULL, value ->> 'serviceId', ${commit.actorId}, ${commit.at}
      FROM json_each(${rows}) WHERE ${commit.proof}`,
  ];
}

/** Brings a plan's allocated total in step with its lines, and the participant's last plan end with their plans. */
export function refreshTotals(planId: string, commit: StructureCommit): Sql[] {
  return [
    sql`UPDATE plans SET allocated_cents = (SELECT coalesce(sum(allocated_cents), 0) FROM budgets WHERE plan_id = ${planId} AND organization_id = ${commit.organizationId})
      WHERE id = ${planId} AND organization_id = ${commit.organizationId} AND ${commit.proof}`,
    sql`UPDATE participants SET plan_end_key = (SELECT max(end_date) FROM plans
        WHERE participant_id = ${commit.participantId} AND organization_id = ${commit.organizationId})
      WHERE id = ${commit.participantId} AND organization_id = ${commit.organizationId} AND ${commit.proof}`,
  ];
}

/** The boundaries of lines of which nothing is spent yet, by pool. */
export function unspentBoundaries(lines: readonly Line[]): Map<string, Boundary[]> {
  const pools = Map.groupBy(lines, (line) => line.poolId);
  return new Map([...pools].map(([poolId, mates]) => [poolId, boundariesOf(mates)]));
}
