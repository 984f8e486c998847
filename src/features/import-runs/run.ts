import sql from 'sql-template-tag';
import { type Database, openDatabase } from '../../database/database.ts';
import { newId } from '../../ids.ts';
import { dateAt } from '../../time/rules.ts';
import { sendMailingsMessage } from '../emails/mailing.ts';
import { tellProgress } from '../imports/feed-client.ts';
import { finishStatements, IMPORT_COLUMNS, mappingKey } from '../imports/queries.ts';
import type { ImportChunkRow, ImportKind, ImportRow } from '../imports/table.ts';
import { callLedger } from '../ledger/client.ts';
import type { OrganizationRow } from '../organizations/table.ts';
import { pokeRoom } from '../room/client.ts';
import type { UserRow } from '../users/table.ts';
import { commitStep, type Position } from './commit.ts';
import { CHUNK_ROWS, type Chunk, type Reading, readChunk, scan } from './file.ts';
import { columnNames, columnProblems, type FileProblem, type Mapping, mappingOf, proposeColumns } from './mapping.ts';
import { layoutOf } from './rows.ts';
import type { FileRow, Planner, Step, Work } from './step.ts';

/** How long one delivery works before it hands on to the next message (ms): a consumer's time is bounded. */
const SLICE = 8_000;
/** How often a step is worked out anew when others change what it is about, before it is done row by row. */
const MAX_STALE = 4;
/** Ledgers that are told at the end of a slice that something changed past them; the rest see it within 30 s. */
const MAX_POKES = 500;

type Row = ImportRow &
  Pick<OrganizationRow, 'time_zone' | 'subscription_status' | 'alert_settings'> &
  Pick<UserRow, 'email'> & { kept_mapping: string | null };

export type Progress = 'more' | 'ended';

/** Works on an import for a while: `'more'` when there is more to do, by another message. */
export async function runImport(
  env: Env,
  { importId, planners }: { importId: string; planners: Record<ImportKind, Planner> },
): Promise<Progress> {
  const database = openDatabase(env.DB);
  const until = Date.now() + SLICE;
  const row = await findImport(database, importId);
  if (!row || (row.status !== 'queued' && row.status !== 'running')) return 'ended';
  if (row.status === 'queued') {
    await prepare(env, { database, row });
    return 'more';
  }
  const changed = new Set<string>();
  try {
    return await workOff(env, { database, row, planner: planners[row.kind], until, changed });
  } finally {
    await poke(env, { organizationId: row.organization_id, participantIds: changed });
  }
}

async function findImport(database: Database, id: string): Promise<Row | undefined> {
  const [[row]] = await database.read<[Row]>(
    sql`SELECT ${IMPORT_COLUMNS}, organizations.time_zone, organizations.subscription_status, organizations.alert_settings, users.email
      FROM imports JOIN organizations ON organizations.id = imports.organization_id JOIN users ON users.id = imports.created_by
      WHERE imports.id = ${id}`,
  );
  return row;
}

/** Looks through the file, and either makes the import ready to be worked off or says why it cannot be. */
async function prepare(env: Env, { database, row }: { database: Database; row: Row }): Promise<void> {
  const fail = (problem: FileProblem) => endImport(env, { database, row, status: 'failed', failure: problem });
  if ((await env.FILES.head(row.object_key)) === null) {
    await fail({ code: 'FILE_GONE', message: 'The file is not there any more: send it again.' });
    return;
  }
  const found = await scan(() => piecesOf(env, row.object_key), {
    size: row.size_bytes,
    chunkRows: CHUNK_ROWS[row.kind],
  });
  if ('problem' in found) return fail(found.problem);
  const { reading, chunks, rows } = found;
  const columns = columnNames(reading.header);
  const given =
    row.mapping === null ? await keptMapping(database, { row, columns }) : (JSON.parse(row.mapping) as Mapping);
  const proposed = proposeColumns(row.kind, { columns, given });
  const problems = columnProblems(row.kind, { columns: proposed, given: row.mapping === null ? undefined : given });
  const [first] = problems;
  if (first) return fail({ code: first.code, message: problems.map(({ message }) => message).join(' ') });
  const token = newId('chg');
  const now = Date.now();
  const proof = sql`EXISTS (SELECT 1 FROM imports WHERE id = ${row.id} AND change_id = ${token})`;
  const mapping = JSON.stringify(mappingOf(proposed));
  await database.write([
    sql`UPDATE imports SET status = 'running', change_id = ${token}, mapping = ${mapping}, reading = ${JSON.stringify(reading)},
        total_rows = ${rows}, started_at = ${now}, updated_at = ${now}
      WHERE id = ${row.id} AND organization_id = ${row.organization_id} AND status = 'queued'`,
    sql`INSERT INTO import_chunks (import_id, number, organization_id, first_row, byte_start, byte_end)
      SELECT ${row.id}, key, ${row.organization_id}, value ->> 'firstRow', value ->> 'byteStart', value ->> 'byteEnd'
      FROM json_each(${JSON.stringify(chunks)}) WHERE ${proof}`,
    sql`INSERT INTO import_mappings (organization_id, kind, columns_key, mapping, updated_at)
      SELECT ${row.organization_id}, ${row.kind}, ${mappingKey(columns)}, ${mapping}, ${now} WHERE ${proof}
        AND ${row.mapping !== null && row.dry_run === 0}
      ON CONFLICT (organization_id, kind, columns_key) DO UPDATE SET mapping = excluded.mapping, updated_at = excluded.updated_at`,
  ]);
  await tellProgress(env, { database, organizationId: row.organization_id, importId: row.id });
}

async function keptMapping(
  database: Database,
  { row, columns }: { row: Row; columns: readonly string[] },
): Promise<Mapping | undefined> {
  const [[kept]] = await database.read<[{ mapping: string }]>(
    sql`SELECT mapping FROM import_mappings
      WHERE organization_id = ${row.organization_id} AND kind = ${row.kind} AND columns_key = ${mappingKey(columns)}`,
  );
  return kept ? JSON.parse(kept.mapping) : undefined;
}

async function* piecesOf(env: Env, key: string): AsyncGenerator<Uint8Array> {
  const object = await env.FILES.get(key);
  if (!object) throw new Error('the file of an import is gone');
  const reader = object.body.getReader();
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

interface Working {
  database: Database;
  row: Row;
  planner: Planner;
  until: number;
  /** Participants that the slice has changed. */
  changed: Set<string>;
}

async function workOff(env: Env, { database, row, planner, until, changed }: Working): Promise<Progress> {
  const reading: Reading = JSON.parse(row.reading ?? 'null');
  const mapping: Mapping = JSON.parse(row.mapping ?? '{}');
  const layout = layoutOf(columnNames(reading.header), mapping);
  let at: Position = { chunk: row.next_chunk, record: row.next_record };
  while (Date.now() < until) {
    if (row.subscription_status === 'cancelled') {
      const failure = {
        code: 'SUBSCRIPTION_INACTIVE',
        message: 'The subscription was cancelled while the import was under way.',
      };
      await endImport(env, { database, row, status: 'failed', failure });
      return 'ended';
    }
    const chunk = await findChunk(database, { row, number: at.chunk });
    if (!chunk) {
      await endImport(env, { database, row, status: 'completed', failure: null });
      return 'ended';
    }
    const rows = readChunk(await bytesOf(env, { key: row.object_key, chunk }), { reading, chunk });
    const now = Date.now();
    const work: Work = {
      database,
      importId: row.id,
      organizationId: row.organization_id,
      kind: row.kind,
      dryRun: row.dry_run === 1,
      layout,
      userId: row.created_by,
      label: row.email,
      timeZone: row.time_zone,
      alerts: JSON.parse(row.alert_settings),
      now,
      // The day of its beginning, for all of it: whether it takes a minute or is broken off over midnight.
      today: dateAt(row.time_zone, row.started_at ?? now),
    };
    const done = await workOffChunk(work, { rows, at, planner, changed });
    if (!done) return 'ended';
    at = { chunk: at.chunk + 1, record: 0 };
    await tellProgress(env, { database, organizationId: row.organization_id, importId: row.id });
  }
  return 'more';
}

async function findChunk(database: Database, { row, number }: { row: Row; number: number }): Promise<Chunk | null> {
  const [[chunk]] = await database.read<[ImportChunkRow]>(
    sql`SELECT import_id, number, organization_id, first_row, byte_start, byte_end FROM import_chunks
      WHERE import_id = ${row.id} AND number = ${number} AND organization_id = ${row.organization_id}`,
  );
  return chunk ? { firstRow: chunk.first_row, byteStart: chunk.byte_start, byteEnd: chunk.byte_end } : null;
}

async function bytesOf(env: Env, { key, chunk }: { key: string; chunk: Chunk }): Promise<Uint8Array> {
  const range = { offset: chunk.byteStart, length: chunk.byteEnd - chunk.byteStart };
  const object = await env.FILES.get(key, { range });
  if (!object) throw new Error('the file of an import is gone');
  return new Uint8Array(await object.arrayBuffer());
}

interface ChunkWork {
  rows: readonly FileRow[];
  at: Position;
  planner: Planner;
  changed: Set<string>;
}

/** Works off a chunk: all of it in one batch, or, when that meets resistance, row by row. False when overtaken. */
async function workOffChunk(work: Work, { rows, at, planner, changed }: ChunkWork): Promise<boolean> {
  const note = (step: Step) => {
    for (const id of step.participantIds) changed.add(id);
  };
  if (at.record === 0) {
    for (let tries = 0; tries < MAX_STALE; tries++) {
      const step = await planner(work, rows);
      const committed = await commitStep(work, { from: at, to: { chunk: at.chunk + 1, record: 0 }, step });
      if (committed === 'overtaken') return false;
      if (committed === 'done') {
        note(step);
        return true;
      }
      // One row that the schema refuses must not keep the others out.
      if (committed !== 'stale') break;
    }
  }
  for (let record = at.record; record < rows.length; record++) {
    const row = rows[record];
    if (!row) break;
    const last = record === rows.length - 1;
    const position = {
      from: { chunk: at.chunk, record },
      to: last ? { chunk: at.chunk + 1, record: 0 } : { chunk: at.chunk, record: record + 1 },
    };
    const step = await workOffRow(work, { row, planner, position });
    if (!step) return false;
    note(step);
  }
  return true;
}

async function workOffRow(
  work: Work,
  { row, planner, position }: { row: FileRow; planner: Planner; position: { from: Position; to: Position } },
): Promise<Step | null> {
  let refusal = { code: 'CONFLICT', message: 'Others are changing the same at the same time: send the row again.' };
  for (let tries = 0; tries < MAX_STALE * 2; tries++) {
    const step = await planner(work, [row]);
    const committed = await commitStep(work, { ...position, step });
    if (committed === 'done') return step;
    if (committed === 'overtaken') return null;
    if (committed !== 'stale') {
      refusal = refusalOf(committed.constraint);
      if (tries > 1) break;
    }
  }
  const outcome = {
    row: row.row,
    action: null,
    entityId: null,
    errors: [{ column: null, value: null, ...refusal }],
    warnings: [],
    cells: row.cells,
  };
  const step: Step = { outcomes: [outcome], guards: [], statements: () => [], participantIds: [] };
  return (await commitStep(work, { ...position, step })) === 'done' ? step : null;
}

function refusalOf(constraint: string): { code: string; message: string } {
  if (constraint === 'budget_available') {
    return { code: 'ALLOCATION_BELOW_SPENT', message: 'Some day would have more spent than released.' };
  }
  console.error(JSON.stringify({ level: 'error', event: 'import.constraint', constraint }));
  return { code: 'CONFLICT', message: 'The row does not fit with what is there.' };
}

/** Ends an import, if it has not ended. */
export async function endImport(
  env: Env,
  end: {
    database: Database;
    row: Pick<ImportRow, 'id' | 'organization_id' | 'created_by'>;
    status: 'completed' | 'failed';
    failure: FileProblem | null;
  },
): Promise<void> {
  await end.database.write(finishStatements(end));
  await sendMailingsMessage(env, end.row.organization_id).catch(() => undefined);
  await pokeRoom(env, end.row.organization_id).catch(() => undefined);
  await tellProgress(env, { database: end.database, organizationId: end.row.organization_id, importId: end.row.id });
}

async function poke(
  env: Env,
  { organizationId, participantIds }: { organizationId: string; participantIds: ReadonlySet<string> },
): Promise<void> {
  const ids = [...participantIds].slice(0, MAX_POKES);
  while (ids.length > 0) {
    const some = ids.splice(0, 16);
    // Best effort: a ledger that is not reached sees the change when it next looks.
    await Promise.allSettled(
      some.map((participantId) =>
        callLedger(env, { key: { organizationId, participantId }, call: (ledger) => ledger.poke() }),
      ),
    );
  }
}
