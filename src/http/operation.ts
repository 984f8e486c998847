import type { MiddlewareHandler } from 'hono';
import { uniqueSymbol } from 'hono-openapi';
import type * as z from 'zod';
import { authorize, requireSubscription } from '../features/sign-in/authorize.ts';
import { featureOf, type Permission } from '../features/sign-in/rules.ts';
import { type IdPrefix, isId } from '../ids.ts';
import type { AppEnv } from './app-env.ts';
import { answered, componentRef, type Header, headersOf } from './documented.ts';
import { EXAMPLE_IDS, idPattern } from './fields.ts';
import { bytesBody, type FileForm, fileBody } from './file-body.ts';
import { ERROR_CODES, type ErrorCode, notFound, statusOf, titleOf } from './problem.ts';

/** Who may call a route: nobody in particular, anyone signed in, or holders of a permission. */
export type Access = 'public' | 'authenticated' | Permission;

/** A parameter that no schema validates: part of the path, or a header. */
export interface Parameter {
  name: string;
  in: 'path' | 'header' | 'query';
  required: boolean;
  description: string;
  schema: { type: 'string'; pattern?: string; minLength?: number; maxLength?: number; enum?: string[] };
  example: string;
}

export interface Operation {
  /** The operation's name in the document, and so in generated clients: it never changes. */
  id: string;
  summary: string;
  description?: string;
  tag: string;
  permission: Access;
  /** True for a change of the organisation's records: refused while the subscription is cancelled. */
  changes?: boolean;
  /** True for a POST that may carry an Idempotency-Key. */
  keyed?: boolean;
  /** True for a change that honours If-Match; and for a GET that honours If-None-Match. */
  conditional?: boolean;
  /** True for a socket, which a ticket opens as well as a token. */
  socket?: boolean;
  /** What the `{id}` of the path names. */
  idOf?: IdPrefix;
  parameters?: readonly Parameter[];
  success: {
    status: 200 | 201 | 202 | 101;
    description: string;
    schema?: z.ZodType;
    /** Of an answer that is no JSON. */
    mediaType?: string;
    headers?: readonly Header[];
  };
  /** What the route itself may refuse with; the codes of its access, body and keys are added. */
  errors?: readonly ErrorCode[];
  /** True for a route without a JSON body. */
  bodyless?: boolean;
  /** For a route that takes a file: what else its form may have. */
  file?: FileForm;
  /** For a route that takes bytes as they are: what they are. */
  bytes?: string;
  /** For a route that takes a signed message, which is checked as bytes before it is read: its shape. */
  message?: z.ZodType;
}

function codesOf(operation: Operation, method: 'read' | 'write'): ErrorCode[] {
  const { permission } = operation;
  const codes = new Set<ErrorCode>(operation.errors).add('INTERNAL');
  const add = (...more: ErrorCode[]) => {
    for (const code of more) codes.add(code);
  };
  if (permission !== 'public') {
    add('UNAUTHENTICATED', 'USER_NOT_PROVISIONED', 'USER_SUSPENDED', 'RATE_LIMITED', 'UNAVAILABLE');
    if (permission !== 'authenticated') add('FORBIDDEN');
    if (permission !== 'authenticated' && featureOf(permission) !== null) add('FEATURE_DISABLED');
  }
  if (operation.changes) add('SUBSCRIPTION_INACTIVE');
  if (operation.keyed) add('IDEMPOTENCY_KEY_REUSED', 'IN_PROGRESS', 'VALIDATION_FAILED');
  if (method === 'write') {
    add('PAYLOAD_TOO_LARGE');
    // A message is whatever its signature says it is.
    if (!operation.message) add('UNSUPPORTED_MEDIA_TYPE');
    if (!operation.bodyless && !operation.bytes && !operation.message) add('MALFORMED_JSON', 'VALIDATION_FAILED');
    if (operation.conditional) add('STALE');
  }
  return ERROR_CODES.filter((code) => codes.has(code));
}

const OF_STATUS: Record<number, readonly Header[]> = {
  401: ['WWW-Authenticate'],
  429: ['Retry-After'],
  503: ['Retry-After'],
};

function errorResponses(codes: readonly ErrorCode[]) {
  const byStatus = Map.groupBy(codes, (code) => statusOf(code));
  return Object.fromEntries(
    [...byStatus].map(([status, list]) => [
      status,
      {
        description: list.map((code) => `\`${code}\`: ${titleOf(code)}.`).join(' '),
        headers: headersOf(OF_STATUS[status] ?? []),
        'x-codes': list,
        content: {
          'application/problem+json': {
            // By reference: made anew for each of some 300 answers, it would be most of the work.
            schema: componentRef('schemas', 'Problem'),
            examples: Object.fromEntries(list.map((code) => [code, componentRef('examples', code)])),
          },
        },
      },
    ]),
  );
}

function parametersOf(operation: Operation, method: 'read' | 'write'): Parameter[] {
  const parameters: Parameter[] = [];
  const header = (name: string, rest: Pick<Parameter, 'description' | 'schema' | 'example'>) =>
    parameters.push({ name, in: 'header', required: false, ...rest });
  if (operation.idOf) {
    parameters.push({
      name: 'id',
      in: 'path',
      required: true,
      description: `An id that begins with \`${operation.idOf}_\`.`,
      schema: { type: 'string', pattern: idPattern(operation.idOf) },
      example: EXAMPLE_IDS[operation.idOf],
    });
  }
  parameters.push(...(operation.parameters ?? []));
  // Beside a file that is the body itself, what else a form would have is in the query.
  for (const [name, field] of Object.entries(operation.file?.fields ?? {})) {
    const { description, example, ...schema } = field;
    parameters.push({
      name,
      in: 'query',
      required: false,
      description,
      schema: { type: 'string', ...schema },
      example,
    });
  }
  if (operation.keyed) {
    header('Idempotency-Key', {
      description: 'Makes a repeated request the same one: it answers as the first time, for 30 days.',
      schema: { type: 'string', minLength: 1, maxLength: 255 },
      example: '5c1f6a52-7c0d-4b4e-9f0e-2f6c3f4f8a10',
    });
  }
  if (operation.conditional) {
    const [name, description] =
      method === 'write'
        ? ['If-Match', 'The ETag that was read: 412 when it is old.']
        : ['If-None-Match', 'The ETag that is known: 304 when it still holds.'];
    header(name, { description, schema: { type: 'string' }, example: '"3"' });
  }
  return parameters;
}

function securityOf({ permission, socket }: Operation) {
  if (permission === 'public') return [];
  return socket ? [{ bearer: [] }, { ticket: [] }] : [{ bearer: [] }];
}

function describe(operation: Operation, method: 'read' | 'write') {
  const { success } = operation;
  const headers = new Set(success.headers);
  if (operation.keyed) headers.add('Idempotent-Replayed');
  if (operation.conditional) headers.add('ETag');
  const answer = {
    description: success.description,
    headers: headersOf(headers),
    ...(success.mediaType && { content: { [success.mediaType]: { schema: { type: 'string' as const } } } }),
    ...(success.schema && { content: { 'application/json': { schema: answered(success.schema) } } }),
  };
  const unchanged = { 304: { description: 'It has not changed: no body.', headers: headersOf(['ETag']) } };
  return {
    operationId: operation.id,
    summary: operation.summary,
    ...(operation.description && { description: operation.description }),
    tags: [operation.tag],
    security: securityOf(operation),
    parameters: parametersOf(operation, method),
    ...(operation.file && { requestBody: fileBody(operation.file) }),
    ...(operation.bytes && { requestBody: bytesBody(operation.bytes) }),
    ...(operation.message && {
      requestBody: { required: true, content: { 'application/json': { schema: answered(operation.message) } } },
    }),
    responses: {
      [success.status]: answer,
      ...(operation.conditional && method === 'read' ? unchanged : {}),
      ...errorResponses(codesOf(operation, method)),
    },
    'x-permission': operation.permission,
  };
}

/** What an id stands for, as a 404 says it. */
const NAMES: Partial<Record<IdPrefix, string>> = {
  alr: 'alert',
  bud: 'budget',
  doc: 'document',
  eml: 'e-mail',
  imp: 'import',
  inc: 'incident',
  msg: 'message',
  par: 'participant',
  pln: 'plan',
  svc: 'service',
  thr: 'thread',
  usr: 'user',
};

/** A route's permission and documentation in one: what the document says is what is enforced. */
export function operation(method: 'read' | 'write', described: Operation): MiddlewareHandler<AppEnv> {
  const { permission } = described;
  const enforce: MiddlewareHandler<AppEnv> = async (c, next) => {
    if (permission !== 'public' && permission !== 'authenticated') authorize(c.var.context, permission);
    if (described.changes) requireSubscription(c.var.context);
    // What is not an id of its kind is nobody's: it must not reach an object's name or a query.
    const { idOf } = described;
    if (idOf && !isId(idOf, c.req.param('id') ?? '')) notFound(NAMES[idOf] ?? 'thing');
    return next();
  };
  // A getter: an isolate that is never asked for the document never makes it.
  const documented = {
    get spec() {
      return describe(described, method);
    },
  };
  return Object.assign(enforce, { [uniqueSymbol]: documented });
}
