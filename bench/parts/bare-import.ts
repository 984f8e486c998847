import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ROOT } from '../../scripts/lib/paths.ts';

/** How many participants an import's batch has. */
const BATCH = 200;

/** Where the rows are that belong to participants, by the column that names them. */
const ROWS: readonly [table: string, where: string][] = [
  ['participants', 'id IN (SELECT id FROM some)'],
  ['participant_words', 'participant_id IN (SELECT id FROM some)'],
  ['plans', 'participant_id IN (SELECT id FROM some)'],
  ['budgets', 'participant_id IN (SELECT id FROM some)'],
  ['funding_periods', 'budget_id IN (SELECT line.id FROM src.budgets line JOIN some ON line.participant_id = some.id)'],
  ['ledger_entries', 'participant_id IN (SELECT id FROM some)'],
  ['pool_boundaries', 'participant_id IN (SELECT id FROM some)'],
  ['audit_logs', 'rowless'],
];

/** Seconds that a bare loop takes to write the rows of imported participants into an empty database, batch by batch. */
export function bareImport(file: string, range: { from: string; to: string }): number {
  const directory = mkdtempSync(join(tmpdir(), 'caddy-bare-'));
  try {
    const database = new DatabaseSync(join(directory, 'bare.sqlite'));
    database.exec('PRAGMA journal_mode = WAL; PRAGMA foreign_keys = OFF');
    for (const path of globSync(join(ROOT, 'migrations/*.sql')).sort()) {
      database.exec(readFileSync(path, 'utf8').replaceAll('--> statement-breakpoint', ''));
    }
    database.exec(`ATTACH '${file}' AS src; CREATE TEMP TABLE some (id TEXT PRIMARY KEY)`);
    const ids = database
      .prepare('SELECT id FROM src.participants WHERE ndis_number >= ? AND ndis_number < ? ORDER BY id')
      .all(range.from, range.to)
      .map((row) => String(row['id']));
    const began = performance.now();
    for (let at = 0; at < ids.length; at += BATCH) {
      database.exec('BEGIN; DELETE FROM some');
      database
        .prepare('INSERT INTO some SELECT value FROM json_each(?)')
        .run(JSON.stringify(ids.slice(at, at + BATCH)));
      for (const [table, where] of ROWS) {
        // By name, without what the database makes itself.
        const names = database.prepare(`SELECT group_concat(name) AS names FROM pragma_table_info(?)`).get(table)?.[
          'names'
        ];
        const from =
          where === 'rowless'
            ? `SELECT entry.* FROM some JOIN src.audit_logs entry ON entry.organization_id = (SELECT organization_id FROM src.participants WHERE id = some.id)
               AND entry.entity_id = some.id`
            : `SELECT ${names} FROM src.${table} WHERE ${where}`;
        database.exec(`INSERT INTO main.${table} (${names}) ${from}`);
      }
      database.exec('COMMIT');
    }
    const seconds = (performance.now() - began) / 1000;
    database.close();
    return seconds;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
