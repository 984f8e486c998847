import type { MiddlewareHandler } from 'hono';
import { describeRoute, resolver, uniqueSymbol } from 'hono-openapi';
import { z } from 'zod';
import { authorize, requireSubscription } from '../features/sign-in/authorize.ts';
import type { Permission } from '../features/sign-in/rules.ts';
import type { AppEnv } from './app-env.ts';
import { type ErrorCode, statusOf, titleOf } from './problem.ts';

/** Who may call a route: nobody in particular, anyone signed in, or holders of a permission. */
export type Access = 'public' | 'authenticated' | Permission;

export interface Operation {
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
  success: {
    status: 200 | 201 | 101;
    description: string;
    schema?: z.ZodType;
    headers?: readonly string[];
    example?: unknown;
  };
  /** What the route itself may refuse with; the codes of its access, body and keys are added. */
  errors?: readonly ErrorCode[];
  /** True for a route without a JSON body. */
  bodyless?: boolean;
}

const HEADERS: Record<string, { description: string; schema: { type: 'string' } }> = {
  Location: { description: 'The path of what was created.', schema: { type: 'string' } },
  ETag: { description: 'The revision of the resource, for If-Match and If-None-Match.', schema: { type: 'string' } },
  'Idempotent-Replayed': {
    description: '`true` when this is the answer of an earlier request with the same key.',
    schema: { type: 'string' },
  },
};

const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    requestId: z.string(),
    errors: z.array(z.object({ pointer: z.string(), message: z.string() })).optional(),
    details: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details; `code` is stable, the texts are for people.' });

function codesOf(operation: Operation, method: 'read' | 'write'): ErrorCode[] {
  const codes = new Set<ErrorCode>(operation.errors);
  codes.add('INTERNAL').add('UNAVAILABLE');
  if (operation.permission !== 'public') {
    for (const code of ['UNAUTHENTICATED', 'USER_NOT_PROVISIONED', 'USER_SUSPENDED', 'RATE_LIMITED'] as const)
      codes.add(code);
    if (operation.permission !== 'authenticated') codes.add('FORBIDDEN');
  }
  if (operation.changes) codes.add('SUBSCRIPTION_INACTIVE');
  if (operation.keyed) codes.add('IDEMPOTENCY_KEY_REUSED').add('IN_PROGRESS').add('VALIDATION_FAILED');
  if (operation.conditional && method === 'write') codes.add('STALE');
  if (method === 'write' && !operation.bodyless) {
    for (const code of ['MALFORMED_JSON', 'VALIDATION_FAILED', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'] as const)
      codes.add(code);
  }
  return [...codes];
}

function errorResponses(codes: readonly ErrorCode[]) {
  const byStatus = Map.groupBy(codes, (code) => statusOf(code));
  return Object.fromEntries(
    [...byStatus].map(([status, list]) => [
      status,
      {
        description: list.map((code) => `\`${code}\`: ${titleOf(code)}.`).join(' '),
        'x-codes': list,
        content: {
          'application/problem+json': {
            schema: resolver(Problem),
            examples: Object.fromEntries(
              list.map((code) => [
                code,
                {
                  value: {
                    type: `urn:caddy:problem:${code.toLowerCase().replaceAll('_', '-')}`,
                    title: titleOf(code),
                    status,
                    detail: titleOf(code),
                    code,
                    requestId: '0b4c6e0e-5d5f-4a3c-9a59-0d4f3a5d8f11',
                  },
                },
              ]),
            ),
          },
        },
      },
    ]),
  );
}

function parametersOf(operation: Operation, method: 'read' | 'write') {
  const header = (name: string, description: string, schema: object) => ({
    name,
    in: 'header' as const,
    required: false,
    description,
    schema,
  });
  const parameters = [];
  if (operation.keyed) {
    const about = 'Makes a repeated request the same one: it answers as the first time, for 30 days.';
    parameters.push(header('Idempotency-Key', about, { type: 'string', minLength: 1, maxLength: 255 }));
  }
  if (operation.conditional) {
    const about =
      method === 'write'
        ? 'The ETag that was read: 412 when it is old.'
        : 'The ETag that is known: 304 when it still holds.';
    parameters.push(header(method === 'write' ? 'If-Match' : 'If-None-Match', about, { type: 'string' }));
  }
  return parameters;
}

function describe(operation: Operation, method: 'read' | 'write') {
  const { success } = operation;
  const headers = new Set(success.headers);
  if (operation.keyed) headers.add('Idempotent-Replayed');
  if (operation.conditional) headers.add('ETag');
  const answer = {
    description: success.description,
    headers: Object.fromEntries([...headers].map((name) => [name, HEADERS[name] ?? HEADERS['ETag']])),
    ...(success.schema && {
      content: {
        'application/json': {
          schema: resolver(success.schema, { options: { io: 'output' } }),
          ...(success.example !== undefined && { example: success.example }),
        },
      },
    }),
  };
  const unchanged = operation.conditional && method === 'read' ? { 304: { description: 'Not changed.' } } : {};
  return describeRoute({
    summary: operation.summary,
    ...(operation.description && { description: operation.description }),
    tags: [operation.tag],
    security: operation.permission === 'public' ? [] : [{ bearer: [] }],
    parameters: parametersOf(operation, method),
    responses: { [success.status]: answer, ...unchanged, ...errorResponses(codesOf(operation, method)) },
    ...{ 'x-permission': operation.permission },
  } as Parameters<typeof describeRoute>[0]);
}

/** A route's permission and documentation in one: what the document says is what is enforced. */
export function operation(method: 'read' | 'write', described: Operation): MiddlewareHandler<AppEnv> {
  const { permission } = described;
  const enforce: MiddlewareHandler<AppEnv> = async (c, next) => {
    if (permission !== 'public' && permission !== 'authenticated') authorize(c.var.context, permission);
    if (described.changes) requireSubscription(c.var.context);
    return next();
  };
  const documented = describe(described, method);
  return Object.assign(enforce, { [uniqueSymbol]: Reflect.get(documented, uniqueSymbol) });
}
