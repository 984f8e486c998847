import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLocal } from '../../scripts/lib/database.ts';
import { DEMONSTRATION } from '../../scripts/lib/demonstration.ts';
import { signToken } from '../../scripts/lib/keys.ts';
import { differences } from '../support/node/books.ts';
import { type Asked, addItem, addParticipant, chance, load, postKeyed } from '../support/node/load.ts';
import {
  cleanUp,
  command,
  descendants,
  firstAnswer,
  gone,
  launch,
  newPlace,
  type Place,
  type Process,
  type Service,
  signal,
} from '../support/node/service.ts';

const KILLS = Number(process.env['KILLS'] ?? 3);
const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1_000_000));

const USERS = DEMONSTRATION.flatMap((organization) => organization.users);
const ADMIN = 'admin@demo.caddy.test';

function bearer(email: string): { authorization: string } {
  const user = USERS.find((candidate) => candidate.email === email);
  return { authorization: `Bearer ${signToken(user?.externalId ?? '')}` };
}

async function query<Row>(place: Place, sql: string): Promise<Row[]> {
  const database = openLocal(place.directory);
  const rows = await database.query<Row>(sql);
  database.close();
  return rows;
}

async function emails(place: Place): Promise<string[]> {
  const rows = await query<{ email: string }>(place, 'SELECT email_key AS email FROM users');
  return rows.map(({ email }) => email).sort();
}

/** The service that the tests of this file share, one after the other: a start is the dearest thing they do. */
let service: Service;
let first: { status: number; body: string };
const strays: Process[] = [];

beforeAll(async () => {
  service = launch(await newPlace());
  const looking = setInterval(() => {
    strays.push(...descendants(service.group).filter((entry) => entry.group !== service.group));
  }, 100);
  first = await firstAnswer(service, { path: '/v1/me', headers: bearer(ADMIN) }).finally(() => clearInterval(looking));
}, 60_000);

afterAll(cleanUp, 30_000);

describe('npm start on an empty folder', () => {
  test('answers nothing before it knows the demonstration’s users', async () => {
    expect(first.status, first.body).toBe(200);
    expect(JSON.parse(first.body).user.email).toBe(ADMIN);
    for (const { email } of USERS) {
      const response = await fetch(`${service.url}/v1/me`, { headers: bearer(email) });
      expect([email, response.status]).toEqual([email, 200]);
    }
  });

  test('keeps its data in STATE_DIR and says where it listens', async () => {
    expect(await emails(service)).toEqual(USERS.map(({ email }) => email).sort());
    await expect.poll(service.output, { timeout: 10_000 }).toContain(service.url);
  });

  test('keeps everything that it begins in its process group', () => {
    expect(strays).toEqual([]);
    const began = descendants(service.group);
    expect(began.length).toBeGreaterThan(0);
    expect(began.filter((entry) => entry.group !== service.group)).toEqual([]);
  });
});

async function fetchJson<Body>(path: string, init: RequestInit): Promise<Body> {
  const response = await fetch(`${service.url}${path}`, init);
  expect(response.ok, path).toBe(true);
  return (await response.json()) as Body;
}

/** A start in the middle of its migrations. */
async function launchHalfway(): Promise<Service> {
  const early = launch(await newPlace());
  const migrating = () => descendants(early.group).filter((entry) => entry.command.includes('workerd')).length;
  await expect.poll(migrating, { timeout: 45_000 }).toBeGreaterThan(0);
  return early;
}

// At once, because each is mostly the start of a process.
describe.concurrent('beside a running service', () => {
  test('npm run token prints one line that /v1/me accepts, for a demonstration user and for one that was added by the API', async () => {
    const added = { email: 'New.Person@example.com', firstName: 'New', lastName: 'Person', role: 'viewer' };
    const created = await postKeyed(service, { path: '/v1/users', body: added, key: 'user', headers: bearer(ADMIN) });
    expect(created.status).toBe(201);
    const asked = [ADMIN, 'new.person@example.com'];
    const printed = await Promise.all(asked.map((email) => command(['token.ts', email], service)));
    for (const [index, { code, stdout, stderr }] of printed.entries()) {
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
      const response = await fetch(`${service.url}/v1/me`, { headers: { authorization: `Bearer ${stdout.trim()}` } });
      const { user } = (await response.json()) as { user?: { email: string } };
      expect([response.status, user?.email.toLowerCase()]).toEqual([200, asked[index]]);
    }
  });

  test('a second npm start on the same port fails with a message that names it, and the first goes on', async () => {
    const second = launch({ port: service.port, directory: service.directory });
    expect(await second.ended).toBeGreaterThan(0);
    await gone(second.group);
    expect((await fetch(`${service.url}/v1/me`, { headers: bearer(ADMIN) })).status).toBe(200);
    expect(second.output()).toContain(String(service.port));
    expect(second.output(), 'a message, not a stack').not.toContain('node_modules');
  });

  test('a socket across the network begins with a snapshot and hears of a change', async () => {
    const headers = bearer(ADMIN);
    const participantId = await addParticipant(service, { number: 99, headers });
    const { ticket } = await fetchJson<{ ticket: string }>('/v1/live/tickets', { method: 'POST', headers });
    const socket = new WebSocket(
      `${service.url.replace('http', 'ws')}/v1/participants/${participantId}/budgets/live?ticket=${ticket}`,
    );
    const frames: { type: string; version: number; budgets: { id: string }[] }[] = [];
    socket.addEventListener('message', ({ data }) => frames.push(JSON.parse(String(data))));
    await expect.poll(() => frames.length, { timeout: 20_000 }).toBe(1);
    await fetchJson(`/v1/budgets/${frames[0]?.budgets[0]?.id}`, {
      method: 'PATCH',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ allocatedCents: 5_000 }),
    });
    await expect.poll(() => frames.length, { timeout: 20_000 }).toBe(2);
    expect(frames.map(({ type, version }) => [type, version])).toEqual([
      ['snapshot', 1],
      ['update', 2],
    ]);
    socket.close();
  });

  test('a signal in the middle of a start leaves nothing at work behind it', async () => {
    const early = await launchHalfway();
    signal(early, 'SIGINT');
    await early.ended;
    await gone(early.group, 1_000);
  });
});

/** Fails unless the books are right; the services of the database with their status, in order. */
async function provenServices(place: Place): Promise<[string, string][]> {
  const database = openLocal(place.directory);
  const rows = await database.query<{ id: string; status: string }>('SELECT id, status FROM services ORDER BY id');
  const wrong = await differences(database);
  database.close();
  expect(wrong, `seed ${SEED}`).toEqual({});
  return rows.map(({ id, status }) => [id, status]);
}

/** Asks again for what was cut off, and for a few of the others: their answer must be the first one. */
async function askAgain(asked: Asked[], random: () => number): Promise<void> {
  const headers = bearer(ADMIN);
  for (const shift of asked) {
    if (shift.id !== null && shift.cancel !== 'asked' && random() > 0.1) continue;
    const again = await postKeyed(service, { path: '/v1/services', body: shift.body, key: shift.key, headers });
    expect(again.status, `seed ${SEED}, ${shift.key}`).toBe(201);
    if (shift.id !== null) expect([again.answer.id, again.replayed]).toEqual([shift.id, 'true']);
    shift.id = again.answer.id;
    if (shift.cancel !== 'asked') continue;
    const path = `/v1/services/${shift.id}/cancel`;
    const cancelled = await postKeyed(service, { path, body: { reason: 'test' }, key: `${shift.key}-cancel`, headers });
    expect([cancelled.status, cancelled.answer.status], `seed ${SEED}, ${shift.key}`).toEqual([200, 'cancelled']);
    shift.cancel = 'acknowledged';
  }
}

/** A participant whose one line of $100 rises above its levels and falls below them, again and again. */
interface Tide {
  participantId: string;
  asked: Asked[];
  rises: boolean;
}

/** What a line is up to with all that may stand; and with what will surely stand in the end. */
const mayStand = ({ asked }: Tide) =>
  asked.reduce((sum, { costCents, cancel }) => sum + (cancel === 'acknowledged' ? 0 : costCents), 0);
const willStand = ({ asked }: Tide) =>
  asked.reduce((sum, { costCents, cancel }) => sum + (cancel === 'not asked' ? costCents : 0), 0);

async function newTide(number: number): Promise<Tide> {
  const budgets = [{ categoryCode: 1, allocatedCents: 10_000 }];
  const plan = { startDate: '2026-01-01', endDate: '2027-12-31', managementType: 'ndia_managed', budgets };
  const profile = { firstName: 'Test', lastName: `Tide ${number}`, dateOfBirth: '1990-01-01' };
  const body = { ndisNumber: `4300${String(number).padStart(5, '0')}`, profile, plan };
  const made = { path: '/v1/participants', body, key: `tide-${number}`, headers: bearer(ADMIN) };
  const { status, answer } = await postKeyed(service, made);
  expect(status, JSON.stringify(answer)).toBe(201);
  const tide: Tide = { participantId: answer.id, asked: [], rises: true };
  // Above both levels at once, so that there is something to tell however early the first death is.
  for (const costCents of [7_000, 700, 700, 700]) await raiseTide(tide, costCents);
  return tide;
}

async function raiseTide(tide: Tide, costCents: number): Promise<void> {
  const { participantId, asked } = tide;
  const body = {
    participantId,
    supportItemCode: '01_799_0107_1_1',
    serviceDate: '2026-11-20',
    quantity: costCents / 1_000,
  };
  const shift: Asked = { key: `${participantId}-${asked.length}`, body, costCents, id: null, cancel: 'not asked' };
  asked.push(shift);
  const request = { path: '/v1/services', body, key: shift.key, headers: bearer(ADMIN) };
  const recorded = await postKeyed(service, request);
  expect(recorded.status, JSON.stringify(recorded.answer)).toBe(201);
  shift.id = recorded.answer.id;
  if (asked.length % 4 !== 0) return;
  const again = await postKeyed(service, request);
  expect([again.status, again.answer.id, again.replayed]).toEqual([201, shift.id, 'true']);
}

async function lowerTide({ asked }: Tide): Promise<void> {
  const shift = asked.slice(1).find(({ id, cancel }) => id !== null && cancel === 'not asked');
  if (!shift) return;
  shift.cancel = 'asked';
  const path = `/v1/services/${shift.id}/cancel`;
  const request = { path, body: { reason: 'test' }, key: `${shift.key}-cancel`, headers: bearer(ADMIN) };
  const cancelled = await postKeyed(service, request);
  expect(cancelled.status, JSON.stringify(cancelled.answer)).toBe(200);
  shift.cancel = 'acknowledged';
}

/** Lets tides rise and fall, with several hands each, until the service is dead. No request is refused for want of money. */
async function moveTides(tides: readonly Tide[], random: () => number): Promise<void> {
  const { ended } = service;
  let isDead = false;
  ended.then(() => {
    isDead = true;
  });
  const hand = async (tide: Tide) => {
    while (!isDead) {
      if (mayStand(tide) >= 9_050) tide.rises = false;
      if (willStand(tide) <= 7_000) tide.rises = true;
      try {
        if (tide.rises) await raiseTide(tide, 500 + 10 * Math.floor(random() * 45));
        else await lowerTide(tide);
      } catch (error) {
        // Cut off by the death; anything else is the service's fault.
        if (error instanceof Error && error.name === 'AssertionError') throw error;
        await ended;
        return;
      }
    }
  };
  await Promise.all(tides.flatMap((tide) => [hand(tide), hand(tide)]));
}

/** Makes what the dead left to be told old enough for the sweep of the next start. How much that is. */
async function ageMail(place: Place): Promise<number> {
  const database = openLocal(place.directory);
  const hour = 3_600_000;
  await database.execute([
    `UPDATE mailings SET at = at - ${hour}`,
    `UPDATE email_logs SET updated_at = updated_at - ${hour} WHERE status = 'queued'`,
  ]);
  database.close();
  return untold(place);
}

async function untold(place: Place): Promise<number> {
  const [left] = await query<{ n: number }>(
    place,
    `SELECT (SELECT count(*) FROM mailings) + (SELECT count(*) FROM email_logs WHERE status = 'queued') AS n`,
  );
  return left?.n ?? 0;
}

/** How often a line rose above each level, and whether it still is, by a walk through its ledger. */
async function walk(participantId: string): Promise<{ threshold: number; raised: number; standing: number }[]> {
  const entries = await query<{ cents: number }>(
    service,
    `SELECT spent_delta_cents AS cents FROM ledger_entries WHERE participant_id = '${participantId}' ORDER BY version, number`,
  );
  return [75, 90].map((threshold) => {
    let spent = 0;
    let raised = 0;
    let above = false;
    for (const { cents } of entries) {
      spent += cents;
      if (!above && spent > threshold * 100) raised += 1;
      above = spent > threshold * 100;
    }
    return { threshold, raised, standing: Number(above) };
  });
}

/** Every message of a template in the outbox, page after page. */
async function outbox(template: string): Promise<{ entityId: string; userId: string; status: string }[]> {
  const all: { entityId: string; userId: string; status: string }[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const path: string = `/v1/emails?limit=100&template=${template}${cursor && `&cursor=${cursor}`}`;
    const page: { data: typeof all; nextCursor: string | null } = await fetchJson(path, { headers: bearer(ADMIN) });
    all.push(...page.data);
    cursor = page.nextCursor;
  }
  return all;
}

describe(`killed ${KILLS} times under load (seed ${SEED})`, () => {
  const tides: Tide[] = [];
  /** What was not told yet by e-mail when the service was killed. */
  let lost = 0;

  test(
    'the service keeps what it acknowledged, a retry is the same service, and every total is right',
    async () => {
      const headers = bearer(ADMIN);
      const random = chance(SEED);
      await addItem(service);
      const people = await Promise.all([1, 2, 3, 4, 5].map((number) => addParticipant(service, { number, headers })));
      const second = { email: 'second@demo.caddy.test', firstName: 'Sam', lastName: 'Reed', role: 'coordinator' };
      expect((await postKeyed(service, { path: '/v1/users', body: second, key: 'second', headers })).status).toBe(201);
      tides.push(...(await Promise.all([1, 2].map(newTide))));
      const everything: Asked[] = tides.flatMap((tide) => tide.asked);

      for (let round = 0; round < KILLS; round++) {
        const dieAfter = 10 + Math.floor(random() * 120);
        const [loaded] = await Promise.all([
          load(service, { people, headers, round, dieAfter, random }),
          moveTides(tides, random),
        ]);
        const known = new Set(everything);
        const ofTides = tides.flatMap((tide) => tide.asked);
        const asked = [...loaded, ...ofTides.filter((shift) => !known.has(shift))];
        const acknowledged = loaded.filter(({ id }) => id !== null);
        expect(acknowledged.length).toBeGreaterThanOrEqual(dieAfter);
        expect(loaded.length, 'some were cut off').toBeGreaterThan(acknowledged.length);

        // As the dead left it: nothing half done, nothing acknowledged missing, nothing more than was asked.
        const left = new Map(await provenServices(service));
        const possible = { 'not asked': ['completed'], asked: ['completed', 'cancelled'], acknowledged: ['cancelled'] };
        for (const { key, id, cancel } of acknowledged) {
          expect(possible[cancel], `seed ${SEED}, ${key}`).toContain(left.get(id ?? ''));
        }
        expect(left.size).toBeLessThanOrEqual(everything.length + asked.length);

        lost += await ageMail(service);
        service = launch(service);
        const { status, body } = await firstAnswer(service, { path: '/v1/me', headers });
        expect(status, body).toBe(200);
        await askAgain([...loaded, ...ofTides], random);
        everything.push(...asked);
        const wanted = everything.map(({ id, cancel }) => [id, cancel === 'acknowledged' ? 'cancelled' : 'completed']);
        expect(await provenServices(service), `seed ${SEED}: one service a key`).toEqual(wanted.sort());
      }

      for (const participantId of people) {
        const response = await fetch(`${service.url}/v1/participants/${participantId}/budgets`, { headers });
        const { budgets } = (await response.json()) as { budgets: { spentCents: number }[] };
        const standing = everything.filter(
          ({ body, cancel }) => body.participantId === participantId && cancel === 'not asked',
        );
        expect(budgets[0]?.spentCents).toBe(standing.reduce((sum, { costCents }) => sum + costCents, 0));
      }
      const organizations = await query(service, 'SELECT id FROM organizations');
      expect(organizations, 'the demonstration is loaded once').toHaveLength(DEMONSTRATION.length);
    },
    60_000 + KILLS * 30_000,
  );

  test('it has raised exactly the alerts that the ledger says, and told each once to each coordinator', async () => {
    expect(lost, `seed ${SEED}: a death before all was told`).toBeGreaterThan(0);
    await expect.poll(() => untold(service), { timeout: 30_000, interval: 200 }).toBe(0);
    const alerts: { id: string }[] = [];
    for (const { participantId } of tides) {
      const rows = await query<{ id: string; threshold: number; standing: number }>(
        service,
        `SELECT id, threshold, cleared_at IS NULL AS standing FROM alerts
          WHERE participant_id = '${participantId}' AND kind = 'budget_threshold'`,
      );
      const seen = [75, 90].map((threshold) => {
        const own = rows.filter((row) => row.threshold === threshold);
        return { threshold, raised: own.length, standing: own.filter(({ standing }) => standing === 1).length };
      });
      expect(seen, `seed ${SEED}`).toEqual(await walk(participantId));
      expect(rows.length, `seed ${SEED}`).toBeGreaterThanOrEqual(2);
      alerts.push(...rows);
    }
    const coordinators = await query<{ id: string }>(
      service,
      `SELECT id FROM users WHERE role = 'coordinator' AND email LIKE '%@demo.caddy.test'`,
    );
    expect(coordinators).toHaveLength(2);
    const wanted = alerts.flatMap((alert) => coordinators.map((user) => `${alert.id} ${user.id} sent`));
    const told = (await outbox('budget_alert')).map(
      ({ entityId, userId, status }) => `${entityId} ${userId} ${status}`,
    );
    expect(told.sort(), `seed ${SEED}`).toEqual(wanted.sort());
  }, 60_000);
});

describe('a signal', () => {
  test('to the process alone ends everything that the start began, and frees the port', async () => {
    signal(service, 'SIGTERM');
    await service.ended;
    await gone(service.group);
    await expect(fetch(service.url)).rejects.toThrow();
  });
});
