import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { build } from 'esbuild';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, type V4WorkerOptions } from 'miniflare';
import { localFile } from '../scripts/lib/database.ts';
import { signToken } from '../scripts/lib/keys.ts';
import { persistence, ROOT } from '../scripts/lib/paths.ts';
import { caddyWorker, localVariables } from '../scripts/lib/service.ts';
import { wrangler } from '../scripts/lib/wrangler.ts';
import { type Sizes, seed } from './seed.ts';
import { ITEM, type Server, TIME_ZONE, TODAY, type World } from './world.ts';

/** How the runtime's entry tells the two workers apart. */
export const HOSTS: Record<Server, string> = { caddy: '127.0.0.1', bare: 'bare.caddy.test' };

/** Both workers in one runtime, on one database on disk. */
export interface Stage {
  port: number;
  world: World;
  /** The bundle that is served. */
  script: string;
  /** The database's file. */
  database: string;
  tokens: { organization: string; smaller: string };
  /** Runs a schedule of the Worker. */
  scheduled(cron: string): Promise<void>;
  end(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/** The bare Worker as one module, minified as wrangler does it for the other. */
async function bareScript(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, 'bench/bare.ts')],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2024',
    external: ['cloudflare:*', 'node:*'],
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}

/** Makes a state directory of its own, on the disk that `npm start` would use, fills it, and serves both workers. */
export async function setStage(sizes: Sizes): Promise<Stage> {
  mkdirSync(join(ROOT, '.wrangler'), { recursive: true });
  const directory = mkdtempSync(join(ROOT, '.wrangler/bench-'));
  try {
    const target = ['DB', '--local', '--env', '', '--persist-to', directory];
    await wrangler(['d1', 'migrations', 'apply', ...target]);
    const file = localFile(directory);
    if (file === null) throw new Error('wrangler made no database');
    const world = seed(file, sizes);
    const port = await freePort();
    const { worker, miniflare } = await serve({ directory, port, world });
    return {
      port,
      world,
      script: worker.scriptPath,
      database: file,
      tokens: {
        organization: signToken(world.organization.subject),
        smaller: signToken(world.smaller.subject),
      },
      scheduled: async (cron) => {
        await (await miniflare.getWorker('caddy')).scheduled({ cron });
      },
      end: async () => {
        await miniflare.dispose();
        rmSync(directory, { recursive: true, force: true });
      },
    };
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

interface Serving {
  directory: string;
  port: number;
  world: World;
}

async function serve({ directory, port, world }: Serving) {
  process.env['CLOUDFLARE_CF_FETCH_ENABLED'] ??= 'false';
  const worker = await caddyWorker({ ...localVariables(port), SERVER_TIMING: 'on', RATE_LIMIT: 'off' });
  const {
    compatibilityDate = '',
    d1Databases = {},
    r2Buckets = {},
  }: Pick<V4WorkerOptions, 'name' | 'compatibilityDate' | 'd1Databases' | 'r2Buckets'> = worker;
  const { organization } = world;
  const bare = {
    name: 'bare',
    routes: [`${HOSTS.bare}/*`],
    modules: true as const,
    script: await bareScript(),
    compatibilityDate,
    d1Databases,
    r2Buckets,
    bindings: {
      SETTING: {
        organizationId: organization.id,
        userId: organization.userId,
        email: organization.email,
        timeZone: TIME_ZONE,
        today: TODAY,
        item: ITEM,
      },
    },
  };
  const converted = convertV4MiniflareOptions({ workers: [worker, bare], host: '127.0.0.1', port, cf: false });
  const miniflare = new Miniflare({
    ...converted,
    log: new Log(LogLevel.WARN),
    resourcePersistencePath: persistence(directory),
  });
  await miniflare.ready;
  return { worker, miniflare };
}
