/** `npm run openapi`: makes the OpenAPI document without a server and lints it. Quiet when it is right. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Hono } from 'hono';
import { ROOT } from './lib/paths.ts';

const FILE = join(ROOT, '.wrangler/openapi.json');

/**
 * The Worker's routes, in Node. Their modules are typed for the Workers runtime, which this program is not, so they
 * are loaded by a path that the compiler does not follow; the type is what `src/app.ts` exports.
 */
export async function loadApp(): Promise<Hono> {
  const { app }: { app: Hono } = await import(new URL('../src/app.ts', import.meta.url).href);
  return app;
}

/** The text that `GET /openapi.json` answers. */
export async function openApiText(): Promise<string> {
  const settings = {
    AUTH_ISSUER: 'https://sign-in.caddy.test',
    AUTH_JWKS: '{"keys":[]}',
    FILE_SIGNING_KEY: 'k'.repeat(32),
    EVENT_LOG: 'off',
  };
  const answer = await (await loadApp()).request('/openapi.json', {}, settings);
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`The document could not be made: ${text}`);
  return text;
}

/** Lints a file by the rules of `redocly.yaml`: what is wrong with it, empty when nothing is. */
function lint(file: string): string {
  const linter = join(ROOT, 'node_modules/@redocly/cli/bin/cli.js');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [linter, 'lint', relative(ROOT, file), '--config', 'redocly.yaml', '--lint-config', 'error'],
    {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
    },
  );
  return status === 0 ? '' : `${stdout}${stderr}`;
}

if (import.meta.main) {
  mkdirSync(dirname(FILE), { recursive: true });
  writeFileSync(FILE, JSON.stringify(JSON.parse(await openApiText()), null, 2));
  const faults = lint(FILE);
  if (faults !== '') {
    console.error(faults);
    process.exit(1);
  }
}
