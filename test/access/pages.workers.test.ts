import { beforeAll, describe, expect, test } from 'vitest';
import { commonItems, newParticipant, supportItem, tenDollars } from '../support/workers/care.ts';
import { lists, type Operation } from '../support/workers/contract.ts';
import { address, newWorld, sampleOf, type World } from '../support/workers/samples.ts';
import type { Json } from '../support/workers/tenant.ts';

/** Lists are walked page by page while rows come in between: every row that was there is seen once (`api.md` §2). */

let world: World;
let items = 0;

beforeAll(async () => {
  await commonItems();
  world = await newWorld();
});

const person = (lastName: string, more: Json = {}) =>
  newParticipant(world.admin, {
    fields: { profile: { firstName: 'Test', lastName, dateOfBirth: '1990-01-01' }, ...more },
    budgets: [],
    plan: { endDate: `2027-0${1 + (items % 9)}-28` },
  });

/** How a row comes into each list, each one elsewhere in its order; and the query that it is walked by. */
const INSERTS: Record<string, { insert: () => Promise<unknown>; queries: string[] }> = {
  'GET /v1/users': { insert: () => world.user('viewer'), queries: [''] },
  'GET /v1/participants': {
    insert: async () => {
      items += 1;
      await person(`${'MAZB'[items % 4]}${items}`, { tags: ['north'] });
    },
    queries: [
      '',
      'sort=-createdAt',
      'sort=planEnd',
      'search=test',
      'search=t',
      'tag=north',
      'search=test+4&sort=planEnd',
    ],
  },
  'GET /v1/budgets/{id}/entries': {
    insert: () => world.admin.post('/v1/services', tenDollars(world.participantId)),
    queries: [''],
  },
  'GET /v1/support-items': {
    insert: async () => {
      items += 1;
      // Before, between and after the others, by number.
      const place = ['01', '04', '15'][items % 3];
      await supportItem(`${place}_${String(100 + items)}_0107_1_1`, { categoryCode: 1 });
    },
    queries: ['', 'category=1', 'date=2026-01-01&zone=remote'],
  },
  'GET /v1/services': {
    insert: () => {
      items += 1;
      const serviceDate = ['2026-11-20', '2026-11-19', '2026-11-20', '2026-11-21'][items % 4];
      return world.admin.post('/v1/services', tenDollars(world.participantId, { serviceDate }));
    },
    queries: ['', 'status=completed', 'from=2026-11-19&to=2026-11-20', 'PARTICIPANT', 'WORKER'],
  },
  'GET /v1/audit-logs': {
    insert: () => world.admin.post('/v1/services', tenDollars(world.participantId)),
    queries: ['', 'entityType=service', 'action=service.created', 'USER', 'from=2020-01-01&to=2199-01-01'],
  },
};

const filter = (query: string): string =>
  query
    .replace('PARTICIPANT', `participantId=${world.participantId}`)
    .replace('WORKER', `supportWorkerId=${world.admin.userId}`)
    .replace('USER', `userId=${world.admin.userId}`);

const nameOf = (row: Json): string => String(row.id ?? row.seq ?? row.code ?? `${row.version}/${JSON.stringify(row)}`);

/** Everything that the list has now, in one page. */
async function whole(operation: Operation, query: string): Promise<string[]> {
  const { query: _, ...sample } = sampleOf(operation, world);
  const { status, body } = await world.admin.get(`${address(operation, sample)}?${filter(query)}&limit=100`);
  expect(status).toBe(200);
  return body.data.map(nameOf);
}

async function walk(operation: Operation, options: { query: string; limit: number; between: () => Promise<unknown> }) {
  const { query: _, ...sample } = sampleOf(operation, world);
  const seen: string[] = [];
  let cursor = '';
  for (let page = 0; page < 200; page++) {
    const path = `${address(operation, sample)}?${filter(options.query)}&limit=${options.limit}${cursor}`;
    const { status, body } = await world.admin.get(path);
    expect(status).toBe(200);
    expect(Object.keys(body).sort()).toEqual(['data', 'nextCursor']);
    expect(body.data.length).toBeLessThanOrEqual(options.limit);
    seen.push(...body.data.map(nameOf));
    if (body.nextCursor === null) return seen;
    expect(body.data.length, 'a page before the last is full').toBe(options.limit);
    cursor = `&cursor=${encodeURIComponent(body.nextCursor)}`;
    // A few only, or a list that grows at its end would never end.
    if (page < 4) await options.between();
  }
  throw new Error('the list does not end');
}

test('every list of the document is walked here', () => {
  expect(Object.keys(INSERTS).sort()).toEqual(lists.map(({ key }) => key).sort());
});

describe.each(lists)('$key', (operation) => {
  const { insert, queries } = INSERTS[operation.key] ?? { insert: async () => {}, queries: [] };

  beforeAll(async () => {
    for (let row = 0; row < 5; row++) await insert();
  });

  test.each(queries)('shows every row once while others come in between (%s)', async (query) => {
    for (const limit of [1, 2, 3]) {
      const before = await whole(operation, query);
      expect(before.length).toBeGreaterThan(3);
      const seen = await walk(operation, { query, limit, between: insert });
      expect(new Set(seen).size, 'no row twice').toBe(seen.length);
      expect(before.filter((row) => !seen.includes(row))).toEqual([]);
      const after = await whole(operation, query);
      expect(seen).toEqual(after.filter((row) => seen.includes(row)));
    }
  });

  test('ends without a cursor when the rows fit exactly', async () => {
    const { query: _, ...sample } = sampleOf(operation, world);
    const rows = await whole(operation, '');
    const path = (limit: number) => `${address(operation, sample)}?limit=${limit}`;
    expect((await world.admin.get(path(rows.length))).body.nextCursor).toBeNull();
    const one = (await world.admin.get(path(rows.length - 1))).body;
    expect(one.data).toHaveLength(rows.length - 1);
    expect(one.nextCursor).toEqual(expect.any(String));
  });

  test('has 20 rows to a page unless asked', async () => {
    while ((await whole(operation, '')).length < 21) await insert();
    const { query: _, ...sample } = sampleOf(operation, world);
    expect((await world.admin.get(address(operation, sample))).body.data).toHaveLength(20);
  });
});

describe('an order that changes under the walk', () => {
  test('of participants by name shows nobody twice when somebody is renamed', async () => {
    const own = await newWorld();
    for (const lastName of ['Ant', 'Bee', 'Cat', 'Dog']) {
      await newParticipant(own.admin, {
        fields: { profile: { firstName: 'Test', lastName, dateOfBirth: '1990-01-01' } },
      });
    }
    const first = (await own.admin.get('/v1/participants?limit=2')).body;
    // One that was shown goes to the front, one that was not goes further back.
    await own.admin.patch(`/v1/participants/${first.data[1].id}`, { profile: { lastName: 'Aardvark' } });
    const rest = (await own.admin.get(`/v1/participants?limit=100&cursor=${first.nextCursor}`)).body;
    const ids = [...first.data, ...rest.data].map(({ id }: Json) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toHaveLength(6);
  });
});
