import sql, { type Sql } from 'sql-template-tag';
import { newId } from '../../ids.ts';
import { difference } from '../audit/rules.ts';
import { type RowError, shapeErrors } from '../import-runs/rows.ts';
import {
  type AuditItem,
  auditAll,
  draftsStatement,
  type FileRow,
  failed,
  insertAll,
  keepDrafts,
  type Planner,
  type RowOutcome,
  type Work,
} from '../import-runs/step.ts';
import type { OwnItemRow } from '../support-items/table.ts';
import { type ItemIntent, readItemRow } from './rows.ts';

function intentOf(work: Work, row: FileRow): { intent: ItemIntent } | { errors: RowError[] } {
  const errors = shapeErrors(work.layout, row);
  return errors.length > 0 ? { errors } : readItemRow(work.layout, row.cells);
}

function itemRow(work: Work, intent: ItemIntent): OwnItemRow {
  return {
    organization_id: work.organizationId,
    code: intent.code,
    start_date: intent.startDate,
    end_date: intent.endDate,
    name: intent.name,
    category_code: Number(intent.code.slice(0, 2)),
    unit: intent.unit,
    national_cents: intent.limits.national,
    remote_cents: intent.limits.remote,
    very_remote_cents: intent.limits.veryRemote,
  };
}

/** Works out rows of agreed own items: one a number and start date, over the NDIA's. */
export const planItems: Planner = async (work, rows) => {
  const read = rows.map((row) => ({ row, read: intentOf(work, row) }));
  const codes = [...new Set(read.flatMap((one) => ('intent' in one.read ? [one.read.intent.code] : [])))];
  const [stored, drafts] = await work.database.read<[OwnItemRow, { key: string; value: string }]>(
    sql`SELECT own_items.* FROM json_each(${JSON.stringify(codes)}) wanted
      CROSS JOIN own_items ON own_items.organization_id = ${work.organizationId} AND own_items.code = wanted.value`,
    draftsStatement(work, work.dryRun ? codes : []),
  );
  const known = new Map(stored.map((row) => [`${row.code} ${row.start_date}`, row]));
  for (const { value } of drafts) {
    for (const row of JSON.parse(value) as OwnItemRow[]) known.set(`${row.code} ${row.start_date}`, row);
  }
  const fresh: OwnItemRow[] = [];
  const writes = new Map<string, OwnItemRow>();
  const audits: AuditItem[] = [];
  const outcomes = read.map((one): RowOutcome => {
    if ('errors' in one.read) return failed(one.row, one.read.errors);
    const next = itemRow(work, one.read.intent);
    const key = `${next.code} ${next.start_date}`;
    const before = known.get(key);
    const changed = difference(before ?? {}, next);
    known.set(key, next);
    if (!before) fresh.push(next);
    if (changed) {
      writes.set(key, next);
      const entry = { entityId: next.code, changeId: newId('chg'), row: one.row.row };
      audits.push(
        before ? { ...entry, action: 'item.updated', ...changed } : { ...entry, action: 'item.created', after: next },
      );
    }
    const action = before ? (changed ? 'updated' : 'unchanged') : 'created';
    return { row: one.row.row, action, entityId: next.code, errors: [], warnings: [], cells: one.row.cells };
  });
  const items = [...writes.values()];
  return {
    outcomes,
    guards: work.dryRun || fresh.length === 0 ? [] : [absent(work, fresh)],
    participantIds: [],
    statements: (proof) =>
      work.dryRun
        ? keepDrafts(work, { drafts: Map.groupBy(known.values(), (row) => row.code), proof })
        : items.length === 0
          ? []
          : [
              sql`DELETE FROM own_items WHERE organization_id = ${work.organizationId} AND (code, start_date) IN
              (SELECT value ->> 'code', value ->> 'start_date' FROM json_each(${JSON.stringify(items)})) AND ${proof}`,
              ...insertAll({ table: 'own_items', items }, proof),
              ...auditAll(work, { items: audits, proof }),
            ],
  };
};

/** Nobody else has made these meanwhile. */
function absent(work: Work, rows: readonly OwnItemRow[]): Sql {
  return sql`NOT EXISTS (SELECT 1 FROM json_each(${JSON.stringify(rows)}) made
    CROSS JOIN own_items ON own_items.organization_id = ${work.organizationId}
      AND own_items.code = made.value ->> 'code' AND own_items.start_date = made.value ->> 'start_date')`;
}
