import { Hono } from 'hono';
import { generateSpecs } from 'hono-openapi';
import type { AppEnv } from './app-env.ts';

const documentation = {
  openapi: '3.1.0',
  info: {
    title: 'Caddy',
    version: '1',
    description:
      'The backend that NDIS providers run on. Amounts are integer cents and end in `Cents`; dates are the calendar dates of the organisation; errors are problem details whose `code` is stable.',
    license: { name: 'Proprietary', identifier: 'LicenseRef-Proprietary' },
  },
  servers: [{ url: '/', description: 'This service' }],
  tags: [
    'Health',
    'Me',
    'Organisation',
    'Users',
    'Participants',
    'Plans and budgets',
    'Support items',
    'Services',
    'Live',
    'Audit',
  ].map((name) => ({ name })),
  components: {
    securitySchemes: {
      bearer: {
        type: 'http' as const,
        scheme: 'bearer',
        bearerFormat: 'JWT',
        description: "A token of the organisation's sign-in.",
      },
    },
  },
};

/** `GET /openapi.json`: made once an isolate, from the schemas that validate. */
export function openApiRoutes(routes: Hono<AppEnv>): Hono<AppEnv> {
  let document: Promise<unknown> | undefined;
  return new Hono<AppEnv>().get('/openapi.json', async (c) => {
    document ??= generateSpecs(routes, {
      defaultValidationErrorResponse: false,
      excludeStaticFile: false,
      documentation: documentation as never,
    });
    return c.json((await document) as object, 200, { 'Cache-Control': 'public, max-age=300' });
  });
}
