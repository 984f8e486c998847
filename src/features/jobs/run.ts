import sql from 'sql-template-tag';
import { type Database, openDatabase, rowsAs } from '../../database/database.ts';
import { checkBudgets } from '../budget-checks/daily.ts';
import { checkExpiry } from '../budget-checks/expiry.ts';
import { checkOrganization } from '../compliance/weekly.ts';
import { emit } from '../metrics/events.ts';
import { pokeRoom } from '../room/client.ts';
import type { JobName } from './rules.ts';
import type { JobRunRow } from './table.ts';
import type { Counts, Run, Step } from './work.ts';

const WORK: Record<JobName, (run: Run) => Promise<Step>> = {
  'daily-budget-check': checkBudgets,
  'plan-expiry-check': checkExpiry,
  'weekly-compliance-check': checkOrganization,
};

type Claimed = Pick<JobRunRow, 'id' | 'organization_id' | 'job' | 'due_on' | 'position' | 'counts'> &
  Omit<Run['organization'], 'id'>;

/** What a job counts where it may have raised or cleared alerts. */
const MOVES_ALERTS = ['raised', 'cleared', 'failing', 'overdue'];

/** Does a job for an organisation, unless it is done. Everything in it can be done twice. */
export async function runJob(env: Env, { runId, now = Date.now() }: { runId: string; now?: number }): Promise<void> {
  const database = openDatabase(env.DB);
  const [claimed, found] = await database.write([
    sql`UPDATE job_runs SET status = 'running', started_at = coalesce(started_at, ${Date.now()}), attempts = attempts + 1
      WHERE id = ${runId} AND status IN ('queued', 'running') RETURNING id`,
    sql`SELECT run.id, run.organization_id, run.job, run.due_on, run.position, run.counts, organization.name, organization.time_zone, organization.alert_settings
      FROM job_runs run JOIN organizations organization ON organization.id = run.organization_id WHERE run.id = ${runId}`,
  ]);
  const [row] = rowsAs<Claimed>(found);
  if (!row || rowsAs(claimed).length === 0) return;
  const { name, time_zone, alert_settings, counts: before, ...run } = row;
  const organization = { id: row.organization_id, name, time_zone, alert_settings };
  const started = Date.now();
  const { counts, next } = await WORK[row.job]({ ...run, env, database, now, organization });
  const { trips, rowsRead, rowsWritten } = database.usage;
  const ms = Date.now() - started;
  emit(env, { event: 'job', job: row.job, runId, organizationId: organization.id, ms, trips, rowsRead, rowsWritten });
  const all = sum(JSON.parse(before), { ...counts, rowsRead });
  if (next === null) await finish(database, { runId, status: 'completed', counts: all, position: run.position });
  else if (await goOn(database, { runId, next, counts: all, position: run.position })) {
    await env.JOBS.send({ type: 'job.run', runId, at: now });
  }
  // Whoever is in the room hears of new alerts now, and not at its next look.
  if (MOVES_ALERTS.some((name) => (counts[name] ?? 0) > 0)) {
    await pokeRoom(env, organization.id).catch(() => undefined);
  }
}

/** Ends a run whose message was tried in vain. */
export async function giveUpRun(env: Env, runId: string): Promise<void> {
  await finish(openDatabase(env.DB), { runId, status: 'failed' });
}

async function finish(
  database: Database,
  end: { runId: string; status: 'completed' | 'failed'; counts?: Counts; position?: string },
): Promise<void> {
  const { runId, status, counts = null, position = null } = end;
  await database.write([
    sql`UPDATE job_runs SET status = ${status}, finished_at = ${Date.now()},
        counts = coalesce(${counts && JSON.stringify(counts)}, counts)
      WHERE id = ${runId} AND status IN ('queued', 'running') AND position = coalesce(${position}, position)`,
  ]);
}

/** Notes how far a run is. False when another delivery was sooner: that one goes on. */
async function goOn(
  database: Database,
  step: { runId: string; next: string; counts: Counts; position: string },
): Promise<boolean> {
  const [moved] = await database.write([
    sql`UPDATE job_runs SET position = ${step.next}, counts = ${JSON.stringify(step.counts)}
      WHERE id = ${step.runId} AND status = 'running' AND position = ${step.position} RETURNING id`,
  ]);
  return rowsAs(moved).length > 0;
}

function sum(before: Counts, more: Counts): Counts {
  const names = new Set([...Object.keys(before), ...Object.keys(more)]);
  return Object.fromEntries([...names].map((name) => [name, (before[name] ?? 0) + (more[name] ?? 0)]));
}
