/** The load generator's thread: rounds of requests as fast as 32 at once go, and writes at a steady pace. */
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { workerData } from 'node:worker_threads';
import { type Answer, AT_ONCE, type Call, client, expectStatus } from './client.ts';
import { clock, serveJobs } from './threads.ts';
import { type Server, serviceBody, type Target } from './world.ts';

export interface LoadSettings {
  port: number;
  hosts: Record<Server, string>;
  token: string;
}

export type LoadJob =
  /** As many services as possible; `from` is the number of the first shift, so that no two are equal. */
  | { kind: 'record'; server: Server; targets: Target[]; from: number; milliseconds: number }
  | { kind: 'list'; server: Server; cursors: (string | null)[]; milliseconds: number }
  /** Services of one participant, one every `every` ms whether or not the one before has been answered. */
  | { kind: 'pace'; target: Target; from: number; every: number; count: number }
  /** Messages in one thread, one every `every` ms; the version of each is its place among them, from 1. */
  | { kind: 'talk'; threadId: string; every: number; count: number };

export interface Write {
  version: number;
  sentAt: number;
  answeredAt: number;
}

/** A worker that falls this far behind a steady pace is given no more until it catches up, so that the run ends. */
const MOST_WAITING = 100;

export interface LoadResult {
  requests: number;
  milliseconds: number;
  writes: Write[];
}

const { port, hosts, token } = workerData as LoadSettings;
const { send } = client(port);

function headersFor(server: Server): Record<string, string> {
  return server === 'caddy' ? { authorization: `Bearer ${token}` } : {};
}

function recordCall(server: Server, shift: { target: Target; n: number }): Call {
  return {
    method: 'POST',
    path: '/v1/services',
    host: hosts[server],
    headers: { ...headersFor(server), 'idempotency-key': randomUUID() },
    body: serviceBody(server, shift),
  };
}

function listCall(server: Server, cursor: string | null): Call {
  const query = cursor === null ? '' : `&cursor=${cursor}`;
  return {
    method: 'GET',
    path: `/v1/participants?limit=20${query}`,
    host: hosts[server],
    headers: headersFor(server),
  };
}

/** Keeps 32 requests under way for so many milliseconds. */
async function flood(milliseconds: number, next: (n: number) => Promise<void>): Promise<LoadResult> {
  const started = clock();
  let requests = 0;
  const lane = async () => {
    while (clock() - started < milliseconds) {
      const n = requests;
      requests += 1;
      await next(n);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return { requests, milliseconds: clock() - started, writes: [] };
}

function pick<Value>(values: readonly Value[], n: number): Value {
  const value = values[n % values.length];
  if (value === undefined) throw new Error('nothing to pick from');
  return value;
}

/** Sends a call every so many milliseconds, whether or not the one before has been answered. */
async function pace(
  { every, count }: { every: number; count: number },
  write: (n: number) => { call: Call; version: (answer: Answer) => number },
): Promise<LoadResult> {
  const started = clock();
  const pending: Promise<Write>[] = [];
  let waiting = 0;
  const one = async (n: number): Promise<Write> => {
    const { call, version } = write(n);
    const sentAt = clock();
    waiting += 1;
    const answer = expectStatus(await send(call), 201);
    waiting -= 1;
    const answeredAt = clock();
    return { version: version(answer), sentAt, answeredAt };
  };
  for (let n = 0; n < count; n++) {
    const pause = started + n * every - clock();
    if (pause > 0) await wait(pause);
    while (waiting >= MOST_WAITING) await wait(every);
    pending.push(one(n));
  }
  const writes = await Promise.all(pending);
  return { requests: writes.length, milliseconds: clock() - started, writes };
}

function talkCall(threadId: string, n: number): Call {
  return {
    method: 'POST',
    path: `/v1/threads/${threadId}/messages`,
    headers: { ...headersFor('caddy'), 'idempotency-key': randomUUID() },
    body: JSON.stringify({ body: `Mia was in good spirits this morning, and the new ramp is in place. (${n})` }),
  };
}

serveJobs<LoadJob, LoadResult>(async (job) => {
  switch (job.kind) {
    case 'record':
      return flood(job.milliseconds, async (n) => {
        const target = pick(job.targets, n);
        const shiftNumber = job.from + Math.floor(n / job.targets.length);
        expectStatus(await send(recordCall(job.server, { target, n: shiftNumber })), 201);
      });
    case 'list':
      return flood(job.milliseconds, async (n) => {
        expectStatus(await send(listCall(job.server, pick(job.cursors, n))), 200);
      });
    case 'pace':
      return pace(job, (n) => ({
        call: recordCall('caddy', { target: job.target, n: job.from + n }),
        version: ({ body }) => Number(/"ledgerVersion":(\d+)/.exec(body)?.[1]),
      }));
    case 'talk':
      return pace(job, (n) => ({ call: talkCall(job.threadId, n), version: () => n + 1 }));
  }
});
