import { Hono } from 'hono';
import type { AppEnv } from '../../http/app-env.ts';
import { operation } from '../../http/operation.ts';
import { validate } from '../../http/validate.ts';
import { listJobs } from './queries.ts';
import { JobRunList, ListJobs } from './schemas.ts';

export const jobRoutes = new Hono<AppEnv>().get(
  '/',
  operation('read', {
    id: 'listJobRuns',
    summary: 'List what was done by schedule',
    description: 'Newest first.',
    tag: 'Operations',
    permission: 'metrics.read',
    success: { status: 200, description: 'A page of job runs.', schema: JobRunList },
    errors: ['VALIDATION_FAILED', 'INVALID_CURSOR'],
  }),
  validate('query', ListJobs),
  async (c) => c.json(await listJobs(c.var.context, c.req.valid('query')), 200),
);
