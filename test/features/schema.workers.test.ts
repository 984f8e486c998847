import { env } from 'cloudflare:workers';
import { is, SQL } from 'drizzle-orm';
import { getTableConfig, type SQLiteColumn, SQLiteSyncDialect, SQLiteTable } from 'drizzle-orm/sqlite-core';
import { describe, expect, test } from 'vitest';
import * as schema from '../../src/database/schema.ts';
import { trafficLight } from '../../src/features/budgets/rules.ts';
import { commonItems, newParticipant } from '../support/workers/care.ts';
import { type Json, newTenant } from '../support/workers/tenant.ts';

/** The tables that are only looked up by their key, as `scripts/strict.ts` makes them. */
const WITHOUT_ROWID = [
  'audit_logs',
  'catalogue_listings',
  'catalogues',
  'document_versions',
  'document_words',
  'funding_periods',
  'idempotency_keys',
  'import_chunks',
  'import_drafts',
  'import_mappings',
  'import_rows',
  'ledger_entries',
  'live_tickets',
  'mailings',
  'message_mentions',
  'own_items',
  'participant_words',
  'plan_days',
  'pool_boundaries',
  'service_days',
  'support_item_words',
  'thread_events',
  'thread_reads',
  'upload_objects',
  'upload_parts',
  'webhook_messages',
];

async function rows(query: string, ...params: string[]): Promise<Json[]> {
  const { results } = await env.DB.prepare(query)
    .bind(...params)
    .all<Json>();
  return results;
}

/** The migrations' own tables, not the runner's and not SQLite's. */
async function tables(): Promise<Json[]> {
  const all = await rows(
    `SELECT name, wr, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table' ORDER BY name`,
  );
  return all.filter(({ name }) => !/^(?:sqlite_|_cf_|d1_migrations$)/.test(name));
}

const declared = Object.values(schema)
  .filter((value) => value instanceof SQLiteTable)
  .map((table) => getTableConfig(table));
const byName = new Map(declared.map((table) => [table.name, table]));

const dialect = new SQLiteSyncDialect();
const spaceless = (text: string) => text.replace(/\s+/g, '');

/** A column as drizzle-kit writes it. */
function columnOf(column: SQLiteColumn, keys: readonly string[]) {
  const fallback = column.default === undefined ? null : column.default;
  return {
    name: column.name,
    type: column.getSQLType().toUpperCase(),
    required: column.notNull,
    fallback: typeof fallback === 'string' ? `'${fallback}'` : fallback === null ? null : String(fallback),
    key: keys.indexOf(column.name) + 1,
    generated: column.generated?.mode ?? null,
  };
}

/** How a column is made of others, as SQLite numbers it in `pragma_table_xinfo`; kept columns are 0. */
const GENERATED: Record<number, string | null> = { 0: null, 2: 'virtual', 3: 'stored' };

/** What a column is made of, as drizzle-kit writes it; null for one that is kept. */
function generationOf(column: SQLiteColumn): string | null {
  if (!column.generated) return null;
  const { as, mode } = column.generated;
  const made = typeof as === 'function' ? as() : as;
  if (!is(made, SQL)) throw new Error(`${column.name} is made of no SQL`);
  const expression = dialect.sqlToQuery(made).sql;
  return `\`${column.name}\` ${column.getSQLType()} GENERATED ALWAYS AS (${expression}) ${mode?.toUpperCase()}`;
}

function keysOf(table: (typeof declared)[number]): string[] {
  const [composed] = table.primaryKeys;
  if (composed) return composed.columns.map((column) => column.name);
  return table.columns.filter((column) => column.primary).map((column) => column.name);
}

describe('the database that the migrations make', () => {
  test('has the tables of the code and no others', async () => {
    expect((await tables()).map(({ name }) => name)).toEqual([...byName.keys()].sort());
  });

  test('has only STRICT tables', async () => {
    expect((await tables()).filter(({ strict }) => strict !== 1)).toEqual([]);
  });

  test('keeps the tables that are looked up by their key WITHOUT ROWID', async () => {
    const without = (await tables()).filter(({ wr }) => wr === 1).map(({ name }) => name);
    expect(without).toEqual(WITHOUT_ROWID);
  });

  test('keeps the rule for money, and what a total may not be, as named constraints', async () => {
    const named = async (table: string) => {
      const [row] = await rows(`SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?`, table);
      return [...row.sql.matchAll(/CONSTRAINT "(\w+)" CHECK/g)].map(([, name]) => name);
    };
    expect(await named('pool_boundaries')).toEqual(['budget_available', 'boundary_spent']);
    expect(await named('budgets')).toEqual(expect.arrayContaining(['budget_pool', 'budget_allocated', 'budget_spent']));
    expect(await named('ledger_entries')).toEqual(['ledger_entry_kind', 'ledger_entry_effective_on']);
    expect(await named('services')).toEqual(expect.arrayContaining(['service_status', 'service_total_cost']));
    expect(await named('plans')).toEqual(expect.arrayContaining(['plan_dates', 'plan_totals']));
  });

  test('refuses a boundary with more spent than released, by name', async () => {
    const insert = env.DB.prepare(
      `INSERT INTO pool_boundaries (pool_id, ends_on, organization_id, participant_id, plan_id, released_cents, spent_cents)
       VALUES ('p', '2026-12-31', 'o', 'nobody', 'p', 100, ?)`,
    );
    await expect(insert.bind(101).run()).rejects.toThrow('CHECK constraint failed: budget_available');
    await expect(insert.bind(-1).run()).rejects.toThrow('CHECK constraint failed: boundary_spent');
    await expect(insert.bind(99.5).run()).rejects.toThrow('cannot store REAL value in INTEGER column');
    await expect(insert.bind(100).run()).rejects.toThrow('FOREIGN KEY constraint failed');
  });

  test('colours a line as the API does, and lets nobody write the colour', async () => {
    await commonItems();
    const { admin } = await newTenant();
    const {
      budgetIds: [id = ''],
    } = await newParticipant(admin);
    const sums = [0, 1, 3, 4, 100, 101, 999, 1000, 10_000_000_000];
    const spent = (allocated: number) => [0.75, 0.9, 1].map((share) => Math.floor(allocated * share));
    const cases = sums.flatMap((allocated) =>
      [0, 1, ...spent(allocated), ...spent(allocated).map((cents) => cents + 1)].map((cents) => [allocated, cents]),
    );
    for (const [allocated = 0, cents = 0] of cases) {
      await env.DB.prepare('UPDATE budgets SET allocated_cents = ?, spent_cents = ? WHERE id = ?')
        .bind(allocated, cents, id)
        .run();
      const [row] = await rows('SELECT colour FROM budgets WHERE id = ?', id);
      expect(row.colour, `${cents} of ${allocated}`).toBe(trafficLight(cents, allocated));
    }
    await expect(env.DB.exec(`UPDATE budgets SET colour = 'red' WHERE id = '${id}'`)).rejects.toThrow(
      'cannot UPDATE generated column "colour"',
    );
  });

  test('has an index behind every foreign key', async () => {
    const bare: string[] = [];
    for (const { name } of await tables()) {
      const keys = await rows('SELECT id, seq, "from" FROM pragma_foreign_key_list(?)', name);
      const firsts = await rows(
        `SELECT info.name FROM pragma_index_list(?) list JOIN pragma_index_info(list.name) info ON info.seqno = 0 WHERE list.partial = 0`,
        name,
      );
      const indexed = new Set(firsts.map((first) => first.name));
      bare.push(...keys.filter((key) => !indexed.has(key.from)).map((key) => `${name}.${key.from}`));
    }
    expect(bare).toEqual([]);
  });
});

describe('what drizzle-kit would generate from the code', () => {
  test.each([...byName.keys()])('are the columns of %s', async (name) => {
    const table = byName.get(name);
    // Not `table_info`, which passes over what is generated.
    const found = await rows(
      'SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?) ORDER BY cid',
      name,
    );
    expect(
      found.map((column) => ({
        name: column.name,
        type: column.type.toUpperCase(),
        required: column.notnull === 1,
        fallback: column.dflt_value,
        key: column.pk,
        generated: GENERATED[column.hidden],
      })),
    ).toEqual(table?.columns.map((column) => columnOf(column, keysOf(table))));
  });

  test('are the expressions that columns are generated by', async () => {
    const expected = new Map(
      declared.map(({ name, columns }) => [name, columns.map(generationOf).filter((made) => made !== null)]),
    );
    expect([...expected].filter(([, made]) => made.length > 0).map(([name]) => name)).toEqual(['budgets']);
    for (const [name, made] of expected) {
      const [row] = await rows(`SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?`, name);
      expect(made.filter((column) => !row.sql.includes(column))).toEqual([]);
      expect(row.sql.match(/GENERATED ALWAYS/gi)?.length ?? 0, name).toBe(made.length);
    }
  });

  test.each([...byName.keys()])('are the indexes of %s', async (name) => {
    const found = await rows(
      `SELECT list.name, list."unique" AS is_unique, list.partial,
        (SELECT group_concat(name, ',') FROM (SELECT name FROM pragma_index_info(list.name) ORDER BY seqno)) AS columns
      FROM pragma_index_list(?) list WHERE list.origin = 'c' ORDER BY list.name`,
      name,
    );
    const expected = (byName.get(name)?.indexes ?? []).map(({ config }) => ({
      name: config.name,
      is_unique: config.unique ? 1 : 0,
      partial: config.where ? 1 : 0,
      columns: config.columns.map((column) => ('name' in column ? column.name : 'an expression')).join(','),
    }));
    expect(found).toEqual(expected.sort((a, b) => (a.name < b.name ? -1 : 1)));
  });

  test.each([...byName.keys()])('are the constraints and references of %s', async (name) => {
    const table = byName.get(name);
    const [row] = await rows(`SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?`, name);
    const checks = (table?.checks ?? []).map(
      ({ name: check, value }) => `CONSTRAINT"${check}"CHECK(${spaceless(dialect.sqlToQuery(value).sql)})`,
    );
    const written = spaceless(row.sql);
    expect(checks.filter((check) => !written.includes(check))).toEqual([]);
    expect(written.match(/CONSTRAINT"/g)?.length ?? 0).toBe(checks.length);

    const references = await rows('SELECT "from", "table", "to" FROM pragma_foreign_key_list(?)', name);
    const expected = (table?.foreignKeys ?? []).map((key) => {
      const { columns, foreignTable, foreignColumns } = key.reference();
      return `${columns[0]?.name} → ${getTableConfig(foreignTable).name}.${foreignColumns[0]?.name}`;
    });
    expect(references.map((key) => `${key.from} → ${key.table}.${key.to}`).sort()).toEqual(expected.sort());
  });
});
