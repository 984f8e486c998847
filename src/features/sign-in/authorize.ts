import type { Context } from '../../context.ts';
import { AppError, refuse } from '../../http/problem.ts';
import { featureOf, type Permission } from './rules.ts';

/** Refuses whoever lacks the permission, or whose organisation has not subscribed to the feature it belongs to. */
export function authorize(ctx: Context, permission: Permission): void {
  if (!ctx.actor.permissions.includes(permission)) {
    const detail = `You need the permission ${permission}.`;
    throw new AppError({ code: 'FORBIDDEN', detail, details: { permission } });
  }
  const feature = featureOf(permission);
  if (feature !== null && !ctx.tenant.features.includes(feature)) {
    const detail = `The subscription does not have ${feature}.`;
    throw new AppError({ code: 'FEATURE_DISABLED', detail, details: { feature } });
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
