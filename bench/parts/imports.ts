import { setTimeout as wait } from 'node:timers/promises';
import type { Finding, Line } from '../report.ts';
import { ITEM } from '../world.ts';
import { bareImport } from './bare-import.ts';
import { type Bench, signedIn } from './part.ts';

interface Ended {
  rows: number;
  seconds: number;
}

const TOTALS = [100_000, 50_000, 25_000, 12_500];
const WIDE =
  'First Name,Family Name,Date of Birth,NDIS Number,PlanStartDate,PlanReviewDate,Fund management,01 Daily Life,04 Social Participation,07 Support Coordination,15 Improved Daily Living';
const LONG =
  'Client Full Name,Client NDIS Number,DOB,Plan Start,Reassessment Date,Support Category,Type (Agency / Plan / Self),Full Budget Amount';

/** A number of a made-up person: every file has a range of its own. */
function ndisNumber(range: number, n: number): string {
  return String(430_000_000 + 500_000 * range + n);
}

function wide(range: number, people: number): string {
  const rows = Array.from({ length: people }, (_, n) =>
    ['Ana', `P${n % 977}`, '1980-01-01', ndisNumber(range, n), '2026-01-01', '2026-12-31', 'Plan', ...TOTALS].join(','),
  );
  return `${[WIDE, ...rows].join('\n')}\n`;
}

function long(range: number, people: number): string {
  const rows = Array.from({ length: people }, (_, n) =>
    ['01', '04', '07', '15'].map(
      (category, index) =>
        `"P${n % 977}, Ana",${ndisNumber(range, n)},1/1/1980,1/1/2026,31/12/2026,${category},Plan,${TOTALS[index]}`,
    ),
  );
  return `${[LONG, ...rows.flat()].join('\n')}\n`;
}

function shifts(range: number, { people, count }: { people: number; count: number }): string {
  const rows = Array.from({ length: count }, (_, n) => {
    const round = Math.floor(n / people);
    const day = String(1 + (round % 28)).padStart(2, '0');
    const hour = String(Math.floor(round / 28)).padStart(2, '0');
    return `${day}/02/2026,${ndisNumber(range, n % people)},${ITEM.code},${hour}:00,${hour}:30`;
  });
  return `${['Date,NDIS No,Item Code,Start,Finish', ...rows].join('\n')}\n`;
}

async function measured(bench: Bench, { kind, text }: { kind: string; text: string }): Promise<Ended> {
  const headers = signedIn(bench);
  const address = `http://127.0.0.1:${bench.stage.port}/v1/imports`;
  const sent = await fetch(`${address}?kind=${kind}`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'text/csv' },
    body: text,
  });
  if (sent.status !== 202) throw new Error(`an import was refused: ${await sent.text()}`);
  const { id } = (await sent.json()) as { id: string };
  for (;;) {
    await wait(100);
    const found = (await (await fetch(`${address}/${id}`, { headers })).json()) as Record<
      string,
      string | number | null
    >;
    if (!found['finishedAt']) continue;
    if (found['status'] !== 'completed') throw new Error(`an import ended as ${JSON.stringify(found)}`);
    const seconds = (Date.parse(String(found['finishedAt'])) - Date.parse(String(found['startedAt']))) / 1000;
    return { rows: Number(found['totalRows']), seconds };
  }
}

function line(what: string, { ended, least, bare }: { ended: Ended; least: number | null; bare?: number }): Line {
  const rate = ended.rows / ended.seconds;
  return {
    what,
    measured: `${rate.toFixed(0)} rows/s (${ended.seconds.toFixed(1)} s)`,
    ...(bare !== undefined && {
      bare: `${(ended.rows / bare).toFixed(0)} rows/s`,
      ratio: (bare / ended.seconds).toFixed(2),
    }),
    target: least === null ? '' : `≥ ${least} rows/s`,
    ok: least === null ? null : rate >= least,
  };
}

/** Files of new participants in both layouts, and of shifts; and how the time grows with a file. */
export async function imports(bench: Bench): Promise<Finding> {
  const { people } = bench.pace;
  const small = await measured(bench, { kind: 'participants', text: wide(2, people / 10) });
  const whole = await measured(bench, { kind: 'participants', text: wide(3, people) });
  const lines = await measured(bench, { kind: 'participants', text: long(4, people) });
  const services = await measured(bench, { kind: 'services', text: shifts(3, { people: 200, count: people / 2 }) });
  const large =
    bench.pace.large === null ? null : await measured(bench, { kind: 'participants', text: wide(6, bench.pace.large) });
  const bare = bareImport(bench.stage.database, { from: ndisNumber(3, 0), to: ndisNumber(3, people) });
  const growth = large ?? whole;
  const ratio = growth.seconds / growth.rows / (small.seconds / small.rows);
  const figures = { small, whole, lines, services, large };
  return {
    lines: [
      line(`import of ${whole.rows.toLocaleString('en')} new participants, wide, four lines each`, {
        ended: whole,
        least: 500,
        bare,
      }),
      line(`  the same long, ${lines.rows.toLocaleString('en')} rows`, { ended: lines, least: 1_500 }),
      line(`import of ${services.rows.toLocaleString('en')} shifts of 200 participants`, {
        ended: services,
        least: 2_000,
      }),
      {
        what: `time a row, ${growth.rows.toLocaleString('en')} rows / ${small.rows.toLocaleString('en')} rows`,
        measured: `${((growth.seconds * 1000) / growth.rows).toFixed(2)} ms / ${((small.seconds * 1000) / small.rows).toFixed(2)} ms`,
        ratio: ratio.toFixed(2),
        target: '',
        ok: null,
      },
    ],
    figures,
    notes: [
      'Imports: from the start of the work (the file is looked through) to its end, in an organisation with 20,000 participants; every audit row and row of the report included. The bare loop copies the same participants, plans, lines, periods, entries, boundaries, words and their audit rows into an empty database, in the same batches, from SQL to SQL.',
    ],
  };
}
