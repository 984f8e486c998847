import { findTargetHandler } from 'hono/utils/handler';
import { uniqueSymbol } from 'hono-openapi';
import { describe, expect, test } from 'vitest';
import { loadApp, openApiText } from '../../scripts/openapi.ts';
import { ERROR_CODES, type ErrorCode, statusOf } from '../../src/http/problem.ts';

/**
 * `api.md` by hand: route, permission, success; what goes for it (`read` honours If-None-Match, `matched` If-Match,
 * `bare` is a POST without a body, `file` takes a file, `bytes` bytes as they are, `message` what its sender signs, `csv` and
 * `download` answer a file, the latter ranges of it too); its answer's own headers; its own codes.
 */
const CONTRACT = `
GET /healthz | public | 200
GET /readyz | public | 200 | | | UNAVAILABLE
GET /openapi.json | public | 200
GET /v1/me | authenticated | 200 | read | ETag
PATCH /v1/me | authenticated | 200 | changes matched body | ETag | CONFLICT
GET /v1/organization | authenticated | 200 | read | ETag
PATCH /v1/organization | organization.write | 200 | changes matched body | ETag | CONFLICT
GET /v1/users | users.read | 200 | list
POST /v1/users | users.write | 201 | changes keyed body | Location ETag | CONFLICT
GET /v1/users/{id} | users.read | 200 | read | ETag | NOT_FOUND
PATCH /v1/users/{id} | users.write | 200 | changes matched body | ETag | NOT_FOUND CONFLICT
POST /v1/users/{id}/clear-bounce | users.write | 200 | changes keyed bare | ETag | NOT_FOUND CONFLICT
GET /v1/participants | participants.read | 200 | list
POST /v1/participants | participants.write | 201 | changes keyed body | Location ETag | NDIS_NUMBER_TAKEN PARTICIPANT_LIMIT INVALID_DATE
GET /v1/participants/{id} | participants.read | 200 | read | ETag | NOT_FOUND
PATCH /v1/participants/{id} | participants.write | 200 | changes matched body | ETag | NOT_FOUND PARTICIPANT_ARCHIVED CONFLICT NDIS_NUMBER_TAKEN INVALID_DATE
DELETE /v1/participants/{id} | participants.write | 200 | changes matched body | ETag | NOT_FOUND CONFLICT
POST /v1/participants/{id}/restore | participants.write | 200 | changes keyed bare | ETag | NOT_FOUND PARTICIPANT_LIMIT CONFLICT
GET /v1/participants/{id}/plans | budgets.read | 200 | list | | NOT_FOUND
POST /v1/participants/{id}/plans | budgets.write | 201 | changes keyed body | Location ETag | NOT_FOUND PARTICIPANT_ARCHIVED CONFLICT
GET /v1/plans/{id} | budgets.read | 200 | read | ETag | NOT_FOUND
PATCH /v1/plans/{id} | budgets.write | 200 | changes matched body | ETag | NOT_FOUND PARTICIPANT_ARCHIVED CONFLICT
POST /v1/plans/{id}/budgets | budgets.write | 201 | changes keyed body | Location ETag | NOT_FOUND PARTICIPANT_ARCHIVED CONFLICT
GET /v1/participants/{id}/budgets | budgets.read | 200 | | | NOT_FOUND VALIDATION_FAILED
GET /v1/participants/{id}/budgets/live | budgets.read | 101 | socket | | NOT_FOUND UPGRADE_REQUIRED
GET /v1/budgets/{id} | budgets.read | 200 | read | ETag | NOT_FOUND
PATCH /v1/budgets/{id} | budgets.write | 200 | changes matched body | ETag | NOT_FOUND PARTICIPANT_ARCHIVED ALLOCATION_BELOW_SPENT
GET /v1/budgets/{id}/entries | budgets.read | 200 | list | | NOT_FOUND
GET /v1/support-items | authenticated | 200 | list
GET /v1/support-items/{code} | authenticated | 200 | read | ETag | NOT_FOUND VALIDATION_FAILED
GET /v1/services | services.read | 200 | list
POST /v1/services | services.write | 201 | changes keyed body | Location ETag | INVALID_TIME_RANGE NOT_FOUND PARTICIPANT_ARCHIVED INVALID_DATE SUPPORT_ITEM_NOT_FOUND NO_PLAN NO_BUDGET PRICE_REQUIRED PRICE_ABOVE_LIMIT INSUFFICIENT_BUDGET
POST /v1/services/quote | services.read | 200 | body | | NOT_FOUND
GET /v1/services/{id} | services.read | 200 | read | ETag | NOT_FOUND
PATCH /v1/services/{id} | services.write | 200 | changes matched body | ETag | NOT_FOUND PARTICIPANT_ARCHIVED CONFLICT
POST /v1/services/{id}/cancel | services.write | 200 | changes keyed body | ETag | NOT_FOUND PARTICIPANT_ARCHIVED CONFLICT
POST /v1/imports/preview | imports.write | 200 | file
POST /v1/imports | imports.write | 202 | changes keyed file | Location
GET /v1/imports | imports.read | 200 | list
GET /v1/imports/{id} | imports.read | 200 | read | ETag | NOT_FOUND
GET /v1/imports/{id}/rows | imports.read | 200 | list | | NOT_FOUND
GET /v1/imports/{id}/errors.csv | imports.read | 200 | csv | | NOT_FOUND
GET /v1/imports/{id}/live | imports.read | 101 | socket | | NOT_FOUND UPGRADE_REQUIRED
POST /v1/imports/{id}/cancel | imports.write | 200 | changes keyed bare | ETag | NOT_FOUND CONFLICT
GET /v1/documents | documents.read | 200 | list
POST /v1/documents | documents.write | 201 | changes keyed body | Location | NOT_FOUND PARTICIPANT_ARCHIVED
GET /v1/documents/{id} | documents.read | 200 | read | ETag | NOT_FOUND
PATCH /v1/documents/{id} | documents.write | 200 | changes matched body | ETag | NOT_FOUND PARTICIPANT_ARCHIVED CONFLICT
DELETE /v1/documents/{id} | documents.write | 200 | changes matched body | ETag | NOT_FOUND PARTICIPANT_ARCHIVED CONFLICT
POST /v1/documents/{id}/restore | documents.write | 200 | changes keyed bare | ETag | NOT_FOUND PARTICIPANT_ARCHIVED CONFLICT
GET /v1/documents/{id}/upload | documents.write | 200 | | | NOT_FOUND PARTICIPANT_ARCHIVED CONFLICT
POST /v1/documents/{id}/confirm | documents.write | 200 | changes keyed bare | ETag | NOT_FOUND PARTICIPANT_ARCHIVED CONFLICT UPLOAD_MISMATCH
GET /v1/documents/{id}/versions | documents.read | 200 | list | | NOT_FOUND
POST /v1/documents/{id}/versions | documents.write | 201 | changes keyed body | | NOT_FOUND PARTICIPANT_ARCHIVED CONFLICT
GET /v1/documents/{id}/content | documents.read | 200 | read download | ETag | NOT_FOUND CONFLICT VALIDATION_FAILED
POST /v1/documents/{id}/links | documents.read | 201 | bare | | NOT_FOUND CONFLICT
PUT /files/uploads/{token} | public | 200 | bytes | | FORBIDDEN NOT_FOUND CONFLICT VALIDATION_FAILED UNAVAILABLE
PUT /files/parts/{token} | public | 200 | bytes | | FORBIDDEN NOT_FOUND CONFLICT VALIDATION_FAILED UNAVAILABLE
POST /files/complete/{token} | public | 200 | bare | | FORBIDDEN NOT_FOUND CONFLICT UNAVAILABLE
GET /files/content/{token} | public | 200 | download | | FORBIDDEN USER_SUSPENDED NOT_FOUND CONFLICT UNAVAILABLE
GET /v1/threads | messages.read | 200 | list
POST /v1/threads | messages.write | 201 | changes keyed body | Location ETag | NOT_FOUND PARTICIPANT_ARCHIVED
GET /v1/threads/live | messages.read | 101 | socket | | UPGRADE_REQUIRED VALIDATION_FAILED
GET /v1/threads/{id} | messages.read | 200 | read | ETag | NOT_FOUND
PATCH /v1/threads/{id} | messages.write | 200 | changes matched body | ETag | NOT_FOUND PARTICIPANT_ARCHIVED CONFLICT
POST /v1/threads/{id}/read | messages.read | 200 | changes keyed bare | | NOT_FOUND
GET /v1/threads/{id}/messages | messages.read | 200 | list | | NOT_FOUND
POST /v1/threads/{id}/messages | messages.write | 201 | changes keyed body | Location ETag | NOT_FOUND PARTICIPANT_ARCHIVED CONFLICT
GET /v1/threads/{id}/messages/{messageId} | messages.read | 200 | read | ETag | NOT_FOUND
PATCH /v1/threads/{id}/messages/{messageId} | messages.write | 200 | changes matched body | ETag | NOT_FOUND PARTICIPANT_ARCHIVED CONFLICT
DELETE /v1/threads/{id}/messages/{messageId} | messages.write | 200 | changes matched bare | ETag | NOT_FOUND PARTICIPANT_ARCHIVED CONFLICT
GET /v1/alerts | alerts.read | 200 | list
GET /v1/alerts/{id} | alerts.read | 200 | read | ETag | NOT_FOUND
POST /v1/alerts/{id}/acknowledge | alerts.write | 200 | changes keyed bare | ETag | NOT_FOUND CONFLICT
POST /v1/alerts/{id}/resolve | alerts.write | 200 | changes keyed bare | ETag | NOT_FOUND CONFLICT
GET /v1/incidents | participants.read | 200 | list
POST /v1/incidents | participants.write | 201 | changes keyed body | Location ETag | NOT_FOUND PARTICIPANT_ARCHIVED
GET /v1/incidents/{id} | participants.read | 200 | read | ETag | NOT_FOUND
PATCH /v1/incidents/{id} | participants.write | 200 | changes matched body | ETag | NOT_FOUND PARTICIPANT_ARCHIVED CONFLICT
GET /v1/compliance | participants.read | 200 | list
GET /v1/participants/{id}/compliance | participants.read | 200 | | | NOT_FOUND
GET /v1/dashboard | services.read | 200
GET /v1/metrics | metrics.read | 200 | list
POST /v1/metrics | metrics.read | 201 | changes keyed body
GET /v1/jobs | metrics.read | 200 | list
GET /v1/emails | metrics.read | 200 | list
GET /v1/emails/{id} | metrics.read | 200 | read | ETag | NOT_FOUND
GET /v1/emails/{id}/html | metrics.read | 200 | html | | NOT_FOUND
GET /v1/live | authenticated | 101 | socket | | FORBIDDEN UPGRADE_REQUIRED VALIDATION_FAILED
GET /v1/presence | authenticated | 200
GET /v1/audit-logs | audit.read | 200 | list
POST /v1/live/tickets | authenticated | 201 | bare
POST /webhooks/resend | public | 200 | message | | UNAVAILABLE
POST /webhooks/clerk | public | 200 | message | | UNAVAILABLE`;

/** What each trait adds to a route's codes. */
const CODES: Record<string, string> = {
  'signed in': 'UNAUTHENTICATED USER_NOT_PROVISIONED USER_SUSPENDED RATE_LIMITED UNAVAILABLE',
  list: 'VALIDATION_FAILED INVALID_CURSOR',
  changes: 'SUBSCRIPTION_INACTIVE',
  keyed: 'VALIDATION_FAILED IDEMPOTENCY_KEY_REUSED IN_PROGRESS',
  matched: 'STALE',
  body: 'MALFORMED_JSON VALIDATION_FAILED PAYLOAD_TOO_LARGE UNSUPPORTED_MEDIA_TYPE',
  bare: 'PAYLOAD_TOO_LARGE UNSUPPORTED_MEDIA_TYPE',
  file: 'PAYLOAD_TOO_LARGE UNSUPPORTED_MEDIA_TYPE VALIDATION_FAILED',
  bytes: 'PAYLOAD_TOO_LARGE UNSUPPORTED_MEDIA_TYPE',
  message: 'UNAUTHENTICATED MALFORMED_JSON VALIDATION_FAILED PAYLOAD_TOO_LARGE',
  download: 'RANGE_NOT_SATISFIABLE',
};

/** Fields of merge patches that cannot be cleared, because the record must have them. */
const KEPT = ['startDate', 'endDate', 'managementType', 'allocatedCents'];

type Schema = { [keyword: string]: unknown; $ref?: string; type?: string | string[]; required?: string[] } & Inner;
type Inner = { properties?: Record<string, Schema>; items?: Schema; anyOf?: Schema[] };
type Media = { schema: Schema; examples?: Record<string, { $ref: string }> };
type Body = { required?: boolean; headers?: object; content?: Record<string, Media>; 'x-codes'?: ErrorCode[] };
type Parameter = { name: string; in: string; required?: boolean; example?: string; schema: Schema };
type Access = { tags: string[]; security: unknown; 'x-permission': string };
type Content = { parameters: Parameter[]; requestBody?: Body; responses: Record<string, Body> };
type Operation = { operationId: string; summary: string } & Access & Content;
type Components = { schemas: Record<string, Schema>; examples: Record<string, { value: unknown }> };
type Head = { openapi: string; tags: { name: string }[] };
type Document = Head & { paths: Record<string, Record<string, Operation>>; components: Components };

const app = await loadApp();
const document: Document = JSON.parse(await openApiText());
const { schemas, examples } = document.components;

const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ key: `${method.toUpperCase()} ${path}`, path, operation })),
);
const words = (text = '') => text.split(' ').filter((word) => word !== '');
const contract = new Map(
  CONTRACT.trim()
    .split('\n')
    .map((line) => {
      const [key = '', permission = '', status = '', traits, headers, own] = line.split('|').map((part) => part.trim());
      const access = permission === 'public' ? [] : ['signed in'];
      const codes = [...access, ...words(traits)].flatMap((trait) => words(CODES[trait]));
      codes.push('INTERNAL', ...words(own), ...(permission.includes('.') ? ['FORBIDDEN'] : []));
      if (/^(?:imports|claims|messages)\./.test(permission)) codes.push('FEATURE_DISABLED');
      const expected = ERROR_CODES.filter((code) => codes.includes(code));
      return [key, { permission, status, traits: words(traits), headers: words(headers), codes: expected }];
    }),
);
const described = operations.map(({ key, ...rest }) => {
  const row = contract.get(key) ?? { permission: '', status: '', traits: [], headers: [], codes: [] };
  return { key, ...rest, ...row };
});

/** What a reference points at, within the components. */
function resolved<Value>(ref: string, kind: Record<string, Value>): Value {
  const found = kind[ref.split('/').pop() ?? ''];
  if (found === undefined) throw new Error(`${ref} leads nowhere`);
  return found;
}

/** The values of a body's examples. */
function examplesOf(body: Body | undefined, media: string): unknown[] {
  const refs = Object.values(body?.content?.[media]?.examples ?? {});
  return refs.map(({ $ref }) => resolved($ref, examples).value);
}

/** A schema and what is in it, with a path to each; the rows of lists too unless `only` the fields are wanted. */
function* within(schema: Schema, at: string, only?: 'fields'): Generator<[string, Schema]> {
  if (schema.$ref) return yield* within(resolved(schema.$ref, schemas), at, only);
  yield [at, schema];
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    yield* within(property, `${at}/${name}`, only);
  for (const choice of schema.anyOf ?? []) yield* within(choice, at, only);
  if (schema.items && only === undefined) yield* within(schema.items, `${at}/*`);
}

function isNullable({ type, anyOf = [] }: Schema): boolean {
  return [type].flat().includes('null') || anyOf.some(isNullable);
}

const requests = described.flatMap(({ key, operation }) => {
  const schema = operation.requestBody?.content?.['application/json']?.schema;
  return schema ? [{ key, schema }] : [];
});
/** Those that whoever asks makes up; a signed message is as its sender makes it, and only as long as any body may be. */
const own = requests.filter(({ key }) => !contract.get(key)?.traits.includes('message'));

describe('the document', () => {
  test('is OpenAPI 3.1 and describes each route of the contract, no other, each under a name of its own', () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    expect(operations.map(({ key }) => key).sort()).toEqual([...contract.keys()].sort());
    const names = operations.map(({ operation }) => operation.operationId);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !/^[a-z]+([A-Z][a-z]+)+$/.test(name))).toEqual([]);
  });

  test('never has one name for two schemas', async () => {
    const shapes = new Map<string, Set<string>>();
    for (const { schema } of usedSchemas()) {
      const { components } = await schema.toOpenAPISchema();
      for (const [name, shape] of Object.entries(components?.schemas ?? {})) {
        shapes.set(name, (shapes.get(name) ?? new Set()).add(JSON.stringify(shape)));
      }
    }
    expect([...shapes.keys(), 'Problem'].sort()).toEqual(Object.keys(schemas).sort());
    expect([...shapes].filter(([, variants]) => variants.size > 1).map(([name]) => name)).toEqual([]);
  });
});

describe.each(described)('$key', ({ path, operation, permission, status, traits, headers, codes }) => {
  const has = (trait: string) => traits.includes(trait);

  test('says what it is for and who may call it', () => {
    expect(operation.summary).not.toBe('');
    expect(document.tags.filter(({ name }) => operation.tags.includes(name))).toHaveLength(1);
    expect(operation['x-permission']).toBe(permission);
    const signedIn = has('socket') ? [{ bearer: [] }, { ticket: [] }] : [{ bearer: [] }];
    expect(operation.security).toEqual(permission === 'public' ? [] : signedIn);
  });

  test('describes its success', () => {
    expect(Object.keys(operation.responses).filter((code) => Number(code) < 400)).toEqual(
      has('read') ? [status, '304'] : [status],
    );
    const answer = operation.responses[status];
    const replayed = has('keyed') ? ['Idempotent-Replayed'] : [];
    expect(Object.keys(answer?.headers ?? {}).sort()).toEqual(['X-Request-Id', ...headers, ...replayed].sort());
    const type = has('csv')
      ? 'text/csv'
      : has('html')
        ? 'text/html'
        : has('download')
          ? 'application/octet-stream'
          : 'application/json';
    expect(Object.keys(answer?.content ?? {})).toEqual(status === '101' ? [] : [type]);
    expect(examplesOf(answer, type)).toHaveLength(status === '101' || type !== 'application/json' ? 0 : 1);
  });

  test('describes its errors, with an example of each', () => {
    const errors = Object.entries(operation.responses).filter(([code]) => Number(code) >= 400);
    expect(errors.flatMap(([, body]) => body['x-codes'] ?? [])).toEqual(codes);
    for (const [code, body] of errors) {
      const listed = body['x-codes'] ?? [];
      expect(listed.every((one) => String(statusOf(one)) === code)).toBe(true);
      expect(Object.keys(body.content ?? {})).toEqual(['application/problem+json']);
      expect(body.content?.['application/problem+json']?.schema.$ref).toBe('#/components/schemas/Problem');
      expect(examplesOf(body, 'application/problem+json')).toEqual(
        listed.map((one) => expect.objectContaining({ code: one, status: Number(code) })),
      );
      const more = { 401: ['WWW-Authenticate'], 429: ['Retry-After'], 503: ['Retry-After'] }[Number(code)] ?? [];
      expect(Object.keys(body.headers ?? {})).toEqual(['X-Request-Id', ...more]);
    }
  });

  test('describes its parameters, and its body with an example', () => {
    const of = (place: string) => operation.parameters.filter((parameter) => parameter.in === place);
    expect(of('path').map(({ name }) => `{${name}}`)).toEqual(path.match(/\{\w+\}/g) ?? []);
    for (const { required, example, schema } of of('path')) {
      expect(required).toBe(true);
      expect(example).toMatch(new RegExp(String(schema['pattern'])));
    }
    const named = {
      download: ['Range'],
      keyed: ['Idempotency-Key'],
      matched: ['If-Match'],
      message: ['svix-id', 'svix-timestamp', 'svix-signature'],
      read: ['If-None-Match'],
      socket: ['Upgrade'],
    };
    const expected = Object.entries(named).filter(([trait]) => has(trait));
    expect(of('header').map(({ name }) => name)).toEqual(expected.flatMap(([, names]) => names));
    if (has('message')) expect(of('header').every(({ required, example }) => required && example)).toBe(true);
    const limits = Object.fromEntries(of('query').map(({ name, schema }) => [name, schema]));
    expect(Object.hasOwn(limits, 'cursor')).toBe(has('list'));
    if (has('list')) expect(limits['limit']).toMatchObject({ type: 'integer', minimum: 1, maximum: 100, default: 20 });
    const taken = {
      body: ['application/json'],
      message: ['application/json'],
      file: ['multipart/form-data', 'text/csv'],
      bytes: ['*/*'],
    };
    const types = Object.entries(taken).flatMap(([trait, list]) => (has(trait) ? list : []));
    expect(operation.requestBody?.required).toBe(types.length > 0 ? true : undefined);
    expect(Object.keys(operation.requestBody?.content ?? {})).toEqual(types);
    expect(examplesOf(operation.requestBody, 'application/json')).toHaveLength(has('body') || has('message') ? 1 : 0);
  });
});

describe('schemas', () => {
  test('say something of every value, and name every code', () => {
    expect(schemas['Problem']?.properties?.['code']?.['enum']).toEqual(ERROR_CODES);
    const all = Object.entries(schemas).flatMap(([name, schema]) => [...within(schema, name)]);
    const silent = all.filter(([, { type, anyOf, $ref }]) => !type && !anyOf && !$ref);
    expect(silent.map(([at]) => at)).toEqual([]);
  });

  test('bound whatever a request may hold', () => {
    const parameters = operations.flatMap(({ key, operation }) =>
      operation.parameters.map(({ name, schema }) => ({ key: `${key} ${name}`, schema })),
    );
    // Entity tags and signatures are compared, never kept.
    const kept = parameters.filter(({ key }) => !/If-(None-)?Match$|svix-(timestamp|signature)$/.test(key));
    const boundless = [...own, ...kept].flatMap(({ key, schema }) =>
      [...within(schema, key)].filter(([, inner]) => {
        const types = [inner.type].flat();
        const says = (...keywords: string[]) => keywords.some((keyword) => inner[keyword] !== undefined);
        if (types.includes('string') && !says('maxLength', 'enum', 'const', 'format', 'pattern')) return true;
        if (types.includes('array') && !says('maxItems')) return true;
        if (types.includes('object') && inner.properties && inner['additionalProperties'] !== false) return true;
        const number = types.includes('integer') || types.includes('number');
        return number && !(says('minimum', 'exclusiveMinimum') && says('maximum'));
      }),
    );
    expect(boundless.map(([at]) => at)).toEqual([]);
  });

  test('require of a new record what the contract requires, and no more', () => {
    const creations = Object.keys(schemas).filter((name) => name.startsWith('Create'));
    const required = creations.flatMap((name) =>
      [...within(schemas[name] ?? {}, name, 'fields')].map(([at, { required = [] }]) => [at, required] as const),
    );
    expect(Object.fromEntries(required.filter(([, names]) => names.length > 0))).toEqual({
      CreateUser: ['email', 'firstName', 'lastName', 'role'],
      'CreateUser/screeningCheck': ['number', 'status'],
      CreateParticipant: ['ndisNumber', 'profile'],
      'CreateParticipant/profile': ['firstName', 'lastName', 'dateOfBirth'],
      'CreateParticipant/plan': ['startDate', 'endDate', 'managementType', 'budgets'],
      CreatePlan: ['startDate', 'endDate', 'managementType', 'budgets'],
      CreateBudget: ['categoryCode', 'allocatedCents'],
      CreateService: ['participantId', 'supportItemCode', 'serviceDate'],
      CreateThread: ['title'],
      CreateIncident: ['category', 'occurredAt', 'becameAwareAt'],
      CreateDocument: ['type', 'title', 'fileName', 'contentType', 'sizeBytes'],
    });
  });

  test('let a merge patch leave out or clear every field, at every depth', () => {
    const patches = requests.filter(({ key }) => key.startsWith('PATCH '));
    const stubborn = patches.flatMap(({ key, schema }) =>
      [...within(schema, key, 'fields')].flatMap(([at, { properties = {}, required = [] }]) => [
        ...required.map((name) => `${at}/${name} is required`),
        ...Object.entries(properties)
          .filter(([name, property]) => !KEPT.includes(name) && !isNullable(property))
          .map(([name]) => `${at}/${name} cannot be null`),
      ]),
    );
    expect(stubborn).toEqual([]);
  });

  test('take the examples of bodies, and give those of answers', async () => {
    for (const { key, status, schema } of usedSchemas()) {
      const operation = operations.find((candidate) => candidate.key === key)?.operation;
      const body = status === null ? operation?.requestBody : operation?.responses[status];
      for (const example of Object.keys(body?.content ?? {}).flatMap((media) => examplesOf(body, media))) {
        const result = await schema.validate(example);
        expect(result.issues ?? [], `${key} ${status}`).toEqual([]);
        // An answer has nothing that its schema does not know.
        if (status !== null) expect(result.value, `${key} ${status}`).toEqual(example);
      }
    }
  });
});

/** What hono-openapi keeps of a schema, and of a route. */
type Resolver = {
  validate: (value: unknown) => Promise<{ value?: unknown; issues?: unknown[] }>;
  toOpenAPISchema: () => Promise<{ components?: { schemas?: Record<string, Schema> } }>;
};
type Answers = Record<string, { content?: Record<string, { schema: Resolver }> }>;
type Kept = { target?: string; spec?: { requestBody?: Answers[string]; responses: Answers } };
type Used = { key: string; status: string | null; schema: Resolver };

/** The schemas of the routes as they validate: bodies with a null status, successes with theirs. */
function usedSchemas(): Used[] {
  return app.routes.flatMap(({ method, path, handler }): Used[] => {
    const key = `${method} ${path.replace(/:(\w+)/g, '{$1}')}`;
    const kept: (Kept & Resolver) | undefined = Reflect.get(findTargetHandler(handler), uniqueSymbol);
    if (kept?.target === 'json') return [{ key, status: null, schema: kept }];
    const { requestBody = {}, responses = {} } = kept?.spec ?? {};
    // What is validated by the route itself is said beside its answers: a signed message.
    const all: [status: string | null, Answers[string]][] = [[null, requestBody], ...Object.entries(responses)];
    return all.flatMap(([status, { content = {} }]) =>
      Object.values(content).flatMap(({ schema }) => ('validate' in schema ? [{ key, status, schema }] : [])),
    );
  });
}
