import type { MiddlewareHandler } from 'hono';
import type { AppEnv } from '../../http/app-env.ts';
import type { OrganizationRoom } from './object.ts';

/** The only place that turns an organisation into a stub. */
export function roomStub(env: Env, organizationId: string): DurableObjectStub<OrganizationRoom> {
  return env.ORGANIZATION_ROOM.getByName(organizationId, { locationHint: 'oc' });
}

/** How long further changes of an organisation are told together (ms). */
const TOGETHER = 5;

const soon = new Map<string, Promise<void>>();

/**
 * Tells an organisation's room that something was committed; a burst of changes is one call. Best effort: while someone
 * is in the room, it looks by itself.
 */
export function pokeRoom(env: Env, organizationId: string): Promise<void> {
  const known = soon.get(organizationId);
  if (known) return known;
  const poke = async () => {
    await scheduler.wait(TOGETHER);
    // What is committed from here on is for the next call.
    soon.delete(organizationId);
    await roomStub(env, organizationId).poke();
  };
  const poking = poke().catch(() => undefined);
  soon.set(organizationId, poking);
  return poking;
}

/** Tells the caller's room of every change that a request has made. */
export const tellRoom: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next();
  const { method } = c.req;
  if (method === 'GET' || method === 'HEAD' || c.res.status >= 400 || !c.var.context) return;
  c.var.context.later(pokeRoom(c.env, c.var.context.tenant.id));
};
