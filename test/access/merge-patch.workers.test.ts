import { beforeAll, describe, expect, test } from 'vitest';
import { commonItems } from '../support/workers/care.ts';
import { unnotedService } from '../support/workers/compliance.ts';
import { changedBy, misfits, operations } from '../support/workers/contract.ts';
import { fullBody, newWorld, sampleOf, type World } from '../support/workers/samples.ts';
import type { Json } from '../support/workers/tenant.ts';

/** JSON merge patches (RFC 7396): absent leaves, null clears, objects merge, all else replaces. */

let world: World;
/** Where each resource that may be patched is; each has every field when a test begins. */
let places: Record<string, string>;

const NOTE = 'PATCH /v1/services/{id}';

async function fill(key: string): Promise<Json> {
  // A note is written once: each test has a service that is still without one.
  if (key === NOTE) {
    places[NOTE] = `/v1/services/${await unnotedService(world)}`;
    return (await world.admin.get(places[NOTE])).body;
  }
  const operation = operations.find((candidate) => candidate.key === key);
  if (!operation) throw new Error(`no operation ${key}`);
  const filled = await world.admin.patch(places[key] ?? '', fullBody(sampleOf(operation, world)));
  expect(filled.status, JSON.stringify(filled.body)).toBe(200);
  return key === 'PATCH /v1/me' ? filled.body.user : filled.body;
}

async function patch(key: string, body: Json): Promise<Json> {
  const answer = await world.admin.patch(places[key] ?? '', body);
  expect(answer.status, `${JSON.stringify(body)} ${JSON.stringify(answer.body)}`).toBe(200);
  const found = await world.admin.get(places[key] ?? '');
  expect(answer.body).toEqual(found.body);
  return key === 'PATCH /v1/me' ? answer.body.user : answer.body;
}

/** The value with what one path has replaced; the times of the change and figures that follow are the caller's to leave out. */
function replaced(value: Json, path: string, by: Json): Json {
  const [name = '', ...rest] = path.split('/');
  return { ...value, [name]: rest.length === 0 ? by : replaced(value[name], rest.join('/'), by) };
}

/** What follows from the change itself: when it was made, and until when the Commission is to be told. */
const FOLLOWING = ['updatedAt', 'editedAt', 'notedAt', 'notifyBy', 'notification', 'reportBy', 'report'];

const still = (value: Json): Json =>
  Object.fromEntries(Object.entries(value).filter(([name]) => !FOLLOWING.includes(name)));

beforeAll(async () => {
  await commonItems();
  world = await newWorld();
  places = {
    'PATCH /v1/me': '/v1/me',
    'PATCH /v1/organization': '/v1/organization',
    'PATCH /v1/users/{id}': `/v1/users/${world.userId}`,
    'PATCH /v1/participants/{id}': `/v1/participants/${world.participantId}`,
    'PATCH /v1/plans/{id}': `/v1/plans/${world.planId}`,
    'PATCH /v1/budgets/{id}': `/v1/budgets/${world.budgetId}`,
    'PATCH /v1/incidents/{id}': `/v1/incidents/${world.incidentId}`,
    'PATCH /v1/documents/{id}': `/v1/documents/${world.documentId}`,
    'PATCH /v1/threads/{id}': `/v1/threads/${world.threadId}`,
    'PATCH /v1/threads/{id}/messages/{messageId}': `/v1/threads/${world.threadId}/messages/${world.messageId}`,
  };
});

/** One field changed: where it is in the answer, what is sent, and what is then there. */
type Change = [path: string, sent: Json, becomes: Json];

const CHANGES: Record<string, Change[]> = {
  'PATCH /v1/me': [
    ['firstName', 'Bea', 'Bea'],
    ['phone', null, null],
    ['preferences/defaultView', 'plans', 'plans'],
    ['preferences/defaultView', null, 'participants'],
    ['preferences/shortcuts', [], []],
    ['preferences/shortcuts', null, []],
    ['preferences/notifications/email', true, true],
    ['preferences/notifications/sms', null, true],
  ],
  'PATCH /v1/organization': [
    ['name', 'Other Name', 'Other Name'],
    ['abn', null, null],
    ['registrationNumber', null, null],
    ['settings/timeZone', 'Australia/Perth', 'Australia/Perth'],
    ['settings/dateFormat', 'D MMM YYYY', 'D MMM YYYY'],
    ['settings/dateFormat', null, 'DD/MM/YYYY'],
    ['settings/claimDuration', null, 'hours'],
    ['settings/businessHours/start', '07:00', '07:00'],
    ['settings/businessHours/end', null, '17:00'],
    ['settings/businessHours/workDays', [6], [6]],
    ['settings/businessHours', null, { start: '09:00', end: '17:00', workDays: [1, 2, 3, 4, 5] }],
    ['contacts', null, []],
  ],
  'PATCH /v1/users/{id}': [
    ['externalId', null, null],
    ['phone', null, null],
    ['lastName', 'Green', 'Green'],
    ['permissions', null, []],
    ['permissions', ['metrics.read'], ['metrics.read']],
    ['status', null, 'active'],
    ['screeningCheck/status', 'excluded', 'excluded'],
    ['screeningCheck/expiresOn', '2031-01-31', '2031-01-31'],
    ['screeningCheck/expiresOn', null, null],
    ['screeningCheck', null, null],
    ['preferences/defaultView', 'plans', 'plans'],
    ['preferences/notifications/email', true, true],
    ['preferences/notifications', null, { email: true, inApp: true, sms: true }],
    [
      'preferences',
      null,
      { notifications: { email: true, inApp: true, sms: true }, defaultView: 'participants', shortcuts: [] },
    ],
  ],
  'PATCH /v1/participants/{id}': [
    ['profile/firstName', 'Ngọc', 'Ngọc'],
    ['profile/preferredName', null, null],
    ['profile/gender', '', ''],
    ['profile/contact/email', null, null],
    ['profile/contact/phone', '08 5550 0000', '08 5550 0000'],
    ['profile/contact', null, { email: null, phone: null, mobile: null, preferredMethod: null }],
    ['profile/address/suburb', 'Enmore', 'Enmore'],
    ['profile/address/country', null, 'AU'],
    ['profile/address', null, null],
    ['profile/emergency', [], []],
    ['pricingZone', null, 'national'],
    ['medical/allergies', ['Latex'], ['Latex']],
    ['medical/disabilities', null, []],
    ['medical', null, { disabilities: [], medications: [], allergies: [], dietaryRequirements: [] }],
    ['preferences/routines', 'Swim', 'Swim'],
    ['preferences/interests', null, []],
    ['tags', ['a', 'b'], ['a', 'b']],
    ['tags', null, []],
    ['customFields', null, {}],
    ['status', 'inactive', 'inactive'],
  ],
  'PATCH /v1/plans/{id}': [
    ['planNumber', null, null],
    ['reviewDate', '2027-01-01', '2027-01-01'],
    ['reviewDate', null, null],
    ['planManager', 'Sam', 'Sam'],
    ['supportCoordinatorId', null, null],
    ['goals', ['Travel'], ['Travel']],
    ['goals', null, []],
    ['system', null, 'pace'],
  ],
  'PATCH /v1/budgets/{id}': [['flexible', true, true]],
  'PATCH /v1/services/{id}': [
    ['notes', ' Ngọc ate well.\nShe <b>slept</b>. ', ' Ngọc ate well.\nShe <b>slept</b>. '],
    ['notes', null, ''],
  ],
  'PATCH /v1/incidents/{id}': [
    ['participantId', null, null],
    ['category', 'death', 'death'],
    ['causedHarm', false, false],
    ['causedHarm', null, false],
    ['description', ' Ngọc <b>fell</b>.\n', ' Ngọc <b>fell</b>.\n'],
    ['description', null, ''],
    ['actionsTaken', null, ''],
    ['state', 'WA', 'WA'],
    ['state', null, 'NSW'],
    ['occurredAt', '2026-11-20T07:30:00+11:00', '2026-11-19T20:30:00.000Z'],
    ['becameAwareAt', '2026-11-19T22:00:00Z', '2026-11-19T22:00:00.000Z'],
    ['reportable', false, false],
    ['reportable', null, true],
    ['notifiedAt', '2026-11-20T01:00:00.5Z', '2026-11-20T01:00:00.500Z'],
    ['notifiedAt', null, null],
    ['reportedAt', null, null],
    ['status', 'closed', 'closed'],
    ['status', null, 'open'],
  ],
  'PATCH /v1/documents/{id}': [
    ['type', 'plan', 'plan'],
    ['title', 'Ngọc’s plan', 'Ngọc’s plan'],
    ['validFrom', '2026-08-01', '2026-08-01'],
    ['validFrom', null, null],
    ['validTo', '2026-07-01', '2026-07-01'],
    ['validTo', null, null],
    ['tags', ['a', 'b'], ['a', 'b']],
    ['tags', [], []],
    ['tags', null, []],
  ],
  'PATCH /v1/threads/{id}': [
    ['title', 'Ngọc’s holidays', 'Ngọc’s holidays'],
    ['status', 'closed', 'closed'],
  ],
  'PATCH /v1/threads/{id}/messages/{messageId}': [
    ['body', ' Ngọc’s plan\nis <b>signed</b>. ', ' Ngọc’s plan\nis <b>signed</b>. '],
    ['mentions', [], []],
    ['mentions', null, []],
    ['documentIds', [], []],
    ['documentIds', null, []],
  ],
};

describe.each(Object.keys(CHANGES))('%s', (key) => {
  test('is one of the documented patches, and they are all here', () => {
    const patches = operations.filter(({ method }) => method === 'PATCH').map((operation) => operation.key);
    expect(Object.keys(CHANGES).sort()).toEqual(patches.sort());
  });

  test.each(CHANGES[key] ?? [])('of %s with %j leaves everything else', async (path, sent, becomes) => {
    const before = await fill(key);
    const body = path.split('/').reduceRight((inner: Json, name) => ({ [name]: inner }), sent);
    const after = await patch(key, body);
    expect(still(after)).toEqual(still(replaced(before, path, becomes)));
  });

  test('of nothing changes nothing, and writes nothing', async () => {
    const before = await fill(key);
    const changed = await changedBy(async () => {
      expect(await patch(key, {})).toEqual(before);
    });
    expect(changed).toEqual([]);
  });

  test('with what is already there writes nothing', async () => {
    const before = await fill(key);
    const same: Record<string, Json> = {
      'PATCH /v1/me': { firstName: before.firstName, preferences: before.preferences },
      'PATCH /v1/organization': { name: before.name, settings: before.settings, contacts: before.contacts },
      'PATCH /v1/users/{id}': { email: before.email, preferences: before.preferences, role: before.role },
      'PATCH /v1/participants/{id}': { profile: before.profile, medical: before.medical, tags: before.tags },
      'PATCH /v1/plans/{id}': { goals: before.goals, startDate: before.startDate },
      'PATCH /v1/budgets/{id}': { allocatedCents: before.allocatedCents, periods: before.periods },
      'PATCH /v1/services/{id}': { notes: null },
      'PATCH /v1/incidents/{id}': {
        category: before.category,
        occurredAt: before.occurredAt,
        notifiedAt: before.notifiedAt,
        participantId: before.participantId,
      },
      'PATCH /v1/documents/{id}': { title: before.title, validTo: before.validTo, tags: before.tags },
      'PATCH /v1/threads/{id}': { title: before.title, status: before.status },
      'PATCH /v1/threads/{id}/messages/{messageId}': {
        body: before.body,
        mentions: before.mentions,
        documentIds: before.documentIds,
      },
    };
    const changed = await changedBy(async () => {
      expect(await patch(key, same[key])).toEqual(before);
    });
    expect(changed).toEqual([]);
  });
});

describe('the note of a service', () => {
  test('that is there may be said again, which writes nothing, and is neither changed nor cleared', async () => {
    await fill(NOTE);
    const place = places[NOTE] ?? '';
    const noted = await patch(NOTE, { notes: 'Went well.' });
    const changed = await changedBy(async () => {
      for (const same of [{}, { notes: 'Went well.' }]) expect(await patch(NOTE, same)).toEqual(noted);
      for (const notes of ['Went badly.', 'Went well. ', null]) {
        const refused = await world.admin.patch(place, { notes });
        expect(misfits(refused, { status: 409, code: 'CONFLICT' }), String(notes)).toEqual([]);
      }
    });
    expect(changed).toEqual([]);
  });
});

describe('the clocks of an incident', () => {
  const KEY = 'PATCH /v1/incidents/{id}';

  test('are counted anew when what they follow from is changed', async () => {
    await fill(KEY);
    const later = await patch(KEY, { becameAwareAt: '2026-11-20T00:00:00Z' });
    expect(later).toMatchObject({ notifyBy: '2026-11-21T00:00:00.000Z', notification: 'on_time' });
    const other = await patch(KEY, { category: 'other' });
    expect(other).toMatchObject({
      reportable: false,
      notifyBy: null,
      notification: 'not_needed',
      report: 'not_needed',
    });
    const kept = await patch(KEY, { category: 'other', reportable: true });
    expect(kept).toMatchObject({ reportable: true, notifyBy: '2026-11-21T00:00:00.000Z' });
  });
});

describe('custom fields', () => {
  const KEY = 'PATCH /v1/participants/{id}';
  const become = async (from: Json, sent: Json) => {
    await patch(KEY, { customFields: null });
    await patch(KEY, { customFields: from });
    return (await patch(KEY, { customFields: sent })).customFields;
  };

  test('merge as RFC 7396 says, at every depth', async () => {
    // From the RFC's appendix A.
    const cases: [Json, Json, Json][] = [
      [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
      [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
      [{ a: 'b' }, { a: null }, {}],
      [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
      [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
      [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
      [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
      [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
      [{ e: 1 }, { a: 1 }, { e: 1, a: 1 }],
      [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
    ];
    for (const [from, sent, becomes] of cases) expect(await become(from, sent)).toEqual(becomes);
  });

  test('keep names that every object has, and pollute nothing', async () => {
    const sent = JSON.parse('{"a":{"constructor":{"x":1},"toString":"t","hasOwnProperty":1}}');
    expect(await become({ a: {} }, sent)).toEqual(sent);
  });

  test('refuse the one name that would be lost on the way', async () => {
    const before = await fill(KEY);
    for (const customFields of ['{"__proto__":1}', '{"a":{"__proto__":{"polluted":true}}}']) {
      const answer = await world.admin.patch(places[KEY] ?? '', JSON.parse(`{"customFields":${customFields}}`));
      expect(answer.status, customFields).toBe(400);
      expect(answer.body.errors[0].pointer).toMatch(/^\/customFields(\/a)?\/__proto__$/);
    }
    expect(({} as Json).polluted).toBeUndefined();
    expect((await world.admin.get(places[KEY] ?? '')).body.customFields).toEqual(before.customFields);
  });

  test('merge into names that every object has as into any other', async () => {
    const sent = JSON.parse('{"constructor":{"x":1},"toString":{"y":2}}');
    expect(await become({}, sent)).toEqual(sent);
  });
});

describe('dates of a plan', () => {
  test('that extend it move its last period and keep their history', async () => {
    const before = await fill('PATCH /v1/plans/{id}');
    const after = await patch('PATCH /v1/plans/{id}', { endDate: '2028-03-31' });
    expect(after).toMatchObject({ startDate: before.startDate, endDate: '2028-03-31', goals: before.goals });
    expect(after.budgets.every((line: Json) => line.periods.at(-1).endDate === '2028-03-31')).toBe(true);
    expect(after.datesHistory.length).toBe(before.datesHistory.length + 1);
    await patch('PATCH /v1/plans/{id}', { endDate: before.endDate });
  });
});

describe('periods of a line', () => {
  test('that are null release all of it at the start of the plan', async () => {
    const before = await fill('PATCH /v1/budgets/{id}');
    const cents = before.allocatedCents;
    const halves = [
      { startDate: '2026-01-01', endDate: '2026-12-31', amountCents: cents - 1 },
      { startDate: '2027-01-01', endDate: '2027-12-31', amountCents: 1 },
    ];
    expect((await patch('PATCH /v1/budgets/{id}', { periods: halves })).periods).toEqual(halves);
    const whole = [{ startDate: '2026-01-01', endDate: '2027-12-31', amountCents: cents }];
    expect((await patch('PATCH /v1/budgets/{id}', { periods: null })).periods).toEqual(whole);
  });

  test('follow a new allocation while there is one alone', async () => {
    const before = await fill('PATCH /v1/budgets/{id}');
    const after = await patch('PATCH /v1/budgets/{id}', { allocatedCents: before.allocatedCents + 500 });
    expect(after.periods).toEqual([
      { startDate: '2026-01-01', endDate: '2027-12-31', amountCents: before.allocatedCents + 500 },
    ]);
  });
});
