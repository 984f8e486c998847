import { beforeAll, describe, expect, test } from 'vitest';
import { commonItems, newParticipant, planBody, supportItem, tenDollars } from '../support/workers/care.ts';
import { storedCheck, storedIncident, storedMetric } from '../support/workers/compliance.ts';
import { lists } from '../support/workers/contract.ts';
import { announce, announceVersion } from '../support/workers/documents.ts';
import { storedAlert, storedEmail, storedRun } from '../support/workers/notices.ts';
import { address, newWorld, sampleOf, storedImport, storedImportRow, type World } from '../support/workers/samples.ts';
import { say, storedThread } from '../support/workers/talk.ts';
import type { Json } from '../support/workers/tenant.ts';

/** Lists are walked page by page while rows come in between: every row that was there is seen once (`api.md` §2). */

let items = 0;
const next = () => {
  items += 1;
  return items;
};

beforeAll(commonItems);

/** A participant with a name and a plan's end of their own. */
function person(world: World, place: number): Promise<unknown> {
  const lastName = `${'MAZB'[place % 4]}${place}`;
  return newParticipant(world.admin, {
    fields: { profile: { firstName: 'Test', lastName, dateOfBirth: '1990-01-01' }, tags: ['north'] },
    budgets: [],
    plan: { endDate: `2027-0${1 + (place % 9)}-28` },
  });
}

interface Walked {
  /** Brings one more row into the list, each elsewhere in its order. */
  insert: (world: World, place: number) => Promise<unknown>;
  /** What it is filtered and ordered by; `{admin}` and `{participant}` stand for their ids. */
  queries: string[];
}

/** How each list of the document is walked. */
const WALKED: Record<string, Walked> = {
  'GET /v1/users': { insert: (world) => world.user('viewer'), queries: [''] },
  'GET /v1/participants': {
    insert: person,
    queries: [
      '',
      'sort=-createdAt',
      'sort=planEnd',
      'search=test',
      'search=t',
      'tag=north',
      'search=test&sort=planEnd',
    ],
  },
  'GET /v1/participants/{id}/plans': {
    insert: (world, place) => {
      // 7919 and 1009 are primes: days in no order, and none twice.
      const day = new Date(Date.UTC(2030, 0, 1 + ((place * 7919) % 1009))).toISOString().slice(0, 10);
      const plan = planBody([], { startDate: day, endDate: day });
      return world.admin.post(`/v1/participants/${world.participantId}/plans`, plan);
    },
    queries: [''],
  },
  'GET /v1/budgets/{id}/entries': {
    insert: (world) => world.admin.post('/v1/services', tenDollars(world.participantId)),
    queries: [''],
  },
  'GET /v1/support-items': {
    insert: (_, place) =>
      supportItem(`${['01', '04', '15'][place % 3]}_${String(100 + place)}_0107_1_1`, { categoryCode: 1 }),
    queries: ['', 'category=1', 'date=2026-01-01&zone=remote'],
  },
  'GET /v1/services': {
    insert: (world, place) => {
      const serviceDate = ['2026-11-20', '2026-11-19', '2026-11-20', '2026-11-21'][place % 4];
      return world.admin.post('/v1/services', tenDollars(world.participantId, { serviceDate }));
    },
    queries: [
      '',
      'status=completed',
      'from=2026-11-19&to=2026-11-21',
      'participantId={participant}',
      'supportWorkerId={admin}',
    ],
  },
  'GET /v1/audit-logs': {
    insert: (world) => world.admin.post('/v1/services', tenDollars(world.participantId)),
    queries: ['', 'entityType=service', 'action=service.created', 'userId={admin}', 'from=2020-01-01&to=2199-01-01'],
  },
  'GET /v1/imports': {
    insert: (world, place) =>
      storedImport(world, {
        kind: place % 4 === 0 ? 'services' : 'participants',
        status: place % 4 === 1 ? 'failed' : 'completed',
        // Two of an instant, and the instants in no order.
        at: Date.now() - ((Math.floor(place / 2) * 7919) % 1009) * 1000,
      }),
    queries: ['', 'kind=participants', 'status=completed', 'kind=participants&status=completed'],
  },
  'GET /v1/imports/{id}/rows': {
    insert: (world, place) =>
      storedImportRow(world, {
        row: 10 + ((place * 7919) % 1009),
        entityId: place % 2 === 0 ? world.participantId : null,
      }),
    queries: ['', 'status=succeeded', 'status=failed'],
  },
  'GET /v1/documents': {
    insert: (world, place) =>
      announce(world.admin, {
        title: `Plan ${place}`,
        type: place % 5 === 0 ? 'other' : 'report',
        participantId: place % 5 === 1 ? null : world.participantId,
        validTo: place % 5 === 2 ? null : `2026-0${1 + (place % 9)}-28`,
        tags: ['north'],
      }),
    queries: [
      '',
      'type=report',
      'status=pending_upload',
      'participantId={participant}',
      'createdBy={admin}',
      'expiringBefore=2026-12-31',
      'search=plan',
      'search=p',
      'search=north+plan&type=report',
      'participantId={participant}&expiringBefore=2026-12-31',
    ],
  },
  'GET /v1/documents/{id}/versions': {
    insert: (world) => announceVersion(world.admin, world.waitingDocumentId),
    queries: [''],
  },
  'GET /v1/alerts': {
    insert: (world, place) =>
      storedAlert(world, {
        status: place % 3 === 0 ? 'resolved' : 'open',
        severity: place % 4 === 0 ? 'critical' : 'warning',
        kind: place % 5 === 0 ? 'plan_expiry' : 'budget_threshold',
      }),
    queries: [
      '',
      'status=open',
      'severity=warning',
      'kind=budget_threshold',
      'participantId={participant}&status=open',
    ],
  },
  'GET /v1/incidents': {
    insert: (world, place) =>
      storedIncident(world, {
        participantId: place % 5 === 1 ? null : world.participantId,
        status: place % 4 === 1 ? 'closed' : 'open',
        category: place % 5 === 0 ? 'death' : 'other',
      }),
    queries: [
      '',
      'status=open',
      'category=other',
      'participantId={participant}',
      'status=open&category=other',
      'participantId={participant}&status=open&category=other',
    ],
  },
  'GET /v1/compliance': {
    insert: async (world, place) => {
      const { id: participantId } = await newParticipant(world.admin, { budgets: [] });
      // Some of a score, the scores in no order, and now and then someone without one, who is not listed.
      await storedCheck({ ...world, participantId }, place % 7 === 0 ? null : (Math.floor(place / 2) * 7919) % 101);
    },
    queries: [''],
  },
  'GET /v1/metrics': {
    insert: (world, place) =>
      storedMetric(world, { metric: place % 4 === 0 ? 'shift.sync.failures' : 'shift.sync.seconds' }),
    queries: [
      '',
      'metric=shift.sync.seconds',
      'from=2020-01-01T00:00:00Z&to=2199-01-01T00:00:00Z',
      'metric=shift.sync.seconds&from=2020-01-01T00:00:00Z&to=2199-01-01T00:00:00Z',
    ],
  },
  'GET /v1/jobs': { insert: (world, place) => storedRun(world, place + 1), queries: ['', 'job=daily-budget-check'] },
  'GET /v1/emails': {
    insert: (world, place) => storedEmail(world, place % 3 === 0 ? 'invitation' : 'mention'),
    queries: ['', 'template=mention'],
  },
  'GET /v1/threads': {
    insert: (world, place) =>
      storedThread(world, {
        participantId: place % 5 === 1 ? null : world.participantId,
        status: place % 4 === 1 ? 'closed' : 'open',
        // Two of an instant, and the instants in no order.
        at: Date.now() - ((Math.floor(place / 2) * 7919) % 1009) * 1000,
      }),
    queries: [
      '',
      'sort=-lastMessageAt',
      'status=open',
      'status=closed&sort=-lastMessageAt',
      'participantId={participant}',
      'participantId={participant}&sort=-lastMessageAt',
      'participantId={participant}&status=open',
    ],
  },
  'GET /v1/threads/{id}/messages': {
    insert: async ({ admin, threadId }, place) => {
      await say(admin, threadId, `Went well ${place}.`);
      // Those that are deleted leave gaps.
      if (place % 3 > 0) return;
      const { id } = await say(admin, threadId, 'Went badly.');
      await admin.delete(`/v1/threads/${threadId}/messages/${id}`, undefined);
    },
    queries: [''],
  },
};

/** What a list has beside its page. */
const BESIDE: Record<string, string[]> = { 'GET /v1/compliance': ['summary'], 'GET /v1/metrics': ['connections'] };

const nameOf = (row: Json): string =>
  String(row.id ?? row.seq ?? row.code ?? row.row ?? row.participantId ?? `${row.version}/${JSON.stringify(row)}`);

test('every list of the document is walked here', () => {
  expect(Object.keys(WALKED).sort()).toEqual(lists.map(({ key }) => key).sort());
});

describe.each(lists)('$key', (operation) => {
  const { insert, queries } = WALKED[operation.key] ?? { insert: async () => {}, queries: [] };
  let world: World;

  beforeAll(async () => {
    world = await newWorld();
    for (let row = 0; row < 5; row++) await insert(world, next());
  });

  async function page(query: string): Promise<Json> {
    const { query: _, ...sample } = sampleOf(operation, world);
    const { status, body } = await world.admin.get(`${address(operation, sample)}?${query}`);
    expect(status).toBe(200);
    expect(Object.keys(body).sort()).toEqual(['data', 'nextCursor', ...(BESIDE[operation.key] ?? [])].sort());
    return body;
  }

  /** Everything that the list has now, in one page. */
  const whole = async (query: string): Promise<string[]> => {
    const { data, nextCursor } = await page(`${query}&limit=100`);
    expect(nextCursor).toBeNull();
    return data.map(nameOf);
  };

  async function walk(query: string, limit: number): Promise<string[]> {
    const seen: string[] = [];
    let cursor = '';
    for (let pages = 0; pages < 200; pages++) {
      const { data, nextCursor } = await page(`${query}&limit=${limit}${cursor}`);
      seen.push(...data.map(nameOf));
      if (nextCursor === null) return seen;
      expect(data.length, 'a page before the last is full').toBe(limit);
      cursor = `&cursor=${encodeURIComponent(nextCursor)}`;
      // A few only, or a list that grows at its end would never end.
      if (pages < 4) await insert(world, next());
    }
    throw new Error('the list does not end');
  }

  test.each(queries)('shows every row once while others come in between (%s)', async (filter) => {
    const query = filter.replace('{admin}', world.admin.userId).replace('{participant}', world.participantId);
    // The whole list by ones, twos and threes; what filters and orders change of it, by one of them.
    for (const limit of filter === '' ? [1, 2, 3] : [1 + (queries.indexOf(filter) % 3)]) {
      const before = await whole(query);
      expect(before.length).toBeGreaterThan(3);
      const seen = await walk(query, limit);
      expect(new Set(seen).size, 'no row twice').toBe(seen.length);
      expect(before.filter((row) => !seen.includes(row))).toEqual([]);
      const after = await whole(query);
      expect(seen).toEqual(after.filter((row) => seen.includes(row)));
    }
  });

  test('ends without a cursor when the rows fit exactly', async () => {
    const rows = await whole('');
    expect((await page(`limit=${rows.length}`)).nextCursor).toBeNull();
    const one = await page(`limit=${rows.length - 1}`);
    expect(one.data).toHaveLength(rows.length - 1);
    expect(one.nextCursor).toEqual(expect.any(String));
  });

  test('has 20 rows to a page unless asked', async () => {
    for (let rows = (await whole('')).length; rows < 21; rows++) await insert(world, next());
    expect((await page('')).data).toHaveLength(20);
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
