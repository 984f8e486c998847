import { Hono } from 'hono';
import { isUnchanged } from '../../http/answer.ts';
import type { AppEnv } from '../../http/app-env.ts';
import { operation } from '../../http/operation.ts';
import { etag } from '../../http/revision.ts';
import { validate } from '../../http/validate.ts';
import { findEmail, listEmails } from './queries.ts';
import { Email, EmailList, ListEmails } from './schemas.ts';

const tag = 'Operations';

export const emailRoutes = new Hono<AppEnv>()
  .get(
    '/',
    operation('read', {
      id: 'listEmails',
      summary: 'List e-mails',
      description: 'Newest first. With the transport `outbox`, they are kept here instead of being sent.',
      tag,
      permission: 'metrics.read',
      success: { status: 200, description: 'A page of e-mails.', schema: EmailList },
      errors: ['VALIDATION_FAILED', 'INVALID_CURSOR'],
    }),
    validate('query', ListEmails),
    async (c) => c.json(await listEmails(c.var.context, c.req.valid('query')), 200),
  )
  .get(
    '/:id',
    operation('read', {
      id: 'getEmail',
      summary: 'Read an e-mail',
      idOf: 'eml',
      tag,
      permission: 'metrics.read',
      conditional: true,
      success: { status: 200, description: 'The e-mail.', schema: Email },
      errors: ['NOT_FOUND'],
    }),
    async (c) => {
      const { view, revision } = await findEmail(c.var.context, c.req.param('id'));
      if (isUnchanged(c, revision)) return c.body(null, 304, { ETag: etag(revision) });
      return c.json(view, 200, { ETag: etag(revision) });
    },
  )
  .get(
    '/:id/html',
    operation('read', {
      id: 'getEmailHtml',
      summary: 'See an e-mail',
      idOf: 'eml',
      tag,
      permission: 'metrics.read',
      success: { status: 200, description: 'What its reader sees.', mediaType: 'text/html' },
      errors: ['NOT_FOUND'],
    }),
    async (c) => {
      const { html } = await findEmail(c.var.context, c.req.param('id'));
      return c.body(html, 200, {
        'Content-Type': 'text/html; charset=utf-8',
        'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        'Cache-Control': 'private, no-store',
      });
    },
  );
