import { setTimeout as wait } from 'node:timers/promises';
import { expectStatus } from '../client.ts';
import type { LoadResult } from '../load.ts';
import type { Finding, Line } from '../report.ts';
import { quantile } from '../statistics.ts';
import { serviceBody, type Target } from '../world.ts';
import { type Bench, signedIn, takeShifts } from './part.ts';

const PER_SECOND = 50;
const EVERY = 1000 / PER_SECOND;
const COUNTS = [100, 1_000];
const MOST: Record<number, number> = { 100: 25, 1000: 100 };
const MOST_SLOWER = 1.5;

/** What one stretch of writes with sockets showed. */
interface Stretch {
  rate: number;
  incomplete: number;
  readerBusy: number;
  lag: number[];
  fromSend: number[];
  fromAnswer: number[];
  writer: number[];
}

interface Spread {
  sockets: number;
  /** Writes a second that were answered: less than were meant when the worker fell behind. */
  rate: number;
  /** Updates that did not reach every socket. */
  incomplete: number;
  /** How busy the thread was that reads the sockets (0 to 1): what is measured is the worker only below 1. */
  readerBusy: number;
  lag: Quantiles;
  fromSend: Quantiles;
  fromAnswer: Quantiles;
  writer: Quantiles;
}

export interface Quantiles {
  p50: number;
  p95: number;
  p99: number;
  max: number;
}

export function quantiles(values: readonly number[]): Quantiles {
  return {
    p50: quantile(values, 0.5),
    p95: quantile(values, 0.95),
    p99: quantile(values, 0.99),
    max: Math.max(...values),
  };
}

async function writeSteadily(bench: Bench, target: Target): Promise<LoadResult> {
  const count = bench.pace.writes;
  const from = takeShifts(bench, { group: target, count: count + 1 });
  const body = serviceBody('caddy', { target, n: from });
  expectStatus(await bench.send({ method: 'POST', path: '/v1/services', headers: signedIn(bench), body }), 201);
  return bench.load.ask({ kind: 'pace', target, from: from + 1, every: EVERY, count });
}

async function watched(bench: Bench, { target, sockets }: { target: Target; sockets: number }): Promise<Stretch> {
  const { participantId } = target;
  const path = `/v1/participants/${participantId}/budgets/live`;
  await bench.watchers.ask({ kind: 'open', path, count: sockets });
  await wait(500);
  const { writes, requests, milliseconds } = await writeSteadily(bench, target);
  await wait(1_000);
  const collected = await bench.watchers.ask({ kind: 'close' });
  const arrivals = new Map(collected.arrivals.map((one) => [one.version, one]));
  const seen = writes.flatMap((write) => {
    const arrival = arrivals.get(write.version);
    return arrival ? [{ ...write, ...arrival }] : [];
  });
  const complete = seen.filter((one) => one.sockets === sockets);
  return {
    rate: (requests * 1000) / milliseconds,
    incomplete: writes.length - complete.length,
    readerBusy: collected.busy,
    lag: seen.map((one) => one.last - Math.min(one.first, one.answeredAt)),
    fromSend: seen.map((one) => one.last - one.sentAt),
    fromAnswer: seen.map((one) => one.last - one.answeredAt),
    writer: writes.map((write) => write.answeredAt - write.sentAt),
  };
}

/** Stretches with as many sockets, taken together. */
function together(sockets: number, stretches: readonly Stretch[]): Spread {
  const all = (of: (stretch: Stretch) => number[]) => quantiles(stretches.flatMap(of));
  return {
    sockets,
    rate: Math.min(...stretches.map((stretch) => stretch.rate)),
    incomplete: stretches.reduce((sum, stretch) => sum + stretch.incomplete, 0),
    readerBusy: Math.max(...stretches.map((stretch) => stretch.readerBusy)),
    lag: all((stretch) => stretch.lag),
    fromSend: all((stretch) => stretch.fromSend),
    fromAnswer: all((stretch) => stretch.fromAnswer),
    writer: all((stretch) => stretch.writer),
  };
}

/** 50 writes a second on a participant whom nobody, 100 and 1,000 sockets watch. */
export async function sockets(bench: Bench): Promise<Finding> {
  const targets = bench.stage.world.watched.values();
  const next = (): Target => {
    const { value } = targets.next();
    if (!value) throw new Error('too few participants to watch');
    return value;
  };
  const alone: number[] = [];
  const baseline = async () => {
    const { writes } = await writeSteadily(bench, next());
    alone.push(...writes.map((write) => write.answeredAt - write.sentAt));
  };
  const stretches = new Map<number, Stretch[]>(COUNTS.map((count) => [count, []]));
  for (let round = 0; round < bench.pace.stretches; round++) {
    for (const [count, seen] of stretches) {
      await baseline();
      seen.push(await watched(bench, { target: next(), sockets: count }));
    }
  }
  const spreads = [...stretches].map(([count, seen]) => together(count, seen));
  const without = quantiles(alone);
  return {
    lines: spreads.flatMap((spread) => linesOf(spread, without)),
    figures: { without, spreads },
    notes: [
      `Sockets: one participant, a write every ${EVERY} ms whether or not the last was answered (unless 100 are waiting; ${bench.pace.writes} writes a stretch; ${bench.pace.stretches} stretches with each number of sockets, each after one without). "Commit to last socket" is from the first sign of the commit that anyone outside can have, which is the answer to the write or the first socket's frame, whichever comes first, to the last byte of the frame that tells the last of all sockets (its update, or a snapshot of it or a later version). It cannot be later than from the write's sending, which is given beside it and includes the write itself.`,
    ],
  };
}

function linesOf(spread: Spread, without: Quantiles): Line[] {
  const most = MOST[spread.sockets] ?? Number.NaN;
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  const name = spread.sockets.toLocaleString('en');
  const ratio = spread.writer.p99 / without.p99;
  return [
    {
      what: `commit to last of ${name} sockets at ${PER_SECOND} writes/s, p99`,
      measured: ms(spread.lag.p99),
      target: `≤ ${most} ms`,
      ok: spread.lag.p99 <= most && spread.incomplete === 0,
    },
    {
      what: '  from the sending of the write, p50 / p99; versions that missed a socket; writes/s; reader busy',
      measured: `${ms(spread.fromSend.p50)} / ${ms(spread.fromSend.p99)}; ${spread.incomplete}; ${spread.rate.toFixed(0)}/s; ${(spread.readerBusy * 100).toFixed(0)} %`,
      target: '',
      ok: null,
    },
    {
      what: `  the writer's own p99 with ${name} sockets / without`,
      measured: `${ms(spread.writer.p99)} / ${ms(without.p99)}`,
      ratio: ratio.toFixed(2),
      target: `≤ ${MOST_SLOWER}`,
      ok: ratio <= MOST_SLOWER,
    },
    {
      what: '  its p95 (the disk stalls one write in some hundreds, with and without sockets, and fills the p99)',
      measured: `${ms(spread.writer.p95)} / ${ms(without.p95)}`,
      ratio: (spread.writer.p95 / without.p95).toFixed(2),
      target: '',
      ok: null,
    },
  ];
}
