import type { MiddlewareHandler } from 'hono';
import { noUsage } from '../database/database.ts';
import { configuration } from '../env.ts';
import { countRequest } from '../features/metrics/request.ts';
import type { AppEnv } from './app-env.ts';

/** The frame of every answer: the request's id, what it cost, and headers that keep it private. */
export const frame: MiddlewareHandler<AppEnv> = async (c, next) => {
  const started = performance.now();
  const usage = noUsage();
  c.set('requestId', crypto.randomUUID());
  c.set('usage', usage);
  await next();
  countRequest(c, performance.now() - started);
  // A socket's answer cannot be changed any more.
  if (c.res.status === 101) return;
  const { headers } = c.res;
  headers.set('X-Request-Id', c.var.requestId);
  headers.set('X-Content-Type-Options', 'nosniff');
  if (!headers.has('Cache-Control')) headers.set('Cache-Control', 'private, no-cache');
  if (configuration(c.env).SERVER_TIMING) {
    const app = (performance.now() - started).toFixed(1);
    const { trips, rowsRead, rowsWritten, milliseconds } = usage;
    headers.set(
      'Server-Timing',
      `app;dur=${app}, d1;dur=${milliseconds.toFixed(1)};desc="trips=${trips} read=${rowsRead} written=${rowsWritten}"`,
    );
  }
};
