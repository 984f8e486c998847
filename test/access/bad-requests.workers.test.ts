import { exports } from 'cloudflare:workers';
import { beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../src/ids.ts';
import { commonItems, newParticipant, supportItem } from '../support/workers/care.ts';
import {
  changedBy,
  changing,
  few,
  lists,
  misfits,
  type Operation,
  operations,
  plain,
  queryParameters,
  signedIn,
  takesHeader,
} from '../support/workers/contract.ts';
import { address, ask, newWorld, type Sample, sampleOf, type World } from '../support/workers/samples.ts';
import type { Answer, Json } from '../support/workers/tenant.ts';

/** Requests that are wrong around or before their body's fields. */

let world: World;

beforeAll(async () => {
  await commonItems();
  world = await newWorld();
  // A second row for every list, so that each has a cursor.
  await newParticipant(world.admin);
  for (let index = 0; index < 2; index++) {
    await world.admin.post('/v1/services', sampleOf(operationOf('POST /v1/services'), world).body);
  }
  await ask(
    world.admin,
    operationOf('POST /v1/participants/{id}/plans'),
    sampleOf(operationOf('POST /v1/participants/{id}/plans'), world),
  );
  await supportItem('01_002_0107_1_1');
  await ask(world.admin, operationOf('POST /v1/threads'), sampleOf(operationOf('POST /v1/threads'), world));
});

const operationOf = (key: string): Operation => {
  const operation = operations.find((candidate) => candidate.key === key);
  if (!operation) throw new Error(`no operation ${key}`);
  return operation;
};

const withBody = operations.filter(({ body }) => body !== null);
const withFile = operations.filter(({ document }) => document.requestBody?.content['text/csv']);

interface Try {
  label: string;
  send: () => Promise<Answer>;
  expected: { status: number; code: string; pointer?: string };
}

/** How the answers are other than expected, and which tables the requests changed. */
async function tryAll(tries: Try[]): Promise<{ faults: string[]; changed: string[] }> {
  let faults: string[] = [];
  const changed = await changedBy(async () => {
    const found = await few(tries, async ({ label, send, expected }) =>
      misfits(await send(), expected).map((fault) => `${label} → ${fault}`),
    );
    faults = found.flat();
  });
  return { faults, changed };
}

const FINE = { faults: [], changed: [] };
const MALFORMED = { status: 400, code: 'MALFORMED_JSON' };
const INVALID = { status: 400, code: 'VALIDATION_FAILED' };

/** Sends bytes as they are, as the administrator. */
async function sendRaw(operation: Operation, body: BodyInit | null, headers: Record<string, string>): Promise<Answer> {
  const response = await exports.default.fetch(`https://caddy.test${address(operation, sampleOf(operation, world))}`, {
    method: operation.method,
    headers: { authorization: `Bearer ${world.admin.token}`, ...headers },
    body,
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : JSON.parse(text), headers: response.headers };
}

const JSON_TYPE = { 'content-type': 'application/json' };
const bytes = (...values: number[]) => new Uint8Array(values);

describe('a body that is no JSON', () => {
  const NO_JSON = [
    '{',
    '}',
    '{"a":1,}',
    "{'a':1}",
    '{a:1}',
    'undefined',
    'NaN',
    '{"a":NaN}',
    '{"a":01}',
    '["a"',
    '"a',
    ' ',
  ];
  const NEITHER = [
    '{} {}',
    '{"a":"\t"}',
    '{"a":"\\x"}',
    '{"a":"\\u12"}',
    '/* a */ {}',
    '<a/>',
    'a=1',
    '\0',
    '{"a":1}\0',
  ];

  test.each(withBody)('is MALFORMED_JSON for $key', async (operation) => {
    const texts = [...NO_JSON, ...NEITHER].map((text) => ({ label: JSON.stringify(text), body: text as BodyInit }));
    const binary = [bytes(0xff, 0xfe, 0x7b), bytes(0x1f, 0x8b, 8, 0), bytes(0)].map((body) => ({
      label: `bytes ${body}`,
      body: body as BodyInit,
    }));
    const tries = [...texts, ...binary, { label: 'empty', body: '' as BodyInit }].map(({ label, body }) => ({
      label,
      send: () => sendRaw(operation, body, JSON_TYPE),
      expected: MALFORMED,
    }));
    expect(await tryAll(tries)).toEqual(FINE);
  });

  test.each(withBody)('is MALFORMED_JSON for $key when it is of length 0', async (operation) => {
    const send = () => sendRaw(operation, null, JSON_TYPE);
    expect(await tryAll([{ label: 'nothing', send, expected: MALFORMED }])).toEqual(FINE);
  });

  test('is refused with a type that would not be read as JSON', async () => {
    const headers = { 'content-type': 'application/a+b+json' };
    const answer = await world.admin.request('PATCH', '/v1/me', { body: { lastName: 'Unread' }, headers });
    expect([answer.status, answer.body.code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
  });

  test('is refused when its bytes are not UTF-8, and stored nowhere', async () => {
    const bytes = new Uint8Array([...new TextEncoder().encode('{"lastName":"'), 0xc3, 0x28, 0x22, 0x7d]);
    const response = await exports.default.fetch('https://caddy.test/v1/me', {
      method: 'PATCH',
      headers: { authorization: `Bearer ${world.admin.token}`, 'content-type': 'application/json' },
      body: bytes,
    });
    expect([response.status, (await response.json<Json>()).code]).toEqual([400, 'MALFORMED_JSON']);
    expect((await world.admin.get('/v1/me')).body.user.lastName).not.toContain('\ufffd');
  });

  test('is refused when there is none and no type of one either: the document requires it', async () => {
    const answers = await few(withBody, async (operation) => sendRaw(operation, null, {}));
    const taken = answers.flatMap(({ status }, index) =>
      status === 400 || status === 415 ? [] : [`${withBody[index]?.key} → ${status}`],
    );
    expect(taken).toEqual([]);
  });

  test.each(withBody)('but no object is VALIDATION_FAILED at the root for $key', async (operation) => {
    const texts = ['null', 'true', '0', '1e400', '"text"', '[]', '[{}]', '"{}"'];
    const tries = texts.map((text) => ({
      label: text,
      send: () => sendRaw(operation, text, JSON_TYPE),
      expected: { ...INVALID, pointer: '' },
    }));
    expect(await tryAll(tries)).toEqual(FINE);
  });
});

describe('the type of a body', () => {
  const OTHERS = [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=a',
    'application/xml',
  ];
  const NEARLY = ['application/jsonp', 'text/json', 'application/json-seq', 'json', '*/*', 'application/octet-stream'];
  const SPELLINGS = [
    'application/json; charset=utf-8',
    'application/json;charset=UTF-8',
    'application/json ; charset=utf-8',
    'application/json;',
    'Application/JSON',
    'application/merge-patch+json',
    'application/vnd.api+json',
  ];

  test.each(withBody)('is refused by $key when it is not JSON', async (operation) => {
    const { body } = sampleOf(operation, world);
    const tries = [...OTHERS, ...NEARLY].map((type) => ({
      label: type,
      send: () => sendRaw(operation, JSON.stringify(body), { 'content-type': type }),
      expected: { status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' },
    }));
    tries.push({
      label: 'none',
      send: () => sendRaw(operation, new TextEncoder().encode(JSON.stringify(body)), {}),
      expected: { status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' },
    });
    expect(await tryAll(tries)).toEqual(FINE);
  });

  test.each(withFile)('is refused by $key when it is neither CSV nor a form', async (operation) => {
    const { body } = sampleOf(operation, world);
    const neither = OTHERS.filter((type) => !type.startsWith('multipart/'));
    const tries = [...neither, ...NEARLY, ...SPELLINGS, 'text/csvx', 'multipart/mixed; boundary=a'].map((type) => ({
      label: type,
      send: () => sendRaw(operation, body, { 'content-type': type }),
      expected: { status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' },
    }));
    expect(tries.length).toBeGreaterThan(10);
    expect(await tryAll(tries)).toEqual(FINE);
  });

  test.each(withFile)('of a form without its file is refused by $key, which names the field', async (operation) => {
    const empty = new FormData();
    const text = new FormData();
    text.set('file', 'NDIS Number');
    const tries = Object.entries({ empty, text }).map(([label, form]) => ({
      label,
      send: async () => {
        const { headers, body } = new Response(form);
        const bytes = await new Response(body).arrayBuffer();
        return sendRaw(operation, bytes, {
          'content-type': headers.get('content-type') ?? '',
          'content-length': String(bytes.byteLength),
        });
      },
      expected: { ...INVALID, pointer: 'file' },
    }));
    expect(await tryAll(tries)).toEqual(FINE);
  });

  test('never makes a body that is taken for granted go unread', async () => {
    const operation = operationOf('PATCH /v1/me');
    for (const type of SPELLINGS) {
      const phone = `spelled ${type}`;
      const answer = await sendRaw(operation, JSON.stringify({ phone }), { 'content-type': type });
      expect(answer.status, type).toBe(200);
      expect(answer.body.user.phone).toBe(phone);
    }
  });
});

describe('a body of more than 1 MiB', () => {
  const BIG = JSON.stringify({ padding: 'x'.repeat(1024 * 1024) });

  test.each(withBody)('is PAYLOAD_TOO_LARGE for $key', async (operation) => {
    const tries = [
      { label: 'with its length', send: () => sendRaw(operation, BIG, JSON_TYPE) },
      { label: 'streamed', send: () => sendRaw(operation, new Blob([BIG]).stream(), JSON_TYPE) },
    ].map((one) => ({ ...one, expected: { status: 413, code: 'PAYLOAD_TOO_LARGE' } }));
    expect(await tryAll(tries)).toEqual(FINE);
  });

  test('is not one of exactly 1 MiB', async () => {
    const operation = operationOf('PATCH /v1/me');
    const exact = `${' '.repeat(1024 * 1024 - 13)}{"phone":"1"}`;
    expect((await sendRaw(operation, exact, JSON_TYPE)).status).toBe(200);
    expect((await sendRaw(operation, ` ${exact}`, JSON_TYPE)).status).toBe(413);
  });
});

function asked(operation: Operation, query: Record<string, string> | string, sample?: Sample): () => Promise<Answer> {
  const { query: _, ...rest } = sample ?? sampleOf(operation, world);
  const text = typeof query === 'string' ? query : new URLSearchParams(query).toString();
  return () => world.admin.request(operation.method, `${address(operation, rest)}?${text}`);
}

const encoded = (value: Json): string =>
  btoa(String.fromCharCode(...new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value))))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');

/** What a cursor says inside. */
const opened = (cursor: string): Json => JSON.parse(atob(cursor.replaceAll('-', '+').replaceAll('_', '/')));

describe('a cursor', () => {
  const own = new Map<string, string>();

  beforeAll(async () => {
    for (const operation of lists) {
      const { nextCursor } = (await asked(operation, { limit: '1' })()).body;
      if (nextCursor) own.set(operation.key, nextCursor);
    }
  });

  test.each(lists)('of $key is given, works, and may be used again', async (operation) => {
    const cursor = own.get(operation.key) ?? '';
    const first = await asked(operation, { cursor, limit: '2' })();
    expect(first.status).toBe(200);
    expect((await asked(operation, { cursor, limit: '2' })()).body).toEqual(first.body);
  });

  test.each(lists)('that is none of its own is INVALID_CURSOR for $key', async (operation) => {
    const cursor = own.get(operation.key) ?? '';
    const [name, ...key] = opened(cursor);
    const others = [...own].filter(([from]) => from !== operation.key).map(([, other]) => other);
    const garbage = ['', 'x', 'null', '%00', '\0', 'é', '💥', cursor.slice(0, -3), `${cursor}!`];
    const crafted: Json[] = [
      null,
      [],
      {},
      [name],
      [name, ...key, 1],
      [name, ...key.map(() => null)],
      [name, ...key.map(() => ({}))],
      [name, ...key.map(() => [])],
      [name, ...key.map(() => true)],
      [name, ...key.map((part: Json) => (typeof part === 'number' ? String(part) : 1))],
      [`${name}x`, ...key],
      [1, ...key],
      'not JSON',
    ].map(encoded);
    const cursors = [...others, ...garbage, ...crafted, btoa('\xff\xfe\x00'), '_'.repeat(100)];
    const tries = cursors.map((wrong) => ({
      label: wrong.slice(0, 60),
      send: asked(operation, { cursor: wrong }),
      expected: { status: 400, code: 'INVALID_CURSOR' },
    }));
    expect(await tryAll(tries)).toEqual(FINE);
  });

  test('that is very long is INVALID_CURSOR too', async () => {
    const tries = lists.map((operation) => ({
      label: operation.key,
      send: asked(operation, { cursor: 'A'.repeat(1001) }),
      expected: { status: 400, code: 'INVALID_CURSOR' },
    }));
    expect(await tryAll(tries)).toEqual(FINE);
  });

  test.each(lists)('of $key with odd values inside is no crash', async (operation) => {
    const [name, ...key] = opened(own.get(operation.key) ?? '');
    const texts = (part: string) => [
      `["${name}"${key.map((one: Json) => (typeof one === 'number' ? `,${part}` : ',"\\u0000"')).join('')}]`,
    ];
    const cursors = ['1e400', '-1e400', '1.5', '-1', '9007199254740993', '1e300'].flatMap(texts);
    const answers = await few(cursors, async (text) => asked(operation, { cursor: encoded(text) })());
    const crashed = answers.flatMap(({ status, body }, index) =>
      status === 200 || body?.code === 'INVALID_CURSOR' ? [] : [`${cursors[index]} → ${status} ${body?.code}`],
    );
    expect(crashed).toEqual([]);
  });
});

describe('what is said beside a file', () => {
  test.each(withFile)('is refused by $key when it is wrong, by its name, and nothing is stored', async (operation) => {
    const wrong: [string, string, string][] = [
      ['kind', '', 'kind'],
      ['kind', '?kind=people', 'kind'],
      ['kind', '?kind=participants&kind=services', 'kind'],
      ['dryRun', '?kind=participants&dryRun=yes', 'dryRun'],
      ['dryRun', '?kind=participants&dryRun=true&dryRun=false', 'dryRun'],
      ['mapping', '?kind=participants&mapping=x', 'mapping'],
      ['mapping', '?kind=participants&mapping=%5B%5D', 'mapping'],
      ['mapping', '?kind=participants&mapping=%7B%22a%22%3A%22nothing%22%7D', 'mapping'],
      ['mapping', '?kind=participants&mapping=%7B%22__proto__%22%3Anull%7D', 'mapping'],
      ['unknown', '?kind=participants&colour=red', 'colour'],
    ];
    const tries = wrong.map(([label, query, pointer]) => ({
      label: `${label} ${query}`,
      send: () => {
        const { body, headers } = sampleOf(operation, world);
        return world.admin.request(operation.method, `${operation.path}${query}`, { body, headers: headers ?? {} });
      },
      expected: { ...INVALID, pointer },
    }));
    expect(await tryAll(tries)).toEqual(FINE);
  });
});

describe('a query', () => {
  const DATES = [
    '2026-02-30',
    '2026-02-29',
    '2026-13-01',
    '0000-00-00',
    '20260101',
    'today',
    '',
    '2026-01-01T25:00:00Z',
  ];

  function wrongValues(parameter: Json): string[] {
    const { schema } = plain(parameter.schema);
    const kinds: Json[] = schema.anyOf ?? [schema];
    if (kinds.some(({ format }) => format === 'date')) return DATES;
    if (schema.format === 'date-time') return [...DATES, '2026-01-01', '2026-01-01T00:00:00', '2026-01-01T24:00:00Z'];
    if (schema.type === 'integer') {
      const outside = [schema.minimum - 1, schema.maximum + 1].map(String);
      return [...outside, '-1', '1.5', 'abc', '', ' ', '1e20', '1e400', 'NaN', 'Infinity', '1,2', '0x', '१', 'null'];
    }
    if (schema.enum) return ['x', '', schema.enum[0].toUpperCase(), `${schema.enum[0]} `, 'constructor'];
    if (schema.pattern) {
      const other = newId(schema.pattern.startsWith('^usr') ? 'par' : 'usr');
      const words = ['garbage', 'garbage!', '', ' ', other, "' OR 1=1 --", 'a\0b', 'x'.repeat(5_000)];
      return words.filter((word) => !new RegExp(schema.pattern, 'u').test(word));
    }
    return ['x'.repeat((schema.maxLength ?? 100_000) + 1), 'a\0b'];
  }

  // What stands beside a file may be in a form as well, and is tried with it.
  const asking = signedIn.filter((operation) => queryParameters(operation).length > 0 && !withFile.includes(operation));

  test.each(asking)('with a wrong value is refused by $key, which names the parameter', async (operation) => {
    const parameters = queryParameters(operation).filter(({ name }) => name !== 'cursor');
    const tries = parameters.flatMap((parameter) => {
      const expected = { ...INVALID, pointer: parameter.name };
      const single = wrongValues(parameter).map((value) => ({
        label: `${parameter.name}=${JSON.stringify(value).slice(0, 40)}`,
        send: asked(operation, { [parameter.name]: value }),
        expected,
      }));
      const twice = {
        label: `${parameter.name} twice`,
        send: asked(operation, `${parameter.name}=1&${parameter.name}=2`),
        expected,
      };
      return [...single, twice];
    });
    expect(tries.length).toBeGreaterThan(0);
    expect(await tryAll(tries)).toEqual(FINE);
  });

  test.each(lists)('of $key has a limit of 1 to 100', async (operation) => {
    const limit = queryParameters(operation).find(({ name }) => name === 'limit');
    expect(limit.schema).toMatchObject({ type: 'integer', minimum: 1, maximum: 100, default: 20 });
    for (const fine of ['1', '100']) expect((await asked(operation, { limit: fine })()).status).toBe(200);
    const tries = ['0', '101'].map((wrong) => ({
      label: wrong,
      send: asked(operation, { limit: wrong }),
      expected: { ...INVALID, pointer: 'limit' },
    }));
    expect(await tryAll(tries)).toEqual(FINE);
  });

  test.each(asking)('with broken encoding, odd texts or far dates is no crash in $key', async (operation) => {
    const names = queryParameters(operation).map(({ name }) => name);
    const values = [
      '%',
      '%zz',
      '%ed%a0%80',
      '%ff%fe',
      '%F0%9F%98%80',
      '[]',
      '%2525',
      '*',
      '%25_',
      '%22%27%3B--',
      '%23',
    ];
    const far = [
      ...['9999-12-31', '0001-01-01', '2199-12-31', '1900-01-01', '9999-12-31T23:59:59.999%2B23:59'],
      ...['9999-12-31T23:59:59.999-23:59', '0000-01-01T00:00:00Z', '2026-01-01T00:00:00.000000000001Z'],
    ];
    const queries = names.flatMap((name) => [...values, ...far].map((value) => `${name}=${value}`));
    const odd = ['__proto__=1', 'constructor=1', 'limit[]=1', '&&&', '=', '?', `${'a=1&'.repeat(2_000)}b=2`];
    const asks = [...queries, ...odd];
    const fine = [200, 400, 404, sampleOf(operation, world).status];
    const answers = await few(asks, async (query) => asked(operation, query)());
    const crashed = answers.flatMap(({ status, body }, index) =>
      fine.includes(status) ? [] : [`${asks[index]?.slice(0, 60)} → ${status} ${body?.code}`],
    );
    expect(crashed).toEqual([]);
  });
});

describe('an id in a path', () => {
  const WRONG = [
    'x',
    '0',
    "' OR '1'='1",
    "x'; DROP TABLE users; --",
    'x'.repeat(5_000),
    'a\0b',
    '../me',
    'a/b',
    '/',
    '%',
    '%2F',
    '💥',
    ' ',
    '__proto__',
  ];
  const withId = signedIn.filter(({ path }) => path.includes('{'));

  test.each(withId)('that is none is NOT_FOUND for $key', async (operation) => {
    const { params = {} } = sampleOf(operation, world);
    const tries = Object.entries(params).flatMap(([name, good]) => {
      const near = [good.toUpperCase(), `${good} `, `${good}0`, good.slice(0, -1), `${good}\n`, newId('chg')];
      return [...WRONG, ...near.filter((one) => one !== good)].map((wrong) => ({
        label: `${name} ${JSON.stringify(wrong).slice(0, 40)}`,
        send: () =>
          ask(world.admin, operation, { ...sampleOf(operation, world), params: { ...params, [name]: wrong } }),
        expected: { status: 404, code: 'NOT_FOUND' },
      }));
    });
    expect(tries.length).toBeGreaterThan(WRONG.length);
    expect(await tryAll(tries)).toEqual(FINE);
  });

  test.each(withId)('with broken encoding is NOT_FOUND for $key', async (operation) => {
    const { body, params = {} } = sampleOf(operation, world);
    const tries = Object.keys(params).flatMap((name) =>
      ['%', '%zz', '%ed%a0%80', '%ff', '%C0%AF', '%00', '%2e%2e%2f'].map((wrong) => {
        const path = operation.path.replace(/\{(\w+)\}/g, (_, part) => (part === name ? wrong : (params[part] ?? '')));
        return {
          label: `${name} ${wrong}`,
          send: () => world.admin.request(operation.method, path, { body }),
          expected: { status: 404, code: 'NOT_FOUND' },
        };
      }),
    );
    expect(await tryAll(tries)).toEqual(FINE);
  });
});

describe('a header', () => {
  const keyed = operations.filter((operation) => takesHeader(operation, 'Idempotency-Key'));
  const matched = operations.filter((operation) => takesHeader(operation, 'If-Match'));

  test('Idempotency-Key is documented for every POST that changes something', () => {
    const posts = changing.filter(({ method }) => method === 'POST');
    expect(keyed.map(({ key }) => key).sort()).toEqual(posts.map(({ key }) => key).sort());
  });

  test.each(keyed)('Idempotency-Key that is empty or too long is refused by $key', async (operation) => {
    const tries = ['', ' ', 'k'.repeat(256), 'k'.repeat(10_000)].map((value) => ({
      label: value.slice(0, 10),
      send: () => ask(world.admin, operation, sampleOf(operation, world), { 'idempotency-key': value }),
      expected: { ...INVALID, pointer: 'Idempotency-Key' },
    }));
    expect(await tryAll(tries)).toEqual(FINE);
  });

  test('Idempotency-Key may have 255 characters', async () => {
    const operation = operationOf('POST /v1/services');
    const headers = { 'idempotency-key': 'k'.repeat(255) };
    expect((await ask(world.admin, operation, sampleOf(operation, world), headers)).status).toBe(201);
  });

  test('If-Match is documented for every PATCH and DELETE', () => {
    const edits = changing.filter(({ method }) => method === 'PATCH' || method === 'DELETE');
    expect(matched.map(({ key }) => key).sort()).toEqual(edits.map(({ key }) => key).sort());
  });

  test.each(matched)('If-Match that is no present tag is STALE for $key', async (operation) => {
    const values = ['garbage', '1', '"0"', '"1', '""', 'W/"1"', '"999999"', '"1e0"', '"NaN"', "'1'", '"1" "2"'];
    const tries = values.map((value) => ({
      label: value,
      send: () => ask(world.admin, operation, sampleOf(operation, world), { 'if-match': value }),
      expected: { status: 412, code: 'STALE' },
    }));
    expect(await tryAll(tries)).toEqual(FINE);
  });

  test('If-None-Match that is garbage is no crash', async () => {
    for (const operation of operations.filter((one) => takesHeader(one, 'If-None-Match'))) {
      for (const value of ['', 'garbage', '"', 'W/', ',,,', 'x'.repeat(8_000)]) {
        const answer = await ask(world.admin, operation, sampleOf(operation, world), { 'if-none-match': value });
        expect(answer.status, `${operation.key} ${value}`).toBe(200);
      }
    }
  });

  test('User-Agent of any kind is kept short, and is no crash', async () => {
    const operation = operationOf('POST /v1/services');
    for (const agent of ['', 'x'.repeat(8_000), "'; --"]) {
      const answer = await ask(world.admin, operation, sampleOf(operation, world), { 'user-agent': agent });
      expect(answer.status).toBe(201);
    }
  });

  test('Authorization of any kind is no crash', async () => {
    for (const value of ['', ' ', 'Bearer', 'Bearer  ', 'Bearer a b', 'bearer ....', `Bearer ${'x.'.repeat(4_000)}`]) {
      const answer = await world.admin.get('/v1/me', { authorization: value });
      expect(misfits(answer, { status: 401, code: 'UNAUTHENTICATED' }), value).toEqual([]);
    }
  });
});
