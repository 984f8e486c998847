import sql from 'sql-template-tag';
import { type Database, openDatabase, rowsAs } from '../../database/database.ts';
import { checkBudgets } from '../budget-checks/daily.ts';
import { checkExpiry } from '../budget-checks/expiry.ts';
import type { JobName } from './rules.ts';
import type { JobRunRow } from './table.ts';
import type { Counts, Run } from './work.ts';

const WORK: Record<JobName, (run: Run) => Promise<Counts>> = {
  'daily-budget-check': checkBudgets,
  'plan-expiry-check': checkExpiry,
  'weekly-compliance-check': async () => ({}),
};

type Claimed = Pick<JobRunRow, 'id' | 'organization_id' | 'job' | 'due_on'> & Omit<Run['organization'], 'id'>;

/** Does a job for an organisation, unless it is done. Everything in it can be done twice. */
export async function runJob(env: Env, { runId, now = Date.now() }: { runId: string; now?: number }): Promise<void> {
  const database = openDatabase(env.DB);
  const [claimed, found] = await database.write([
    sql`UPDATE job_runs SET status = 'running', started_at = coalesce(started_at, ${now}), attempts = attempts + 1
      WHERE id = ${runId} AND status IN ('queued', 'running') RETURNING id`,
    sql`SELECT run.id, run.organization_id, run.job, run.due_on, organization.name, organization.time_zone, organization.alert_settings
      FROM job_runs run JOIN organizations organization ON organization.id = run.organization_id WHERE run.id = ${runId}`,
  ]);
  const [row] = rowsAs<Claimed>(found);
  if (!row || rowsAs(claimed).length === 0) return;
  const { name, time_zone, alert_settings, ...run } = row;
  const organization = { id: row.organization_id, name, time_zone, alert_settings };
  const counts = await WORK[row.job]({ ...run, env, database, now, organization });
  await finish(database, { runId, status: 'completed', counts });
}

/** Ends a run whose message was tried in vain. */
export async function giveUpRun(env: Env, runId: string): Promise<void> {
  await finish(openDatabase(env.DB), { runId, status: 'failed', counts: {} });
}

async function finish(
  database: Database,
  { runId, status, counts }: { runId: string; status: 'completed' | 'failed'; counts: Counts },
): Promise<void> {
  await database.write([
    sql`UPDATE job_runs SET status = ${status}, finished_at = ${Date.now()}, counts = ${JSON.stringify(counts)}
      WHERE id = ${runId} AND status IN ('queued', 'running')`,
  ]);
}
