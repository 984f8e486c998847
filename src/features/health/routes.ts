import { Hono } from 'hono';
import sql from 'sql-template-tag';
import * as z from 'zod';
import { openDatabase } from '../../database/database.ts';
import { configuration } from '../../env.ts';
import type { AppEnv } from '../../http/app-env.ts';
import { operation } from '../../http/operation.ts';

const Health = z.object({ status: z.literal('ok') }).meta({ id: 'Health', examples: [{ status: 'ok' }] });
const tag = 'Health';

export const healthRoutes = new Hono<AppEnv>()
  .get(
    '/healthz',
    operation('read', {
      id: 'getHealth',
      summary: 'Is the Worker up?',
      tag,
      permission: 'public',
      success: { status: 200, description: 'It is.', schema: Health },
    }),
    (c) => c.json({ status: 'ok' as const }, 200),
  )
  .get(
    '/readyz',
    operation('read', {
      id: 'getReadiness',
      summary: 'Does it reach the database, and is it configured?',
      tag,
      permission: 'public',
      success: { status: 200, description: 'It does and is.', schema: Health },
      errors: ['UNAVAILABLE'],
    }),
    async (c) => {
      configuration(c.env);
      await openDatabase(c.env.DB, c.var.usage).read<[unknown]>(sql`SELECT 1 AS ready`);
      return c.json({ status: 'ok' as const }, 200);
    },
  );
