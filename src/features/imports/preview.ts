import sql from 'sql-template-tag';
import type * as z from 'zod';
import type { Context } from '../../context.ts';
import { decoder } from '../../csv/encoding.ts';
import { dialectOf, readRecords } from '../../csv/records.ts';
import { readItemRow } from '../import-items/rows.ts';
import { readParticipantRow } from '../import-participants/rows.ts';
import { beginning, SAMPLE_BYTES } from '../import-runs/file.ts';
import {
  columnNames,
  columnProblems,
  type FileProblem,
  type Mapping,
  mappingOf,
  type ProposedColumn,
  proposeColumns,
} from '../import-runs/mapping.ts';
import { isBlank, type Layout, layoutOf, type RowError, shapeErrors } from '../import-runs/rows.ts';
import { readServiceRow } from '../import-services/rows.ts';
import { authorize } from '../sign-in/authorize.ts';
import { mappingKey } from './queries.ts';
import type { ImportOptions } from './schemas.ts';
import type { ImportKind } from './table.ts';
import type { Sent } from './upload.ts';

const SHOWN = 20;

export interface PreviewView {
  encoding: string | null;
  delimiter: string | null;
  columns: ProposedColumn[];
  mapping: Mapping;
  /** Whether the mapping is the one that was used for these columns before. */
  remembered: boolean;
  rows: { row: number; understood: unknown; errors: RowError[] }[];
  problems: FileProblem[];
}

/** Shows how a file would be understood, from its beginning. Keeps nothing. */
export async function previewImport(
  ctx: Context,
  { options, sent }: { options: z.output<typeof ImportOptions>; sent: Sent },
): Promise<PreviewView> {
  authorize(ctx, 'imports.write');
  const { bytes, whole } = await beginningOf(sent.stream);
  const start = beginning(bytes, bytes.length);
  if ('problem' in start) return nothing(start.problem);
  const { text, encoding } = decoded(bytes, start);
  const dialect = dialectOf(text);
  const { records } = readRecords(text, { dialect, final: whole });
  const top = records.findIndex(({ cells }) => !isBlank(cells));
  const header = records[top];
  if (!header) return nothing({ code: 'EMPTY_FILE', message: 'The file has nothing in it.' });
  const columns = columnNames(header.cells);
  const kept = options.mapping === null ? await keptMapping(ctx, { kind: options.kind, columns }) : null;
  const given = options.mapping ?? kept ?? undefined;
  const proposed = proposeColumns(options.kind, { columns, given });
  const problems = columnProblems(options.kind, { columns: proposed, given: options.mapping ?? undefined });
  const layout = layoutOf(columns, mappingOf(proposed));
  const rows = records
    .map((record, index) => ({ ...record, row: index + 1 }))
    .slice(top + 1)
    .filter(({ cells, broken }) => broken || !isBlank(cells));
  if (rows.length === 0) problems.push({ code: 'NO_ROWS', message: 'The file has a header and no rows below it.' });
  return {
    encoding,
    delimiter: dialect.delimiter,
    columns: proposed,
    mapping: mappingOf(proposed),
    remembered: kept !== null,
    rows: rows.slice(0, SHOWN).map((record) => ({ row: record.row, ...understand(options.kind, { layout, record }) })),
    problems,
  };
}

function nothing(problem: FileProblem): PreviewView {
  return {
    encoding: null,
    delimiter: null,
    columns: [],
    mapping: {},
    remembered: false,
    rows: [],
    problems: [problem],
  };
}

async function beginningOf(stream: ReadableStream<Uint8Array>): Promise<{ bytes: Uint8Array; whole: boolean }> {
  const reader = stream.getReader();
  const bytes = new Uint8Array(SAMPLE_BYTES * 4);
  let length = 0;
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    const room = bytes.subarray(length);
    room.set(read.value.subarray(0, room.length));
    length += Math.min(read.value.length, room.length);
    if (length === bytes.length) break;
  }
  await reader.cancel().catch(() => undefined);
  return { bytes: bytes.subarray(0, length), whole: length < bytes.length };
}

function decoded(bytes: Uint8Array, start: { encoding: Parameters<typeof decoder>[0]; markBytes: number }) {
  const body = bytes.subarray(start.markBytes);
  try {
    return { text: decoder(start.encoding).decode(body, { stream: true }), encoding: start.encoding };
  } catch {
    return { text: decoder('windows-1252').decode(body), encoding: 'windows-1252' as const };
  }
}

async function keptMapping(
  ctx: Context,
  { kind, columns }: { kind: ImportKind; columns: readonly string[] },
): Promise<Mapping | null> {
  const [[kept]] = await ctx.database.read<[{ mapping: string }]>(
    sql`SELECT mapping FROM import_mappings
      WHERE organization_id = ${ctx.tenant.id} AND kind = ${kind} AND columns_key = ${mappingKey(columns)}`,
  );
  return kept ? JSON.parse(kept.mapping) : null;
}

function understand(
  kind: ImportKind,
  { layout, record }: { layout: Layout; record: { cells: string[]; broken: boolean } },
): { understood: unknown; errors: RowError[] } {
  const errors = shapeErrors(layout, record);
  if (errors.length > 0) return { understood: null, errors };
  const readers = { participants: readParticipantRow, services: readServiceRow, support_catalogue: readItemRow };
  const read = readers[kind](layout, record.cells);
  return 'errors' in read ? { understood: null, errors: read.errors } : { understood: read.intent, errors: [] };
}
