/** `npm run job -- NAME [--at INSTANT] [--organization ID]`: does a scheduled job on the local database, as at an instant. */
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { isJobName, JOBS, type JobName } from '../src/features/jobs/rules.ts';
import { newId } from '../src/ids.ts';
import { dateAt } from '../src/time/rules.ts';
import { literal, type OperatorDatabase, openLocal } from './lib/database.ts';
import { baseUrl, stateDirectory } from './lib/paths.ts';
import { startService } from './lib/service.ts';

const USAGE = `Usage: npm run job -- ${JOBS.join('|')} [--at INSTANT] [--organization ID]

--at            as at this instant, such as 2026-11-23T08:00:00+11:00; now unless said otherwise
--organization  for one organisation alone`;

/** Messages of one delivery; and how long mail may take to be made afterwards (ms). */
const AT_ONCE = 10;
const PATIENCE = 30_000;

interface Options {
  job: JobName;
  at: number;
  organization: string | null;
}

function commandLine(): Options {
  try {
    const { values, positionals } = parseArgs({
      options: { at: { type: 'string' }, organization: { type: 'string' }, help: { type: 'boolean' } },
      allowPositionals: true,
    });
    if (values.help) {
      console.log(USAGE);
      process.exit(0);
    }
    const [job, ...more] = positionals;
    const at = values.at === undefined ? Date.now() : Date.parse(values.at);
    if (Number.isNaN(at)) console.error(`${values.at} is not an instant.\n`);
    else if (job !== undefined && more.length === 0 && isJobName(job)) {
      return { job, at, organization: values.organization ?? null };
    } else if (job !== undefined) console.error(`There is no job ${positionals.join(' ')}.\n`);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    console.error(`${error.message}\n`);
  }
  console.error(USAGE);
  process.exit(2);
}

interface Due {
  id: string;
  organization_id: string;
  name: string;
}

/** Puts the job on the list of each organisation, for its own date; one that was done on that date is done again. */
async function enlist(database: OperatorDatabase, { job, at, organization }: Options): Promise<Due[]> {
  const where = organization === null ? '' : ` WHERE id = ${literal(organization)}`;
  const organizations = await database.query<{ id: string; name: string; time_zone: string }>(
    `SELECT id, name, time_zone FROM organizations${where} ORDER BY name`,
  );
  const due: Due[] = [];
  for (const { id, name, time_zone } of organizations) {
    const key = `${literal(id)}, ${literal(job)}, ${literal(dateAt(time_zone, at))}`;
    await database.execute([
      `INSERT INTO job_runs (id, organization_id, job, due_on, created_at) VALUES (${literal(newId('run'))}, ${key}, ${Date.now()})
        ON CONFLICT (organization_id, job, due_on) DO UPDATE SET status = 'queued', position = '', counts = '{}', started_at = NULL,
          finished_at = NULL`,
    ]);
    const [run] = await database.query<{ id: string }>(
      `SELECT id FROM job_runs WHERE (organization_id, job, due_on) = (${key})`,
    );
    if (run) due.push({ id: run.id, organization_id: id, name });
  }
  return due;
}

/** Until nothing is left to be told by mail. */
async function mailed(database: OperatorDatabase): Promise<void> {
  for (const until = Date.now() + PATIENCE; Date.now() < until; await wait(200)) {
    const [left] = await database.query<{ n: number }>(
      `SELECT (SELECT count(*) FROM mailings) + (SELECT count(*) FROM email_logs WHERE status = 'queued') AS n`,
    );
    if (left?.n === 0) return;
  }
}

const options = commandLine();
const database = openLocal();
const due = await enlist(database, options);
if (due.length === 0) {
  console.error(`There is no organisation${options.organization === null ? '' : ` ${options.organization}`}.`);
  process.exit(1);
}
// On any port; what it writes leads to the one that people use.
const service = await startService({ port: 0, stateDirectory: stateDirectory(), variables: { APP_URL: baseUrl() } });
try {
  const worker = await service.getWorker('caddy');
  for (let from = 0; from < due.length; from += AT_ONCE) {
    const messages = due.slice(from, from + AT_ONCE).map(({ id }) => ({
      id,
      timestamp: new Date(),
      attempts: 1,
      body: { type: 'job.run', runId: id, at: options.at },
    }));
    await worker.queue('caddy-jobs', messages);
  }
  await mailed(database);
} finally {
  await service.dispose();
}
let failed = false;
for (const { id, name } of due) {
  const [run] = await database.query<{ status: string; counts: string; ms: number }>(
    `SELECT status, counts, finished_at - started_at AS ms FROM job_runs WHERE id = ${literal(id)}`,
  );
  failed ||= run?.status !== 'completed';
  const counts = Object.entries<number>(JSON.parse(run?.counts ?? '{}')).map(([what, count]) => `${count} ${what}`);
  console.log(`${name}: ${run?.status}, ${counts.join(', ')}`);
}
database.close();
process.exitCode = failed ? 1 : 0;
