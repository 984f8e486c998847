import { Hono } from 'hono';
import type { AppEnv } from '../../http/app-env.ts';
import { operation } from '../../http/operation.ts';
import { validate } from '../../http/validate.ts';
import { once } from '../idempotency/once.ts';
import { roomStub } from '../room/client.ts';
import { listMetrics } from './queries.ts';
import { ListMetrics, Metric, MetricList, TrackMetric } from './schemas.ts';
import { trackMetric } from './track.ts';

const tag = 'Operations';

export const metricRoutes = new Hono<AppEnv>()
  .get(
    '/',
    operation('read', {
      id: 'listMetrics',
      summary: 'List metrics',
      description:
        'What the organisation has measured itself, newest first, for 90 days; and, as `errors`, the requests that failed on our side. `connections` is how many sockets are open now.',
      tag,
      permission: 'metrics.read',
      success: { status: 200, description: 'A page of metrics.', schema: MetricList },
      errors: ['VALIDATION_FAILED', 'INVALID_CURSOR'],
    }),
    validate('query', ListMetrics),
    async (c) => {
      const { tenant } = c.var.context;
      const [page, connections] = await Promise.all([
        listMetrics(c.var.context, c.req.valid('query')),
        roomStub(c.env, tenant.id).connections(),
      ]);
      return c.json({ ...page, connections }, 200);
    },
  )
  .post(
    '/',
    operation('write', {
      id: 'trackMetric',
      summary: 'Keep a metric',
      tag,
      permission: 'metrics.read',
      changes: true,
      keyed: true,
      success: { status: 201, description: 'The metric.', schema: Metric },
    }),
    validate('json', TrackMetric),
    async (c) => {
      const input = c.req.valid('json');
      const { body, headers } = await once(c, { input, verb: (ctx) => trackMetric(ctx, input) });
      return c.json(body, 201, headers);
    },
  );
