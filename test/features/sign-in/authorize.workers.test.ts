import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import type { Context } from '../../../src/context.ts';
import { noUsage, openDatabase } from '../../../src/database/database.ts';
import { DEFAULT_ALERTS } from '../../../src/features/alerts/rules.ts';
import { authorize, authorizeWrite } from '../../../src/features/sign-in/authorize.ts';
import { effectivePermissions } from '../../../src/features/sign-in/rules.ts';

function context(
  options: { features?: string[]; subscriptionStatus?: 'active' | 'past_due' | 'cancelled' } = {},
): Context {
  const { features = ['imports', 'claims', 'messages'], subscriptionStatus = 'active' } = options;
  return {
    database: openDatabase(env.DB, noUsage()),
    env,
    tenant: { id: 'org', timeZone: 'Australia/Sydney', subscriptionStatus, features, alerts: DEFAULT_ALERTS },
    actor: {
      userId: 'usr',
      role: 'admin',
      permissions: effectivePermissions('admin', []),
      label: 'a',
      ip: null,
      userAgent: null,
    },
    now: 0,
    today: '2026-11-20',
    requestId: 'r',
    idempotency: null,
    later: () => undefined,
  };
}

function refusalOf(work: () => void): string | null {
  try {
    work();
    return null;
  } catch (error) {
    return (error as { refusal: { code: string } }).refusal.code;
  }
}

describe('a subscription', () => {
  test.each(['imports', 'claims', 'messages'] as const)(
    'without %s refuses its permissions, read and write',
    (feature) => {
      const without = context({ features: ['imports', 'claims', 'messages'].filter((other) => other !== feature) });
      expect(refusalOf(() => authorize(without, `${feature}.read`))).toBe('FEATURE_DISABLED');
      expect(refusalOf(() => authorizeWrite(without, `${feature}.write`))).toBe('FEATURE_DISABLED');
      expect(refusalOf(() => authorizeWrite(context(), `${feature}.write`))).toBeNull();
      expect(refusalOf(() => authorizeWrite(without, 'services.write'))).toBeNull();
    },
  );

  test('that is cancelled lets everything be read and nothing changed; one that is past due lets everything go on', () => {
    const cancelled = context({ subscriptionStatus: 'cancelled' });
    expect(refusalOf(() => authorize(cancelled, 'services.read'))).toBeNull();
    expect(refusalOf(() => authorizeWrite(cancelled, 'services.write'))).toBe('SUBSCRIPTION_INACTIVE');
    expect(refusalOf(() => authorizeWrite(context({ subscriptionStatus: 'past_due' }), 'services.write'))).toBeNull();
  });
});
