import { env, exports } from 'cloudflare:workers';
import type { Answer, Json } from './tenant.ts';

/** What the Worker says of itself in its OpenAPI document, and what every answer must be. */

export interface Operation {
  /** `GET /v1/me`: how tables name it. */
  key: string;
  method: string;
  path: string;
  permission: string;
  /** The documented statuses below 400. */
  successes: number[];
  parameters: Json[];
  /** The schema of the JSON body; null without one. */
  body: Json | null;
  /** The schema of a message that its sender signs, which nobody else can change; null without one. */
  message: Json | null;
  document: Json;
}

const response = await exports.default.fetch('https://caddy.test/openapi.json');

/** The document as a client gets it. */
export const openApi: Json = await response.json();

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

export const operations: Operation[] = Object.entries<Json>(openApi.paths).flatMap(([path, item]) =>
  Object.entries<Json>(item)
    .filter(([method]) => METHODS.includes(method))
    .map(([method, document]) => {
      const parameters: Json[] = document.parameters ?? [];
      const json = document.requestBody?.content['application/json']?.schema ?? null;
      const isSigned = parameters.some(({ name }) => name === 'svix-signature');
      return {
        key: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase(),
        path,
        permission: document['x-permission'],
        successes: Object.keys(document.responses)
          .map(Number)
          .filter((status) => status < 400),
        parameters,
        body: isSigned ? null : json,
        message: isSigned ? json : null,
        document,
      };
    }),
);

export const signedIn = operations.filter(({ permission }) => permission !== 'public');

/** POSTs that change nothing of the organisation's records (`api.md` §2: tickets, quotes, previews, links). */
const HARMLESS = [
  'POST /v1/services/quote',
  'POST /v1/live/tickets',
  'POST /v1/imports/preview',
  'POST /v1/documents/{id}/links',
];

export const changing = signedIn.filter(({ key, method }) => method !== 'GET' && !HARMLESS.includes(key));

export function takesHeader(operation: Operation, name: string): boolean {
  return operation.parameters.some((parameter) => parameter.in === 'header' && parameter.name === name);
}

export function queryParameters(operation: Operation): Json[] {
  return operation.parameters.filter((parameter) => parameter.in === 'query');
}

/** The lists: what has a cursor. */
export const lists = operations.filter((operation) => queryParameters(operation).some(({ name }) => name === 'cursor'));

/** A schema without its reference and its null. */
export function plain(schema: Json): { schema: Json; nullable: boolean } {
  if (schema.$ref) return plain(openApi.components.schemas[schema.$ref.split('/').pop()]);
  if (Array.isArray(schema.type)) {
    const types = schema.type.filter((type: string) => type !== 'null');
    return { schema: { ...schema, type: types[0] }, nullable: types.length < schema.type.length };
  }
  if (!Array.isArray(schema.anyOf)) return { schema, nullable: false };
  const others = schema.anyOf.filter((choice: Json) => choice.type !== 'null');
  if (others.length !== 1) return { schema: { ...schema, anyOf: others }, nullable: false };
  const only = plain(others[0]);
  return { schema: only.schema, nullable: only.nullable || others.length < schema.anyOf.length };
}

/** A field of a body: its JSON pointer, its path in the value, its schema, and whether it may be null or left out. */
export interface Field {
  pointer: string;
  path: (string | number)[];
  schema: Json;
  nullable: boolean;
  required: boolean;
}

/** Every field of a body's schema, the root first; of a list, its first item. */
export function fieldsOf(schema: Json, path: Field['path'] = [], required = true): Field[] {
  const { schema: core, nullable } = plain(schema);
  const pointer = path.map((part) => `/${part}`).join('');
  const inside = Object.entries<Json>(core.properties ?? {}).flatMap(([name, property]) =>
    fieldsOf(property, [...path, name], core.required?.includes(name) ?? false),
  );
  const items = core.type === 'array' ? fieldsOf(core.items, [...path, 0]) : [];
  return [{ pointer, path, schema: core, nullable, required }, ...inside, ...items];
}

/** What a value has at a path; undefined where it ends. */
export function at(value: Json, path: Field['path']): Json {
  return path.reduce((inner, part) => inner?.[part], value);
}

/** Words that only the inside of the service knows. */
const INTERNAL =
  /SQLITE|D1_|\bSELECT\b|\bINSERT\b|\bUPDATE \w+ SET\b|constraint failed|\n\s+at |\.ts:\d|ZodError|TypeError/;

const MEMBERS = ['type', 'title', 'status', 'detail', 'code', 'requestId', 'errors', 'details'];

/** What is wrong with an answer that should be this problem; empty when nothing is. */
export function misfits(
  answer: Answer,
  expected: { status: number; code: string; pointer?: string | undefined },
): string[] {
  const { body, headers, status } = answer;
  if (status !== expected.status || body?.code !== expected.code) {
    return [`${status} ${body?.code ?? JSON.stringify(body)?.slice(0, 80)} ${body?.detail ?? ''}`.trim()];
  }
  const faults: string[] = [];
  if (headers.get('content-type') !== 'application/problem+json') faults.push(`type ${headers.get('content-type')}`);
  if (body.status !== status) faults.push(`the body says ${body.status}`);
  if (!body.requestId || body.requestId !== headers.get('x-request-id')) faults.push('another request id');
  if (typeof body.type !== 'string' || !body.title || !body.detail) faults.push('lacks type, title or detail');
  const extra = Object.keys(body).filter((member) => !MEMBERS.includes(member));
  if (extra.length > 0) faults.push(`has ${extra}`);
  if (INTERNAL.test(JSON.stringify(body))) faults.push(`shows its inside: ${JSON.stringify(body).slice(0, 200)}`);
  const pointers: string[] = (body.errors ?? []).map((error: Json) => error.pointer);
  if (expected.pointer !== undefined && !pointers.includes(expected.pointer)) faults.push(`names ${pointers}`);
  return faults;
}

const tables = await env.DB.prepare(
  `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'd1_%'
    AND name NOT LIKE '\\_cf_%' ESCAPE '\\' ORDER BY name`,
).all<{ name: string }>();

interface Stored {
  /** How many rows the database had ever written: the same number is the same content. */
  writes: number;
  /** Each table's rows as text, but for when users were last seen. */
  contents: Map<string, string>;
}

async function writes(): Promise<number> {
  return (await env.DB.prepare('SELECT total_changes() AS n').first<number>('n')) ?? -1;
}

let known: Stored | undefined;

/** Everything that is stored; read anew only when something was written since. */
async function stored(): Promise<Stored> {
  const present = await writes();
  if (known?.writes === present) return known;
  const names = tables.results.map(({ name }) => name);
  const results = await env.DB.batch<Json>(names.map((name) => env.DB.prepare(`SELECT * FROM "${name}"`)));
  const text = (index: number) =>
    JSON.stringify(results[index]?.results, (column, value) => (column === 'last_active_at' ? undefined : value));
  known = { writes: present, contents: new Map(names.map((name, index) => [name, text(index)])) };
  return known;
}

/** Runs `work` and tells which tables are other than before; empty when nothing was stored. */
export async function changedBy(work: () => Promise<unknown>): Promise<string[]> {
  const before = await stored();
  await work();
  const after = await stored();
  return [...after.contents].filter(([name, text]) => before.contents.get(name) !== text).map(([name]) => name);
}

/** Does `work` for each, a few at a time; the results in order. */
export async function few<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let start = 0; start < items.length; start += 16) {
    results.push(...(await Promise.all(items.slice(start, start + 16).map(work))));
  }
  return results;
}
