/**
 * `node bench/profile.ts [spread|hot|list] [seconds]`: where Caddy's isolate spends its time under one of the loads of
 * `npm run bench`. Not part of a run: profiling slows what it looks at.
 */
import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import type { LoadJob, LoadResult, LoadSettings } from './load.ts';
import { SIZES } from './seed.ts';
import { freePort, HOSTS, setStage } from './stage.ts';
import { startThread } from './threads.ts';
import type { World } from './world.ts';

const WARM = 2_000;
/** How often the profiler looks (µs). */
const INTERVAL = 200;
const SHOWN = 40;

interface Node {
  id: number;
  callFrame: { functionName: string; url: string; lineNumber: number; columnNumber: number };
  children?: number[];
}

interface Profile {
  nodes: Node[];
  samples: number[];
  timeDeltas: number[];
}

/** A debugger's connection: sends a command, settles with its result. */
async function inspect(url: string): Promise<(method: string, params?: object) => Promise<unknown>> {
  const socket = new WebSocket(url);
  const waiting = new Map<number, (result: unknown) => void>();
  socket.addEventListener('message', (event) => {
    const { id, result } = JSON.parse(String(event.data)) as { id?: number; result?: unknown };
    if (id !== undefined) waiting.get(id)?.(result);
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('error', reject);
  });
  let last = 0;
  return (method, params = {}) =>
    new Promise((resolve) => {
      last += 1;
      waiting.set(last, resolve);
      socket.send(JSON.stringify({ id: last, method, params }));
    });
}

/** Names a function of the bundle by its source; what the runtime brings along, by its own name. */
function namer(script: string): (node: Node) => { name: string; ours: boolean } {
  const map = new SourceMap(JSON.parse(readFileSync(`${script}.map`, 'utf8')));
  return ({ callFrame }) => {
    const { functionName, url, lineNumber, columnNumber } = callFrame;
    if (!url.endsWith('worker.js')) return { name: `${functionName || '(anonymous)'} ${url}`.trim(), ours: false };
    const entry: Partial<SourceMapping> & { name?: string } = map.findEntry(lineNumber, columnNumber);
    if (!('originalSource' in entry)) return { name: functionName, ours: true };
    const source = entry.originalSource.replace(/^(?:\.\.\/)+/, '').replace(/^.*node_modules\//, '');
    return { name: `${entry.name ?? functionName} ${source}:${entry.originalLine + 1}`, ours: true };
  };
}

/** Milliseconds by function: its own, and those of the runtime's functions below it. */
function timeByFunction(profile: Profile, nameOf: ReturnType<typeof namer>): Map<string, number> {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map(profile.nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id])));
  const ownerOf = (id: number): string => {
    let fallback = '';
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const node = nodes.get(at);
      if (!node) break;
      const { name, ours } = nameOf(node);
      if (ours) return name;
      fallback ||= name;
    }
    return fallback;
  };
  const times = new Map<string, number>();
  for (const [index, id] of profile.samples.entries()) {
    const owner = ownerOf(id);
    times.set(owner, (times.get(owner) ?? 0) + (profile.timeDeltas[index] ?? 0) / 1000);
  }
  return times;
}

function jobOf(kind: string, { world, milliseconds }: { world: World; milliseconds: number }): LoadJob {
  const from = milliseconds === WARM ? 0 : 500;
  const { spread, alone } = world;
  if (kind === 'list') return { kind: 'list', server: 'caddy', cursors: [null], milliseconds };
  const targets = kind === 'spread' ? spread.caddy : alone.caddy.slice(0, 1);
  return { kind: 'record', server: 'caddy', targets, from, milliseconds };
}

const [kind = 'spread', seconds = '5'] = process.argv.slice(2);
const inspectorPort = await freePort();
const stage = await setStage(SIZES, { inspectorPort });
const settings: LoadSettings = { port: stage.port, hosts: HOSTS, token: stage.tokens.organization };
const load = startThread<LoadJob, LoadResult>('load.ts', settings);
try {
  const command = await inspect(`ws://127.0.0.1:${inspectorPort}/core:user:caddy`);
  await load.ask(jobOf(kind, { world: stage.world, milliseconds: WARM }));
  await command('Profiler.enable');
  await command('Profiler.setSamplingInterval', { interval: INTERVAL });
  await command('Profiler.start');
  const { requests } = await load.ask(jobOf(kind, { world: stage.world, milliseconds: Number(seconds) * 1000 }));
  const { profile } = (await command('Profiler.stop')) as { profile: Profile };
  const times = [...timeByFunction(profile, namer(stage.script))].sort((a, b) => b[1] - a[1]);
  console.log(`${kind}: ${requests} requests; µs a request by function ("idle": the database's isolate and others)`);
  for (const [name, milliseconds] of times.slice(0, SHOWN)) {
    console.log(`${((milliseconds * 1000) / requests).toFixed(0).padStart(6)}  ${name}`);
  }
} finally {
  await load.end();
  await stage.end();
}
process.exit(0);
