import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { dueJobs } from '../../src/features/jobs/rules.ts';
import type { Finding } from '../report.ts';
import { filler } from '../seed.ts';
import { TIME_ZONE } from '../world.ts';
import type { Bench } from './part.ts';

const EACH = 50;
const SERVICES_EACH = 4;
/** All of theirs is seven tenths spent, but for every twentieth, whose is above both levels. */
const allocated = (n: number) => [n % 20 === 0 ? 30_000 : 40_000, n % 20 === 0 ? 30_000 : 40_000, 0] as const;
const MOST_SECONDS = 60;
const MOST_ROWS = 40;
/** How long the run is waited for before it is given up (ms). */
const PATIENCE = 300_000;
const TWO_DAYS = 2 * 86_400_000;

interface Done {
  organizations: number;
  participants: number;
  rows: number;
}

/** The daily budget check of many organisations, from the schedule to the last of them, with all that comes due beside it. */
export async function daily(bench: Bench): Promise<Finding> {
  const count = bench.pace.organizations;
  const database = new DatabaseSync(bench.stage.database, { timeout: 30_000, enableForeignKeyConstraints: false });
  try {
    const fill = filler(database);
    for (let n = 0; n < count; n++) {
      fill({ name: `daily-${n}`, participants: EACH, servicesEach: SERVICES_EACH, allocated });
    }
    // Theirs is due; the others' jobs are not what is measured.
    database.exec(`UPDATE organizations SET created_at = created_at - ${TWO_DAYS} WHERE name LIKE 'daily-%';
      UPDATE organizations SET jobs_on = '9999-12-31' WHERE name NOT LIKE 'daily-%'`);
    // The weekly check has been done: a Monday is not what is measured.
    const [, , weekly] = dueJobs(TIME_ZONE, Date.now());
    database
      .prepare(
        `INSERT INTO job_runs (id, organization_id, job, due_on, status, created_at)
          SELECT 'run_' || id, id, 'weekly-compliance-check', ?, 'completed', 0 FROM organizations WHERE name LIKE 'daily-%'`,
      )
      .run(weekly?.on ?? '');
    const started = Date.now();
    await bench.stage.scheduled('*/30 * * * *');
    const progress = database.prepare(
      `SELECT count(*) AS organizations, coalesce(sum(counts ->> 'participants'), 0) AS participants,
        coalesce(sum(counts ->> 'rowsRead'), 0) AS rows FROM job_runs WHERE job = 'daily-budget-check' AND status = 'completed'`,
    );
    let done: Done = { organizations: 0, participants: 0, rows: 0 };
    while (done.organizations < count && Date.now() - started < PATIENCE) {
      await wait(200);
      const row = progress.get();
      done = {
        organizations: Number(row?.['organizations']),
        participants: Number(row?.['participants']),
        rows: Number(row?.['rows']),
      };
    }
    const seconds = (Date.now() - started) / 1000;
    const rows = done.rows / Math.max(1, done.participants);
    const allowed = (MOST_SECONDS * count) / 1000;
    return {
      lines: [
        {
          what: `daily budget check of ${count.toLocaleString('en')} organisations with ${EACH} participants each`,
          measured: `${seconds.toFixed(1)} s`,
          target: `≤ ${allowed} s`,
          ok: seconds <= allowed && done.organizations === count,
        },
        {
          what: 'D1 rows read by it for each participant',
          measured: rows.toFixed(1),
          target: `< ${MOST_ROWS}`,
          ok: rows < MOST_ROWS,
        },
      ],
      figures: { seconds, ...done },
      notes: [
        'The daily check: from the half-hourly schedule to the last organisation, by the queue, one message a job, with the plan expiry check and the mail of each organisation in the same queue.',
      ],
    };
  } finally {
    database.close();
  }
}
