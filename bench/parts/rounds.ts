import { expectStatus } from '../client.ts';
import type { LoadJob } from '../load.ts';
import type { Finding } from '../report.ts';
import { median, quantile } from '../statistics.ts';
import type { Server } from '../world.ts';
import { type Bench, signedIn, takeShifts } from './part.ts';

const SERVERS: readonly Server[] = ['caddy', 'bare'];
/** More shifts than a round can record on one participant. */
const PER_ROUND = 1_000;
const PAGES = 50;

interface Round {
  server: Server;
  /** From 1; 0 warms up. */
  round: number;
  milliseconds: number;
}

interface Comparison {
  what: string;
  least: number;
  job: (round: Round) => LoadJob;
  notes: string[];
}

/** Short rounds of the one and the other in turn, the first of each pair changing; the median of the pairs' ratios. */
async function compare(bench: Bench, { what, least, job, notes }: Comparison): Promise<Finding> {
  const { rounds, roundMilliseconds, warmMilliseconds } = bench.pace;
  const rates: Record<Server, number[]> = { caddy: [], bare: [] };
  for (const server of SERVERS) await bench.load.ask(job({ server, round: 0, milliseconds: warmMilliseconds }));
  for (let round = 1; round <= rounds; round++) {
    const order = round % 2 === 1 ? SERVERS : SERVERS.toReversed();
    for (const server of order) {
      // A short run of its own, because each round of one participant is on another participant.
      await bench.load.ask(job({ server, round, milliseconds: 60 }));
      const result = await bench.load.ask(job({ server, round, milliseconds: roundMilliseconds }));
      rates[server].push((result.requests * 1000) / result.milliseconds);
    }
  }
  const ratios = rates.caddy.map((rate, index) => rate / (rates.bare[index] ?? Number.NaN));
  const ratio = median(ratios);
  const range = `${quantile(ratios, 0.25).toFixed(2)} to ${quantile(ratios, 0.75).toFixed(2)}`;
  return {
    lines: [
      {
        what,
        measured: `${median(rates.caddy).toFixed(0)}/s`,
        bare: `${median(rates.bare).toFixed(0)}/s`,
        ratio: `${ratio.toFixed(3)} (${range})`,
        target: `≥ ${least}`,
        ok: ratio >= least,
      },
    ],
    figures: { ratio, ratios, rates },
    notes,
  };
}

/** Services of 200 participants. */
export function spread(bench: Bench): Promise<Finding> {
  const groups = bench.stage.world.spread;
  return compare(bench, {
    what: `record services, spread over ${groups.caddy.length} participants, 32 at once`,
    least: 0.75,
    job: ({ server, milliseconds }) => {
      const from = takeShifts(bench, { group: groups[server], count: 40 });
      return { kind: 'record', server, targets: groups[server], from, milliseconds };
    },
    notes: [
      'Rates: rounds of the two workers in turn (A B B A …), 32 requests at once on kept connections, from a thread of its own; the ratio is the median over pairs of rounds, behind it the middle half of them. Both are in one workerd, behind one entry, on one D1 database on disk. The bare Worker runs the statements of the same builders in one batch, without sign-in, validation, permissions or object, and reads the ledger version inside the batch instead of knowing it.',
    ],
  });
}

/** Services of one participant; another one each round, so that no day fills up beyond what happens. */
export function hot(bench: Bench): Promise<Finding> {
  const groups = bench.stage.world.alone;
  return compare(bench, {
    what: 'record services, all on one participant, 32 at once',
    least: 0.75,
    job: ({ server, round, milliseconds }) => {
      const target = groups[server][round % groups[server].length];
      if (!target) throw new Error('too few participants for so many rounds');
      const from = takeShifts(bench, { group: target, count: PER_ROUND });
      return { kind: 'record', server, targets: [target], from, milliseconds };
    },
    notes: [],
  });
}

/** The cursors of the first pages, as Caddy hands them out; both workers read the same ones. */
async function cursorsOf(bench: Bench): Promise<(string | null)[]> {
  const cursors: (string | null)[] = [null];
  while (cursors.length < PAGES) {
    const last = cursors.at(-1) ?? null;
    const path = `/v1/participants?limit=20${last === null ? '' : `&cursor=${last}`}`;
    const answer = expectStatus(await bench.send({ method: 'GET', path, headers: signedIn(bench) }), 200);
    const { nextCursor } = JSON.parse(answer.body) as { nextCursor: string | null };
    if (nextCursor === null) break;
    cursors.push(nextCursor);
  }
  return cursors;
}

/** Pages of the participant list. */
export async function list(bench: Bench): Promise<Finding> {
  const { participants, services } = bench.stage.world.organization;
  const cursors = await cursorsOf(bench);
  const size = `${participants.toLocaleString('en')} participants, ${services.toLocaleString('en')} services`;
  return compare(bench, {
    what: 'participant-list page of 20, enriched',
    least: 0.7,
    job: ({ server, milliseconds }) => ({ kind: 'list', server, cursors, milliseconds }),
    notes: [
      `The list: the first ${cursors.length} pages in turn, of ${size}; the bare Worker runs \`listStatement\` and answers its rows as they are.`,
    ],
  });
}
