import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { persistence, stateDirectory } from './paths.ts';
import { wrangler } from './wrangler.ts';

/** The database of the local service or of the deployed one, as SQL text: values go in through `literal`. */
export interface OperatorDatabase {
  query<Row = Record<string, unknown>>(sql: string): Promise<Row[]>;
  /** Runs statements in order; locally as one transaction. */
  execute(statements: readonly string[]): Promise<void>;
  close(): void;
}

/** How long a command waits for the running service to let it write (ms). */
const BUSY = 30_000;

/** A value as SQLite reads it. */
export function literal(value: string | number | boolean | null | undefined): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new Error(`${value} is not a number for SQL`);
    return String(value);
  }
  if (value.includes('\0')) throw new Error('NUL cannot be stored');
  return `'${value.replaceAll("'", "''")}'`;
}

/** The file of the local database; null before the first start. */
export function localFile(directory = stateDirectory()): string | null {
  const folder = join(persistence(directory), 'd1/miniflare-D1DatabaseObject');
  if (!existsSync(folder)) return null;
  const name = readdirSync(folder).find((file) => file.endsWith('.sqlite') && file !== 'metadata.sqlite');
  return name === undefined ? null : join(folder, name);
}

/** Opens the local database file beside a service that may be running on it. */
export function openLocal(directory = stateDirectory()): OperatorDatabase {
  const file = localFile(directory);
  if (file === null) throw new Error('There is no local database yet: run `npm start` first.');
  const database = new DatabaseSync(file, { timeout: BUSY, enableForeignKeyConstraints: true });
  return {
    query: async <Row>(sql: string) => patiently(() => database.prepare(sql).all() as Row[]),
    execute: async (statements) =>
      patiently(() => {
        database.exec('BEGIN IMMEDIATE');
        try {
          for (const statement of statements) database.exec(statement);
          database.exec('COMMIT');
        } catch (error) {
          if (database.isTransaction) database.exec('ROLLBACK');
          throw error;
        }
      }),
    close: () => database.close(),
  };
}

/** The service does not wait at all for a lock, so that either side may meet SQLITE_BUSY: this one tries on. */
async function patiently<Value>(work: () => Value): Promise<Value> {
  const deadline = Date.now() + BUSY;
  for (;;) {
    try {
      return work();
    } catch (error) {
      const busy = error instanceof Error && /database is locked|SQLITE_BUSY/i.test(error.message);
      if (!busy || Date.now() > deadline) throw error;
      await wait(20 + Math.random() * 80);
    }
  }
}

interface RemoteResult {
  results: Record<string, unknown>[];
}

/** The deployed database, through wrangler and the operator's own sign-in to Cloudflare. */
export function openRemote(environment: string): OperatorDatabase {
  const target = ['d1', 'execute', 'DB', '--remote', '--env', environment, '--yes'];
  return {
    query: async <Row>(sql: string) => {
      const output = await wrangler([...target, '--json', '--command', sql]);
      const [first] = JSON.parse(output) as RemoteResult[];
      return (first?.results ?? []) as Row[];
    },
    execute: async (statements) => {
      const folder = mkdtempSync(join(tmpdir(), 'caddy-'));
      const file = join(folder, `${randomUUID()}.sql`);
      try {
        writeFileSync(file, statements.map((statement) => `${statement};\n`).join(''));
        await wrangler([...target, '--file', file]);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
    close: () => undefined,
  };
}

/** The deployed database with `--remote` (of `--env NAME`), else the local one. */
export function openDatabase(options: { remote?: boolean | undefined; env?: string | undefined }): OperatorDatabase {
  return options.remote ? openRemote(options.env ?? '') : openLocal();
}
