import { randomBytes } from 'node:crypto';
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';
import { fileSigningKey, newKeys } from './scripts/lib/keys.ts';

/** The tests' own sign-in: made anew for each run. */
const keys = newKeys();

/** What a sender signs its webhook's messages with: made anew for each run, too. */
const webhookSecret = () => `whsec_${randomBytes(24).toString('base64')}`;

export default defineConfig(async () => ({
  test: {
    // Most tests wait: for a database on disk, a process, a clock. Two files at once on two cores are no slower each.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.workers.test.ts'],
          testTimeout: 60_000,
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: {
              bindings: {
                TEST_MIGRATIONS: await readD1Migrations('migrations'),
                TEST_KEYS: JSON.stringify(keys),
                AUTH_ISSUER: keys.issuer,
                AUTH_JWKS: JSON.stringify({ keys: [keys.publicJwk] }),
                FILE_SIGNING_KEY: fileSigningKey(keys),
                RESEND_WEBHOOK_SECRET: webhookSecret(),
                CLERK_WEBHOOK_SECRET: webhookSecret(),
                ALLOWED_ORIGINS: 'https://app.caddy.test',
                SERVER_TIMING: 'on',
                RATE_LIMIT: 'off',
                EVENT_LOG: 'off',
                TEST_HISTORIES: JSON.stringify({ runs: process.env['STACK_HISTORIES'], seed: process.env['FC_SEED'] }),
              },
            },
          }),
        ],
        test: {
          name: 'workers',
          include: ['test/**/*.workers.test.ts'],
          setupFiles: ['test/support/workers/setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
}));
