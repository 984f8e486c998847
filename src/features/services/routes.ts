import { Hono } from 'hono';
import { ifMatch, isUnchanged } from '../../http/answer.ts';
import type { AppEnv } from '../../http/app-env.ts';
import { operation } from '../../http/operation.ts';
import type { ErrorCode } from '../../http/problem.ts';
import { etag } from '../../http/revision.ts';
import { validate } from '../../http/validate.ts';
import { once } from '../idempotency/once.ts';
import { cancelService } from './cancel.ts';
import { noteService } from './note.ts';
import { findService, listServices } from './queries.ts';
import { quoteService } from './quote.ts';
import { recordService } from './record.ts';
import {
  CancelService,
  CreateService,
  ListServices,
  NoteService,
  Quote,
  RecordedService,
  Service,
  ServiceList,
  serviceRequest,
} from './schemas.ts';
import { serviceView } from './view.ts';

const tag = 'Services';

const REFUSALS: readonly ErrorCode[] = [
  'INVALID_TIME_RANGE',
  'NOT_FOUND',
  'PARTICIPANT_ARCHIVED',
  'INVALID_DATE',
  'SUPPORT_ITEM_NOT_FOUND',
  'NO_PLAN',
  'NO_BUDGET',
  'PRICE_REQUIRED',
  'PRICE_ABOVE_LIMIT',
  'INSUFFICIENT_BUDGET',
];

export const serviceRoutes = new Hono<AppEnv>()
  .get(
    '/',
    operation('read', {
      id: 'listServices',
      summary: 'List services',
      description: 'Newest first, of all statuses unless one is asked for.',
      tag,
      permission: 'services.read',
      success: { status: 200, description: 'A page of services.', schema: ServiceList },
      errors: ['VALIDATION_FAILED', 'INVALID_CURSOR'],
    }),
    validate('query', ListServices),
    async (c) => c.json(await listServices(c.var.context, c.req.valid('query')), 200),
  )
  .post(
    '/',
    operation('write', {
      id: 'createService',
      summary: 'Record a service',
      description:
        'Charges one budget line: a stated line of the item, else a line of its category, in the plan that contains the date. It must fit at the end of every funding period from that date on. Send an Idempotency-Key: a repeated request is then one service. A refused service leaves nothing behind.',
      tag,
      permission: 'services.write',
      changes: true,
      keyed: true,
      success: { status: 201, description: 'The service.', schema: RecordedService, headers: ['Location', 'ETag'] },
      errors: REFUSALS,
    }),
    validate('json', CreateService),
    async (c) => {
      const input = c.req.valid('json');
      const { body, headers } = await once(c, { input, verb: (ctx) => recordService(ctx, serviceRequest(input)) });
      return c.json(body, 201, headers);
    },
  )
  .post(
    '/quote',
    operation('write', {
      id: 'quoteService',
      summary: 'Quote a service without recording it',
      description: 'Agrees with what recording would then answer, and lists every refusal that applies.',
      tag,
      permission: 'services.read',
      success: { status: 200, description: 'The quote.', schema: Quote },
      errors: ['NOT_FOUND'],
    }),
    validate('json', CreateService),
    async (c) => c.json(await quoteService(c.var.context, serviceRequest(c.req.valid('json'))), 200),
  )
  .get(
    '/:id',
    operation('read', {
      id: 'getService',
      summary: 'Read a service',
      idOf: 'svc',
      tag,
      permission: 'services.read',
      conditional: true,
      success: { status: 200, description: 'The service.', schema: Service },
      errors: ['NOT_FOUND'],
    }),
    async (c) => {
      const row = await findService(c.var.context, c.req.param('id'));
      if (isUnchanged(c, row.revision)) return c.body(null, 304, { ETag: etag(row.revision) });
      return c.json(serviceView(row), 200, { ETag: etag(row.revision) });
    },
  )
  .patch(
    '/:id',
    operation('write', {
      id: 'noteService',
      summary: 'Write the note of a service',
      description:
        'Of one that was recorded without a note; `notedAt` says when it was written. A note is not rewritten.',
      idOf: 'svc',
      tag,
      permission: 'services.write',
      changes: true,
      conditional: true,
      success: { status: 200, description: 'The service.', schema: Service },
      errors: ['NOT_FOUND', 'PARTICIPANT_ARCHIVED', 'CONFLICT'],
    }),
    validate('json', NoteService),
    async (c) => {
      const target = { id: c.req.param('id'), patch: c.req.valid('json'), ifMatch: ifMatch(c) };
      const row = await noteService(c.var.context, target);
      return c.json(serviceView(row), 200, { ETag: etag(row.revision) });
    },
  )
  .post(
    '/:id/cancel',
    operation('write', {
      id: 'cancelService',
      summary: 'Cancel a service',
      idOf: 'svc',
      description: 'Its money is back at once. A second cancel answers the same.',
      tag,
      permission: 'services.write',
      changes: true,
      keyed: true,
      success: { status: 200, description: 'The cancelled service.', schema: Service, headers: ['ETag'] },
      errors: ['NOT_FOUND', 'PARTICIPANT_ARCHIVED', 'CONFLICT'],
    }),
    validate('json', CancelService),
    async (c) => {
      const input = c.req.valid('json');
      const target = { id: c.req.param('id'), reason: input.reason };
      const { body, headers } = await once(c, { input, verb: (ctx) => cancelService(ctx, target) });
      return c.json(body, 200, headers);
    },
  );
