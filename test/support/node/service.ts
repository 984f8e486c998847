import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ROOT } from '../../../scripts/lib/paths.ts';

/** How long a test waits for a service to answer or to end, on a machine that does other things too (ms). */
const PATIENCE = 45_000;

/** Where a service listens and keeps its data. */
export interface Place {
  port: number;
  directory: string;
}

/** One run of `npm start`, the leader of a process group of its own. */
export interface Service extends Place {
  url: string;
  group: number;
  /** Everything it has printed. */
  output: () => string;
  /** How it ended: an exit code, or the name of the signal that killed it. */
  ended: Promise<number | string>;
}

const folders = new Set<string>();
const groups = new Set<number>();

/** A state folder of the test's own and a port that nobody uses. */
export async function newPlace(): Promise<Place> {
  const directory = mkdtempSync(join(tmpdir(), 'caddy-process-'));
  folders.add(directory);
  return { directory, port: await freePort() };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}

function node([script, ...args]: readonly [string, ...string[]], place: Place): ChildProcess {
  const flags = ['--disable-warning=ExperimentalWarning', join(ROOT, 'scripts', script), ...args];
  const child = spawn(process.execPath, flags, {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PORT: String(place.port), STATE_DIR: place.directory },
  });
  if (child.pid !== undefined) groups.add(child.pid);
  return child;
}

function ending(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? signal ?? 'nothing'));
  });
}

/** Starts the local service; it need not answer yet. */
export function launch(place: Place): Service {
  const child = node(['start.ts'], place);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
  const url = `http://127.0.0.1:${place.port}`;
  return { ...place, url, group: child.pid ?? -1, output: () => output, ended: ending(child) };
}

/** Runs one of the commands of `scripts/`, its arguments behind it, to its end. */
export async function command(line: readonly [string, ...string[]], place: Place) {
  const child = node(line, place);
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk) => (output.stdout += chunk));
  child.stderr?.on('data', (chunk) => (output.stderr += chunk));
  return { code: await ending(child), ...output };
}

/** Asks until there is any answer at all: the first one the service ever gives to this request. */
export async function firstAnswer(
  service: Service,
  { path, headers }: { path: string; headers: Record<string, string> },
) {
  let ended: number | string | null = null;
  service.ended.then((how) => {
    ended = how;
  });
  const deadline = Date.now() + PATIENCE;
  while (ended === null && Date.now() < deadline) {
    try {
      const response = await fetch(`${service.url}${path}`, { headers });
      return { status: response.status, body: await response.text() };
    } catch {
      await wait(20);
    }
  }
  throw new Error(`no answer; ended: ${ended}\n${service.output()}`);
}

/** Sends a signal to the start's own process, as a process manager does; Ctrl-C reaches the others too. */
export function signal(service: Service, name: NodeJS.Signals): void {
  process.kill(service.group, name);
}

/** Kills everything that a start began, at once. */
export async function kill(service: Service): Promise<void> {
  process.kill(-service.group, 'SIGKILL');
  await service.ended;
  await gone(service.group);
}

/** Waits until nothing of the group runs; fails with what still does. */
export async function gone(group: number, patience = 10_000): Promise<void> {
  const deadline = Date.now() + patience;
  for (;;) {
    const left = processes().filter((entry) => entry.group === group);
    if (left.length === 0) break;
    if (Date.now() > deadline) throw new Error(`still running: ${left.map((entry) => entry.command).join('; ')}`);
    await wait(20);
  }
  groups.delete(group);
}

export interface Process {
  id: number;
  parent: number;
  group: number;
  command: string;
}

/** What runs on this machine, without the dead that nobody has reaped. */
export function processes(): Process[] {
  const rows = existsSync('/proc/self/stat') ? fromProc() : fromPs();
  return rows.filter((entry) => !entry.state.startsWith('Z'));
}

function fromProc() {
  return readdirSync('/proc').flatMap((id) => {
    if (!/^\d+$/.test(id)) return [];
    try {
      // "25456 (workerd) S 25142 25142 …": the name may hold anything, so it is cut off at its last bracket.
      const stat = readFileSync(`/proc/${id}/stat`, 'utf8');
      const [state = '', parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const command = readFileSync(`/proc/${id}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return [{ id: Number(id), parent: Number(parent), group: Number(group), state, command }];
    } catch {
      // Ended between the listing and the reading.
      return [];
    }
  });
}

function fromPs() {
  const text = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,pgid=,stat=,command='], { encoding: 'utf8' });
  return text.split('\n').flatMap((line) => {
    const [id, parent, group, state = '', ...command] = line.trim().split(/\s+/);
    return id
      ? [{ id: Number(id), parent: Number(parent), group: Number(group), state, command: command.join(' ') }]
      : [];
  });
}

/** The processes that a process began, and those they began. */
export function descendants(id: number): Process[] {
  const all = processes();
  const found = new Set([id]);
  for (let before = 0; before !== found.size; ) {
    before = found.size;
    for (const entry of all) if (found.has(entry.parent)) found.add(entry.id);
  }
  return all.filter((entry) => entry.id !== id && found.has(entry.id));
}

/** Ends whatever the file's tests left running and removes their folders. */
export async function cleanUp(): Promise<void> {
  endAll();
  for (const group of [...groups]) await gone(group);
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  folders.clear();
}

function endAll(): void {
  for (const group of groups) {
    try {
      process.kill(-group, 'SIGKILL');
    } catch {
      groups.delete(group);
    }
  }
}

// Also when the run itself is interrupted.
process.once('exit', endAll);
