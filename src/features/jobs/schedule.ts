import sql from 'sql-template-tag';
import type { Database } from '../../database/database.ts';
import { newId } from '../../ids.ts';
import { sendAll } from '../../queues.ts';
import { type Due, dueJobs } from './rules.ts';

/** Organisations, and lost runs, that are taken in one go. */
const AT_ONCE = 200;
const MOST_PAGES = 100;
/** A run that has waited or worked for longer than this (ms) has lost its message. */
const LOST = 10 * 60_000;

/** Has every organisation's jobs done that came due at its own 8:00, each once. Late or twice does no harm. */
export async function scheduleJobs(env: Env, { database, now }: { database: Database; now: number }): Promise<void> {
  // From zone to zone along the index: there are a dozen, and perhaps ten thousand organisations.
  for (let zone = await nextZone(database, ''); zone !== null; zone = await nextZone(database, zone)) {
    await scheduleZone(env, { database, now, zone });
  }
  await findLost(env, { database, now });
}

/** Runs whose message was lost get another one; together they may be many. */
async function findLost(env: Env, { database, now }: { database: Database; now: number }): Promise<void> {
  let after = { created_at: 0, id: '' };
  for (let page = 0; page < MOST_PAGES; page++) {
    const [lost] = await database.read<[{ id: string; created_at: number }]>(
      sql`SELECT id, created_at FROM job_runs INDEXED BY job_runs_unfinished WHERE status IN ('queued', 'running')
        AND created_at < ${now - LOST} AND (created_at, id) > (${after.created_at}, ${after.id})
        AND coalesce(started_at, 0) < ${now - LOST} ORDER BY created_at, id LIMIT ${AT_ONCE}`,
    );
    await send(
      env,
      lost.map(({ id }) => id),
    );
    after = lost.at(-1) ?? after;
    if (lost.length < AT_ONCE) return;
  }
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

/** Sends the messages of runs. */
function send(env: Env, ids: readonly string[]): Promise<void> {
  return sendAll(
    env.JOBS,
    ids.map((runId) => ({ type: 'job.run', runId })),
  );
}
