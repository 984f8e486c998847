/** `npm start`: migrates, loads the demonstration data once, serves until it is interrupted. */
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Miniflare } from 'miniflare';
import { localFile, openLocal } from './lib/database.ts';
import { loadDemonstration } from './lib/load-demonstration.ts';
import { baseUrl, port, ROOT, stateDirectory } from './lib/paths.ts';
import { keepSchedules } from './lib/schedules.ts';
import { startService } from './lib/service.ts';
import { endWranglers, wrangler } from './lib/wrangler.ts';

const started = Date.now();
let service: Miniflare | undefined;
// From the first moment on: whatever is under way ends with this process.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, async () => {
    endWranglers();
    await service?.dispose();
    process.exit(0);
  });
}
if (!(await isFree(port()))) {
  console.error(`Port ${port()} is taken: end what runs there, or choose another with PORT=8788 npm start.`);
  process.exit(1);
}
await migrate();
await loadDemonstration();
service = await startService({ port: port(), stateDirectory: stateDirectory() });

await keepSchedules(service);

console.log(`
  Caddy is up at ${baseUrl()} after ${((Date.now() - started) / 1000).toFixed(1)} s.

  See it move:     npm run demo
  A token:         npm run -s token -- admin@demo.caddy.test
  The contract:    ${baseUrl()}/openapi.json

  Ctrl-C ends it.
`);

/** Applies the migrations that the local database does not have yet. */
async function migrate(): Promise<void> {
  const wanted = readdirSync(join(ROOT, 'migrations')).filter((name) => name.endsWith('.sql'));
  if (localFile() !== null) {
    const database = openLocal();
    const [table] = await database.query(`SELECT 1 FROM sqlite_schema WHERE name = 'd1_migrations'`);
    const applied = table ? await database.query<{ name: string }>('SELECT name FROM d1_migrations') : [];
    database.close();
    const names = new Set(applied.map((row) => row.name));
    if (wanted.every((name) => names.has(name))) return;
  }
  console.log('Setting up the local database …');
  await wrangler(['d1', 'migrations', 'apply', 'DB', '--local', '--env', '', '--persist-to', stateDirectory()]);
}

function isFree(wanted: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(wanted, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
