import { openDatabase } from './database/database.ts';
import { sweepEmails } from './features/emails/work-off.ts';
import { sweep } from './features/idempotency/sweep.ts';
import { sweepImports } from './features/import-runs/sweep.ts';
import { scheduleJobs } from './features/jobs/schedule.ts';
import { sweepEvents } from './features/threads/sweep.ts';
import { sweepUploads } from './features/uploads/sweep.ts';

/** Every schedule of `wrangler.toml` and what it does. A job is short and can run twice. */
const CRONS: Record<string, (env: Env, now: number) => Promise<void>> = {
  '17 * * * *': async (env, now) => {
    const database = openDatabase(env.DB);
    await all([sweep(database, now), sweepEvents(database, now), sweepUploads(env, { database, now })]);
  },
  '*/30 * * * *': async (env, now) => {
    const database = openDatabase(env.DB);
    await all([scheduleJobs(env, { database, now }), sweepEmails(env, { database, now })]);
  },
  '*/5 * * * *': (env) => sweepImports(env, openDatabase(env.DB)),
};

/** Does each, whether the others fail or not; then fails with the first that did. */
async function all(work: readonly Promise<unknown>[]): Promise<void> {
  const done = await Promise.allSettled(work);
  const failed = done.find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
}

/** Runs the job of a schedule. */
export async function runCron(cron: string, env: Env): Promise<void> {
  const job = CRONS[cron];
  if (!job) throw new Error(`No job for the schedule ${cron}`);
  await job(env, Date.now());
}
