import { zValidator } from '@hono/zod-validator';
import type { Context, MiddlewareHandler, ValidationTargets } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { resolver, uniqueSymbol } from 'hono-openapi';
import type * as z from 'zod';
import { AppError, type FieldError, refuse } from './problem.ts';

const MAX_JSON = 1024 * 1024;

/** A name as a JSON pointer writes it (RFC 6901). */
function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** A validation issue as the client sees it: where, and what is wrong. */
function fieldErrors(issue: z.core.$ZodIssue, prefix: string): FieldError[] {
  const path = issue.path.map((part) => `/${escaped(String(part))}`).join('');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ pointer: `${prefix}${path}/${escaped(key)}`, message: 'is not known here' }));
  }
  const missing = issue.code === 'invalid_type' && issue.input === undefined;
  return [{ pointer: `${prefix}${path}`, message: missing ? 'is required' : issue.message }];
}

/** The refusal of an input, from what the schema found. */
export function invalid(error: z.core.$ZodError, prefix = ''): AppError {
  const errors = error.issues.flatMap((issue) => fieldErrors(issue, prefix)).slice(0, 100);
  const [first] = errors;
  const detail = first ? `${first.pointer || 'The body'} ${first.message}.` : 'The request does not fit.';
  return new AppError({ code: 'VALIDATION_FAILED', detail, errors });
}

/** The refusal of parameters: a pointer is the parameter's name. */
export function invalidParameter(error: z.core.$ZodError): AppError {
  const { refusal } = invalid(error);
  const errors = refusal.errors?.map((one) => ({ ...one, pointer: one.pointer.slice(1) })) ?? [];
  return new AppError({ ...refusal, detail: refusal.detail.replace(/^\//, ''), errors });
}

/**
 * Validates one part of a request and documents it: the schema is what the OpenAPI document shows. A parameter's
 * pointer is its name, a body's field a JSON pointer.
 */
export function validate<Schema extends z.ZodType, Target extends keyof ValidationTargets>(
  target: Target,
  schema: Schema,
) {
  const validator = zValidator(target, schema, (result) => {
    if (result.success) return;
    throw target === 'json' ? invalid(result.error) : invalidParameter(result.error);
  });
  const guarded = target === 'json' ? withBody(validator) : validator;
  return Object.assign(guarded, { [uniqueSymbol]: { target, ...resolver(schema, { options: { io: 'input' } }) } });
}

/** As Hono has it: what it does not take for JSON it would not read. */
const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i;

/** Deeper values are refused by every schema. */
const MAX_DEPTH = 100;

/**
 * Where a body uses the one name that JavaScript's objects give a meaning of their own, so that validation would lose
 * it without a word; null when it does not. Goes level by level: what is very deep would exhaust the stack.
 */
function pointerToPrototype(body: unknown): string | null {
  let level: [pointer: string, value: unknown][] = [['', body]];
  for (let depth = 0; level.length > 0 && depth < MAX_DEPTH; depth++) {
    const next: typeof level = [];
    for (const [pointer, value] of level) {
      if (typeof value !== 'object' || value === null) continue;
      for (const [name, inner] of Object.entries(value)) {
        if (name === '__proto__') return `${pointer}/__proto__`;
        next.push([`${pointer}/${escaped(name)}`, inner]);
      }
    }
    level = next;
  }
  return null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Hono's own parser says so.
    return null;
  }
}

/** Refuses bytes that are no text, and a name that would be lost. Hono parses what was read here: it is read once. */
async function checkText(c: Context): Promise<void> {
  const bytes = await c.req.arrayBuffer();
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    refuse('MALFORMED_JSON', 'The body is not UTF-8.');
  }
  // Written out, or with an escape in it: nothing else can be the name.
  const pointer = /__proto__|\\u00/i.test(text) ? pointerToPrototype(parsed(text)) : null;
  if (pointer === null) return;
  const message = 'is not a name that a field can have';
  throw new AppError({ code: 'VALIDATION_FAILED', detail: `${pointer} ${message}.`, errors: [{ pointer, message }] });
}

/** Refuses a request without a body, which Hono's validator would take for an empty object. Its types stay as they are. */
function withBody<Validator extends MiddlewareHandler>(validator: Validator): Validator {
  const guarded: MiddlewareHandler = async (c, next) => {
    if (!JSON_TYPE.test(c.req.header('content-type') ?? ''))
      refuse('MALFORMED_JSON', 'Send a JSON body, as application/json.');
    await checkText(c);
    return validator(c, next);
  };
  return guarded as Validator;
}

const FILE_PATHS: ReadonlySet<string> = new Set(['/v1/imports', '/v1/imports/preview']);

const limited = bodyLimit({
  maxSize: MAX_JSON,
  onError: () => refuse('PAYLOAD_TOO_LARGE', 'A JSON body may have at most 1 MiB.'),
});

/** Refuses a body that is not JSON by its type, or too large, before anything reads it. */
export const jsonOnly: MiddlewareHandler = async (c, next) => {
  const { method } = c.req;
  // Files have types and limits of their own, which their routes look at.
  if (method === 'POST' && FILE_PATHS.has(c.req.path)) return next();
  if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return next();
  const type = c.req.header('content-type');
  const length = c.req.header('content-length');
  const empty = c.req.raw.body === null || length === '0';
  if (!empty && !JSON_TYPE.test(type ?? '')) {
    refuse('UNSUPPORTED_MEDIA_TYPE', 'Send the body as application/json.');
  }
  return limited(c, next);
};
