import { beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../src/ids.ts';
import { commonItems, planBody, tenDollars } from '../support/workers/care.ts';
import {
  at,
  changedBy,
  type Field,
  few,
  fieldsOf,
  misfits,
  type Operation,
  operations,
} from '../support/workers/contract.ts';
import {
  address,
  effective,
  fullBody,
  newWorld,
  type Sample,
  sampleOf,
  type World,
} from '../support/workers/samples.ts';
import type { Answer, Json } from '../support/workers/tenant.ts';

/** Bodies made wrong in one place each, from the schemas that the document shows. */

const withBody = operations.filter(({ body }) => body !== null);
const operationOf = (key: string): Operation => {
  const operation = operations.find((candidate) => candidate.key === key);
  if (!operation) throw new Error(`no operation ${key}`);
  return operation;
};

let world: World;

beforeAll(async () => {
  await commonItems();
  world = await newWorld();
});

/** A value put in a field's place, or for its whole object; `undefined` leaves the field out. */
interface Wrong {
  what: string;
  /** JSON of the value; it may be what no JavaScript value prints as. */
  json: string | undefined;
  /** Where the answer must point, from the field; the field itself unless said. */
  below?: string;
}

const json = (what: string, value: Json): Wrong => ({ what, json: JSON.stringify(value) });
const shown = (value: Json): Wrong => json(JSON.stringify(value).slice(0, 40), value);

const NOT_DATES = ['2026-02-30', '2026-02-29', '2026-13-01', '2026-00-10', '0000-00-00', '20260101', '2026-1-1', ''];
const NEARLY_DATES = [
  '01/02/2026',
  ' 2026-01-01',
  '2026-01-01 ',
  '2026-01-01T00:00:00Z',
  '٢٠٢٦-٠١-٠١',
  '+002026-01-01',
];
const NOT_INSTANTS = [
  ...['2026-02-30T00:00:00Z', '2026-02-29T00:00:00Z', '2026-13-01T00:00:00Z', '2026-01-01T24:00:00Z'],
  ...['2026-01-01T00:60:00Z', '2026-01-01T00:00:60Z', '2026-01-01T00:00:00', '2026-01-01T00:00:00+25:00'],
  ...['2026-01-01', '2026-01-01 00:00:00Z', '2026-01-01t00:00:00z', '1767225600000', 'now', 'Invalid Date'],
];
const NOT_TIMES = ['25:00', '24:00', '9:00', '09:60', '09:00:00', '0900', '-1:00', '09:00 ', ''];
const NOT_IDS = ['garbage', '', "' OR 1=1 --", 'par_', 'par_00000000000000000000000000x'];
const HALF = '\ud83d';

/** What a type is not. */
const OF_TYPE: Record<string, Json> = { string: 'text', number: 5, boolean: true, object: { a: 1 }, array: [1] };

function wrongTypes(schema: Json): Wrong[] {
  const type = schema.type === 'integer' ? 'number' : schema.type;
  const others = Object.entries(OF_TYPE).filter(([name]) => name !== type);
  return others.map(([name, value]) => json(`a ${name}`, value));
}

function wrongStrings(schema: Json): Wrong[] {
  const tooLong = schema.maxLength === undefined ? 20_001 : schema.maxLength + 1;
  const text = schema.format === 'email' ? `${'x'.repeat(tooLong)}@example.com` : 'x'.repeat(tooLong);
  const wrong = [json('too long', text), json('NUL', 'a\0b'), json('half a surrogate pair', `a${HALF}b`)];
  const { pattern = '', format } = schema;
  const fits = (word: string) => new RegExp(pattern, 'u').test(word);
  if (schema.enum || schema.const) wrong.push(json('an unknown word', 'nope'), json('empty', ''));
  if (schema.enum) wrong.push(json('another case', `${schema.enum[0]} `), json('a word of Object', 'constructor'));
  if (schema.minLength >= 1) wrong.push(json('empty', ''));
  if (format === 'date') wrong.push(...[...NOT_DATES, ...NEARLY_DATES].map(shown));
  if (format === 'date-time') wrong.push(...NOT_INSTANTS.map(shown));
  if (format === 'email') wrong.push(...['', 'nobody', 'a@b', 'a b@example.com', '@example.com'].map(shown));
  if (/^\^\[?\(\[01\]/.test(pattern)) wrong.push(...NOT_TIMES.map(shown));
  const prefix = /^\^([a-z]{3})_/.exec(pattern)?.[1];
  if (prefix) {
    const other = newId(prefix === 'usr' ? 'par' : 'usr');
    const own = newId(prefix as 'usr');
    wrong.push(...[...NOT_IDS, other, own.toUpperCase(), `${own}0`, own.slice(0, -1), `${own}\n`].map(shown));
  } else if (pattern !== '') wrong.push(...['garbage!', '', '  ', '\n'].filter((word) => !fits(word)).map(shown));
  return wrong;
}

function wrongNumbers(schema: Json): Wrong[] {
  const wrong = [
    { what: '1e20', json: '1e20' },
    { what: '1e400', json: '1e400' },
    { what: '-1e400', json: '-1e400' },
    { what: '2^53', json: '9007199254740992' },
    json('digits in a string', '5'),
  ];
  if (schema.minimum !== undefined) wrong.push(shown(schema.minimum - 1));
  if (schema.exclusiveMinimum !== undefined) wrong.push(shown(schema.exclusiveMinimum), shown(-1));
  if (schema.maximum !== undefined && schema.maximum < 1e20) wrong.push(shown(schema.maximum + 1));
  if (schema.type === 'integer') wrong.push(shown(1.5), { what: 'a little more than 1', json: '1.0000001' });
  return wrong;
}

function wrongObjects(schema: Json, value: Json): Wrong[] {
  const inside = JSON.stringify(value).slice(1, -1);
  const comma = inside === '' ? '' : ',';
  if (schema.additionalProperties !== false) return [];
  return ['surplus', '__proto__', 'constructor', 'toString', ''].map((key) => ({
    what: `with ${JSON.stringify(key)}`,
    json: `{${inside}${comma}${JSON.stringify(key)}:{"polluted":true}}`,
    below: `/${key}`,
  }));
}

function wrongLists(schema: Json, value: Json): Wrong[] {
  return [
    json(
      'too many',
      Array.from({ length: (schema.maxItems ?? 1000) + 1 }, () => value[0]),
    ),
  ];
}

/** Everything that a field must not be. */
function wrongs(field: Field, value: Json): Wrong[] {
  const { schema } = field;
  const wrong: Wrong[] = schema.type ? wrongTypes(schema) : [];
  if (field.required && field.path.length > 0) wrong.push({ what: 'left out', json: undefined });
  if (!field.nullable && schema.type) wrong.push(json('null', null));
  if (schema.type === 'string') wrong.push(...wrongStrings(schema));
  if (schema.type === 'number' || schema.type === 'integer') wrong.push(...wrongNumbers(schema));
  if (schema.type === 'object') wrong.push(...wrongObjects(schema, value));
  if (schema.type === 'array') wrong.push(...wrongLists(schema, value));
  return wrong;
}

const MARK = '"@@here@@"';

/** The text of a body with one field changed; an item of a list is never left out. */
function changedBody(body: Json, path: Field['path'], text: string | undefined): string {
  if (path.length === 0) return text ?? '';
  const copy = structuredClone(body);
  const holder = at(copy, path.slice(0, -1));
  const name = path.at(-1) ?? '';
  if (text === undefined) delete holder[name];
  else holder[name] = JSON.parse(MARK);
  return JSON.stringify(copy).replace(MARK, () => text ?? '');
}

interface Case {
  label: string;
  body: string;
  code: string;
  pointer: string;
}

/** A full sample with each of its fields wrong in every way. */
function casesOf(operation: Operation): Case[] {
  const full = fullBody(sampleOf(operation, world));
  return fieldsOf(operation.body).flatMap((field) =>
    wrongs(field, at(full, field.path)).map(({ what, json: text, below = '' }) => ({
      label: `${field.pointer || 'the body'}: ${what}`,
      body: changedBody(full, field.path, text),
      code: 'VALIDATION_FAILED',
      pointer: `${field.pointer}${below}`,
    })),
  );
}

function send(operation: Operation, body: string, sample = sampleOf(operation, world)): Promise<Answer> {
  return world.admin.request(operation.method, address(operation, sample), { body });
}

/** How the answers to the cases are other than they must be, and which tables they changed. */
async function tryAll(operation: Operation, cases: Case[]): Promise<{ faults: string[]; changed: string[] }> {
  let faults: string[] = [];
  const changed = await changedBy(async () => {
    const found = await few(cases, async ({ label, body, code, pointer }) =>
      misfits(await send(operation, body), { status: 400, code, pointer }).map((fault) => `${label} → ${fault}`),
    );
    faults = found.flat();
  });
  return { faults, changed };
}

/** `api.md` §2: notes and bodies have at most 10,000 characters, other texts 200, lists 100 items. */
const LONG =
  /\/(notes|body|reason|description|actionsTaken|goals\/0|communicationNeeds|culturalConsiderations|routines)$/;

const FINE = { faults: [], changed: [] };

describe('the samples', () => {
  test.each(withBody)('have every field that $key takes', (operation) => {
    const full = fullBody(sampleOf(operation, world));
    const missing = fieldsOf(operation.body).filter(({ path }) => at(full, path) === undefined);
    expect(missing.map(({ pointer }) => pointer)).toEqual([]);
  });

  test.each(withBody)('are granted by $key', async (operation) => {
    const answer = await send(operation, JSON.stringify(fullBody(sampleOf(operation, world))));
    expect(operation.successes, JSON.stringify(answer.body)).toContain(answer.status);
  });
});

describe('a body with one field wrong', () => {
  test.each(withBody)('is refused by $key, which names the field and stores nothing', async (operation) => {
    const cases = casesOf(operation);
    expect(cases.length).toBeGreaterThan(10);
    expect(await tryAll(operation, cases)).toEqual(FINE);
    expect(({} as Json).polluted, 'a prototype is polluted').toBeUndefined();
  });

  test.each(withBody)('has no open object in what $key takes, but for what the organisation names', (operation) => {
    const objects = fieldsOf(operation.body).filter(({ schema }) => schema.type === 'object');
    const open = objects.filter(({ schema }) => schema.additionalProperties !== false).map(({ pointer }) => pointer);
    const named = operation.key === 'POST /v1/metrics' ? '/tags' : '/customFields';
    expect(open).toEqual(open.filter((pointer) => pointer === named));
  });

  test.each(withBody)('has the limits of the contract to every text and list that $key takes', (operation) => {
    const faults = fieldsOf(operation.body).flatMap(({ pointer, schema }) => {
      if (schema.type === 'array') return schema.maxItems <= 100 ? [] : [`${pointer} maxItems ${schema.maxItems}`];
      if (schema.type !== 'string') return [];
      const limit = LONG.test(pointer) ? 10_000 : 200;
      if (schema.maxLength !== undefined) return schema.maxLength <= limit ? [] : [`${pointer} ${schema.maxLength}`];
      const bounded = schema.pattern ?? schema.format ?? schema.enum ?? schema.const;
      return bounded === undefined ? [`${pointer} has none`] : [];
    });
    expect(faults).toEqual([]);
  });
});

/** Fields that a merge patch may not clear, because there is nothing without them; `null` is refused at the field. */
const NEEDED: Record<string, string[]> = {
  'PATCH /v1/me': ['/firstName', '/lastName'],
  'PATCH /v1/organization': ['/name', '/settings', '/settings/timeZone'],
  'PATCH /v1/users/{id}': [
    '/email',
    '/firstName',
    '/lastName',
    '/role',
    '/screeningCheck/number',
    '/screeningCheck/status',
  ],
  'PATCH /v1/participants/{id}': [
    '/ndisNumber',
    '/profile',
    '/profile/firstName',
    '/profile/lastName',
    '/profile/dateOfBirth',
    '/status',
  ],
  'PATCH /v1/incidents/{id}': ['/category', '/occurredAt', '/becameAwareAt'],
  'PATCH /v1/documents/{id}': ['/type', '/title'],
  'PATCH /v1/threads/{id}': ['/title', '/status'],
  'PATCH /v1/threads/{id}/messages/{messageId}': ['/body'],
  // One of the two times is nothing without the other.
  'POST /v1/services': ['/startTime', '/endTime'],
};

describe('null', () => {
  test.each(withBody)('is taken by $key wherever the document allows it', async (operation) => {
    const faults: string[] = [];
    for (const field of fieldsOf(operation.body).filter(({ nullable }) => nullable)) {
      const body = changedBody(fullBody(sampleOf(operation, world)), field.path, 'null');
      // Each to what can still be changed: a note is written once.
      const answer = await send(operation, body, await effective(operation, world));
      const needed = NEEDED[operation.key]?.includes(field.pointer);
      const expected = { status: 400, code: 'VALIDATION_FAILED', pointer: field.pointer };
      const wrong = needed
        ? misfits(answer, expected)
        : operation.successes.includes(answer.status)
          ? []
          : [`${answer.status} ${JSON.stringify(answer.body).slice(0, 200)}`];
      faults.push(...wrong.map((fault) => `${field.pointer} → ${fault}`));
    }
    expect(faults).toEqual([]);
  });
});

/** Names of files that lead elsewhere, or read otherwise than they are. */
const WRONG_NAMES = ['.', '..', ' .. ', '../a.pdf', 'a/b.pdf', 'a\\b.pdf', 'a\nb.pdf', 'fdp\u202e.exe', 'a\ufeffb.pdf'];

type Rule = [pointer: string, values: Json[], code?: string];

/** Who and what is mentioned is there, once each, and something is said. */
const MESSAGE_RULES: Rule[] = [
  ['/body', ['  ', '\n\t']],
  ['/mentions', [Array(2).fill(newId('usr'))]],
  ['/mentions/0', [newId('usr')]],
  ['/documentIds', [Array(2).fill(newId('doc'))]],
  ['/documentIds/0', [newId('doc')]],
];

/** It happened, then somebody knew, then the Commission was told; and nothing of it is still to come. */
const INCIDENT_RULES: Rule[] = [
  ['/occurredAt', ['2099-01-01T00:00:00Z', '9999-12-31T23:59:59Z', '9999-12-31T23:59:59-23:59']],
  ['/becameAwareAt', ['2026-11-19T21:59:59.999Z', '2026-11-20T08:59:59+11:00', '2099-01-01T00:00:00Z']],
  ['/notifiedAt', ['2026-11-19T22:59:59.999Z', '0001-01-01T00:00:00Z', '2099-01-01T00:00:00Z']],
  ['/reportedAt', ['2026-11-19T22:59:59.999Z', '0001-01-01T00:00:00Z', '2099-01-01T00:00:00Z']],
];

/** Values that are wrong by a rule that no schema shows; those with a code of their own say which. */
const RULES: Record<string, Rule[]> = {
  'PATCH /v1/organization': [
    ['/abn', ['', '51824753557', '5182475355', '00000000000', '５１８２４７５３５５６', 'x'.repeat(11)]],
    ['/registrationNumber', ['', '12345', '4060000001', '40500000011', '405000000a']],
    ['/settings/timeZone', ['', 'Mars/Olympus', '+10:00', 'australia', 'Australia/Sydney\0', 'UTC; DROP TABLE users']],
    [
      '/settings/businessHours/workDays',
      [
        [1, 1],
        [1, 2, 3, 4, 5, 6, 0, 1],
      ],
    ],
    ['/contacts', [Array.from({ length: 2 }, () => ({ name: 'Ana', isPrimary: true }))]],
  ],
  'POST /v1/participants': [
    ['/ndisNumber', ['', '440000001', '4300000011', '43000000', '43000000a', '４３００００００１', "43'000001"]],
    ['/profile/dateOfBirth', ['1899-12-31', '0001-01-01', '2099-01-01', '9999-12-31'], 'INVALID_DATE'],
    ['/plan/endDate', ['2026-01-01']],
    [
      '/customFields',
      [{ a: 'x\0' }, { a: [{ b: HALF }] }, { a: { 'k\0': 1 } }, { a: { [HALF]: 1 } }, { a: 'x'.repeat(60_000) }],
    ],
  ],
  'PATCH /v1/participants/{id}': [
    ['/ndisNumber', ['', '440000001', '4300000011', '43000000a']],
    ['/profile/dateOfBirth', ['1899-12-31', '0001-01-01', '2099-01-01', '9999-12-31'], 'INVALID_DATE'],
    ['/customFields', [{ a: 'x\0' }, { a: [{ b: HALF }] }, { a: { 'k\0': 1 } }, { a: 'x'.repeat(60_000) }]],
  ],
  'POST /v1/participants/{id}/plans': [
    ['/endDate', ['2026-01-01', '2200-01-01', '1899-12-31']],
    ['/budgets/0/periods', [[]]],
    ['/budgets/0/periods/0/startDate', ['2026-01-01', '2100-01-01']],
    ['/supportCoordinatorId', [newId('usr')]],
  ],
  'PATCH /v1/plans/{id}': [
    ['/supportCoordinatorId', [newId('usr')]],
    ['/endDate', ['2025-01-01']],
  ],
  'POST /v1/plans/{id}/budgets': [
    ['/periods', [[], [{ startDate: '2026-01-01', endDate: '2027-12-31', amountCents: 1 }]]],
    ['/periods/0/startDate', ['2026-01-02']],
    ['/periods/0/endDate', ['2027-12-30', '2025-01-01']],
  ],
  'PATCH /v1/budgets/{id}': [
    ['/periods', [[], [{ startDate: '2026-01-01', endDate: '2027-12-31', amountCents: 1 }]]],
    ['/periods/0/endDate', ['2027-12-30']],
  ],
  'POST /v1/services': [
    ['/quantity', [1.005, 0.001, 100_000]],
    ['/serviceDate', ['1899-12-31', '2200-01-01']],
    ['/supportItemCode', ['', '01_011_0107_1', "01_011_0107_1_1'--"]],
  ],
  'PATCH /v1/services/{id}': [['/notes', ['', '  ', '\n\t']]],
  'POST /v1/incidents': INCIDENT_RULES,
  'PATCH /v1/incidents/{id}': INCIDENT_RULES,
  'POST /v1/metrics': [
    ['/metric', ['9lives', '.hidden', 'a b', 'größe', `a${'x'.repeat(100)}`, 'a\n']],
    ['/tags/app', [null, [], {}, 'x'.repeat(201), 'a\0', HALF]],
    ['/tags', [Object.fromEntries(Array.from({ length: 101 }, (_, place) => [`tag ${place}`, 1]))]],
  ],
  'POST /v1/documents': [
    ['/fileName', WRONG_NAMES],
    ['/sha256', ['a'.repeat(63), 'a'.repeat(65), 'g'.repeat(64), ` ${'a'.repeat(64)}`]],
    ['/validTo', ['2026-06-30', '1899-12-31', '2200-01-01']],
    ['/title', ['  ']],
    ['/tags/0', [' ']],
  ],
  'PATCH /v1/documents/{id}': [
    ['/validTo', ['2026-06-30', '1899-12-31', '2200-01-01']],
    ['/title', ['  ']],
  ],
  'POST /v1/documents/{id}/versions': [['/fileName', WRONG_NAMES]],
  'POST /v1/threads': [['/title', ['  ']]],
  'PATCH /v1/threads/{id}': [['/title', ['  ']]],
  'POST /v1/threads/{id}/messages': MESSAGE_RULES,
  'PATCH /v1/threads/{id}/messages/{messageId}': MESSAGE_RULES,
};

describe('a value that breaks a rule', () => {
  test.each(Object.keys(RULES))('is refused by %s, which names the field and stores nothing', async (key) => {
    const operation = operationOf(key);
    const full = fullBody(sampleOf(operation, world));
    const cases = (RULES[key] ?? []).flatMap(([pointer, values, code = 'VALIDATION_FAILED']) => {
      const path = pointer
        .slice(1)
        .split('/')
        .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
      return values.map((value) => {
        const text = JSON.stringify(value);
        return { label: `${pointer}: ${text.slice(0, 60)}`, body: changedBody(full, path, text), code, pointer };
      });
    });
    expect(await tryAll(operation, cases)).toEqual(FINE);
  });

  test('is refused in the name of a custom field as well', async () => {
    for (const key of ['POST /v1/participants', 'PATCH /v1/participants/{id}']) {
      const operation = operationOf(key);
      const cases = ['k'.repeat(201), 'k\0'].map((name) => ({
        label: `${key} ${name}`,
        body: changedBody(fullBody(sampleOf(operation, world)), ['customFields'], JSON.stringify({ [name]: 1 })),
        code: 'VALIDATION_FAILED',
        pointer: `/customFields/${name}`,
      }));
      expect(await tryAll(operation, cases)).toEqual(FINE);
    }
  });

  test('is refused in the name of a tag as well', async () => {
    const operation = operationOf('POST /v1/metrics');
    const cases = ['k'.repeat(201), 'k\0'].map((name) => ({
      label: name,
      body: changedBody(fullBody(sampleOf(operation, world)), ['tags'], JSON.stringify({ [name]: 1 })),
      code: 'VALIDATION_FAILED',
      pointer: `/tags/${name}`,
    }));
    expect(await tryAll(operation, cases)).toEqual(FINE);
  });

  test('is a reportable incident that is closed before the Commission was notified', async () => {
    for (const key of ['POST /v1/incidents', 'PATCH /v1/incidents/{id}']) {
      const operation = operationOf(key);
      const body = JSON.stringify({ ...fullBody(sampleOf(operation, world)), status: 'closed', notifiedAt: null });
      const untold = { label: key, body, code: 'VALIDATION_FAILED', pointer: '/status' };
      expect(await tryAll(operation, [untold])).toEqual(FINE);
    }
  });

  test('is named by a JSON pointer, in which / and ~ of a name are escaped', async () => {
    const operation = operationOf('PATCH /v1/participants/{id}');
    const cases = [
      { label: 'at the root', body: '{"a/b~c":1}', pointer: '/a~1b~0c' },
      { label: 'further down', body: '{"profile":{"a/b~c":1}}', pointer: '/profile/a~1b~0c' },
    ].map((one) => ({ ...one, code: 'VALIDATION_FAILED' }));
    expect(await tryAll(operation, cases)).toEqual(FINE);
  });

  test('is no crash when it is very deep and has the name that is looked for beside it', async () => {
    for (const depth of [50, 5_000, 100_000]) {
      const body = `{"customFields":{"x":${'['.repeat(depth)}${']'.repeat(depth)}},"__proto__":1}`;
      expect((await send(operationOf('PATCH /v1/participants/{id}'), body)).status, String(depth)).toBe(400);
    }
  });

  test('is refused with the name that would be lost, however it is written', async () => {
    for (const name of ['__proto__', '\\u005f_proto__', '_\\u005Fproto__']) {
      const body = `{"customFields":{"a":{"${name}":1},"b":2}}`;
      const answer = await send(operationOf('PATCH /v1/participants/{id}'), body);
      expect([name, answer.body.errors?.[0]?.pointer]).toEqual([name, '/customFields/a/__proto__']);
    }
  });

  test('is no crash when it is nested very deeply', async () => {
    for (const key of ['POST /v1/participants', 'PATCH /v1/participants/{id}']) {
      const operation = operationOf(key);
      for (const depth of [900, 1_100, 5_000, 100_000]) {
        const nested = `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;
        const body = changedBody(fullBody(sampleOf(operation, world)), ['customFields'], nested);
        const answer = await send(operation, body);
        const label = `${key}, ${depth} deep: ${JSON.stringify(answer.body).slice(0, 200)}`;
        if (answer.status >= 300) {
          expect(misfits(answer, { status: 400, code: 'VALIDATION_FAILED', pointer: '/customFields' }), label).toEqual(
            [],
          );
        } else expect(depth, label).toBeLessThan(1_000);
      }
    }
  });
});

describe('a file that is never kept', () => {
  const TYPES = [
    'text/html',
    'image/svg+xml',
    'application/zip',
    'application/x-msdownload',
    'nonsense',
    'constructor',
  ];
  const NAMES = ['a.html', 'a.SVG', 'a.exe', 'a.pdf.js', 'a.hta '];
  const takers = withBody.filter(({ body }) => fieldsOf(body).some(({ pointer }) => pointer === '/contentType'));

  test.each(takers)('is refused by $key before it comes, by its type and by its name', async (operation) => {
    const full = fullBody(sampleOf(operation, world));
    const wrong = [
      ...TYPES.map((contentType) => ({ contentType, pointer: '/contentType' })),
      ...NAMES.map((fileName) => ({ fileName, pointer: '/fileName' })),
    ];
    const faults: string[] = [];
    const changed = await changedBy(async () => {
      for (const { pointer, ...more } of wrong) {
        const answer = await send(operation, JSON.stringify({ ...full, ...more }));
        const expected = { status: 415, code: 'UNSUPPORTED_MEDIA_TYPE', pointer };
        faults.push(...misfits(answer, expected).map((fault) => `${JSON.stringify(more)} → ${fault}`));
      }
    });
    expect(takers.length).toBeGreaterThan(1);
    expect({ faults, changed }).toEqual(FINE);
  });
});

describe('texts', () => {
  const operation = () => operationOf('PATCH /v1/participants/{id}');
  const patch = (body: Json) => send(operation(), JSON.stringify(body));

  test('are counted in characters, not in code units or bytes', async () => {
    expect((await patch({ profile: { gender: '😀'.repeat(200) } })).status).toBe(200);
    const over = await patch({ profile: { gender: '😀'.repeat(201) } });
    const expected = { status: 400, code: 'VALIDATION_FAILED', pointer: '/profile/gender' };
    expect(misfits(over, expected)).toEqual([]);
  });

  test('come back as they were sent, in every script', async () => {
    for (const text of [
      'Nguyễn Thị',
      'Łukasz',
      '李小龍',
      'عَبْد',
      '👩‍👩‍👧',
      'a\tb',
      '\u2028',
      "'; DROP TABLE users; --",
      '\\u0000',
      '%_',
    ]) {
      const answer = await patch({ profile: { preferredName: text }, customFields: { text } });
      expect(answer.body.profile.preferredName).toBe(text);
      expect(answer.body.customFields.text).toBe(text);
    }
  });

  test('of a number may have spaces, which are dropped', async () => {
    const { body } = await world.admin.get(`/v1/participants/${world.participantId}`);
    const spaced = body.ndisNumber.replace(/(...)(?=.)/g, '$1 ');
    expect((await patch({ ndisNumber: spaced })).body.ndisNumber).toBe(body.ndisNumber);
  });
});

describe('the times of a service', () => {
  const service = operationOf('POST /v1/services');
  const shift = (more: Json) => tenDollars(world.participantId, more);

  test('that daylight saving skips are INVALID_TIME_RANGE, recorded or quoted', async () => {
    const bodies = [
      shift({ serviceDate: '2026-10-04', startTime: '02:30', endTime: '05:00' }),
      shift({ serviceDate: '2026-10-04', startTime: '01:00', endTime: '02:30' }),
      shift({ serviceDate: '2026-10-03', startTime: '22:00', endTime: '02:00' }),
      shift({ startTime: '09:00', endTime: '09:00' }),
    ];
    for (const body of bodies) {
      let answer: Answer | undefined;
      const changed = await changedBy(async () => {
        answer = await send(service, JSON.stringify(body));
      });
      if (!answer) throw new Error('no answer');
      expect(misfits(answer, { status: 400, code: 'INVALID_TIME_RANGE' })).toEqual([]);
      expect(changed).toEqual([]);
      const quote = await world.admin.post('/v1/services/quote', body);
      expect(quote.status).toBe(200);
      expect(quote.body).toMatchObject({ accepted: false, refusals: [{ code: 'INVALID_TIME_RANGE' }] });
    }
  });

  test('are fine on both sides of the hour that is skipped', async () => {
    const body = shift({ serviceDate: '2026-10-04', startTime: '01:59', endTime: '03:00' });
    const answer = await send(service, JSON.stringify(body));
    expect(answer.status).toBe(201);
    expect(answer.body.durationMinutes).toBe(1);
  });

  test('need each other', async () => {
    const cases = [
      { label: 'no end', body: JSON.stringify(shift({ startTime: '09:00' })), pointer: '/endTime' },
      { label: 'no start', body: JSON.stringify(shift({ endTime: '09:00' })), pointer: '/startTime' },
    ].map((one) => ({ ...one, code: 'VALIDATION_FAILED' }));
    expect(await tryAll(service, cases)).toEqual(FINE);
  });

  test('after today are INVALID_DATE, in the organisation’s zone', async () => {
    const tomorrow = new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 10);
    const answer = await send(service, JSON.stringify(shift({ serviceDate: tomorrow })));
    expect(misfits(answer, { status: 400, code: 'INVALID_DATE' })).toEqual([]);
  });
});

describe('a birth date', () => {
  test('may be today’s in the organisation’s zone, or the first of 1900, and no other side', async () => {
    const create = operationOf('POST /v1/participants');
    const day = new Intl.DateTimeFormat('en-CA', { timeZone: 'Australia/Sydney' });
    const dates: [string, boolean][] = [
      [day.format(Date.now()), true],
      [day.format(Date.now() + 86_400_000), false],
      ['1900-01-01', true],
      ['1899-12-31', false],
    ];
    for (const [date, fine] of dates) {
      const sample: Sample = sampleOf(create, world);
      const answer = await send(create, changedBody(sample.body, ['profile', 'dateOfBirth'], JSON.stringify(date)));
      const expected = { status: 400, code: 'INVALID_DATE', pointer: '/profile/dateOfBirth' };
      if (fine) expect(answer.status, date).toBe(201);
      else expect(misfits(answer, expected), date).toEqual([]);
    }
  });
});

describe('a plan', () => {
  test('that overlaps another is a conflict and stores nothing', async () => {
    const operation = operationOf('POST /v1/participants/{id}/plans');
    let answer: Answer | undefined;
    const changed = await changedBy(async () => {
      answer = await send(operation, JSON.stringify(planBody([])));
    });
    if (!answer) throw new Error('no answer');
    expect(misfits(answer, { status: 409, code: 'CONFLICT' })).toEqual([]);
    expect(changed).toEqual([]);
  });
});
