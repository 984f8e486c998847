import type { MiddlewareHandler } from 'hono';
import type { AppEnv } from '../../http/app-env.ts';
import type { OrganizationRoom } from './object.ts';

/** The only place that turns an organisation into a stub. */
export function roomStub(env: Env, organizationId: string): DurableObjectStub<OrganizationRoom> {
  return env.ORGANIZATION_ROOM.getByName(organizationId, { locationHint: 'oc' });
}

/** How long further changes of an organisation are told together (ms). */
const TOGETHER = 5;
/** A call that has not been made after so long (ms) died with its request. */
const DEAD = 100;

/** Organisations whose room is about to be told, and since when (ms): no promise, which is its own request's alone. */
const soon = new Map<string, number>();

/**
 * Tells an organisation's room that something was committed; a burst of changes is one call. Best effort: while someone
 * is in the room, it looks by itself.
 */
export async function pokeRoom(env: Env, organizationId: string): Promise<void> {
  const now = Date.now();
  if (Math.abs(now - (soon.get(organizationId) ?? 0)) < DEAD) return;
  soon.set(organizationId, now);
  await scheduler.wait(TOGETHER);
  // What is committed from here on is for the next call.
  soon.delete(organizationId);
  await roomStub(env, organizationId).poke();
}

/** Tells the caller's room of every change that a request has made. */
export const tellRoom: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next();
  const { method } = c.req;
  if (method === 'GET' || method === 'HEAD' || c.res.status >= 400 || !c.var.context) return;
  c.var.context.later(pokeRoom(c.env, c.var.context.tenant.id));
};
