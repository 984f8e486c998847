import { Hono } from 'hono';
import { ifMatch, isUnchanged } from '../../http/answer.ts';
import type { AppEnv } from '../../http/app-env.ts';
import { operation } from '../../http/operation.ts';
import { etag } from '../../http/revision.ts';
import { validate } from '../../http/validate.ts';
import { once } from '../idempotency/once.ts';
import { createIncident } from './create.ts';
import { findIncident, listIncidents } from './queries.ts';
import { CreateIncident, Incident, IncidentList, ListIncidents, UpdateIncident } from './schemas.ts';
import { updateIncident } from './update.ts';
import { incidentView } from './view.ts';

const tag = 'Compliance';

export const incidentRoutes = new Hono<AppEnv>()
  .get(
    '/',
    operation('read', {
      id: 'listIncidents',
      summary: 'List incidents',
      description: 'Newest first; all statuses unless asked.',
      tag,
      permission: 'participants.read',
      success: { status: 200, description: 'A page of incidents.', schema: IncidentList },
      errors: ['VALIDATION_FAILED', 'INVALID_CURSOR'],
    }),
    validate('query', ListIncidents),
    async (c) => c.json(await listIncidents(c.var.context, c.req.valid('query')), 200),
  )
  .post(
    '/',
    operation('write', {
      id: 'createIncident',
      summary: 'Record an incident',
      description:
        'Of a reportable one, the Commission is to be notified within 24 hours of becoming aware; of an unauthorised restrictive practice without harm within five business days, which is also until when the form is due. Business days are those of the state.',
      tag,
      permission: 'participants.write',
      changes: true,
      keyed: true,
      success: { status: 201, description: 'The incident.', schema: Incident, headers: ['Location', 'ETag'] },
      errors: ['NOT_FOUND', 'PARTICIPANT_ARCHIVED'],
    }),
    validate('json', CreateIncident),
    async (c) => {
      const input = c.req.valid('json');
      const { body, headers } = await once(c, { input, verb: (ctx) => createIncident(ctx, input) });
      return c.json(body, 201, headers);
    },
  )
  .get(
    '/:id',
    operation('read', {
      id: 'getIncident',
      summary: 'Read an incident',
      idOf: 'inc',
      tag,
      permission: 'participants.read',
      conditional: true,
      success: { status: 200, description: 'The incident.', schema: Incident },
      errors: ['NOT_FOUND'],
    }),
    async (c) => {
      const row = await findIncident(c.var.context, c.req.param('id'));
      if (isUnchanged(c, row.revision)) return c.body(null, 304, { ETag: etag(row.revision) });
      return c.json(incidentView(row, c.var.context.now), 200, { ETag: etag(row.revision) });
    },
  )
  .patch(
    '/:id',
    operation('write', {
      id: 'updateIncident',
      summary: 'Change an incident',
      description:
        'A reportable one stays open until the Commission was notified. Another category is reportable by itself or not, unless the patch says so.',
      idOf: 'inc',
      tag,
      permission: 'participants.write',
      changes: true,
      conditional: true,
      success: { status: 200, description: 'The incident.', schema: Incident },
      errors: ['NOT_FOUND', 'PARTICIPANT_ARCHIVED', 'CONFLICT'],
    }),
    validate('json', UpdateIncident),
    async (c) => {
      const target = { id: c.req.param('id'), patch: c.req.valid('json'), ifMatch: ifMatch(c) };
      const row = await updateIncident(c.var.context, target);
      return c.json(incidentView(row, c.var.context.now), 200, { ETag: etag(row.revision) });
    },
  );
