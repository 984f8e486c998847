import { Hono } from 'hono';
import * as z from 'zod';
import type { AppEnv } from '../../http/app-env.ts';
import { instant } from '../../http/fields.ts';
import { operation, type Parameter } from '../../http/operation.ts';
import { validate } from '../../http/validate.ts';
import { permitted } from '../uploads/address.ts';
import { linkDocument, readerOf } from './link.ts';
import { serveContent } from './serve.ts';

const range: Parameter = {
  name: 'Range',
  in: 'header',
  required: false,
  description: 'One range of bytes: 206. What is no such range is ignored.',
  schema: { type: 'string', maxLength: 100 },
  example: 'bytes=-100',
};

const success = {
  status: 200,
  description: 'The file, as an attachment. 206 for a range of it.',
  mediaType: 'application/octet-stream',
} as const;

const Wanted = z.object({
  version: z.coerce
    .number<string>('must be a number')
    .int('must be a whole number')
    .min(1)
    .optional()
    .meta({ description: 'An earlier version; without it, the one that is shown.' }),
});

const Link = z.object({ url: z.string(), expiresAt: instant() }).meta({
  id: 'DocumentLink',
  examples: [{ url: 'https://caddy.example.com/files/content/eyJ1c2Ui…', expiresAt: '2026-11-23T03:30:00.000Z' }],
});

/** A document's content, by token. */
export const contentRoutes = new Hono<AppEnv>()
  .get(
    '/:id/content',
    operation('read', {
      id: 'downloadDocument',
      summary: 'Download a document',
      description: 'Every read is in the record, as `document.downloaded`.',
      idOf: 'doc',
      tag: 'Documents',
      permission: 'documents.read',
      conditional: true,
      parameters: [range],
      success,
      errors: ['NOT_FOUND', 'CONFLICT', 'RANGE_NOT_SATISFIABLE', 'VALIDATION_FAILED'],
    }),
    validate('query', Wanted),
    async (c) => {
      const { version = null } = c.req.valid('query');
      return serveContent(c, { ctx: c.var.context, wanted: { documentId: c.req.param('id'), version } });
    },
  )
  .post(
    '/:id/links',
    operation('write', {
      id: 'createDocumentLink',
      summary: 'Get an address for a viewer',
      description: 'Good for 15 minutes, without any other credential, for as long as you may read documents.',
      idOf: 'doc',
      tag: 'Documents',
      permission: 'documents.read',
      bodyless: true,
      success: { status: 201, description: 'The address.', schema: Link },
      errors: ['NOT_FOUND', 'CONFLICT'],
    }),
    async (c) => {
      const { origin } = new URL(c.req.url);
      return c.json(await linkDocument(c.var.context, { id: c.req.param('id'), origin }), 201);
    },
  );

/** A document's content, by a signed address. */
export const linkRoutes = new Hono<AppEnv>().get(
  '/content/:token',
  operation('read', {
    id: 'downloadLinkedDocument',
    summary: 'Download by a signed address',
    tag: 'Files',
    permission: 'public',
    parameters: [
      {
        name: 'token',
        in: 'path',
        required: true,
        description: 'The signed part of the address. Use the address as it was given.',
        schema: { type: 'string', pattern: '^[\\w-]+\\.[\\w-]+$', maxLength: 1000 },
        example: 'eyJ1c2UiOiJjb250ZW50Ii.6pM2Zk1x',
      },
      range,
    ],
    success,
    errors: ['FORBIDDEN', 'USER_SUSPENDED', 'NOT_FOUND', 'CONFLICT', 'RANGE_NOT_SATISFIABLE', 'UNAVAILABLE'],
  }),
  async (c) => {
    const grant = await permitted(c.env, { token: c.req.param('token'), use: 'content', now: Date.now() });
    const { documentId, version } = grant;
    return serveContent(c, { ctx: await readerOf(c, grant), wanted: { documentId, version } });
  },
);
