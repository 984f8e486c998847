import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare';
import { unstable_getMiniflareWorkerOptions } from 'wrangler';
import { fileSigningKey, localKeys } from './keys.ts';
import { persistence, ROOT } from './paths.ts';
import { wrangler } from './wrangler.ts';

const BUNDLE = join(ROOT, '.wrangler/bundle');

/** The newest change of a file under a folder, or of the file itself (ms). */
function newest(path: string): number {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}

/** Bundles the Worker as a deployment would, when something of it has changed. The bundle's path. */
export async function bundle(): Promise<string> {
  const script = join(BUNDLE, 'worker.js');
  const sources = ['src', 'wrangler.toml', 'package-lock.json'].map((name) => join(ROOT, name));
  const changed = Math.max(...sources.map(newest));
  if (!existsSync(script) || statSync(script).mtimeMs < changed) {
    await wrangler(['deploy', '--dry-run', '--minify', '--env', '', '--outdir', BUNDLE]);
  }
  return script;
}

export interface ServiceOptions {
  /** 0 takes any free port. */
  port: number;
  stateDirectory: string;
  variables?: Record<string, string>;
}

/** What the local service is told that a deployed one has from its own settings. */
export function localVariables(port: number): Record<string, string> {
  return {
    AUTH_ISSUER: localKeys().issuer,
    AUTH_JWKS: JSON.stringify({ keys: [localKeys().publicJwk] }),
    ALLOWED_ORIGINS: `http://127.0.0.1:${port},http://localhost:${port}`,
    APP_URL: `http://127.0.0.1:${port}`,
    FILE_SIGNING_KEY: fileSigningKey(localKeys()),
    SERVER_TIMING: process.env['SERVER_TIMING'] ?? 'on',
    RATE_LIMIT: process.env['RATE_LIMIT'] ?? 'off',
    EVENT_LOG: process.env['EVENT_LOG'] ?? 'off',
  };
}

/** The Worker of `wrangler.toml`, bundled, with local bindings: one entry of Miniflare's `workers`. */
export async function caddyWorker(variables: Record<string, string>) {
  const { workerOptions } = unstable_getMiniflareWorkerOptions(join(ROOT, 'wrangler.toml'));
  // The bundle is one module: the rules for other kinds of file have nothing left to do.
  const { modulesRules: _, ...options } = workerOptions;
  return {
    ...options,
    name: 'caddy',
    modules: true as const,
    scriptPath: await bundle(),
    bindings: Object.assign({}, options.bindings, variables),
  };
}

/** Starts the service in this process's own group. */
export async function startService(options: ServiceOptions): Promise<Miniflare> {
  process.env['CLOUDFLARE_CF_FETCH_ENABLED'] ??= 'false';
  const worker = await caddyWorker({ ...localVariables(options.port), ...options.variables });
  const converted = convertV4MiniflareOptions({ workers: [worker], host: '127.0.0.1', port: options.port, cf: false });
  const miniflare = new Miniflare({
    ...converted,
    log: new Log(LogLevel.WARN),
    resourcePersistencePath: persistence(options.stateDirectory),
  });
  await miniflare.ready;
  return miniflare;
}
