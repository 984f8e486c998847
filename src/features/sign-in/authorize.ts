import type { Context } from '../../context.ts';
import { refuse } from '../../http/problem.ts';
import { featureOf, type Permission } from './rules.ts';

/** Refuses whoever lacks the permission, or whose organisation has not subscribed to the feature it belongs to. */
export function authorize(ctx: Context, permission: Permission): void {
  if (!ctx.actor.permissions.includes(permission)) {
    refuse('FORBIDDEN', `You need the permission ${permission}.`, { details: { permission } });
  }
  const feature = featureOf(permission);
  if (feature !== null && !ctx.tenant.features.includes(feature)) {
    refuse('FEATURE_DISABLED', `The subscription does not have ${feature}.`, { details: { feature } });
  }
}

/** Refuses a change while the subscription is cancelled. */
export function requireSubscription(ctx: Context): void {
  if (ctx.tenant.subscriptionStatus === 'cancelled') {
    refuse('SUBSCRIPTION_INACTIVE', 'The subscription is cancelled: everything can be read, nothing changed.');
  }
}

/** The first line of a write verb: the permission, and a subscription that allows changes. */
export function authorizeWrite(ctx: Context, permission: Permission): void {
  authorize(ctx, permission);
  requireSubscription(ctx);
}
