import { resolver } from 'hono-openapi';
import * as z from 'zod';
import { EXAMPLE_IDS } from './fields.ts';
import { ERROR_CODES } from './problem.ts';

/** The headers of answers, for the document's components. */
export const HEADERS = {
  'X-Request-Id': {
    description: 'The id of this request, as in our log.',
    schema: { type: 'string', format: 'uuid' },
    example: '0b4c6e0e-5d5f-4a3c-9a59-0d4f3a5d8f11',
  },
  Location: {
    description: 'The path of what was created.',
    schema: { type: 'string', format: 'uri-reference' },
    example: `/v1/participants/${EXAMPLE_IDS.par}`,
  },
  ETag: {
    description: 'The revision of the resource, for If-Match and If-None-Match.',
    schema: { type: 'string', pattern: '^"[\\w-]+"$' },
    example: '"3"',
  },
  'Idempotent-Replayed': {
    description: 'Present when this is the answer of an earlier request with the same key.',
    schema: { type: 'string', const: 'true' },
    example: 'true',
  },
  'WWW-Authenticate': {
    description: 'How to sign in.',
    schema: { type: 'string' },
    example: 'Bearer realm="caddy"',
  },
  'Retry-After': {
    description: 'Seconds to wait before asking again.',
    schema: { type: 'string', pattern: '^\\d+$' },
    example: '2',
  },
} as const;
export type Header = keyof typeof HEADERS;

export const Problem = z
  .object({
    type: z.string().meta({ description: 'A URN of the code.' }),
    title: z.string().meta({ description: 'What the code says in general.' }),
    status: z.int().min(400).max(599),
    detail: z.string().meta({ description: 'What happened here.' }),
    code: z.enum(ERROR_CODES).meta({ description: 'Features add codes; none changes its meaning.' }),
    requestId: z.string().meta({ description: 'The same as X-Request-Id.' }),
    errors: z
      .array(z.object({ pointer: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'The fields that do not fit: a JSON pointer into the body, or the name of a parameter.' }),
    details: z.record(z.string(), z.unknown()).optional().meta({
      description:
        'Facts for programs. `INSUFFICIENT_BUDGET`: `budgetId`, `requiredCents`, `availableCents`; `PRICE_ABOVE_LIMIT`: `unitPriceCents`, `limitCents`; `FORBIDDEN`: `permission`.',
    }),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details; `code` is stable, the texts are for people.' });

interface Overridden {
  zodSchema: { _zod: { def: { type: string } } };
  jsonSchema: z.core.JSONSchema.BaseSchema;
}

/** Answers may gain fields, so their objects are open; and bounds that every whole number has say nothing. */
function loosen({ zodSchema, jsonSchema }: Overridden): void {
  const { type } = zodSchema._zod.def;
  if (type === 'object') delete jsonSchema.additionalProperties;
  if (type === 'record') {
    delete jsonSchema.propertyNames;
    jsonSchema.additionalProperties = true;
  }
  if (jsonSchema.type === 'integer' && jsonSchema.minimum === Number.MIN_SAFE_INTEGER) {
    delete jsonSchema.minimum;
    delete jsonSchema.maximum;
    jsonSchema.format = 'int64';
  }
}

/** The schema of an answer, for the document. */
export const answered = (schema: z.ZodType) => resolver(schema, { options: { io: 'output', override: loosen } });

/** A reference to one of the document's components. */
export const componentRef = (kind: 'examples' | 'headers' | 'schemas', name: string) => ({
  $ref: `#/components/${kind}/${name}`,
});

/** References to these headers, with the one that every answer has. */
export function headersOf(names: Iterable<Header>) {
  return Object.fromEntries(['X-Request-Id', ...names].map((name) => [name, componentRef('headers', name)]));
}
