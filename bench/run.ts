/** `npm run bench`: what Caddy costs, beside a bare Worker that runs the same SQL in the same runtime. */
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { client } from './client.ts';
import type { LoadJob, LoadResult, LoadSettings } from './load.ts';
import { bundle } from './parts/bundle.ts';
import { daily } from './parts/daily.ts';
import { dashboard } from './parts/dashboard.ts';
import { files } from './parts/files.ts';
import { imports } from './parts/imports.ts';
import { messages } from './parts/messages.ts';
import type { Bench, Pace } from './parts/part.ts';
import { hot, list, spread } from './parts/rounds.ts';
import { rows } from './parts/rows.ts';
import { sockets } from './parts/sockets.ts';
import { trips } from './parts/trips.ts';
import { type Finding, table } from './report.ts';
import { SIZES } from './seed.ts';
import { HOSTS, type Stage, setStage } from './stage.ts';
import { startThread } from './threads.ts';
import type { WatchJob, WatchResult, WatchSettings } from './watchers.ts';

const PARTS: Record<string, (bench: Bench) => Promise<Finding>> = {
  trips,
  rows,
  spread,
  hot,
  list,
  sockets,
  imports,
  files,
  messages,
  bundle,
  daily,
  dashboard,
};
const FULL: Pace = {
  rounds: 20,
  roundMilliseconds: 500,
  warmMilliseconds: 2_000,
  writes: 400,
  stretches: 3,
  people: 10_000,
  large: 100_000,
  organizations: 1_000,
  services: 1_000_000,
};
const QUICK: Pace = {
  rounds: 5,
  roundMilliseconds: 300,
  warmMilliseconds: 700,
  writes: 100,
  stretches: 1,
  people: 2_000,
  large: null,
  organizations: 100,
  services: null,
};

const { values: options } = parseArgs({
  options: { json: { type: 'string' }, only: { type: 'string' }, quick: { type: 'boolean', default: false } },
});
if (options.only !== undefined && !(options.only in PARTS)) {
  console.error(`--only takes one of ${Object.keys(PARTS).join(', ')}.`);
  process.exit(2);
}

const started = Date.now();
console.log(`Setting up ${SIZES.participants.toLocaleString('en')} participants …`);
const stage = await setStage(SIZES);
let ending: Promise<void> | undefined;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, async () => {
    ending ??= stage.end();
    await ending;
    process.exit(1);
  });
}
try {
  await measure(stage);
} finally {
  ending ??= stage.end();
  await ending;
}

async function measure(stage: Stage): Promise<void> {
  const token = stage.tokens.organization;
  const loadSettings: LoadSettings = { port: stage.port, hosts: HOSTS, token };
  const watchSettings: WatchSettings = { port: stage.port, token };
  const { send, close } = client(stage.port);
  const bench: Bench = {
    stage,
    pace: options.quick ? QUICK : FULL,
    send,
    load: startThread<LoadJob, LoadResult>('load.ts', loadSettings),
    watchers: startThread<WatchJob, WatchResult>('watchers.ts', watchSettings),
    shifts: new Map(),
  };
  const findings: Record<string, Finding> = {};
  try {
    for (const [name, part] of Object.entries(PARTS)) {
      if (options.only !== undefined && name !== options.only) continue;
      console.log(`Measuring ${name} …`);
      findings[name] = await part(bench);
    }
  } finally {
    close();
    await bench.load.end();
    await bench.watchers.end();
  }
  tell(findings);
}

function tell(findings: Record<string, Finding>): void {
  const seconds = (Date.now() - started) / 1000;
  const all = Object.values(findings);
  const [load = 0] = loadavg();
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, load ${load.toFixed(1)}, Node ${process.version}`;
  console.log(`\n${table(all.flatMap(({ lines }) => lines))}\n`);
  for (const note of all.flatMap(({ notes }) => notes)) console.log(`* ${note}`);
  console.log(`* ${machine}; ${seconds.toFixed(0)} s in all${options.quick ? '; a quick run: rough figures' : ''}.`);
  if (options.json === undefined) return;
  const figures = Object.fromEntries(Object.entries(findings).map(([name, finding]) => [name, finding.figures]));
  const lines = all.flatMap((finding) => finding.lines);
  const about = { at: new Date(started).toISOString(), machine, seconds, quick: options.quick, sizes: SIZES };
  writeFileSync(options.json, `${JSON.stringify({ ...about, lines, figures }, null, 2)}\n`);
}
