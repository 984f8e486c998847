import { randomUUID } from 'node:crypto';
import { type Answer, type Call, type Cost, costOf, expectStatus } from '../client.ts';
import type { Finding, Line } from '../report.ts';
import { HOSTS } from '../stage.ts';
import { DEAR_ITEM, FEW, serviceBody, shift, type Target } from '../world.ts';
import { newThread } from './messages.ts';
import { type Bench, signedIn, takeShifts } from './part.ts';

/** The second answer of two: the first warms what an isolate and an object remember. */
async function warm(make: () => Promise<Answer>): Promise<Answer> {
  await make();
  return make();
}

function firstSpare(bench: Bench): Target {
  const [target] = bench.stage.world.spare;
  if (!target) throw new Error('no participant to record on');
  return target;
}

function recordOn(bench: Bench, target: Target): Promise<Answer> {
  const n = takeShifts(bench, { group: target, count: 1 });
  const headers = { ...signedIn(bench), 'idempotency-key': randomUUID() };
  return post(bench, { path: '/v1/services', headers, body: serviceBody('caddy', { target, n }), status: 201 });
}

async function post(bench: Bench, call: Omit<Call, 'method'> & { status: number }): Promise<Answer> {
  const { status, ...rest } = call;
  return expectStatus(await bench.send({ method: 'POST', ...rest }), status);
}

function sayIn(bench: Bench, threadId: string): Promise<Answer> {
  const headers = { ...signedIn(bench), 'idempotency-key': randomUUID() };
  return post(bench, { path: `/v1/threads/${threadId}/messages`, headers, body: '{"body":"Hello"}', status: 201 });
}

async function refusalOf(bench: Bench, target: Target): Promise<Answer> {
  const n = takeShifts(bench, { group: target, count: 1 });
  const asked = { participantId: target.participantId, supportItemCode: DEAR_ITEM.code, ...shift(n) };
  const headers = { ...signedIn(bench), 'idempotency-key': randomUUID() };
  return post(bench, { path: '/v1/services', headers, body: JSON.stringify(asked), status: 409 });
}

async function cancelOne(bench: Bench, target: Target): Promise<Answer> {
  const recorded = await recordOn(bench, target);
  const { id } = JSON.parse(recorded.body) as { id: string };
  const headers = { ...signedIn(bench), 'idempotency-key': randomUUID() };
  return post(bench, { path: `/v1/services/${id}/cancel`, headers, body: '{"reason":"Entered twice"}', status: 200 });
}

/** D1 round trips of each request, warm, as its Server-Timing says. */
export async function trips(bench: Bench): Promise<Finding> {
  const target = firstSpare(bench);
  const { participantId } = target;
  const get = async (path: string) =>
    expectStatus(await bench.send({ method: 'GET', path, headers: signedIn(bench) }), 200);
  const threadId = await newThread(bench);
  const wanted: [string, number, () => Promise<Answer>][] = [
    ['participant list', 1, () => get('/v1/participants')],
    ['participant list with search', 1, () => get(`/v1/participants?search=${FEW.familyName}`)],
    ['participant', 1, () => get(`/v1/participants/${participantId}`)],
    ["participant's budgets", 1, () => get(`/v1/participants/${participantId}/budgets`)],
    ['services list', 1, () => get(`/v1/services?participantId=${participantId}`)],
    ['documents list', 1, () => get('/v1/documents')],
    ['threads list', 1, () => get('/v1/threads')],
    ['say something in a thread', 1, () => sayIn(bench, threadId)],
    ['record a service', 1, () => recordOn(bench, target)],
    ['cancel a service', 2, () => cancelOne(bench, target)],
    ['a refusal (INSUFFICIENT_BUDGET)', 2, () => refusalOf(bench, target)],
  ];
  const lines: Line[] = [];
  const costs: Record<string, Cost> = {};
  for (const [what, most, make] of wanted) {
    const cost = costOf(await warm(make));
    costs[what] = cost;
    lines.push({
      what: `D1 round trips: ${what}`,
      measured: String(cost.trips),
      target: String(most),
      ok: cost.trips <= most,
    });
  }
  const same = await rowsWritten(bench);
  lines.push(same.line);
  return {
    lines,
    figures: { costs, record: same.figures },
    notes: [
      'D1 round trips and rows are those of the Server-Timing header; "warm" is the second request of two. Every POST here and below has an Idempotency-Key, so that both workers write its row as well; a refusal therefore also looks for a remembered answer, which is its second trip.',
    ],
  };
}

/** Whether the two workers write the same rows for one service. */
async function rowsWritten(bench: Bench): Promise<{ line: Line; figures: { caddy: Cost; bare: Cost } }> {
  const [, target, other] = bench.stage.world.spare;
  if (!target || !other) throw new Error('too few spare participants');
  const caddy = costOf(await warm(() => recordOn(bench, target)));
  const bare = costOf(
    await warm(() => {
      const body = serviceBody('bare', {
        target: other,
        n: takeShifts(bench, { group: other, count: 1 }),
      });
      const headers = { 'idempotency-key': randomUUID() };
      return post(bench, { path: '/v1/services', host: HOSTS.bare, headers, body, status: 201 });
    }),
  );
  const line = {
    what: 'rows written by recording a service, indexes included',
    measured: String(caddy.written),
    bare: String(bare.written),
    target: 'equal',
    ok: caddy.written === bare.written,
  };
  return { line, figures: { caddy, bare } };
}
