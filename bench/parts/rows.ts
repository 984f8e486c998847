import { type Cost, costOf, expectStatus } from '../client.ts';
import type { Finding, Line } from '../report.ts';
import { BROAD, FEW } from '../world.ts';
import { type Bench, signedIn } from './part.ts';

const MOST = 400;
const SPREAD = 0.1;

interface Look extends Cost {
  found: number;
}

async function look(bench: Bench, page: { search: string | null; who: 'organization' | 'smaller' }): Promise<Look> {
  const query = page.search === null ? '' : `&search=${encodeURIComponent(page.search)}`;
  const call = {
    method: 'GET' as const,
    path: `/v1/participants?limit=20${query}`,
    headers: signedIn(bench, page.who),
  };
  await bench.send(call);
  const answer = expectStatus(await bench.send(call), 200);
  const { data } = JSON.parse(answer.body) as { data: unknown[] };
  return { ...costOf(answer), found: data.length };
}

/** Rows read by a page of 20, in an organisation of each size. */
export async function rows(bench: Bench): Promise<Finding> {
  const { organization, smaller } = bench.stage.world;
  const given = 'Olive';
  const searches: { name: string; search: string | null; judged: boolean }[] = [
    { name: 'without search', search: null, judged: true },
    { name: `search of a name that ${FEW.people} have`, search: FEW.familyName, judged: true },
    { name: `search of a number's beginning that ${FEW.people} have`, search: FEW.numberPrefix, judged: true },
    { name: 'search of two words', search: `${FEW.familyName} ${given.slice(0, 1)}`, judged: false },
    { name: 'a broad search: three letters', search: BROAD, judged: false },
    { name: 'a broad search: one letter', search: BROAD.slice(0, 1), judged: false },
  ];
  const lines: Line[] = [];
  const figures: Record<string, { smaller: Look; larger: Look }> = {};
  for (const { name, search, judged } of searches) {
    const few = await look(bench, { search, who: 'smaller' });
    const many = await look(bench, { search, who: 'organization' });
    figures[name] = { smaller: few, larger: many };
    const ratio = Math.max(few.read, many.read) / Math.min(few.read, many.read);
    const close = ratio <= 1 + SPREAD && Math.max(few.read, many.read) < MOST;
    lines.push({
      what: `rows read by a list page, ${name}`,
      measured: `${few.read} (${few.found}) → ${many.read} (${many.found})`,
      ratio: ratio.toFixed(2),
      target: judged ? `≤ ${1 + SPREAD}, < ${MOST}` : 'told only',
      ok: judged ? close : null,
    });
  }
  const sizes = `${smaller.participants.toLocaleString('en')} → ${organization.participants.toLocaleString('en')}`;
  return {
    lines,
    figures,
    notes: [
      `Rows read: at ${sizes} participants in the organisation (and as many rows on the page); the ratio is the larger over the smaller. A broad search matches twenty times as many people in the larger organisation, so it is told but not judged.`,
    ],
  };
}
