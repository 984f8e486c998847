import { Hono } from 'hono';
import { generateSpecs } from 'hono-openapi';
import * as z from 'zod';
import type { AppEnv } from './app-env.ts';
import { answered, componentRef, HEADERS, Problem } from './documented.ts';
import { EXAMPLE_IDS } from './fields.ts';
import { operation } from './operation.ts';
import { ERROR_CODES, type ErrorCode, problem, type Refusal, titleOf } from './problem.ts';

/** What the examples of errors say beyond their titles. */
const REFUSALS: Partial<Record<ErrorCode, Omit<Refusal, 'code'>>> = {
  VALIDATION_FAILED: {
    detail: '/profile/firstName is required.',
    errors: [{ pointer: '/profile/firstName', message: 'is required' }],
  },
  INVALID_DATE: { detail: 'The service is on 2026-11-24, after today, 2026-11-23.' },
  INVALID_TIME_RANGE: { detail: 'The shift must end at another time than 09:00, when it starts.' },
  FORBIDDEN: { detail: 'You need the permission budgets.write.', details: { permission: 'budgets.write' } },
  FEATURE_DISABLED: { detail: 'The subscription does not have imports.', details: { feature: 'imports' } },
  INSUFFICIENT_BUDGET: {
    detail: 'The service costs $175.58, and $120.00 is available on that date.',
    details: { budgetId: EXAMPLE_IDS.bud, requiredCents: 17_558, availableCents: 12_000 },
  },
  ALLOCATION_BELOW_SPENT: {
    detail:
      '$175.58 of the line is spent: with $100.00 released as asked, some day would have more spent than released.',
    details: { budgetId: EXAMPLE_IDS.bud, allocatedCents: 10_000, spentCents: 17_558 },
  },
  PRICE_ABOVE_LIMIT: {
    detail: '$75.00 is above the price limit of $70.23 on that date.',
    details: { unitPriceCents: 7_500, limitCents: 7_023 },
  },
};

function problemExample(code: ErrorCode) {
  const refusal = { code, ...(REFUSALS[code] ?? { detail: `${titleOf(code)}.` }) };
  return { summary: titleOf(code), value: problem(refusal, HEADERS['X-Request-Id'].example) };
}

const ABOUT = `The backend that NDIS providers run on.

- **Signing in**: \`Authorization: Bearer <JWT>\`. \`x-permission\` of each operation is the permission it needs; \`authenticated\` is anyone signed in. What belongs to another organisation does not exist: 404.
- **Values**: amounts are integer cents and end in \`Cents\`. Dates are the organisation's calendar dates, instants RFC 3339 in UTC, times of day \`HH:MM\`. Texts are any Unicode without NUL and lone surrogates.
- **Lists**: \`limit\` and \`cursor\` in, \`data\` and \`nextCursor\` out. The order is stable: no row comes twice, none is missed.
- **Revisions**: a single resource has an \`ETag\`. \`If-None-Match\` answers 304, \`If-Match\` refuses a stale change with 412.
- **Repeats**: a POST with an \`Idempotency-Key\` can be sent again safely for 30 days. Refusals are not remembered.
- **Changes**: PATCH takes a JSON merge patch: what is absent stays, null clears.
- **Errors**: problem details whose \`code\` is stable; \`x-codes\` of each response lists the codes it may have.`;

const TAGS = {
  Health: 'Is the service up, and can it work?',
  Contract: 'This document.',
  Me: 'Who is signed in.',
  Organisation: "The caller's organisation.",
  Users: 'The people of the organisation.',
  Participants: 'The people who are supported.',
  'Plans and budgets': 'NDIS plans, their budget lines, and the ledger of every line.',
  'Support items': "The NDIA's catalogue, with the price limits of each pricing zone.",
  Services: 'What was done for a participant, and what it cost.',
  Documents: 'Agreements, plans, reports, consents and photographs, with every version of them.',
  Files: 'The signed addresses that files go to and come from.',
  Dashboard: 'The organisation at a glance.',
  Compliance: 'How the records of each participant stand, and the incidents that the Commission is told of.',
  Alerts: 'What someone should look at: money that runs out, plans that end.',
  Imports: "Other systems' spreadsheets: participants and plans, timesheets, agreed items.",
  Messages: 'What staff say to each other about participants, and to all.',
  Live: "Participants' budgets and every change over a WebSocket, and who is here.",
  Audit: 'Who changed what.',
  Operations: 'What was done by schedule, what was sent, and what was measured.',
  Webhooks: 'What other services tell us, signed.',
};

async function documentation() {
  const { components } = await answered(Problem).toOpenAPISchema();
  return {
    info: {
      title: 'Caddy',
      version: '1',
      description: ABOUT,
      license: { name: 'Proprietary', identifier: 'LicenseRef-Proprietary' },
    },
    servers: [{ url: '/', description: 'This service' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    components: {
      securitySchemes: {
        bearer: {
          type: 'http' as const,
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: "A token of the organisation's sign-in.",
        },
        ticket: {
          type: 'apiKey' as const,
          in: 'query',
          name: 'ticket',
          description: 'For sockets: a ticket of `POST /v1/live/tickets`, good once within 60 seconds.',
        },
      },
      headers: HEADERS,
      schemas: components?.schemas ?? {},
    },
  };
}

type Specs = Awaited<ReturnType<typeof generateSpecs>>;

/** Puts examples where tools look for them, beside each body by reference: those of the schemas, and of the codes. */
function withExamples(specs: Specs): Specs {
  const { schemas = {} } = specs.components;
  const examples: NonNullable<Specs['components']['examples']> = {};
  for (const [name, schema] of Object.entries(schemas)) {
    const value = schema.examples?.[0] ?? schema.example;
    if (value === undefined) continue;
    examples[name] = { value };
    delete schema.examples;
    delete schema.example;
  }
  const bodies = Object.values(specs.paths).flatMap((item) =>
    [item?.get, item?.post, item?.put, item?.patch, item?.delete].flatMap((operation) => [
      operation?.requestBody,
      ...Object.values(operation?.responses ?? {}),
    ]),
  );
  for (const body of bodies) {
    if (!body || !('content' in body)) continue;
    const { 'application/json': media, 'application/problem+json': problems } = body.content ?? {};
    const name = media?.schema && '$ref' in media.schema ? (media.schema.$ref.split('/').pop() ?? '') : '';
    if (media && name in examples) media.examples = { [name]: componentRef('examples', name) };
    for (const code of ERROR_CODES) {
      if (problems?.examples && code in problems.examples) examples[code] ??= problemExample(code);
    }
  }
  return { ...specs, components: { ...specs.components, examples } };
}

const Document = z
  .object({ openapi: z.string(), info: z.record(z.string(), z.unknown()), paths: z.record(z.string(), z.unknown()) })
  .meta({
    id: 'OpenApiDocument',
    description: 'An OpenAPI 3.1 document.',
    examples: [{ openapi: '3.1.0', info: { title: 'Caddy', version: '1' }, paths: {} }],
  });

/** `GET /openapi.json`: made once an isolate, when it is first asked for, from the schemas that validate. */
export function openApiRoutes(routes: Hono<AppEnv>): Hono<AppEnv> {
  let text: string | undefined;
  return new Hono<AppEnv>().get(
    '/openapi.json',
    operation('read', {
      id: 'getOpenApiDocument',
      summary: 'Read this document',
      tag: 'Contract',
      permission: 'public',
      success: { status: 200, description: 'The OpenAPI document.', schema: Document },
    }),
    async (c) => {
      text ??= JSON.stringify(
        withExamples(
          await generateSpecs(routes, {
            defaultValidationErrorResponse: false,
            excludeStaticFile: false,
            documentation: await documentation(),
          }),
        ),
      );
      return c.body(text, 200, { 'Content-Type': 'application/json', 'Cache-Control': 'public, max-age=300' });
    },
  );
}
