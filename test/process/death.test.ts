import { afterAll, expect, test } from 'vitest';
import { openLocal } from '../../scripts/lib/database.ts';
import { DEMONSTRATION } from '../../scripts/lib/demonstration.ts';
import { signToken } from '../../scripts/lib/keys.ts';
import { differences } from '../support/node/books.ts';
import {
  cleanUp,
  firstAnswer,
  gone,
  kill,
  launch,
  newPlace,
  type Place,
  type Service,
  signal,
} from '../support/node/service.ts';

const KILLS = Number(process.env['KILLS'] ?? 3);
const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1_000_000));
const AT_ONCE = 16;
const PARTICIPANTS = 5;
const ITEM = '01_799_0107_1_1';

const headers = {
  authorization: `Bearer ${signToken(DEMONSTRATION[0]?.users[0]?.externalId ?? '')}`,
  'content-type': 'application/json',
};

afterAll(cleanUp, 30_000);

/** A service that was asked for, and perhaps its cancellation; what was never acknowledged may or may not be there. */
interface Wish {
  key: string;
  body: { participantId: string; supportItemCode: string; serviceDate: string; quantity: number };
  /** The acknowledged service's id. */
  id: string | null;
  cancel: 'not asked' | 'asked' | 'acknowledged';
}

/** Numbers between 0 and 1 that depend on the seed alone (mulberry32). */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

async function post(service: Service, path: string, body: unknown, key: string) {
  const response = await fetch(`${service.url}${path}`, {
    method: 'POST',
    headers: { ...headers, 'idempotency-key': key },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(20_000),
  });
  const answer = (await response.json()) as { id: string; status: string };
  return { status: response.status, replayed: response.headers.get('idempotent-replayed'), answer };
}

async function up(place: Place): Promise<Service> {
  const service = launch(place);
  const { status, body } = await firstAnswer(service, '/v1/me', headers);
  expect(status, body).toBe(200);
  return service;
}

async function addItem(place: Place): Promise<void> {
  const database = openLocal(place.directory);
  await database.execute([
    `INSERT INTO support_items (code, start_date, name, registration_group, category_code, pace_category_code, unit, quotable,
      national_cents, remote_cents, very_remote_cents) VALUES ('${ITEM}', '2020-07-01', 'Item', '0107', 1, 1, 'E', 0, 1000, 1000, 1000)`,
  ]);
  database.close();
}

async function addParticipant(service: Service, number: number): Promise<string> {
  const created = await post(
    service,
    '/v1/participants',
    {
      ndisNumber: `4399${String(number).padStart(5, '0')}`,
      profile: { firstName: 'Test', lastName: `Person ${number}`, dateOfBirth: '1990-01-01' },
      plan: {
        startDate: '2026-01-01',
        endDate: '2027-12-31',
        managementType: 'ndia_managed',
        budgets: [
          { categoryCode: 1, flexible: true, allocatedCents: 1_000_000_000 },
          { categoryCode: 4, flexible: true, allocatedCents: 1_000_000 },
        ],
      },
    },
    `participant-${number}`,
  );
  expect(created.status).toBe(201);
  return created.answer.id;
}

/** Records and cancels, many at once, until the service is dead; answers what was asked and what was acknowledged. */
async function load(
  service: Service,
  people: string[],
  options: { round: number; dieAfter: number; random: () => number },
) {
  const { round, dieAfter, random } = options;
  const wishes: Wish[] = [];
  let acknowledged = 0;
  let dead = false;
  let die = () => {};
  const death = new Promise<void>((resolve) => {
    die = resolve;
  }).then(() => kill(service));
  const hand = async () => {
    while (!dead) {
      const participantId = people[Math.floor(random() * people.length)] ?? '';
      const wish: Wish = {
        key: `${round}-${wishes.length}`,
        body: { participantId, supportItemCode: ITEM, serviceDate: '2026-11-20', quantity: 1 + wishes.length / 100 },
        id: null,
        cancel: 'not asked',
      };
      wishes.push(wish);
      try {
        const recorded = await post(service, '/v1/services', wish.body, wish.key);
        expect(recorded.status, JSON.stringify(recorded.answer)).toBe(201);
        wish.id = recorded.answer.id;
        acknowledged += 1;
        if (acknowledged === dieAfter) die();
        if (random() > 0.2) continue;
        wish.cancel = 'asked';
        const cancelled = await post(
          service,
          `/v1/services/${wish.id}/cancel`,
          { reason: 'test' },
          `${wish.key}-cancel`,
        );
        expect(cancelled.status, JSON.stringify(cancelled.answer)).toBe(200);
        wish.cancel = 'acknowledged';
      } catch (error) {
        // Cut off: by the death, or the service is at fault.
        if (error instanceof Error && error.name === 'AssertionError') throw error;
        dead = true;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, hand));
  await death;
  return wishes;
}

/** The services of the database by id. */
async function servicesOf(place: Place): Promise<Map<string, string>> {
  const database = openLocal(place.directory);
  const rows = await database.query<{ id: string; status: string }>('SELECT id, status FROM services');
  const wrong = await differences(database);
  database.close();
  expect(wrong, `seed ${SEED}`).toEqual({});
  return new Map(rows.map(({ id, status }) => [id, status]));
}

test(
  `a service killed ${KILLS} times under load keeps what it acknowledged, and a retry is the same service (seed ${SEED})`,
  async () => {
    const random = chance(SEED);
    const place = await newPlace();
    let service = await up(place);
    await addItem(place);
    const people = await Promise.all(
      Array.from({ length: PARTICIPANTS }, (_, number) => addParticipant(service, number)),
    );
    const everyone = new Map<string, Wish>();

    for (let round = 0; round < KILLS; round++) {
      const dieAfter = 10 + Math.floor(random() * 120);
      const wishes = await load(service, people, { round, dieAfter, random });
      const kept = wishes.filter(({ id }) => id !== null);
      expect(kept.length).toBeGreaterThanOrEqual(dieAfter);
      expect(kept.length, 'some were cut off in the middle').toBeLessThan(wishes.length);

      // As the dead left it: nothing half done, nothing acknowledged missing.
      const left = await servicesOf(place);
      for (const wish of kept) {
        const status = left.get(wish.id ?? '');
        const possible = { 'not asked': ['completed'], asked: ['completed', 'cancelled'], acknowledged: ['cancelled'] };
        expect(possible[wish.cancel], `seed ${SEED}, round ${round}: ${wish.key} ${wish.id}`).toContain(status);
      }

      service = await up(place);
      // Whoever was cut off asks again; and so do some who were not.
      for (const wish of wishes) {
        if (wish.id !== null && wish.cancel !== 'asked' && random() > 0.1) continue;
        const again = await post(service, '/v1/services', wish.body, wish.key);
        expect(again.status, `seed ${SEED}: ${JSON.stringify(again.answer)}`).toBe(201);
        if (wish.id !== null) expect([again.answer.id, again.replayed]).toEqual([wish.id, 'true']);
        wish.id = again.answer.id;
        if (wish.cancel !== 'asked') continue;
        const cancelled = await post(
          service,
          `/v1/services/${wish.id}/cancel`,
          { reason: 'test' },
          `${wish.key}-cancel`,
        );
        expect([cancelled.status, cancelled.answer.status]).toEqual([200, 'cancelled']);
        wish.cancel = 'acknowledged';
      }
      for (const wish of wishes) everyone.set(wish.key, wish);
      const present = await servicesOf(place);
      const wanted = [...everyone.values()].map(({ id, cancel }) => [
        id,
        cancel === 'acknowledged' ? 'cancelled' : 'completed',
      ]);
      expect([...present].sort(), `seed ${SEED}: one service a key`).toEqual(wanted.sort());
    }

    for (const participantId of people) {
      const response = await fetch(`${service.url}/v1/participants/${participantId}/budgets`, { headers });
      const { budgets } = (await response.json()) as { budgets: { spentCents: number }[] };
      const costs = [...everyone.values()]
        .filter(({ body, cancel }) => body.participantId === participantId && cancel === 'not asked')
        .map(({ body }) => Math.round(body.quantity * 1000));
      expect(budgets[0]?.spentCents).toBe(costs.reduce((total, cost) => total + cost, 0));
    }
    signal(service, 'SIGINT', 'group');
    await service.ended;
    await gone(service.group);
  },
  60_000 + KILLS * 30_000,
);
