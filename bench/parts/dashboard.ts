import { DatabaseSync } from 'node:sqlite';
import { costOf, expectStatus } from '../client.ts';
import type { Finding } from '../report.ts';
import { countSeeded } from '../seed.ts';
import { COST, ITEM, PLAN } from '../world.ts';
import { type Bench, signedIn } from './part.ts';

const MOST_ROWS = 500;

/** Old services until there are as many: what the dashboard reads must not depend on how many there are. */
function addServices(file: string, { organizationId, count }: { organizationId: string; count: number }): number {
  const database = new DatabaseSync(file, { timeout: 30_000, enableForeignKeyConstraints: false });
  try {
    const of = 'FROM services WHERE organization_id = ?';
    const there = Number(database.prepare(`SELECT count(*) AS n ${of}`).get(organizationId)?.['n']);
    database
      .prepare(
        `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?),
          people AS (SELECT budgets.id AS budget_id, budgets.participant_id, budgets.plan_id, row_number() OVER () - 1 AS place
            FROM budgets WHERE budgets.organization_id = ? AND budgets.number = 1)
        INSERT INTO services (id, organization_id, participant_id, plan_id, budget_id, support_item_code, support_item_name, unit,
          service_date, unit_price_cents, total_cost_cents, support_worker_id, ledger_version, created_at)
        SELECT printf('svc_bench%021d', n), ?, people.participant_id, people.plan_id, people.budget_id, ?, ?, 'H',
          date(?, '+' || (n % 300) || ' days'), ?, ?, (SELECT id FROM users WHERE organization_id = ? LIMIT 1), 1, 0
        FROM numbers JOIN people ON people.place = n % (SELECT count(*) FROM people)`,
      )
      .run(
        Math.max(1, count - there),
        organizationId,
        organizationId,
        ITEM.code,
        ITEM.name,
        PLAN.startDate,
        ITEM.cents,
        COST,
        organizationId,
      );
    // Plans of as many different dates as there are days.
    database.exec(`UPDATE plans SET start_date = date(start_date, '-' || (rowid % 400) || ' days'),
      end_date = date(end_date, '+' || (rowid % 400) || ' days')`);
    countSeeded(database);
    return Number(database.prepare(`SELECT count(*) AS n ${of}`).get(organizationId)?.['n']);
  } finally {
    database.close();
  }
}

/** What the dashboard costs the database. It runs last: the books do not know of the services that it adds. */
export async function dashboard(bench: Bench): Promise<Finding> {
  const { world, database } = bench.stage;
  const { id: organizationId, participants, services } = world.organization;
  const there =
    bench.pace.services === null ? services : addServices(database, { organizationId, count: bench.pace.services });
  const get = () => bench.send({ method: 'GET', path: '/v1/dashboard', headers: signedIn(bench) });
  await get();
  const cost = costOf(expectStatus(await get(), 200));
  const size = `${participants.toLocaleString('en')} participants, ${there.toLocaleString('en')} services`;
  return {
    lines: [
      { what: 'D1 round trips: dashboard', measured: String(cost.trips), target: '1', ok: cost.trips === 1 },
      {
        what: `rows read by the dashboard, of ${size}`,
        measured: String(cost.read),
        target: `< ${MOST_ROWS}`,
        ok: cost.read < MOST_ROWS,
      },
    ],
    figures: { cost, participants, services: there },
    notes: [],
  };
}
