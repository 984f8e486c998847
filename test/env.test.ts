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
