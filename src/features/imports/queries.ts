import sql, { empty, raw, type Sql } from 'sql-template-tag';
import type { Context } from '../../context.ts';
import { type Page, pageOf, readCursor } from '../../http/cursor.ts';
import { notFound } from '../../http/problem.ts';
import { newId } from '../../ids.ts';
import { auditStatement } from '../audit/entry.ts';
import { mailingStatement } from '../emails/mailing.ts';
import type { FileProblem } from '../import-runs/mapping.ts';
import { plainName } from '../import-runs/targets.ts';
import type { ImportRow, ImportRowRow } from './table.ts';
import { type ImportRowView, type ImportView, importRowView, importView } from './view.ts';

const NAMES = `id, organization_id, kind, file_name, status, dry_run, mapping, object_key, size_bytes, sha256, reading, next_chunk,
  next_record, change_id, total_rows, processed_rows, created, updated, unchanged, failed, warnings, failure, created_by,
  created_at, started_at, finished_at, updated_at`;

/** All columns of an import, for a query that may join others. */
export const IMPORT_COLUMNS = raw(NAMES.replaceAll(/\w+/g, 'imports.$&'));

/** The read of one import. */
export function importStatement(id: string, organizationId: string): Sql {
  return sql`SELECT ${IMPORT_COLUMNS} FROM imports WHERE id = ${id} AND organization_id = ${organizationId}`;
}

/** An import; `NOT_FOUND` for an unknown id or another organisation's. */
export async function findImport(ctx: Context, id: string): Promise<ImportRow> {
  const [[row]] = await ctx.database.read<[ImportRow]>(importStatement(id, ctx.tenant.id));
  return row ?? notFound('import');
}

/** A page of imports, newest first. */
export async function listImports(
  ctx: Context,
  query: { limit: number; cursor?: string | undefined; kind?: string | undefined; status?: string | undefined },
): Promise<Page<ImportView>> {
  const after = readCursor(query.cursor, { name: 'imports', shape: [0, ''] });
  const older = after ? sql`AND (created_at, id) < (${after[0]}, ${after[1]})` : empty;
  const kind = query.kind === undefined ? empty : sql`AND kind = ${query.kind}`;
  const status = query.status === undefined ? empty : sql`AND status = ${query.status}`;
  const [rows] = await ctx.database.read<[ImportRow]>(
    sql`SELECT ${IMPORT_COLUMNS} FROM imports INDEXED BY imports_by_creation WHERE organization_id = ${ctx.tenant.id} ${older} ${kind} ${status}
      ORDER BY created_at DESC, id DESC LIMIT ${query.limit + 1}`,
  );
  return pageOf(rows, {
    limit: query.limit,
    name: 'imports',
    key: (row) => [row.created_at, row.id],
    view: importView,
  });
}

type RowsQuery = {
  id: string;
  limit: number;
  cursor?: string | undefined;
  status?: 'pending' | 'succeeded' | 'failed' | undefined;
};

/** A page of an import's rows, in the file's order; those that are not worked off yet are pending. */
export async function listRows(ctx: Context, query: RowsQuery): Promise<Page<ImportRowView>> {
  const name = `import-rows:${query.id}:${query.status ?? ''}`;
  const after = readCursor(query.cursor, { name, shape: [0] })?.[0] ?? 0;
  const limit = query.limit + 1;
  const { status } = query;
  const index = status === 'failed' ? sql`INDEXED BY import_rows_failed` : empty;
  const only =
    status === undefined ? empty : status === 'failed' ? sql`AND status = 'failed'` : sql`AND status = ${status}`;
  // None of those that are kept is pending.
  const none = status === 'pending' ? sql`AND false` : empty;
  const [[row], rows] = await ctx.database.read<[ImportRow, ImportRowRow]>(
    importStatement(query.id, ctx.tenant.id),
    sql`SELECT import_id, row, organization_id, status, action, entity_id, errors, warnings, NULL AS cells FROM import_rows ${index}
      WHERE import_id = ${query.id} AND organization_id = ${ctx.tenant.id} AND row > ${after} ${none} ${only} ORDER BY row LIMIT ${limit}`,
  );
  if (!row) notFound('import');
  const shown = rows.map(importRowView);
  if (status === undefined || status === 'pending')
    shown.push(...(await pendingRows(ctx, { row, after, limit: limit - shown.length })));
  return pageOf(shown, { limit: query.limit, name, key: (view) => [view.row], view: (view) => view });
}

/** The rows that are still to come, by their numbers in the chunks that are left. */
async function pendingRows(
  ctx: Context,
  { row, after, limit }: { row: ImportRow; after: number; limit: number },
): Promise<ImportRowView[]> {
  if (limit <= 0 || row.status !== 'running' || row.total_rows === null) return [];
  const [[done], [chunk]] = await ctx.database.read<[{ last: number | null }, { first_row: number }]>(
    sql`SELECT max(row) AS last FROM import_rows WHERE import_id = ${row.id} AND organization_id = ${ctx.tenant.id}`,
    sql`SELECT first_row FROM import_chunks WHERE import_id = ${row.id} AND number = ${row.next_chunk}
      AND organization_id = ${ctx.tenant.id}`,
  );
  if (!chunk) return [];
  const first = Math.max(after + 1, chunk.first_row, (done?.last ?? 0) + 1);
  const left = row.total_rows - row.processed_rows;
  const last = Math.max(chunk.first_row, (done?.last ?? 0) + 1) + left - 1;
  const count = Math.max(0, Math.min(limit, last - first + 1));
  return Array.from({ length: count }, (_, index) => ({
    row: first + index,
    status: 'pending' as const,
    action: null,
    entityId: null,
    errors: [],
    warnings: [],
  }));
}

/** What the file of errors has before the file's own columns. */
export const OWN_COLUMNS = ['Import row', 'Import errors'];
const ERROR_COLUMNS = OWN_COLUMNS.map(plainName);

/** Under which an organisation's mapping is kept for the next file with the same columns. */
export function mappingKey(columns: readonly string[]): string {
  const own = columns.map(plainName).filter((name) => !ERROR_COLUMNS.includes(name));
  return own.sort().join('|').slice(0, 5_000);
}

/** Ends an import as completed or failed, once; a dry run's drafts and the chunks go with it. */
export function finishStatements({
  row,
  status,
  failure,
}: {
  row: Pick<ImportRow, 'id' | 'organization_id' | 'created_by'>;
  status: 'completed' | 'failed';
  failure: FileProblem | null;
}): Sql[] {
  const { id, organization_id: organizationId } = row;
  const now = Date.now();
  const token = newId('chg');
  const outcome =
    status === 'failed' ? sql`'failed'` : sql`CASE WHEN failed > 0 THEN 'completed_with_errors' ELSE 'completed' END`;
  const proof = sql`EXISTS (SELECT 1 FROM imports WHERE id = ${id} AND organization_id = ${organizationId} AND change_id = ${token})`;
  const origin = { organizationId, userId: row.created_by, label: 'import', ip: null, userAgent: null, requestId: id };
  return [
    sql`UPDATE imports SET status = ${outcome}, failure = ${failure && JSON.stringify(failure)}, change_id = ${token},
        finished_at = ${now}, updated_at = ${now}
      WHERE id = ${id} AND organization_id = ${organizationId} AND status IN ('queued', 'running')`,
    sql`DELETE FROM import_drafts WHERE import_id = ${id} AND organization_id = ${organizationId} AND ${proof}`,
    sql`DELETE FROM import_chunks WHERE import_id = ${id} AND organization_id = ${organizationId} AND ${proof}`,
    mailingStatement({ template: 'import_finished', entityId: id }, { organizationId, at: now, proof }),
    auditStatement(
      {
        origin,
        action: 'import.finished',
        entityId: id,
        changeId: token,
        after: failure ? { status, failure } : { status },
      },
      { at: now, proof },
    ),
  ];
}
