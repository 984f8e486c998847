import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { loadingTransactions, storedItems, storedWords } from '../../scripts/lib/catalogue-sql.ts';
import { openLocal } from '../../scripts/lib/database.ts';
import { ROOT } from '../../scripts/lib/paths.ts';
import { sheetOf } from '../../src/features/support-items/catalogue.ts';
import type { CatalogueItem } from '../../src/features/support-items/catalogue-rows.ts';
import { wordsOf } from '../../src/text/rules.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'caddy-catalogue-'));
afterAll(() => rmSync(FOLDER, { recursive: true }));

let state = '';
beforeEach(() => {
  state = newState();
});

/** A state folder with a new database where the local service would have its own. */
function newState(): string {
  const folder = mkdtempSync(join(FOLDER, 'state-'));
  const place = join(folder, 'v3/d1/miniflare-D1DatabaseObject');
  mkdirSync(place, { recursive: true });
  const database = new DatabaseSync(join(place, 'local.sqlite'));
  const migrations = join(ROOT, 'migrations');
  database.exec('BEGIN');
  for (const name of readdirSync(migrations).filter((file) => file.endsWith('.sql'))) {
    database.exec(readFileSync(join(migrations, name), 'utf8'));
  }
  database.exec('COMMIT');
  database.close();
  return folder;
}

/** `A`, `B` … as numbers that the catalogue could have. */
function code(letter: string): string {
  return `01_${String(letter.charCodeAt(0)).padStart(3, '0')}_0107_1_1`;
}

interface Row {
  start: string;
  end?: string;
  name?: string;
  cents?: number;
}

function row(letter: string, { start, end, name = `Item ${letter}`, cents = 7023 }: Row): CatalogueItem {
  return {
    code: code(letter),
    name,
    registrationGroup: '0107',
    categoryCode: 1,
    paceCategoryCode: 16,
    unit: 'H',
    quotable: false,
    limits: { national: cents, remote: cents + 1, very_remote: null },
    startDate: start,
    listedEndDate: end ?? null,
    flags: {
      nonFaceToFace: true,
      providerTravel: false,
      shortNoticeCancellation: null,
      ndiaRequestedReports: null,
      irregularSil: null,
    },
  };
}

const sheet = (letters: string, values: Row) => [...letters].map((letter) => row(letter, values));

async function load(items: readonly CatalogueItem[], folder = state): Promise<void> {
  const kind = sheetOf(items);
  if (kind === null) throw new Error('an empty sheet');
  const database = openLocal(folder);
  const stored = { items: await storedItems(database), words: await storedWords(database), now: 1 };
  const codes = [...new Set(items.map((item) => item.code))];
  for (const statements of loadingTransactions({ sheet: kind, items, codes }, stored)) {
    await database.execute(statements);
  }
  database.close();
}

async function table(name: string, folder = state): Promise<Record<string, unknown>[]> {
  const database = openLocal(folder);
  const rows = await database.query(`SELECT * FROM ${name} ORDER BY 1, 2`);
  database.close();
  return rows;
}

async function snapshot(folder = state) {
  const names = ['support_items', 'support_item_words', 'catalogue_listings', 'catalogues'];
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await table(name, folder)])));
}

/** `start..last day` of each of an item's rows; a row that is open has no last day. */
async function spans(letter: string): Promise<string[]> {
  const rows = (await table('support_items')).filter((found) => found['code'] === code(letter));
  return rows.map((found) => `${found['start_date']}..${found['end_date'] ?? ''}`);
}

const Y24 = '2024-07-01';
const Y25 = '2025-07-01';
const Y26 = '2026-07-01';

describe('loading', () => {
  test('stores every column of a row', async () => {
    await load([row('A', { start: Y25, end: '2026-01-31', name: "It's; \u{1F600}", cents: 1 })]);
    expect(await table('support_items')).toEqual([
      {
        code: code('A'),
        start_date: Y25,
        listed_end_date: '2026-01-31',
        end_date: '2026-01-31',
        name: "It's; \u{1F600}",
        registration_group: '0107',
        category_code: 1,
        pace_category_code: 16,
        unit: 'H',
        quotable: 0,
        national_cents: 1,
        remote_cents: 2,
        very_remote_cents: null,
        non_face_to_face: 1,
        provider_travel: 0,
        short_notice_cancellation: null,
        ndia_requested_reports: null,
        irregular_sil: null,
      },
    ]);
  });

  test('changes nothing when it is done again', async () => {
    const sheets = [
      sheet('ABC', { start: Y25 }),
      sheet('AB', { start: Y26 }),
      sheet('C', { start: Y25, end: '2026-12-31' }),
    ];
    for (const items of sheets) await load(items);
    const once = await snapshot();
    for (const items of sheets) await load(items);
    expect(await snapshot()).toEqual(once);
  });

  test('takes the prices of a corrected sheet', async () => {
    await load(sheet('A', { start: Y25, cents: 100 }));
    await load(sheet('A', { start: Y25, cents: 90 }));
    expect(await table('support_items')).toMatchObject([{ national_cents: 90, remote_cents: 91 }]);
  });

  test('keeps its statements under the 100 KB of D1, however long the names are', () => {
    const name = 'Ω'.repeat(400);
    const items = Array.from({ length: 700 }, (_, index) => ({
      ...row('A', { start: Y25, name: `${name} ${index}` }),
      code: `05_${String(index).padStart(9, '0')}_0103_1_2`,
    }));
    const file = { sheet: { kind: 'current' as const, startDate: Y25 }, items, codes: items.map((item) => item.code) };
    const transactions = loadingTransactions(file, { items: [], words: [], now: 1 });
    expect(Math.max(...transactions.flat().map((statement) => Buffer.byteLength(statement)))).toBeLessThan(100_000);
    expect(transactions).toHaveLength(5);
  });
});

describe('the last day of an item', () => {
  test('is the one before the first catalogue that leaves it out', async () => {
    await load(sheet('ABC', { start: Y24 }));
    await load(sheet('AB', { start: Y25 }));
    await load(sheet('A', { start: Y26 }));
    expect(await spans('A')).toEqual([`${Y24}..`, `${Y25}..`, `${Y26}..`]);
    expect(await spans('B')).toEqual([`${Y24}..2026-06-30`, `${Y25}..2026-06-30`]);
    expect(await spans('C')).toEqual([`${Y24}..2025-06-30`]);
  });

  test('does not reach over a year without the item, even if it comes back', async () => {
    await load([...sheet('AB', { start: Y24 })]);
    await load(sheet('AB', { start: Y26 }));
    expect(await spans('B')).toEqual([`${Y24}..`, `${Y26}..`]);
    await load(sheet('A', { start: Y25 }));
    expect(await spans('B')).toEqual([`${Y24}..2025-06-30`, `${Y26}..`]);
  });

  test('is not moved by the catalogue of which the item begins late', async () => {
    await load([...sheet('AB', { start: Y25 }), row('C', { start: '2025-07-03' })]);
    expect(await spans('C')).toEqual(['2025-07-03..']);
  });

  test('is its own, or that of the legacy sheet, past the catalogue that leaves it out', async () => {
    await load(sheet('ABC', { start: Y25 }));
    await load(sheet('A', { start: Y26 }));
    await load([row('B', { start: Y25, end: '2026-12-31' })]);
    expect(await spans('B')).toEqual([`${Y25}..2026-12-31`]);
    expect(await spans('C')).toEqual([`${Y25}..2026-06-30`]);
  });

  test('given by a legacy sheet stays when the current one is loaded again', async () => {
    await load([row('A', { start: Y25, end: '2026-12-31', cents: 50 })]);
    await load(sheet('AB', { start: Y25 }));
    expect(await spans('A')).toEqual([`${Y25}..2026-12-31`]);
    expect(await table('support_items')).toMatchObject([{ national_cents: 50 }, { national_cents: 7023 }]);
  });

  test('comes from the later of two legacy sheets', async () => {
    const [early, late] = [
      sheet('A', { start: Y25, end: '2025-12-31' }),
      sheet('A', { start: Y25, end: '2026-06-30' }),
    ];
    for (const items of [early, late, early]) await load(items);
    expect(await spans('A')).toEqual([`${Y25}..2026-06-30`]);
  });

  test('ends the older rows too, so that none comes back behind it', async () => {
    await load(sheet('AB', { start: Y24 }));
    await load([row('A', { start: Y25, end: '2025-11-23' }), row('B', { start: Y25 }), row('C', { start: Y25 })]);
    expect(await spans('A')).toEqual([`${Y24}..2025-06-30`, `${Y25}..2025-11-23`]);
  });

  test('is not set by an extract of a year that is there as a whole', async () => {
    await load(sheet('ABC', { start: Y25 }));
    await load(sheet('ABC', { start: Y26 }));
    const whole = await snapshot();
    await load(sheet('A', { start: Y26 }));
    expect(await snapshot()).toEqual(whole);
  });
});

test('years and sheets make the same tables in whatever order they are loaded', async () => {
  const sheets = [
    [...sheet('ABCD', { start: Y24 }), row('G', { start: Y24, name: 'Older name' })],
    [
      ...sheet('AB', { start: Y25 }),
      row('C', { start: Y25, end: '2025-11-23', cents: 5 }),
      row('C', { start: '2025-11-24', cents: 6 }),
      row('G', { start: Y25, name: 'Newer name' }),
    ],
    [row('B', { start: Y25, end: '2026-12-31', name: 'Item B, legacy' }), row('D', { start: Y24, end: '2025-09-30' })],
    [...sheet('AEF', { start: Y26 })],
  ];
  const results = await Promise.all(
    permutations(sheets).map(async (order) => {
      const folder = newState();
      for (const items of order) await load(items, folder);
      return snapshot(folder);
    }),
  );
  expect(results).toHaveLength(24);
  for (const result of results) expect(result).toEqual(results[0]);
  expect(results[0]?.['support_items']).toHaveLength(13);
});

function permutations<Value>(list: readonly Value[]): Value[][] {
  if (list.length < 2) return [[...list]];
  return list.flatMap((one, index) => permutations(list.toSpliced(index, 1)).map((rest) => [one, ...rest]));
}

describe('the words of an item', () => {
  const words = async () => (await table('support_item_words')).map((found) => found['word']);
  const expected = (...texts: string[]) => [...new Set([code('A'), ...texts].flatMap(wordsOf))].sort();

  test('are those of its number and of each year’s name', async () => {
    await load([row('A', { start: Y24, name: 'Self-Care Support' })]);
    await load([row('A', { start: Y25, name: 'Personal Support' })]);
    expect(await words()).toEqual(expected('Self-Care Support', 'Personal Support'));
  });

  test('lose a name that was corrected, and keep one that outranks it', async () => {
    await load([row('A', { start: Y25, name: 'Wrong Name' })]);
    await load([row('A', { start: Y25, name: 'Right Name' })]);
    expect(await words()).toEqual(expected('Right Name'));
    await load([row('A', { start: Y25, end: '2026-12-31', name: 'Legacy Name' })]);
    await load([row('A', { start: Y25, name: 'Right Name' }), row('A', { start: Y26, name: 'Next Name' })]);
    expect(await words()).toEqual(expected('Legacy Name', 'Next Name'));
  });
});

describe('npm run catalogue', () => {
  const TITLES =
    'Support Item Number,Support Item Name,Registration Group Number,Support Category Number,Unit,Quote,Start date,End Date,National,Remote,Very Remote';

  function run(text: string | Buffer | null, ...more: string[]) {
    const file = join(state, 'catalogue.csv');
    if (text !== null) writeFileSync(file, text);
    const script = join(ROOT, 'scripts/catalogue.ts');
    return spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', script, file, ...more], {
      env: { ...process.env, STATE_DIR: state },
      encoding: 'utf8',
    });
  }

  const csv = (...rows: string[]) => [TITLES, ...rows].join('\r\n');
  const A = `${code('A')},"Item,\nA",0107,1,H,No,20250701,99991231,70.23,98.32,105.35`;

  test('loads the good rows, names the refused by record, column, value and reason, and exits 0', async () => {
    const bad = `${code('B')},Item B,0107,1,HOUR,No,20250701,99991231,1.00,,`;
    const { status, stdout, stderr } = run(
      `\uFEFF${csv(A, bad, '', `${code('C')},Item C,0107,1,E,Yes,20250701,99991231,,,`)}`,
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('Loaded the current sheet of the catalogue that begins on 2025-07-01.');
    expect(stdout).toContain('Read       3 rows, 2 items (1 H, 1 E)');
    expect(stdout).toContain('New        2');
    expect(stdout).toContain('Refused (1)\n  Record 3  Unit  "HOUR"  must be one of H, E, D, WK, MON, YR');
    expect((await table('support_items')).map((found) => found['name'])).toEqual(['Item, A', 'Item C']);
  });

  test('says what changes, stays and ends, and does not end an item for a row that it refused', async () => {
    const b = `${code('B')},Item B,0107,1,H,No,20250701,99991231,1.00,,`;
    const c = `${code('C')},Item C,0107,1,H,No,20250701,99991231,1.00,,`;
    run(csv(A, b, c));
    expect(run(csv(A, b, c.replace('1.00', '2.00'))).stdout).toMatch(/New +0\n +Changed +1\n +Unchanged +2/);
    const { stdout } = run(csv(A, b.replace(',H,', ',?,')).replaceAll('20250701', '20260701'));
    expect(stdout).toContain(`Items that now end (1)\n  2026-06-30  ${code('C')}  Item C`);
    expect(await spans('B')).toEqual([`${Y25}..`]);
  });

  test('warns of a sheet that ends most of what there was', async () => {
    await load(sheet('ABC', { start: Y25 }));
    const rows = ['B', 'C'].map((letter) => A.replace(code('A'), code(letter)));
    const { stdout } = run(csv(A.replace('20250701', '20260701')));
    expect(stdout).toContain('It ends more than half of the 3 items that were open before: is the file complete?');
    expect(run(csv(A, ...rows).replaceAll('20250701', '20260701')).stdout).toContain('2 items go on');
  });

  test('reads what Excel on Windows writes', async () => {
    run(Buffer.from(csv(A.replace('Item,\nA', 'Caf\u00e9')), 'latin1'));
    expect(await table('support_items')).toMatchObject([{ name: 'Café' }]);
  });

  test.each([
    ['lacks columns', 'Name,Unit\nA,H', 'No column Support Item Number'],
    ['has no rows', TITLES, 'no item that can be read'],
    ['has only rows that it refuses', csv(A.replace('20250701', 'soon')), 'Record 2  Start date  "soon"'],
    ['has a quotation mark that nothing closes', csv(A, '"01_,'), 'Record 3 has a quotation mark out of place'],
    ['is a workbook', 'PK\u0003\u0004', 'is a workbook'],
    ['is not there', null, 'cannot be read'],
  ])('refuses a file that %s, loads nothing and exits 1', async (_, text, reason) => {
    const { status, stdout, stderr } = run(text);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain(reason);
    expect(await table('support_items')).toEqual([]);
  });

  test('exits 2 when it is called wrongly', () => {
    for (const more of [['--no-such'], ['another-file'], ['--env', 'staging']]) {
      const { status, stderr } = run(csv(A), ...more);
      expect({ status, usage: stderr.includes('Usage: npm run catalogue') }).toEqual({ status: 2, usage: true });
    }
  });
});
