import * as z from 'zod';
import { calendarDate, id, instant, nextCursor, page } from '../../http/fields.ts';
import { JOBS } from './rules.ts';
import { RUN_STATUSES } from './table.ts';

export const ListJobs = z.object({ ...page, job: z.enum(JOBS).optional() });

const JobRun = z
  .object({
    id: id('run'),
    job: z.enum(JOBS),
    dueOn: calendarDate().meta({ description: "The organisation's date at whose 8:00 it came due." }),
    status: z.enum(RUN_STATUSES),
    counts: z.record(z.string(), z.int()).meta({ description: 'What it has done, by name.' }),
    attempts: z.int(),
    durationMs: z.int().nullable(),
    createdAt: instant(),
    startedAt: instant().nullable(),
    finishedAt: instant().nullable(),
  })
  .meta({ id: 'JobRun' });
export type JobRunView = z.infer<typeof JobRun>;

export const JobRunList = z.object({ data: z.array(JobRun), nextCursor: nextCursor() }).meta({
  id: 'JobRunList',
  examples: [
    {
      data: [
        {
          id: 'run_01m84af0x6m7y0ak4f8s1t6v9b',
          job: 'daily-budget-check',
          dueOn: '2026-11-23',
          status: 'completed',
          counts: { participants: 50, raised: 2, cleared: 1, emails: 3 },
          attempts: 1,
          durationMs: 84,
          createdAt: '2026-11-22T21:00:00.000Z',
          startedAt: '2026-11-22T21:00:01.000Z',
          finishedAt: '2026-11-22T21:00:01.084Z',
        },
      ],
      nextCursor: null,
    },
  ],
});
