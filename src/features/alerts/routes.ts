import { Hono } from 'hono';
import { isUnchanged } from '../../http/answer.ts';
import type { AppEnv } from '../../http/app-env.ts';
import { operation } from '../../http/operation.ts';
import { etag } from '../../http/revision.ts';
import { validate } from '../../http/validate.ts';
import { once } from '../idempotency/once.ts';
import { findAlert, listAlerts } from './queries.ts';
import { Alert, AlertList, ListAlerts } from './schemas.ts';
import { acknowledgeAlert, resolveAlert } from './settle.ts';
import { alertView } from './view.ts';

const tag = 'Alerts';

export const alertRoutes = new Hono<AppEnv>()
  .get(
    '/',
    operation('read', {
      id: 'listAlerts',
      summary: 'List alerts',
      description: 'Newest first; all statuses unless asked.',
      tag,
      permission: 'alerts.read',
      success: { status: 200, description: 'A page of alerts.', schema: AlertList },
      errors: ['VALIDATION_FAILED', 'INVALID_CURSOR'],
    }),
    validate('query', ListAlerts),
    async (c) => c.json(await listAlerts(c.var.context, c.req.valid('query')), 200),
  )
  .get(
    '/:id',
    operation('read', {
      id: 'getAlert',
      summary: 'Read an alert',
      idOf: 'alr',
      tag,
      permission: 'alerts.read',
      conditional: true,
      success: { status: 200, description: 'The alert.', schema: Alert },
      errors: ['NOT_FOUND'],
    }),
    async (c) => {
      const row = await findAlert(c.var.context, c.req.param('id'));
      if (isUnchanged(c, row.revision)) return c.body(null, 304, { ETag: etag(row.revision) });
      return c.json(alertView(row), 200, { ETag: etag(row.revision) });
    },
  )
  .post(
    '/:id/acknowledge',
    operation('write', {
      id: 'acknowledgeAlert',
      summary: 'Say that you have seen an alert',
      idOf: 'alr',
      tag,
      permission: 'alerts.write',
      changes: true,
      keyed: true,
      bodyless: true,
      success: { status: 200, description: 'The alert.', schema: Alert, headers: ['ETag'] },
      errors: ['NOT_FOUND', 'CONFLICT'],
    }),
    async (c) => {
      const id = c.req.param('id');
      const { body, headers } = await once(c, { input: null, verb: (ctx) => acknowledgeAlert(ctx, id) });
      return c.json(body, 200, headers);
    },
  )
  .post(
    '/:id/resolve',
    operation('write', {
      id: 'resolveAlert',
      summary: 'Put an alert away',
      description: 'While what it is about is still so, it is not raised again.',
      idOf: 'alr',
      tag,
      permission: 'alerts.write',
      changes: true,
      keyed: true,
      bodyless: true,
      success: { status: 200, description: 'The alert.', schema: Alert, headers: ['ETag'] },
      errors: ['NOT_FOUND', 'CONFLICT'],
    }),
    async (c) => {
      const id = c.req.param('id');
      const { body, headers } = await once(c, { input: null, verb: (ctx) => resolveAlert(ctx, id) });
      return c.json(body, 200, headers);
    },
  );
