import sql from 'sql-template-tag';
import type { Database } from '../../database/database.ts';
import { newId } from '../../ids.ts';
import { type Due, dueJobs } from './rules.ts';

/** Organisations that are taken in one go; and messages in one batch, as the platform has it. */
const AT_ONCE = 200;
const MESSAGES = 100;
/** A run that has waited or worked for longer than this (ms) has lost its message. */
const LOST = 10 * 60_000;

/** Has every organisation's jobs done that came due at its own 8:00, each once. Late or twice does no harm. */
export async function scheduleJobs(env: Env, { database, now }: { database: Database; now: number }): Promise<void> {
  // From zone to zone along the index: there are a dozen, and perhaps ten thousand organisations.
  for (let zone = await nextZone(database, ''); zone !== null; zone = await nextZone(database, zone)) {
    await scheduleZone(env, { database, now, zone });
  }
  const [lost] = await database.read<[{ id: string }]>(
    sql`SELECT id FROM job_runs INDEXED BY job_runs_unfinished WHERE status IN ('queued', 'running')
      AND created_at < ${now - LOST} AND coalesce(started_at, 0) < ${now - LOST} ORDER BY created_at LIMIT ${AT_ONCE}`,
  );
  await send(
    env,
    lost.map(({ id }) => id),
  );
}

async function nextZone(database: Database, after: string): Promise<string | null> {
  const [[row]] = await database.read<[{ time_zone: string }]>(
    sql`SELECT time_zone FROM organizations INDEXED BY organizations_by_jobs WHERE time_zone > ${after} ORDER BY time_zone LIMIT 1`,
  );
  return row?.time_zone ?? null;
}

async function scheduleZone(
  env: Env,
  { database, now, zone }: { database: Database; now: number; zone: string },
): Promise<void> {
  const due = dueJobs(zone, now);
  const [{ on: day } = { on: '' }] = due;
  for (;;) {
    const [organizations] = await database.read<[{ id: string; created_at: number }]>(
      sql`SELECT id, created_at FROM organizations INDEXED BY organizations_by_jobs
        WHERE time_zone = ${zone} AND jobs_on < ${day} ORDER BY jobs_on LIMIT ${AT_ONCE}`,
    );
    if (organizations.length === 0) return;
    const runs = organizations.flatMap(({ id, created_at }) => runsOf({ id, created_at }, due));
    const ids = JSON.stringify(organizations.map(({ id }) => id));
    const [, written] = await database.write([
      sql`UPDATE organizations SET jobs_on = ${day} WHERE id IN (SELECT value FROM json_each(${ids})) AND jobs_on < ${day}`,
      sql`INSERT INTO job_runs (id, organization_id, job, due_on, created_at)
        SELECT value ->> 'id', value ->> 'organizationId', value ->> 'job', value ->> 'on', ${now} FROM json_each(${JSON.stringify(runs)})
        WHERE true ON CONFLICT (organization_id, job, due_on) DO NOTHING RETURNING id`,
    ]);
    await send(
      env,
      (written?.rows ?? []).map(({ id }) => String(id)),
    );
  }
}

/** What is due for an organisation, but for what came due before it was there. */
function runsOf(organization: { id: string; created_at: number }, due: readonly Due[]) {
  return due
    .filter(({ at }) => at >= organization.created_at)
    .map(({ job, on }) => ({ id: newId('run'), organizationId: organization.id, job, on }));
}

/** Sends the messages of runs. What is not sent is found by a later sweep. */
async function send(env: Env, ids: readonly string[]): Promise<void> {
  for (let from = 0; from < ids.length; from += MESSAGES) {
    const batch = ids.slice(from, from + MESSAGES).map((runId) => ({ body: { type: 'job.run', runId } }));
    await env.JOBS.sendBatch(batch).catch(() => undefined);
  }
}
