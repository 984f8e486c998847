import { timestampOf } from '../../time/rules.ts';
import type { Mapping } from '../import-runs/mapping.ts';
import type { RowError } from '../import-runs/rows.ts';
import type { RowWarning } from '../import-runs/step.ts';
import type { ImportRow, ImportRowRow } from './table.ts';

export interface ImportView {
  id: string;
  kind: ImportRow['kind'];
  fileName: string;
  status: ImportRow['status'];
  dryRun: boolean;
  mapping: Mapping | null;
  totalRows: number | null;
  processedRows: number;
  created: number;
  updated: number;
  unchanged: number;
  failed: number;
  warnings: number;
  /** In percent of the rows, whole. */
  progress: number;
  failure: { code: string; message: string } | null;
  createdAt: string;
  startedAt: string | null;
  finishedAt: string | null;
}

function progressOf(row: ImportRow): number {
  if (row.status === 'completed' || row.status === 'completed_with_errors') return 100;
  return row.total_rows ? Math.floor((row.processed_rows * 100) / row.total_rows) : 0;
}

/** An import as readers see it. */
export function importView(row: ImportRow): ImportView {
  return {
    id: row.id,
    kind: row.kind,
    fileName: row.file_name,
    status: row.status,
    dryRun: row.dry_run === 1,
    mapping: row.mapping === null ? null : JSON.parse(row.mapping),
    totalRows: row.total_rows,
    processedRows: row.processed_rows,
    created: row.created,
    updated: row.updated,
    unchanged: row.unchanged,
    failed: row.failed,
    warnings: row.warnings,
    progress: progressOf(row),
    failure: row.failure === null ? null : JSON.parse(row.failure),
    createdAt: new Date(row.created_at).toISOString(),
    startedAt: timestampOf(row.started_at),
    finishedAt: timestampOf(row.finished_at),
  };
}

/** What an import's ETag is made of: it has no revision of its own. */
export function importRevision(row: ImportRow): string {
  return `${row.updated_at}-${row.processed_rows}-${row.status}`;
}

export interface ImportRowView {
  row: number;
  status: 'pending' | 'succeeded' | 'failed';
  action: ImportRowRow['action'];
  entityId: string | null;
  errors: RowError[];
  warnings: RowWarning[];
}

/** What became of a row, as readers see it. */
export function importRowView(row: ImportRowRow): ImportRowView {
  return {
    row: row.row,
    status: row.status,
    action: row.action,
    entityId: row.entity_id,
    errors: row.errors === null ? [] : JSON.parse(row.errors),
    warnings: row.warnings === null ? [] : JSON.parse(row.warnings),
  };
}
