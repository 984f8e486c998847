import sql, { join, type Sql } from 'sql-template-tag';
import { ConstraintError, OutcomeUnknown } from '../../database/database.ts';
import { newId } from '../../ids.ts';
import type { ImportRow, RowAction } from '../imports/table.ts';
import { jsonParts, type RowOutcome, type Step, type Work } from './step.ts';

/** How far an import is: the chunk, and how many of its records are done. */
export interface Position {
  chunk: number;
  record: number;
}

export type Committed =
  /** Written, with everything that belongs to it. */
  | 'done'
  /** Somebody changed what it was worked out from: nothing was written. */
  | 'stale'
  /** Another delivery of the message is further, or the import has ended: nothing was written. */
  | 'overtaken'
  /** A rule of the schema refused the batch: nothing was written. */
  | { constraint: string };

/** Writes a step, its rows' outcomes and the import's position as one batch: all of it, once, or nothing. */
export async function commitStep(
  work: Work,
  { from, to, step }: { from: Position; to: Position; step: Step },
): Promise<Committed> {
  const token = newId('chg');
  const proof = sql`EXISTS (SELECT 1 FROM imports WHERE id = ${work.importId} AND organization_id = ${work.organizationId}
    AND change_id = ${token})`;
  const statements = [
    claim(work, { from, to, step, token }),
    ...step.statements(proof),
    ...outcomeRows(work, { step, proof }),
  ];
  try {
    const [claimed] = await work.database.write(statements);
    if (claimed?.rows[0]) return 'done';
  } catch (error) {
    if (error instanceof ConstraintError) return { constraint: error.constraint };
    if (!(error instanceof OutcomeUnknown)) throw error;
  }
  // Not granted, or the answer was lost: the import itself says what is true.
  const [[now]] = await work.database.read<[Pick<ImportRow, 'status' | 'change_id' | 'next_chunk' | 'next_record'>]>(
    sql`SELECT status, change_id, next_chunk, next_record FROM imports
      WHERE id = ${work.importId} AND organization_id = ${work.organizationId}`,
  );
  if (now?.change_id === token) return 'done';
  const here = now?.status === 'running' && now.next_chunk === from.chunk && now.next_record === from.record;
  return here ? 'stale' : 'overtaken';
}

function countOf(outcomes: readonly RowOutcome[], action: RowAction): number {
  return outcomes.filter((outcome) => outcome.errors.length === 0 && outcome.action === action).length;
}

interface Claim {
  from: Position;
  to: Position;
  step: Step;
  token: string;
}

function claim(work: Work, { from, to, step, token }: Claim): Sql {
  const { outcomes, guards } = step;
  const sum = (of: (outcome: RowOutcome) => number) => outcomes.reduce((total, outcome) => total + of(outcome), 0);
  const guarded = guards.length === 0 ? sql`true` : join(guards, ' AND ');
  return sql`UPDATE imports SET change_id = ${token}, next_chunk = ${to.chunk}, next_record = ${to.record},
      processed_rows = processed_rows + ${outcomes.length}, created = created + ${countOf(outcomes, 'created')},
      updated = updated + ${countOf(outcomes, 'updated')}, unchanged = unchanged + ${countOf(outcomes, 'unchanged')},
      failed = failed + ${sum((outcome) => Math.sign(outcome.errors.length))},
      warnings = warnings + ${sum((outcome) => outcome.warnings.length)}, updated_at = ${work.now}
    WHERE id = ${work.importId} AND organization_id = ${work.organizationId} AND status = 'running'
      AND next_chunk = ${from.chunk} AND next_record = ${from.record} AND ${guarded}
    RETURNING id`;
}

/** What is kept of a failed row's cells, for the file of errors: what goes beyond is cut (characters). */
const KEPT_CELLS = 200_000;

function keptCells(cells: readonly string[]): string[] {
  let room = KEPT_CELLS;
  return cells.map((cell) => {
    const kept = cell.replaceAll('\0', '').slice(0, room).toWellFormed();
    room -= kept.length;
    return kept;
  });
}

function outcomeRows(work: Work, { step, proof }: { step: Step; proof: Sql }): Sql[] {
  const items = step.outcomes.map(({ row, action, entityId, errors, warnings, cells }) => ({
    row,
    action,
    entityId,
    ...(errors.length > 0 && { errors, cells: keptCells(cells) }),
    ...(warnings.length > 0 && { warnings }),
  }));
  return jsonParts(items).map(
    (
      part,
    ) => sql`INSERT INTO import_rows (import_id, row, organization_id, status, action, entity_id, errors, warnings, cells)
      SELECT ${work.importId}, value ->> 'row', ${work.organizationId},
        CASE WHEN value -> 'errors' IS NULL THEN 'succeeded' ELSE 'failed' END, value ->> 'action', value ->> 'entityId',
        value -> 'errors', value -> 'warnings', value -> 'cells'
      FROM json_each(${part}) WHERE ${proof}`,
  );
}
