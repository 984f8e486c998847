import { env } from 'cloudflare:workers';
import sql from 'sql-template-tag';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { Context } from '../../../src/context.ts';
import { openDatabase } from '../../../src/database/database.ts';
import { DEFAULT_ALERTS } from '../../../src/features/alerts/rules.ts';
import { countAlerts, countPlans } from '../../../src/features/dashboard/count.ts';
import { readDashboard } from '../../../src/features/dashboard/queries.ts';
import type { DashboardView } from '../../../src/features/dashboard/schemas.ts';
import { runJob } from '../../../src/features/jobs/run.ts';
import { newId } from '../../../src/ids.ts';
import { addDays, dateAt } from '../../../src/time/rules.ts';
import { auditIsGapless, commonItems, EACH, ndisNumber, supportItem } from '../../support/workers/care.ts';
import { upload, workOff } from '../../support/workers/imports.ts';
import { type Answer, type Json, newTenant, type Tenant } from '../../support/workers/tenant.ts';

const SEED = Number(JSON.parse(env.TEST_HISTORIES).seed ?? Math.floor(Math.random() * 1_000_000));
const TODAY = dateAt('Australia/Sydney', Date.now());

/** Numbers from 0 up to 1 that depend on the seed alone (mulberry32). */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
const random = chance(SEED);
const below = (limit: number) => Math.floor(random() * limit);
const maybe = (share: number) => random() < share;
function pick<Value>(values: readonly Value[]): Value {
  const value = values[below(values.length)];
  if (value === undefined) throw new Error('nothing to pick from');
  return value;
}

/** Items of any price, by category. */
const ITEMS = { 1: '01_801_0107_1_1', 4: '04_801_0125_6_1', 7: '07_801_0106_6_3' } as const;
const CATEGORIES = [1, 4, 7] as const;
type Category = (typeof CATEGORIES)[number];

beforeAll(async () => {
  await commonItems();
  for (const categoryCode of CATEGORIES) await supportItem(ITEMS[categoryCode], { categoryCode, cents: 10_000_000 });
});

// What the queues bring later would move figures between a reading and its recount.
beforeEach(() => {
  const done = { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
  for (const queue of ['JOBS', 'IMPORTS', 'EMAILS'] as const) {
    vi.spyOn(env[queue], 'send').mockResolvedValue(done);
    vi.spyOn(env[queue], 'sendBatch').mockResolvedValue(done);
  }
});
afterEach(() => vi.restoreAllMocks());

/** Days at which something ends or begins: months, years, the 90 days ahead, and around today. */
function edges(today: string): string[] {
  const year = Number(today.slice(0, 4));
  const month = `${today.slice(0, 7)}-01`;
  const nextMonth = `${addDays(month, 31).slice(0, 7)}-01`;
  const starts = [month, nextMonth, `${year}-01-01`, `${year + 1}-01-01`, today, addDays(today, 91)];
  return [...starts.flatMap((day) => [addDays(day, -1), day]), addDays(today, 1), addDays(today, 89)];
}
const EDGES = edges(TODAY);

interface Tables {
  people: { id: string; status: string }[];
  plans: { id: string; participant_id: string; start_date: string; end_date: string }[];
  lines: { plan_id: string; allocated: number; spent: number }[];
  services: { service_date: string; total_cost_cents: number }[];
  openAlerts: number;
  importsRunning: number;
}

/** What there is, from the tables in which it is first written: money from the ledger and the funding periods. */
async function tablesOf(organizationId: string): Promise<Tables> {
  const all = async (sql: string): Promise<Json[]> =>
    (await env.DB.prepare(sql).bind(organizationId).all<Json>()).results;
  const [people, plans, lines, services, alerts, imports] = await Promise.all([
    all('SELECT id, status FROM participants WHERE organization_id = ?'),
    all('SELECT id, participant_id, start_date, end_date FROM plans WHERE organization_id = ?'),
    all(`SELECT plan_id,
        (SELECT coalesce(sum(amount_cents), 0) FROM funding_periods WHERE budget_id = line.id) AS allocated,
        (SELECT coalesce(sum(spent_delta_cents), 0) FROM ledger_entries entry
          WHERE entry.participant_id = line.participant_id AND entry.budget_id = line.id) AS spent
      FROM budgets line WHERE organization_id = ?`),
    all(`SELECT service_date, total_cost_cents FROM services WHERE organization_id = ? AND cancelled_at IS NULL`),
    all(`SELECT id FROM alerts WHERE organization_id = ? AND acknowledged_at IS NULL AND resolved_at IS NULL`),
    all('SELECT id FROM imports WHERE organization_id = ? AND finished_at IS NULL'),
  ]);
  return { people, plans, lines, services, openAlerts: alerts.length, importsRunning: imports.length };
}

function colourOf({ allocated, spent }: { allocated: number; spent: number }): 'green' | 'amber' | 'red' {
  const percent = allocated === 0 ? (spent > 0 ? Number.POSITIVE_INFINITY : 0) : (spent * 100) / allocated;
  if (percent > 90) return 'red';
  return percent > 75 ? 'amber' : 'green';
}

function mondayOf(date: string): string {
  const name = new Intl.DateTimeFormat('en-AU', { weekday: 'long', timeZone: 'UTC' });
  let day = date;
  while (name.format(new Date(`${day}T12:00:00Z`)) !== 'Monday') day = addDays(day, -1);
  return day;
}

/** The dashboard on a day, counted anew one by one. */
function recount({ people, plans, lines, services, openAlerts, importsRunning }: Tables, today: string): DashboardView {
  const present = new Set(people.filter(({ status }) => status !== 'archived').map(({ id }) => id));
  const own = plans.filter(({ participant_id }) => present.has(participant_id));
  const current = new Set(own.filter((plan) => plan.start_date <= today && today <= plan.end_date).map(({ id }) => id));
  const colours = lines.filter(({ plan_id }) => current.has(plan_id)).map(colourOf);
  const week = Array.from({ length: 7 }, (_, index) => addDays(mondayOf(today), index));
  const days = Array.from({ length: 30 }, (_, index) => addDays(today, index - 29));
  const ahead = new Set(Array.from({ length: 91 }, (_, index) => addDays(today, index)));
  const count = (colour: string) => colours.filter((one) => one === colour).length;
  return {
    asOf: today,
    participants: { total: present.size, active: people.filter(({ status }) => status === 'active').length },
    budgets: { green: count('green'), amber: count('amber'), red: count('red') },
    servicesThisWeek: services.filter(({ service_date }) => week.includes(service_date)).length,
    spendByDay: days.map((date) => ({
      date,
      spentCents: services
        .filter(({ service_date }) => service_date === date)
        .reduce((sum, { total_cost_cents }) => sum + total_cost_cents, 0),
    })),
    openAlerts,
    claimsWaiting: 0,
    plansEnding: own.filter(({ end_date }) => ahead.has(end_date)).length,
    importsRunning,
  };
}

/** A request's context on a day that the test chooses. */
function contextOn(today: string, { organizationId, admin }: Tenant): Context {
  return {
    database: openDatabase(env.DB),
    env,
    tenant: {
      id: organizationId,
      timeZone: 'Australia/Sydney',
      subscriptionStatus: 'active',
      features: [],
      alerts: DEFAULT_ALERTS,
    },
    actor: {
      userId: admin.userId,
      role: 'viewer',
      permissions: ['services.read', 'budgets.read'],
      label: 'test',
      ip: null,
      userAgent: null,
    },
    now: Date.parse(`${today}T01:00:00Z`),
    today,
    requestId: 'test',
    idempotency: null,
    later: () => undefined,
  };
}

/** Fails unless every figure is the recount's: as it is answered, and as it is on other days. */
async function agree(tenant: Tenant, otherDays: readonly string[]): Promise<DashboardView> {
  const tables = await tablesOf(tenant.organizationId);
  const { status, body } = await tenant.admin.get('/v1/dashboard');
  expect(status).toBe(200);
  expect(body, `seed ${SEED}`).toEqual(recount(tables, TODAY));
  for (const day of otherDays) {
    expect(await readDashboard(contextOn(day, tenant)), `seed ${SEED}`).toEqual(recount(tables, day));
  }
  return body;
}

/** Fails unless every kept figure, of any day, is what the tables say: a figure at zero may as well not be there. */
async function countersAgree({ organizationId }: Tenant): Promise<void> {
  const rows = async (sql: string): Promise<Json[]> =>
    (await env.DB.prepare(sql).bind(organizationId).all<Json>()).results;
  const { people, plans, lines, services } = await tablesOf(organizationId);
  const add = (sums: Map<string, number[]>, key: string, more: number[]) =>
    sums.set(
      key,
      more.map((value, index) => value + (sums.get(key)?.[index] ?? 0)),
    );
  const standing = (sums: Map<string, number[]>) =>
    [...sums].filter(([, values]) => values.some((value) => value !== 0)).sort(([a], [b]) => (a < b ? -1 : 1));
  const kept = new Map<string, number[]>();
  const counted = new Map<string, number[]>();
  for (const row of await rows('SELECT * FROM plan_days WHERE organization_id = ?'))
    add(kept, `${row.edge} ${row.bucket}`, [row.plans, row.green, row.amber, row.red]);
  const archived = new Set(people.filter(({ status }) => status === 'archived').map(({ id }) => id));
  for (const plan of plans.filter(({ participant_id }) => !archived.has(participant_id))) {
    const colours = lines.filter(({ plan_id }) => plan_id === plan.id).map(colourOf);
    const values = ['green', 'amber', 'red'].map((colour) => colours.filter((one) => one === colour).length);
    for (const [edge, day] of [
      ['start', plan.start_date],
      ['end', plan.end_date],
    ] as const) {
      for (const [level, length] of Object.entries({ y: 4, m: 7, d: 10 }))
        add(counted, `${edge}.${level} ${day.slice(0, length)}`, [1, ...values]);
    }
  }
  for (const row of await rows('SELECT * FROM service_days WHERE organization_id = ?'))
    add(kept, row.date, [row.services, row.spent_cents]);
  for (const { service_date, total_cost_cents } of services) add(counted, service_date, [1, total_cost_cents]);
  for (const row of await rows('SELECT inactive_count, open_alerts FROM organizations WHERE id = ?'))
    add(kept, 'inactive, alerts', [row.inactive_count, row.open_alerts]);
  for (const { status } of people) add(counted, 'inactive, alerts', [Number(status === 'inactive'), 0]);
  for (const _ of await rows(`SELECT 1 FROM alerts WHERE organization_id = ? AND status = 'open'`))
    add(counted, 'inactive, alerts', [0, 1]);
  expect(standing(kept), `seed ${SEED}`).toEqual(standing(counted));
}

interface Line {
  id: string;
  category: Category;
  allocated: number;
}
interface Plan {
  id: string;
  startDate: string;
  endDate: string;
  lines: Line[];
}
interface Person {
  id: string;
  number: string;
  plans: Plan[];
}

/** An organisation that things happen to. */
interface World {
  tenant: Tenant;
  people: Person[];
  standing: string[];
  /** How often each thing was done, and not refused. */
  done: Map<string, number>;
}

function newLine(): Json {
  const allocatedCents = pick([0, 100, 10_000, 20_000, 50_000]);
  return { categoryCode: pick(CATEGORIES), allocatedCents, flexible: maybe(0.4) };
}

/** Plans before, around and after today, no day in two of them; many begin or end at an edge. */
function planDates(): [start: string, end: string][] {
  const around: [string, string] = [
    pick([...EDGES.filter((day) => day <= TODAY), TODAY, addDays(TODAY, -below(300))]),
    pick([...EDGES.filter((day) => day >= TODAY), TODAY, addDays(TODAY, below(300))]),
  ];
  const isCurrent = maybe(0.85);
  const before = isCurrent ? around[0] : TODAY;
  const after = isCurrent ? around[1] : TODAY;
  const dates: [string, string][] = isCurrent ? [around] : [];
  if (maybe(0.5)) {
    const end = addDays(before, -1 - (maybe(0.6) ? 0 : below(60)));
    dates.push([addDays(end, -below(300)), end]);
  }
  if (maybe(0.6)) {
    const start = addDays(after, 1 + (maybe(0.6) ? 0 : below(60)));
    dates.push([start, pick([start, addDays(start, below(300)), ...EDGES.filter((day) => day >= start)])]);
  }
  return dates;
}

function came({ done }: World, what: string, { status, body }: Answer): boolean {
  if (status >= 500) throw new Error(`seed ${SEED}, ${what}: ${status} ${JSON.stringify(body)}`);
  if (status >= 300) return false;
  done.set(what, (done.get(what) ?? 0) + 1);
  return true;
}

async function addPerson(world: World): Promise<void> {
  const { admin } = world.tenant;
  const number = ndisNumber();
  const profile = { firstName: 'Mia', lastName: 'Test', dateOfBirth: '1990-01-01' };
  const plans = planDates().map(([startDate, endDate]) => ({
    startDate,
    endDate,
    managementType: 'ndia_managed',
    budgets: Array.from({ length: below(4) }, newLine),
  }));
  const [first, ...more] = plans;
  const made = await admin.post('/v1/participants', { ndisNumber: number, profile, plan: first });
  if (!came(world, 'participant', made)) throw new Error(JSON.stringify(made.body));
  for (const plan of more)
    came(world, 'another plan', await admin.post(`/v1/participants/${made.body.id}/plans`, plan));
  world.people.push(await personOf(world, { id: made.body.id, number }));
}

/** Someone with a line of each colour, and so with alerts. */
async function addSpender(world: World): Promise<void> {
  const { admin } = world.tenant;
  const number = ndisNumber();
  const profile = { firstName: 'Mia', lastName: 'Test', dateOfBirth: '1990-01-01' };
  const budgets = CATEGORIES.map((categoryCode) => ({ categoryCode, allocatedCents: 10_000 }));
  const plan = { startDate: addDays(TODAY, -60), endDate: addDays(TODAY, 60), managementType: 'ndia_managed', budgets };
  const { body } = await admin.post('/v1/participants', { ndisNumber: number, profile, plan });
  for (const [at, unitPriceCents] of [7_500, 7_501, 9_001].entries()) {
    const supportItemCode = ITEMS[CATEGORIES[at] ?? 1];
    const service = { participantId: body.id, supportItemCode, serviceDate: TODAY, unitPriceCents };
    came(world, 'service', await admin.post('/v1/services', service));
  }
  world.people.push(await personOf(world, { id: body.id, number }));
}

async function personOf({ tenant }: World, { id, number }: { id: string; number: string }): Promise<Person> {
  const { body } = await tenant.admin.get(`/v1/participants/${id}/plans?limit=100`);
  const plans = body.data.map((plan: Json) => ({
    ...plan,
    lines: plan.budgets.map((line: Json) => ({
      id: line.id,
      category: line.categoryCode,
      allocated: line.allocatedCents,
    })),
  }));
  return { id, number, plans };
}

/** Records a service from a line: a share of it, or exactly up to a colour's edge, often in these days. */
async function recordOne(world: World): Promise<void> {
  const person = pick(world.people);
  const plan = person.plans.length > 0 ? pick(person.plans) : undefined;
  if (!plan || plan.lines.length === 0 || plan.startDate > TODAY) return;
  const line = pick(plan.lines);
  const day = [
    addDays(TODAY, -below(8)),
    mondayOf(TODAY),
    addDays(mondayOf(TODAY), -1),
    addDays(TODAY, -28 - below(3)),
    plan.startDate,
    plan.endDate,
  ].find((date) => date <= TODAY && plan.startDate <= date && date <= plan.endDate && maybe(0.6));
  const { body } = await world.tenant.admin.get(`/v1/budgets/${line.id}`);
  const upTo = Math.floor((body.allocatedCents * pick([75, 90, 100, 60 + below(40)])) / 100);
  const unitPriceCents = maybe(0.3) ? upTo - body.spentCents + pick([0, 1]) : 1 + below(body.allocatedCents / 4 || 40);
  const answer = await world.tenant.admin.post('/v1/services', {
    participantId: person.id,
    supportItemCode: ITEMS[line.category],
    serviceDate: day ?? [plan.endDate, TODAY].sort()[0],
    quantity: 1,
    unitPriceCents: Math.max(0, unitPriceCents),
    budgetId: line.id,
  });
  if (came(world, 'service', answer)) world.standing.push(answer.body.id);
}

async function settleOne(world: World, verb: 'acknowledge' | 'resolve'): Promise<void> {
  const { admin } = world.tenant;
  const { body } = await admin.get('/v1/alerts?limit=20&status=open');
  if (body.data.length > 0) came(world, verb, await admin.post(`/v1/alerts/${pick<Json>(body.data).id}/${verb}`));
}

async function adjust(world: World): Promise<void> {
  const { admin } = world.tenant;
  const lines = world.people.flatMap(({ plans }) => plans.flatMap((plan) => plan.lines));
  if (lines.length === 0) return;
  const { id } = pick(lines);
  const { spentCents, flexible } = (await admin.get(`/v1/budgets/${id}`)).body;
  const amounts = [spentCents, Math.ceil(spentCents / 0.75), Math.ceil(spentCents / 0.9), 0, spentCents + below(5_000)];
  const patch = maybe(0.2) ? { flexible: !flexible } : { allocatedCents: pick(amounts) };
  came(world, 'allocation', await admin.patch(`/v1/budgets/${id}`, patch));
}

async function moveDates(world: World): Promise<void> {
  const person = pick(world.people);
  if (person.plans.length === 0) return;
  const plan = pick(person.plans);
  const date = pick([...EDGES, addDays(plan.endDate, below(40) - 20)]);
  const patch = maybe(0.7) ? { endDate: date } : { startDate: date };
  if (came(world, 'dates', await world.tenant.admin.patch(`/v1/plans/${plan.id}`, patch))) Object.assign(plan, patch);
}

const DEEDS: [weight: number, deed: (world: World) => Promise<unknown>][] = [
  [34, recordOne],
  [
    10,
    async (world) => {
      const [id] = world.standing.splice(below(world.standing.length), 1);
      if (id === undefined) return;
      came(world, 'cancelled', await world.tenant.admin.post(`/v1/services/${id}/cancel`, { reason: 'x' }));
    },
  ],
  [12, adjust],
  [10, moveDates],
  [4, addPerson],
  [
    5,
    async (world) => {
      const { tenant, people } = world;
      came(world, 'archived', await tenant.admin.delete(`/v1/participants/${pick(people).id}`, { reason: 'x' }));
    },
  ],
  [
    6,
    async (world) => {
      const { body } = await world.tenant.admin.get('/v1/participants?status=archived');
      if (body.data.length === 0) return;
      const { id } = pick<Json>(body.data);
      came(world, 'restored', await world.tenant.admin.post(`/v1/participants/${id}/restore`));
    },
  ],
  [
    5,
    async (world) => {
      const status = pick(['active', 'inactive', 'inactive']);
      came(world, status, await world.tenant.admin.patch(`/v1/participants/${pick(world.people).id}`, { status }));
    },
  ],
  [
    5,
    async (world) => {
      const plans = world.people.flatMap((person) => person.plans);
      if (plans.length === 0) return;
      const plan = pick(plans);
      const made = await world.tenant.admin.post(`/v1/plans/${plan.id}/budgets`, newLine());
      if (!came(world, 'line', made)) return;
      const { id, categoryCode: category, allocatedCents: allocated } = made.body;
      plan.lines.push({ id, category, allocated });
    },
  ],
  [3, (world) => settleOne(world, 'acknowledge')],
  [3, (world) => settleOne(world, 'resolve')],
];
const TOTAL = DEEDS.reduce((sum, [weight]) => sum + weight, 0);

async function something(world: World): Promise<void> {
  let place = below(TOTAL);
  for (const [weight, deed] of DEEDS) {
    place -= weight;
    if (place < 0) {
      await deed(world);
      return;
    }
  }
}

/** Participants, some of them known, and shifts of some of those, as files. */
function files({ people }: World): Record<'participants' | 'services', string> {
  const header =
    'First Name,Family Name,Date of Birth,NDIS Number,PlanStartDate,PlanReviewDate,Fund management,01 Daily Life,04 Social Participation\n';
  const known = Array.from({ length: 4 }, () => pick(people));
  const rows = [
    ...[1, 2, 3].map(() => [ndisNumber(), pick(EDGES.filter((day) => day <= TODAY)), addDays(TODAY, below(120))]),
    ...known.flatMap(({ number, plans: [plan] }) => (plan ? [[number, plan.startDate, plan.endDate]] : [])),
  ].map(([number, start, end]) => `Mia,Test,1990-01-01,${number},${start},${end},NDIA,${below(300)},${below(3)}\n`);
  const day = (date: string) => date.split('-').reverse().join('/');
  const shifts = Array.from(
    { length: 6 },
    () => `${pick(people).number},${EACH},${day(addDays(TODAY, -below(10)))},${1 + below(5)}\n`,
  );
  const heading = 'NDIS Number,Support Item Number,Service Date,Quantity\n';
  return { participants: header + rows.join(''), services: heading + shifts.join('') };
}

async function bringFiles(world: World): Promise<void> {
  const { tenant, done } = world;
  const { admin } = tenant;
  const waiting: string[] = [];
  for (const [kind, text] of Object.entries(files(world))) {
    waiting.push((await upload(admin, `kind=${kind}`, text)).id);
    expect((await agree(tenant, [])).importsRunning).toBe(waiting.length);
  }
  const dropped = (await upload(admin, 'kind=services', 'NDIS Number\n')).id;
  expect((await admin.post(`/v1/imports/${dropped}/cancel`)).status).toBe(200);
  for (const id of waiting) {
    const { created, updated } = await workOff(admin, id);
    done.set('imported', (done.get('imported') ?? 0) + created + updated);
  }
  expect((await agree(tenant, [])).importsRunning).toBe(0);
}

let runs = 0;
async function check(world: World): Promise<void> {
  for (const job of ['daily-budget-check', 'plan-expiry-check']) {
    const runId = newId('run');
    runs += 1;
    await env.DB.prepare('INSERT INTO job_runs (id, organization_id, job, due_on, created_at) VALUES (?, ?, ?, ?, ?)')
      .bind(runId, world.tenant.organizationId, job, addDays('2030-01-01', runs), Date.now())
      .run();
    await runJob(env, { runId });
  }
}

const OTHER_DAYS = [
  ...EDGES,
  ...edges(addDays(TODAY, 45)),
  ...edges(addDays(TODAY, -400)),
  addDays(TODAY, -7),
  addDays(TODAY, -30),
  '2024-02-29',
  addDays(TODAY, 700),
  addDays(TODAY, -1500),
];

test(`every figure is what a slow recount says, on any day, after any history, of either organisation (seed ${SEED})`, async () => {
  const worlds: World[] = [];
  for (let n = 0; n < 2; n++) worlds.push({ tenant: await newTenant(), people: [], standing: [], done: new Map() });
  const idle = await newTenant();
  const most: Json = { servicesThisWeek: 0, openAlerts: 0, plansEnding: 0, spent: 0 };
  await Promise.all(worlds.map(addSpender));
  for (const { tenant } of worlds) {
    expect((await agree(tenant, [])).budgets).toEqual({ green: 1, amber: 1, red: 1 });
  }
  await Promise.all(worlds.flatMap((world) => Array.from({ length: 12 }, () => addPerson(world))));

  for (let round = 0; round < 5; round++) {
    const hand = async () => {
      for (let n = 0; n < 7; n++) for (const world of worlds) await something(world);
    };
    await Promise.all([1, 2, 3, 4].map(hand));
    for (const world of worlds) {
      if (round === 1 || round === 3) await bringFiles(world);
      await check(world);
      // Some days in each round, all of them in the end.
      const days = round === 4 ? OTHER_DAYS : Array.from({ length: 6 }, () => pick(OTHER_DAYS));
      const { spendByDay, ...figures } = await agree(world.tenant, days);
      const spent = spendByDay.filter(({ spentCents }) => spentCents > 0).length;
      for (const [name, value] of Object.entries({ ...figures, spent })) {
        if (name in most) most[name] = Math.max(most[name], Number(value));
      }
    }
  }

  for (const { tenant } of worlds) {
    await countersAgree(tenant);
    expect(await auditIsGapless(tenant.organizationId)).toBe(true);
  }
  expect(await agree(idle, [])).toMatchObject({ participants: { total: 0 }, openAlerts: 0, plansEnding: 0 });
  // A history in which nothing of a kind happened proves nothing of it.
  const never = Object.keys(most).filter((name) => most[name] === 0);
  expect(never, `seed ${SEED}`).toEqual([]);
  const deeds = new Set(worlds.flatMap(({ done }) => [...done].filter(([, n]) => n > 0).map(([what]) => what)));
  const wanted = ['service', 'cancelled', 'allocation', 'dates', 'archived', 'restored', 'inactive', 'imported'];
  expect(
    [...wanted, 'acknowledge', 'resolve'].filter((what) => !deeds.has(what)),
    `seed ${SEED}`,
  ).toEqual([]);
});

test('a plan counts from its first day to its last, both included, and ends within 90 days from today to the 90th', async () => {
  const tenant = await newTenant();
  const days = [-1, 0, 1, 89, 90, 91].map((n) => addDays(TODAY, n));
  const budgets = [{ categoryCode: 1, allocatedCents: 1_000 }];
  for (const endDate of days) {
    await tenant.admin.post('/v1/participants', {
      ndisNumber: ndisNumber(),
      profile: { firstName: 'Mia', lastName: 'Test', dateOfBirth: '1990-01-01' },
      plan: { startDate: addDays(endDate, -1), endDate, managementType: 'ndia_managed', budgets },
    });
  }
  const { body } = await tenant.admin.get('/v1/dashboard');
  expect([body.plansEnding, body.budgets]).toEqual([4, { green: 2, amber: 0, red: 0 }]);
  for (const day of days) await agree(tenant, [day]);
});

test('the colours are told to whoever may read budgets, the rest to whoever may read services', async () => {
  const { admin, user } = await newTenant();
  const budgets = [{ categoryCode: 1, allocatedCents: 1_000 }];
  const profile = { firstName: 'Mia', lastName: 'Test', dateOfBirth: '1990-01-01' };
  const plan = { startDate: TODAY, endDate: TODAY, managementType: 'ndia_managed', budgets };
  await admin.post('/v1/participants', { ndisNumber: ndisNumber(), profile, plan });
  const all = (await admin.get('/v1/dashboard')).body;
  expect(all.budgets).toEqual({ green: 1, amber: 0, red: 0 });
  const [worker, trusted] = [
    await user('support_worker'),
    await user('support_worker', { permissions: ['budgets.read'] }),
  ];
  expect((await worker.get('/v1/dashboard')).body).toEqual({ ...all, budgets: null });
  expect((await trusted.get('/v1/dashboard')).body).toEqual(all);
});

test('it is one trip and few rows, however much there is', async () => {
  const tenant = await newTenant();
  const { organizationId, admin } = tenant;
  const many = 'WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1499)';
  const day = (from: string) => `date('${TODAY}', (${from}) || ' days')`;
  const statements = [
    `${many} INSERT INTO participants (id, organization_id, ndis_number, first_name, last_name, date_of_birth, contact, medical,
        preferences, status, name_key, created_at, updated_at)
      SELECT 'par_' || i || ?1, ?1, '439' || printf('%06d', i), 'Mia', 'Test', '1990-01-01', '{}', '{}', '{}',
        CASE i % 7 WHEN 0 THEN 'archived' WHEN 1 THEN 'inactive' ELSE 'active' END, 'test mia', 0, 0 FROM n`,
    `${many} INSERT INTO plans (id, organization_id, participant_id, start_date, end_date, management_type, created_at, updated_at)
      SELECT 'pln_' || i || ?1, ?1, 'par_' || i || ?1, ${day('i % 730 - 700')}, ${day('i % 730 - 335')}, 'ndia_managed', 0, 0 FROM n`,
    `${many} INSERT INTO budgets (id, organization_id, participant_id, plan_id, number, category_code, management_type, flexible, pool_id,
        allocated_cents, spent_cents, created_at, updated_at)
      SELECT 'bud_' || i || ?1, ?1, 'par_' || i || ?1, 'pln_' || i || ?1, 1, 1, 'ndia_managed', 0, 'bud_' || i || ?1, 100, i % 100, 0, 0 FROM n`,
    `${many} INSERT INTO funding_periods (budget_id, start_date, end_date, organization_id, amount_cents)
      SELECT 'bud_' || i || ?1, '2026-01-01', '2026-12-31', ?1, 100 FROM n`,
    `${many} INSERT INTO ledger_entries (participant_id, version, number, organization_id, budget_id, kind, allocated_delta_cents,
        spent_delta_cents, effective_on, at)
      SELECT 'par_' || i || ?1, 1, 1, ?1, 'bud_' || i || ?1, 'opening', 100, i % 100, '2026-01-01', 0 FROM n`,
    `${many} INSERT INTO services (id, organization_id, participant_id, plan_id, budget_id, support_item_code, support_item_name, unit,
        service_date, unit_price_cents, total_cost_cents, support_worker_id, ledger_version, created_at)
      SELECT 'svc_' || i || ?1, ?1, 'par_' || i || ?1, 'pln_' || i || ?1, 'bud_' || i || ?1, '${EACH}', 'Item', 'E',
        ${day('-(i % 400)')}, i, i, '${admin.userId}', 1, 0 FROM n`,
    `${many} INSERT INTO alerts (id, organization_id, participant_id, subject_id, kind, severity, status, period_start, threshold, at,
        resolved_at)
      SELECT 'alr_' || i || ?1, ?1, 'par_' || i || ?1, 'x_' || i || ?1, 'run_out', iif(i % 2, 'warning', 'critical'),
        iif(i % 3, 'open', 'resolved'), '2026-01-01', 75, 0, iif(i % 3, NULL, 0) FROM n`,
    `${many} INSERT INTO imports (id, organization_id, kind, file_name, status, dry_run, object_key, size_bytes, sha256, created_by, created_at,
        finished_at, updated_at)
      SELECT 'imp_' || i || ?1, ?1, 'services', 'a.csv', iif(i < 3, 'queued', 'completed'), 0, 'k' || i || ?1, 1, '${'0'.repeat(64)}',
        '${admin.userId}', 0, iif(i < 3, NULL, 0), 0 FROM n`,
  ];
  await env.DB.batch(statements.map((statement) => env.DB.prepare(statement).bind(organizationId)));
  // As the migration counts what is there.
  const people = (status: string) =>
    sql`(SELECT count(*) FROM participants WHERE organization_id = ${organizationId} AND status IN (SELECT value FROM json_each(${status})))`;
  await openDatabase(env.DB).write([
    ...countPlans(sql`SELECT id FROM plans WHERE organization_id = ${organizationId}`),
    ...countAlerts(organizationId, sql`true`),
    sql`UPDATE organizations SET participant_count = ${people('["active","inactive"]')}, inactive_count = ${people('["inactive"]')}
      WHERE id = ${organizationId}`,
    sql`INSERT INTO service_days (organization_id, date, services, spent_cents) SELECT organization_id, service_date, count(*),
      sum(total_cost_cents) FROM services WHERE organization_id = ${organizationId} GROUP BY 1, 2`,
  ]);
  const view = await agree(tenant, OTHER_DAYS.slice(0, 8));
  expect(view).toMatchObject({ participants: { total: 1285 }, openAlerts: 1000, importsRunning: 3 });
  const { headers } = await admin.get('/v1/dashboard');
  const [, trips, read] = /trips=(\d+) read=(\d+)/.exec(headers.get('server-timing') ?? '') ?? [];
  expect(Number(trips)).toBe(1);
  expect(Number(read)).toBeGreaterThan(0);
  expect(Number(read)).toBeLessThan(500);
});
