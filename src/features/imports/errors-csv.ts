import sql from 'sql-template-tag';
import type { Context } from '../../context.ts';
import { csvLine } from '../../csv/cells.ts';
import type { Reading } from '../import-runs/file.ts';
import { columnNames } from '../import-runs/mapping.ts';
import type { RowError } from '../import-runs/rows.ts';
import { findImport, OWN_COLUMNS } from './queries.ts';
import type { ImportRow } from './table.ts';

/** Rows of up to 200,000 characters: not many at once. */
const PAGE = 25;

interface FailedRow {
  row: number;
  errors: string;
  cells: string | null;
}

function why(errors: readonly RowError[]): string {
  return errors.map(({ column, message }) => (column === null ? message : `${column}: ${message}`)).join(' ');
}

/** The failed rows as they came, and why they failed, as a CSV file that is made while it is read. */
export async function errorsCsv(
  ctx: Context,
  id: string,
): Promise<{ fileName: string; body: ReadableStream<Uint8Array> }> {
  const row = await findImport(ctx, id);
  const encoder = new TextEncoder();
  let after = -1;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (after === -1) {
        after = 0;
        controller.enqueue(encoder.encode(`\uFEFF${heading(row)}`));
        return;
      }
      const [rows] = await ctx.database.read<[FailedRow]>(
        sql`SELECT row, errors, cells FROM import_rows INDEXED BY import_rows_failed
          WHERE import_id = ${id} AND organization_id = ${ctx.tenant.id} AND status = 'failed' AND row > ${after}
          ORDER BY row LIMIT ${PAGE}`,
      );
      after = rows.at(-1)?.row ?? after;
      const lines = rows.map((one) =>
        csvLine([String(one.row), why(JSON.parse(one.errors)), ...JSON.parse(one.cells ?? '[]')]),
      );
      if (lines.length > 0) controller.enqueue(encoder.encode(lines.join('')));
      if (rows.length < PAGE) controller.close();
    },
  });
  return { fileName: `${row.file_name.replace(/\.[^.]*$/, '')}-errors.csv`, body };
}

function heading(row: ImportRow): string {
  const reading: Reading | null = row.reading === null ? null : JSON.parse(row.reading);
  const header = csvLine([...OWN_COLUMNS, ...(reading ? columnNames(reading.header) : [])]);
  if (row.failure === null) return header;
  const failure: { message: string } = JSON.parse(row.failure);
  return `${header}${csvLine(['', failure.message])}`;
}
