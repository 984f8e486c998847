import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import sql, { type Sql } from 'sql-template-tag';
import { afterEach, expect, test } from 'vitest';
import { ROOT } from '../../../scripts/lib/paths.ts';
import { trafficLight } from '../../../src/features/budgets/rules.ts';
import { countAlerts, countPlans } from '../../../src/features/dashboard/count.ts';
import { chance } from '../../support/node/load.ts';

const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1_000_000));
const FOLDER = join(ROOT, 'migrations');
const MIGRATIONS = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.sql'))
  .sort();
const COUNTING = MIGRATIONS.findIndex((name) => name.endsWith('_dashboard_counts.sql'));

const open: DatabaseSync[] = [];
afterEach(() => {
  for (const database of open.splice(0)) database.close();
});

function newDatabase(): DatabaseSync {
  const database = new DatabaseSync(':memory:', { enableForeignKeyConstraints: true });
  open.push(database);
  return database;
}

function migrate(database: DatabaseSync, names: readonly string[]): void {
  for (const name of names) {
    const text = readFileSync(join(FOLDER, name), 'utf8');
    for (const statement of text.split('--> statement-breakpoint')) database.exec(statement);
  }
}

type Row = Record<string, string | number | null>;

function insert(database: DatabaseSync, table: string, row: Row): void {
  const names = Object.keys(row);
  const places = names.map(() => '?').join(', ');
  database.prepare(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${places})`).run(...Object.values(row));
}

const date = (day: number) => new Date(Date.UTC(2026, 10, 23) + day * 86_400_000).toISOString().slice(0, 10);

/** Two organisations with something of everything, in an order in which it can be written. */
function rows(random: () => number): [table: string, row: Row][] {
  const below = (limit: number) => Math.floor(random() * limit);
  const pick = <Value extends string | number>(values: readonly Value[]) => values[below(values.length)] as Value;
  const stamps = { created_at: 0, updated_at: 0 };
  const written: [string, Row][] = [];
  for (const organization_id of ['org_a', 'org_b']) {
    const common = { organization_id, ...stamps };
    const organization = { time_zone: 'Australia/Sydney', business_hours: '{}', ...stamps };
    const subscription = { subscription_plan: 'pro', subscription_status: 'active' };
    written.push(['organizations', { id: organization_id, name: 'Test Provider', ...organization, ...subscription }]);
    const userId = `usr_${organization_id}`;
    const address = { email: `${userId}@example.com`, email_key: `${userId}@example.com`, preferences: '{}' };
    written.push([
      'users',
      { id: userId, first_name: 'Test', last_name: 'User', role: 'admin', ...address, ...common },
    ]);
    for (let n = 0; n < 30; n++) {
      const participant_id = `par_${organization_id}_${n}`;
      const person = { first_name: 'Mia', last_name: 'Test', name_key: 'test mia', date_of_birth: '1990-01-01' };
      const status = pick(['active', 'active', 'inactive', 'archived']);
      const texts = { contact: '{}', medical: '{}', preferences: '{}', ndis_number: String(430_000_001 + n) };
      written.push(['participants', { id: participant_id, status, ...person, ...texts, ...common }]);
      // At the edges of months and years as well; no two of a participant's on days so near that one could move onto it.
      const drawn = Array.from({ length: below(4) }, () => pick([below(800) - 400, -22, -23, 8, 38, 39, -326, -327]));
      const starts = drawn.filter((day, at) => drawn.findIndex((other) => Math.abs(other - day) < 3) === at);
      for (const [place, start] of starts.entries()) {
        const plan_id = `pln_${organization_id}_${n}_${place}`;
        const dates = { start_date: date(start), end_date: date(start + pick([0, 1, 30, 90, 364, below(500)])) };
        const plan = { id: plan_id, participant_id, management_type: 'ndia_managed', ...dates };
        written.push(['plans', { ...plan, ...common }]);
        const lines = below(4);
        for (let number = 1; number <= lines; number++) {
          const id = `bud_${organization_id}_${n}_${place}_${number}`;
          const amounts = { allocated_cents: pick([0, 10_000]), spent_cents: pick([0, 7_500, 7_501, 9_000, 9_001]) };
          const line = { id, plan_id, participant_id, number, category_code: 1, management_type: 'ndia_managed' };
          written.push(['budgets', { ...line, flexible: 0, pool_id: id, ...amounts, ...common }]);
          const services = below(4);
          for (let service = 0; service < services; service++) {
            const item = { support_item_code: 'x', support_item_name: 'x', unit: 'E', unit_price_cents: 1 };
            const done = { service_date: date(-below(20)), total_cost_cents: below(1_000) };
            const about = { organization_id, participant_id, plan_id, budget_id: id, support_worker_id: userId };
            const row = { id: `svc_${id}_${service}`, ...about, ...item, ...done };
            const status = pick(['completed', 'completed', 'cancelled']);
            written.push(['services', { ...row, status, ledger_version: 1, created_at: 0 }]);
          }
        }
      }
      const state = pick(['open', 'open', 'acknowledged', 'resolved']);
      const alert = { id: `alr_${participant_id}`, organization_id, participant_id, subject_id: participant_id };
      const kind = { kind: 'run_out', severity: pick(['info', 'warning', 'critical']), threshold: 1 };
      const settled = { status: state, resolved_at: state === 'resolved' ? 0 : null };
      written.push(['alerts', { ...alert, ...kind, ...settled, period_start: date(0), at: 0 }]);
    }
  }
  return written;
}

/** What can happen to those rows, as SQL. */
function changes(random: () => number): string[] {
  const some = (table: string) => `${table}.rowid % 7 = ${Math.floor(random() * 7)}`;
  return [
    `UPDATE participants SET status = 'archived' WHERE ${some('participants')}`,
    `UPDATE plans SET end_date = date(end_date, '+31 days') WHERE ${some('plans')}`,
    `UPDATE plans SET start_date = date(start_date, '-1 day') WHERE ${some('plans')}`,
    `UPDATE budgets SET spent_cents = spent_cents + 1600 WHERE ${some('budgets')}`,
    `UPDATE participants SET status = 'active' WHERE ${some('participants')}`,
    `UPDATE budgets SET allocated_cents = 10000 - allocated_cents WHERE ${some('budgets')}`,
    `UPDATE alerts SET status = 'resolved', resolved_at = 1 WHERE ${some('alerts')} AND status <> 'resolved'`,
  ];
}

const all = (database: DatabaseSync, query: string) =>
  database
    .prepare(query)
    .all()
    .map((row) => ({ ...row }));

/** Every figure that is kept, but for those at zero, which may as well not be there. */
function kept(database: DatabaseSync) {
  return {
    plans: all(
      database,
      `SELECT * FROM plan_days WHERE plans <> 0 OR green <> 0 OR amber <> 0 OR red <> 0 ORDER BY organization_id, edge, bucket`,
    ),
    alerts: all(database, 'SELECT id, open_alerts FROM organizations ORDER BY id'),
  };
}

/** The same, counted slowly from the tables alone. */
function recount(database: DatabaseSync): ReturnType<typeof kept> {
  const sums = new Map<string, Record<string, string | number>>();
  const plans = all(
    database,
    `SELECT plans.* FROM plans JOIN participants ON participants.id = plans.participant_id WHERE participants.status <> 'archived'`,
  );
  const lines = all(database, 'SELECT plan_id, allocated_cents, spent_cents FROM budgets');
  for (const plan of plans) {
    const own = lines.filter(({ plan_id }) => plan_id === plan['id']);
    const colours = own.map((line) => trafficLight(Number(line['spent_cents']), Number(line['allocated_cents'])));
    for (const side of ['start', 'end']) {
      for (const [level, length] of [['y', 4] as const, ['m', 7] as const, ['d', 10] as const]) {
        const edge = `${side}.${level}`;
        const bucket = String(plan[`${side}_date`]).slice(0, length);
        const organization_id = String(plan['organization_id']);
        const key = [organization_id, edge, bucket].join(' ');
        const before = sums.get(key) ?? { organization_id, edge, bucket, plans: 0, green: 0, amber: 0, red: 0 };
        const more = (name: string) => Number(before[name]) + colours.filter((colour) => colour === name).length;
        const [green, amber, red] = [more('green'), more('amber'), more('red')];
        sums.set(key, { ...before, plans: Number(before['plans']) + 1, green, amber, red });
      }
    }
  }
  const keys = [...sums.keys()].sort();
  return {
    plans: keys.map((key) => ({ ...sums.get(key) })),
    alerts: all(
      database,
      `SELECT id, (SELECT count(*) FROM alerts WHERE organization_id = organizations.id AND status = 'open') AS open_alerts
        FROM organizations ORDER BY id`,
    ),
  };
}

function run(database: DatabaseSync, statements: readonly Sql[]): void {
  for (const { sql: text, values } of statements) database.prepare(text).run(...(values as SQLInputValue[]));
}

test(`what a database had before the dashboard is counted by the migration, and what moves then by counting again (seed ${SEED})`, () => {
  const random = chance(SEED);
  const database = newDatabase();
  migrate(database, MIGRATIONS.slice(0, COUNTING));
  for (const [table, row] of rows(random)) insert(database, table, row);
  const services = all(
    database,
    `SELECT organization_id, service_date AS date, count(*) AS services, sum(total_cost_cents) AS spent_cents FROM services
      WHERE status = 'completed' GROUP BY 1, 2 ORDER BY 1, 2`,
  );
  const inactive = `SELECT count(*) FROM participants WHERE organization_id = organizations.id AND status = 'inactive'`;
  const expected = all(database, `SELECT id, (${inactive}) AS inactive_count FROM organizations ORDER BY id`);
  migrate(database, MIGRATIONS.slice(COUNTING));
  expect(kept(database)).toEqual(recount(database));
  expect(all(database, 'SELECT * FROM service_days ORDER BY organization_id, date')).toEqual(services);
  expect(all(database, 'SELECT id, inactive_count FROM organizations ORDER BY id')).toEqual(expected);
  expect(kept(database).plans.length).toBeGreaterThan(5);

  for (const statement of changes(random)) {
    const before = kept(database);
    database.exec(statement);
    expect(kept(database)).toEqual(before);
    for (const organizationId of ['org_a', 'org_b']) {
      run(database, countPlans(sql`SELECT id FROM plans WHERE organization_id = ${organizationId}`));
      run(database, countAlerts(organizationId, sql`true`));
    }
    expect(kept(database), statement).toEqual(recount(database));
  }
});
