import sql, { empty } from 'sql-template-tag';
import type * as z from 'zod';
import type { Context } from '../../context.ts';
import { type Page, pageOf, readCursor } from '../../http/cursor.ts';
import { timestampOf } from '../../time/rules.ts';
import type { JobRunView, ListJobs } from './schemas.ts';
import type { JobRunRow } from './table.ts';

function jobRunView(row: JobRunRow): JobRunView {
  const { started_at: from, finished_at: to } = row;
  return {
    id: row.id,
    job: row.job,
    dueOn: row.due_on,
    status: row.status,
    counts: JSON.parse(row.counts),
    attempts: row.attempts,
    durationMs: from === null || to === null ? null : to - from,
    createdAt: new Date(row.created_at).toISOString(),
    startedAt: timestampOf(from),
    finishedAt: timestampOf(to),
  };
}

/** A page of the organisation's job runs, newest first. */
export async function listJobs(ctx: Context, query: z.output<typeof ListJobs>): Promise<Page<JobRunView>> {
  const after = readCursor(query.cursor, { name: 'jobs', shape: [''] });
  const [rows] = await ctx.database.read<[JobRunRow]>(
    sql`SELECT id, organization_id, job, due_on, status, counts, attempts, created_at, started_at, finished_at
      FROM job_runs INDEXED BY job_runs_by_creation WHERE organization_id = ${ctx.tenant.id}
        ${after ? sql`AND id < ${after[0]}` : empty} ${query.job === undefined ? empty : sql`AND job = ${query.job}`}
      ORDER BY id DESC LIMIT ${query.limit + 1}`,
  );
  return pageOf(rows, { limit: query.limit, name: 'jobs', key: (row) => [row.id], view: jobRunView });
}
