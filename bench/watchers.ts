/** The watchers' thread: many sockets over plain TCP, so that reading 50,000 frames a second leaves the clock exact. */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { workerData } from 'node:worker_threads';
import { frameReader, readFrames } from './frames.ts';
import { clock, serveJobs } from './threads.ts';

export interface WatchSettings {
  port: number;
  token: string;
}

export type WatchJob =
  | { kind: 'open'; path: string; count: number }
  /** Answers what has arrived since the sockets were opened. */
  | { kind: 'close' };

/** When a version reached the first and the last socket, by its update or within a snapshot, and how many it reached. */
export interface Arrival {
  version: number;
  first: number;
  last: number;
  sockets: number;
}

export interface WatchResult {
  arrivals: Arrival[];
  /** The share of the time since the sockets were opened that this thread was at work: near 1, it is what is slow. */
  busy: number;
}

const { port, token } = workerData as WatchSettings;
const OPENING = 16;
/** One for all: a chunk is read to its end before the next is taken in. */
const buffer = Buffer.alloc(1 << 18);
/** A masked, empty close frame. */
const CLOSE = Buffer.from([0x88, 0x80, 0, 0, 0, 0]);

const sockets: Socket[] = [];
const arrivals = new Map<number, Arrival>();
const { eventLoopUtilization } = performance;
let idleBefore = eventLoopUtilization();

function arrived(version: number): void {
  const now = clock();
  const known = arrivals.get(version);
  if (!known) {
    arrivals.set(version, { version, first: now, last: now, sockets: 1 });
    return;
  }
  known.last = now;
  known.sockets += 1;
}

/** Opens one socket; settles once its snapshot is in. */
function open(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let greeting = Buffer.alloc(0);
    let open = false;
    let told: number | null = null;
    const complete = (version: number) => {
      if (version === 0) return;
      if (told === null) resolve();
      else for (let seen = told + 1; seen <= version; seen++) arrived(seen);
      told = version;
    };
    const reader = frameReader(complete);
    const take = (chunk: Buffer) => {
      if (open) return readFrames(reader, chunk);
      greeting = Buffer.concat([greeting, chunk]);
      const end = greeting.indexOf('\r\n\r\n');
      if (end < 0) return;
      const [status] = greeting.toString('latin1', 0, end).split('\r\n');
      const rest = greeting.subarray(end + 4);
      open = true;
      if (!status?.includes(' 101 ')) return reject(new Error(`a socket was refused: ${status} ${rest}`));
      readFrames(reader, rest);
    };
    const socket = connect({
      port,
      host: '127.0.0.1',
      onread: {
        buffer,
        callback: (length) => {
          take(buffer.subarray(0, length));
          return true;
        },
      },
    });
    socket.setNoDelay(true);
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('a socket was closed')));
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\nUpgrade: websocket\r\n` +
        `Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
    );
    sockets.push(socket);
  });
}

async function openMany(path: string, count: number): Promise<void> {
  let left = count;
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      await open(path);
    }
  };
  await Promise.all(Array.from({ length: OPENING }, lane));
}

async function closeAll(): Promise<void> {
  const closed = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
  for (const socket of sockets) socket.end(CLOSE);
  await Promise.race([Promise.all(closed), new Promise((resolve) => setTimeout(resolve, 3_000))]);
  for (const socket of sockets.splice(0)) socket.destroy();
  arrivals.clear();
}

serveJobs<WatchJob, WatchResult>(async (job) => {
  if (job.kind === 'open') {
    await openMany(job.path, job.count);
    idleBefore = eventLoopUtilization();
  }
  const busy = eventLoopUtilization(idleBefore).utilization;
  const result = { arrivals: [...arrivals.values()], busy };
  if (job.kind === 'close') await closeAll();
  return result;
});
