import { setTimeout as wait } from 'node:timers/promises';
import { expectStatus } from '../client.ts';
import type { Finding } from '../report.ts';
import { type Bench, signedIn } from './part.ts';
import { quantiles } from './sockets.ts';

const SOCKETS = 100;
const PER_SECOND = 20;
const MOST = 50;

/** A thread of the large organisation. */
export async function newThread(bench: Bench): Promise<string> {
  const headers = signedIn(bench);
  const made = await bench.send({ method: 'POST', path: '/v1/threads', headers, body: '{"title":"Bench"}' });
  return (JSON.parse(expectStatus(made, 201).body) as { id: string }).id;
}

/** 20 messages a second in an organisation whose threads 100 sockets watch. */
export async function messages(bench: Bench): Promise<Finding> {
  const threadId = await newThread(bench);
  await bench.watchers.ask({ kind: 'open', path: '/v1/threads/live', count: SOCKETS });
  await wait(500);
  const count = bench.pace.writes;
  const { writes } = await bench.load.ask({ kind: 'talk', threadId, every: 1000 / PER_SECOND, count });
  await wait(1_000);
  const { arrivals, busy } = await bench.watchers.ask({ kind: 'close' });
  const arrived = arrivals.toSorted((a, b) => a.version - b.version);
  const answered = writes.toSorted((a, b) => a.answeredAt - b.answeredAt);
  const complete = arrived.filter((one) => one.sockets === SOCKETS).length;
  const lag = quantiles(
    arrived.map((one, index) => one.last - Math.min(one.first, answered[index]?.answeredAt ?? one.first)),
  );
  const fromSend = quantiles(arrived.map((one, index) => one.last - (answered[index]?.sentAt ?? Number.NaN)));
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  return {
    lines: [
      {
        what: `a message to the last of ${SOCKETS} sockets at ${PER_SECOND} messages/s, p99`,
        measured: ms(lag.p99),
        target: `≤ ${MOST} ms`,
        ok: lag.p99 <= MOST && complete === count && arrived.length === count,
      },
      {
        what: '  from the sending of the message, p50 / p99; messages that missed a socket; reader busy',
        measured: `${ms(fromSend.p50)} / ${ms(fromSend.p99)}; ${count - complete}; ${(busy * 100).toFixed(0)} %`,
        target: '',
        ok: null,
      },
    ],
    figures: { lag, fromSend, complete, count },
    notes: [
      'Messages: to the last byte of the frame on the last socket, from the first sign of the commit that anyone outside can have, as for budgets.',
    ],
  };
}
