import { Hono } from 'hono';
import type { AppEnv } from '../../http/app-env.ts';
import { operation } from '../../http/operation.ts';
import { readDashboard } from './queries.ts';
import { Dashboard } from './schemas.ts';

export const dashboardRoutes = new Hono<AppEnv>().get(
  '/',
  operation('read', {
    id: 'getDashboard',
    summary: 'The organisation at a glance',
    tag: 'Dashboard',
    permission: 'services.read',
    success: { status: 200, description: 'What there is, and what needs a look.', schema: Dashboard },
  }),
  async (c) => c.json(await readDashboard(c.var.context), 200),
);
