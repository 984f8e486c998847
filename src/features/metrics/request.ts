import { routePath } from 'hono/route';
import sql from 'sql-template-tag';
import { openDatabase } from '../../database/database.ts';
import type { Request } from '../../http/app-env.ts';
import { newId } from '../../ids.ts';
import { emit } from './events.ts';

/** What an unknown path is called: what it says is the client's own. */
const NOWHERE = 'unknown';

/** The method and the pattern of the route that answered; never the path, which may be a signed address. */
function routeOf(c: Request): string {
  const pattern = routePath(c, -1);
  return pattern === '' || pattern.endsWith('*') ? `${c.req.method} ${NOWHERE}` : `${c.req.method} ${pattern}`;
}

/** Counts a request once it is answered; an error of ours is noted among the organisation's own metrics too. */
export function countRequest(c: Request, ms: number): void {
  const { requestId, usage } = c.var;
  // Not there before the caller is signed in.
  const context = c.var.context as typeof c.var.context | undefined;
  const organizationId = context?.tenant.id ?? null;
  const { status } = c.res;
  const route = routeOf(c);
  const { trips, rowsRead, rowsWritten } = usage;
  const userId = context?.actor.userId ?? null;
  emit(c.env, {
    event: 'request',
    requestId,
    organizationId,
    userId,
    route,
    status,
    ms: round(ms),
    trips,
    rowsRead,
    rowsWritten,
  });
  if (status !== 500 || !context) return;
  emit(c.env, { event: 'error', requestId, organizationId, route, code: 'INTERNAL' });
  const note = sql`INSERT INTO metrics (id, organization_id, metric, value, tags, at)
    VALUES (${newId('met')}, ${context.tenant.id}, 'errors', 1, ${JSON.stringify({ route, requestId })}, ${context.now})`;
  context.later(openDatabase(c.env.DB).write([note]));
}

/** To a tenth of a millisecond. */
export function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
