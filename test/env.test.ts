import { describe, expect, test } from 'vitest';
import { ConfigurationError, configuration } from '../src/env.ts';

const GOOD = {
  AUTH_ISSUER: 'https://issuer.example',
  AUTH_JWKS: '{"keys":[{"kty":"RSA"}]}',
  FILE_SIGNING_KEY: 'k'.repeat(64),
};

/** Safe: `configuration` reads variables only. */
const read = (variables: Record<string, string>) => configuration({ ...variables } as unknown as Env);

describe('the variables', () => {
  test('are read when they fit', () => {
    expect(read({ ...GOOD, ALLOWED_ORIGINS: 'https://a.example, http://localhost:3000' }).ALLOWED_ORIGINS).toEqual([
      'https://a.example',
      'http://localhost:3000',
    ]);
  });

  test('log events unless told otherwise', () => {
    expect(read(GOOD).EVENT_LOG).toBe(true);
    expect(read({ ...GOOD, EVENT_LOG: 'on' }).EVENT_LOG).toBe(true);
    expect(read({ ...GOOD, EVENT_LOG: 'off' }).EVENT_LOG).toBe(false);
  });

  test.each(['RESEND_WEBHOOK_SECRET', 'CLERK_WEBHOOK_SECRET'] as const)('may go without %s', (name) => {
    expect(read(GOOD)[name]).toBeUndefined();
    expect(read({ ...GOOD, [name]: 'whsec_bWFkZSB1cA==' })[name]).toBe('whsec_bWFkZSB1cA==');
  });

  test.each([
    ['AUTH_ISSUER', { AUTH_ISSUER: '' }],
    ['AUTH_JWKS', { AUTH_JWKS: 'not json' }],
    ['AUTH_JWKS', { AUTH_JWKS: '{"keys":5}' }],
    ['AUTH_JWKS', { AUTH_JWKS_URL: 'https://issuer.example/keys' }],
    ['AUTH_JWKS_URL', { AUTH_JWKS_URL: 'keys' }],
    ['ALLOWED_ORIGINS', { ALLOWED_ORIGINS: 'https://app.example/' }],
    ['FILE_SIGNING_KEY', { FILE_SIGNING_KEY: 'too short' }],
    ['APP_URL', { APP_URL: 'app' }],
    ['RESEND_API_KEY', { EMAIL_TRANSPORT: 'resend', EMAIL_FROM: 'care@example.com' }],
    ['EMAIL_FROM', { EMAIL_TRANSPORT: 'resend', RESEND_API_KEY: 'key' }],
    ['SERVER_TIMING', { SERVER_TIMING: 'yes' }],
    ['EVENT_LOG', { EVENT_LOG: 'yes' }],
    ['EVENT_LOG', { EVENT_LOG: '' }],
    ['RESEND_WEBHOOK_SECRET', { RESEND_WEBHOOK_SECRET: 'bWFkZSB1cA==' }],
    ['RESEND_WEBHOOK_SECRET', { RESEND_WEBHOOK_SECRET: 'whsec_' }],
    ['CLERK_WEBHOOK_SECRET', { CLERK_WEBHOOK_SECRET: 'whsec_made up' }],
    ['CLERK_WEBHOOK_SECRET', { CLERK_WEBHOOK_SECRET: '' }],
  ])('%s is named, and not what it holds, when it is wrong: %j', (name, wrong) => {
    expect(() => read({ ...GOOD, ...wrong })).toThrow(ConfigurationError);
    try {
      read({ ...GOOD, ...wrong });
    } catch (error) {
      expect(String(error)).toContain(name);
      for (const value of Object.values(wrong)) if (value.length > 6) expect(String(error)).not.toContain(value);
    }
  });
});
