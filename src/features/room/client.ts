import type { Context } from '../../context.ts';
import type { OrganizationRoom } from './object.ts';

/** The only place that turns an organisation into a stub. */
export function roomStub(env: Env, organizationId: string): DurableObjectStub<OrganizationRoom> {
  return env.ORGANIZATION_ROOM.getByName(organizationId, { locationHint: 'oc' });
}

/** Tells an organisation's room that something was committed. Best effort: while someone is in it, it looks by itself. */
export function pokeRoom(ctx: Pick<Context, 'env' | 'tenant' | 'later'>): void {
  const poke = async () => roomStub(ctx.env, ctx.tenant.id).poke();
  ctx.later(poke());
}
