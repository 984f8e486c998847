import { expect } from 'vitest';
import { openLocal } from '../../../scripts/lib/database.ts';
import { kill, type Place, type Service } from './service.ts';

const AT_ONCE = 16;
const ITEM = '01_799_0107_1_1';

/** A shift that was asked for; what was not acknowledged may or may not be in the database. */
export interface Asked {
  key: string;
  body: { participantId: string; supportItemCode: string; serviceDate: string; quantity: number };
  costCents: number;
  /** Null until its recording was acknowledged. */
  id: string | null;
  cancel: 'not asked' | 'asked' | 'acknowledged';
}

/** Numbers from 0 up to 1 that depend on the seed alone (mulberry32). */
export function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Keyed {
  path: string;
  body: unknown;
  key: string;
  headers: Record<string, string>;
}

/** Sends a POST under an idempotency key. Rejects when no answer comes. */
export async function postKeyed(service: Service, { path, body, key, headers }: Keyed) {
  const response = await fetch(`${service.url}${path}`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(20_000),
  });
  const answer = (await response.json()) as { id: string; status: string };
  return { status: response.status, replayed: response.headers.get('idempotent-replayed'), answer };
}

/** Puts the item that the load records, $10 each, into the catalogue. */
export async function addItem(place: Place): Promise<void> {
  const database = openLocal(place.directory);
  await database.execute([
    `INSERT INTO support_items (code, start_date, name, registration_group, category_code, pace_category_code, unit, quotable,
      national_cents, remote_cents, very_remote_cents) VALUES ('${ITEM}', '2020-07-01', 'Item', '0107', 1, 1, 'E', 0, 1000, 1000, 1000)`,
  ]);
  database.close();
}

/** A participant with more money than the load can spend. Their id. */
export async function addParticipant(
  service: Service,
  { number, headers }: { number: number; headers: Record<string, string> },
): Promise<string> {
  const body = {
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
  };
  const person = { path: '/v1/participants', body, key: `person-${number}`, headers };
  const { status, answer } = await postKeyed(service, person);
  expect(status, JSON.stringify(answer)).toBe(201);
  return answer.id;
}

export interface Load {
  people: readonly string[];
  headers: Record<string, string>;
  round: number;
  /** After so many acknowledgements everything that the start began is killed, whatever is on its way. */
  dieAfter: number;
  random: () => number;
}

/** Records services and cancels some, many at once, and kills the service in the middle. What was asked of it. */
export async function load(service: Service, options: Load): Promise<Asked[]> {
  const { people, headers, round, dieAfter, random } = options;
  const asked: Asked[] = [];
  let acknowledged = 0;
  let death: Promise<void> | null = null;

  const newShift = (): Asked => {
    const hundredths = 100 + asked.length;
    const participantId = people[Math.floor(random() * people.length)] ?? '';
    return {
      key: `shift-${round}-${asked.length}`,
      body: { participantId, supportItemCode: ITEM, serviceDate: '2026-11-20', quantity: hundredths / 100 },
      costCents: hundredths * 10,
      id: null,
      cancel: 'not asked',
    };
  };
  const give = async (shift: Asked) => {
    const recorded = await postKeyed(service, { path: '/v1/services', body: shift.body, key: shift.key, headers });
    expect(recorded.status, JSON.stringify(recorded.answer)).toBe(201);
    shift.id = recorded.answer.id;
    acknowledged += 1;
    if (acknowledged === dieAfter) death = kill(service);
    if (random() > 0.2) return;
    shift.cancel = 'asked';
    const path = `/v1/services/${shift.id}/cancel`;
    const cancelled = await postKeyed(service, { path, body: { reason: 'test' }, key: `${shift.key}-cancel`, headers });
    expect(cancelled.status, JSON.stringify(cancelled.answer)).toBe(200);
    shift.cancel = 'acknowledged';
  };
  const hand = async () => {
    for (;;) {
      const shift = newShift();
      asked.push(shift);
      try {
        await give(shift);
      } catch (error) {
        // Cut off by the death; anything else is the service's fault.
        if (death === null || (error instanceof Error && error.name === 'AssertionError')) throw error;
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, hand));
  await death;
  return asked;
}
