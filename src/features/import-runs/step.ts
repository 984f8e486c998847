import sql, { join, raw, type Sql } from 'sql-template-tag';
import type { Database } from '../../database/database.ts';
import { dateAt } from '../../time/rules.ts';
import { type Looking, poolAlertStatements } from '../alerts/raise.ts';
import type { AlertSettings } from '../alerts/rules.ts';
import type { AuditAction } from '../audit/rules.ts';
import type { ImportKind, RowAction } from '../imports/table.ts';
import type { ParticipantRow } from '../participants/table.ts';
import type { Layout, RowError } from './rows.ts';

/** One record of the file on its way in; `row` is its number there, of which the header is 1. */
export interface FileRow {
  row: number;
  cells: string[];
  broken: boolean;
}

export interface RowWarning {
  column: string | null;
  code: string;
  message: string;
}

/** What became of a row. */
export interface RowOutcome {
  row: number;
  action: RowAction | null;
  entityId: string | null;
  errors: RowError[];
  warnings: RowWarning[];
  /** As they came; kept of failed rows. */
  cells: string[];
}

/** What working off rows knows of its import. */
export interface Work {
  database: Database;
  importId: string;
  organizationId: string;
  kind: ImportKind;
  dryRun: boolean;
  layout: Layout;
  /** Who began the import, as the audit names them. */
  userId: string;
  label: string;
  timeZone: string;
  /** When the organisation wants to be told of its budgets. */
  alerts: AlertSettings;
  now: number;
  today: string;
}

/** Rows worked out, and how they are written: all of it in one batch, or nothing. */
export interface Step {
  outcomes: RowOutcome[];
  /** What must still be true in the database: else everything is worked out anew. */
  guards: Sql[];
  /** Statements that take effect only under `proof`. */
  statements: (proof: Sql) => Sql[];
  /** Participants whose ledgers it changes. */
  participantIds: string[];
}

/** Works out rows: one read, then pure rules. */
export type Planner = (work: Work, rows: readonly FileRow[]) => Promise<Step>;

export function failed(row: FileRow, errors: RowError[]): RowOutcome {
  return { row: row.row, action: null, entityId: null, errors, warnings: [], cells: row.cells };
}

/** What an error of a target names: the column that it was read from, and the cell. */
export function located(
  { layout, cells }: { layout: Layout; cells: readonly string[] },
  error: { target: string; code: string; message: string },
): RowError {
  const place = layout.places.get(error.target);
  const value = place ? (cells[place.index] ?? '').slice(0, 200) : null;
  return { column: place?.column ?? null, value, code: error.code, message: error.message };
}

/** D1 takes values of up to 2 MB; a character may be three bytes. */
const MAX_JSON = 600_000;

/** Items as JSON arrays of a bounded length each, for `json_each`; none for no items. */
export function jsonParts(items: readonly unknown[]): string[] {
  const parts: string[] = [];
  let part: string[] = [];
  let length = 0;
  for (const item of items) {
    const text = JSON.stringify(item);
    if (length + text.length > MAX_JSON && part.length > 0) {
      parts.push(`[${part.join(',')}]`);
      part = [];
      length = 0;
    }
    part.push(text);
    length += text.length + 1;
  }
  if (part.length > 0) parts.push(`[${part.join(',')}]`);
  return parts;
}

/** That nobody has changed or archived participants since they were read. */
export function unchangedParticipants(
  work: Work,
  participants: readonly Pick<ParticipantRow, 'id' | 'ledger_version' | 'revision'>[],
): Sql[] {
  if (participants.length === 0) return [];
  const seen = participants.map(({ id, ledger_version, revision }) => ({ id, ledger_version, revision }));
  return [
    sql`(SELECT count(*) FROM json_each(${JSON.stringify(seen)}) seen
      CROSS JOIN participants ON participants.id = seen.value ->> 'id' AND +participants.organization_id = ${work.organizationId}
      WHERE participants.ledger_version = seen.value ->> 'ledger_version' AND participants.revision = seen.value ->> 'revision'
        AND participants.status <> 'archived') = ${seen.length}`,
  ];
}

/** Inserts items into a table; their keys, the same for all of them, are its columns. */
export function insertAll({ table, items }: { table: string; items: readonly object[] }, proof: Sql): Sql[] {
  const [first] = items;
  if (!first) return [];
  const columns = Object.keys(first);
  const names = raw(columns.join(', '));
  const values = join(columns.map((column) => raw(`value ->> '${column}'`)));
  return jsonParts(items).map(
    (part) => sql`INSERT INTO ${raw(table)} (${names}) SELECT ${values} FROM json_each(${part}) WHERE ${proof}`,
  );
}

/** The alerts of pools whose money a step moves; `pools` selects `pool_id` and `plan_id`. */
export function alertsFor(work: Work, { pools, proof }: { pools: Sql; proof: Sql }): Sql[] {
  const looking: Looking = {
    organizationId: work.organizationId,
    today: dateAt(work.timeZone, work.now),
    at: work.now,
    settings: work.alerts,
    requestId: work.importId,
  };
  return poolAlertStatements(looking, { pools, proof, raise: 'thresholds' });
}

export interface AuditItem {
  action: AuditAction;
  entityId: string;
  changeId: string;
  row: number;
  before?: unknown;
  after?: unknown;
}

/** The audit rows of a step, numbered on from the organisation's last; each names the import and the row. */
export function auditAll(work: Work, { items, proof }: { items: readonly AuditItem[]; proof: Sql }): Sql[] {
  const rows = items.map(({ action, entityId, changeId, row, before, after }) => ({
    action,
    type: action.slice(0, action.indexOf('.')),
    entityId,
    changeId,
    before,
    after,
    metadata: { importId: work.importId, row },
  }));
  return jsonParts(rows).map(
    (
      part,
    ) => sql`INSERT INTO audit_logs (organization_id, seq, at, action, entity_type, entity_id, user_id, actor, request_id,
        change_id, before, after, metadata)
      SELECT ${work.organizationId},
        (SELECT coalesce(max(seq), 0) + 1 FROM audit_logs WHERE organization_id = ${work.organizationId}) + key, ${work.now},
        value ->> 'action', value ->> 'type', value ->> 'entityId', ${work.userId}, ${work.label}, ${work.importId},
        value ->> 'changeId', value -> 'before', value -> 'after', value -> 'metadata'
      FROM json_each(${part}) WHERE ${proof}`,
  );
}

/** Keeps what a dry run would have changed, by key. */
export function keepDrafts(work: Work, { drafts, proof }: { drafts: ReadonlyMap<string, unknown>; proof: Sql }): Sql[] {
  const items = [...drafts].map(([key, value]) => ({ key, value }));
  return jsonParts(items).map(
    (part) => sql`INSERT INTO import_drafts (import_id, key, organization_id, value)
      SELECT ${work.importId}, value ->> 'key', ${work.organizationId}, value -> 'value' FROM json_each(${part}) WHERE ${proof}
      ON CONFLICT (import_id, key) DO UPDATE SET value = excluded.value`,
  );
}

/** The read of the drafts with these keys. */
export function draftsStatement(work: Work, keys: readonly string[]): Sql {
  return sql`SELECT draft.key, draft.value FROM json_each(${JSON.stringify(keys)}) wanted
    CROSS JOIN import_drafts draft ON draft.import_id = ${work.importId} AND draft.key = wanted.value
    WHERE draft.organization_id = ${work.organizationId}`;
}
