import { Hono } from 'hono';
import { ifMatch, isUnchanged } from '../../http/answer.ts';
import type { AppEnv } from '../../http/app-env.ts';
import { operation } from '../../http/operation.ts';
import { etag } from '../../http/revision.ts';
import { validate } from '../../http/validate.ts';
import { once } from '../idempotency/once.ts';
import { archiveParticipant, restoreParticipant } from './archive.ts';
import { createParticipant } from './create.ts';
import { findParticipant, listParticipants } from './queries.ts';
import {
  Archive,
  CreateParticipant,
  ListParticipants,
  Participant,
  ParticipantList,
  type ParticipantView,
  UpdateParticipant,
} from './schemas.ts';
import { updateParticipant } from './update.ts';
import { participantView } from './view.ts';

const tag = 'Participants';

export const participantRoutes = new Hono<AppEnv>()
  .get(
    '/',
    operation('read', {
      id: 'listParticipants',
      summary: 'List participants',
      description:
        'With the budget of the plan that contains today, else the next, else the last, and the newest five services of each.',
      tag,
      permission: 'participants.read',
      success: { status: 200, description: 'A page of participants.', schema: ParticipantList },
      errors: ['VALIDATION_FAILED', 'INVALID_CURSOR'],
    }),
    validate('query', ListParticipants),
    async (c) => c.json(await listParticipants(c.var.context, c.req.valid('query')), 200),
  )
  .post(
    '/',
    operation('write', {
      id: 'createParticipant',
      summary: 'Create a participant',
      description: 'With `plan`, `budgets.write` is needed too. All of it is created, or nothing.',
      tag,
      permission: 'participants.write',
      changes: true,
      keyed: true,
      success: { status: 201, description: 'The participant.', schema: Participant, headers: ['Location', 'ETag'] },
      errors: ['NDIS_NUMBER_TAKEN', 'PARTICIPANT_LIMIT', 'INVALID_DATE'],
    }),
    validate('json', CreateParticipant),
    async (c) => {
      const input = c.req.valid('json');
      const { body, headers } = await once(c, { input, verb: (ctx) => createParticipant(ctx, input) });
      return c.json(shownTo(c.var.context.actor.permissions, body), 201, headers);
    },
  )
  .get(
    '/:id',
    operation('read', {
      id: 'getParticipant',
      summary: 'Read a participant',
      description: '`medical` is there for readers with `participants.medical`.',
      idOf: 'par',
      tag,
      permission: 'participants.read',
      conditional: true,
      success: { status: 200, description: 'The participant.', schema: Participant },
      errors: ['NOT_FOUND'],
    }),
    async (c) => {
      const row = await findParticipant(c.var.context, c.req.param('id'));
      if (isUnchanged(c, row.revision)) return c.body(null, 304, { ETag: etag(row.revision) });
      return c.json(participantView(row, reader(c.var.context.actor.permissions)), 200, { ETag: etag(row.revision) });
    },
  )
  .patch(
    '/:id',
    operation('write', {
      id: 'updateParticipant',
      summary: 'Change a participant',
      idOf: 'par',
      description: 'A JSON merge patch. To change `medical`, `participants.medical` is needed too.',
      tag,
      permission: 'participants.write',
      changes: true,
      conditional: true,
      success: { status: 200, description: 'The participant.', schema: Participant },
      errors: ['NOT_FOUND', 'NDIS_NUMBER_TAKEN', 'PARTICIPANT_ARCHIVED', 'INVALID_DATE', 'CONFLICT'],
    }),
    validate('json', UpdateParticipant),
    async (c) => {
      const target = { id: c.req.param('id'), patch: c.req.valid('json'), ifMatch: ifMatch(c) };
      const row = await updateParticipant(c.var.context, target);
      return c.json(participantView(row, reader(c.var.context.actor.permissions)), 200, { ETag: etag(row.revision) });
    },
  )
  .delete(
    '/:id',
    operation('write', {
      id: 'archiveParticipant',
      summary: 'Archive a participant',
      idOf: 'par',
      description: 'Nothing is deleted: the participant can be restored. A second time is the first.',
      tag,
      permission: 'participants.write',
      changes: true,
      conditional: true,
      success: { status: 200, description: 'The archived participant.', schema: Participant },
      errors: ['NOT_FOUND', 'CONFLICT'],
    }),
    validate('json', Archive),
    async (c) => {
      const { reason } = c.req.valid('json');
      const row = await archiveParticipant(c.var.context, { id: c.req.param('id'), reason, ifMatch: ifMatch(c) });
      return c.json(participantView(row, reader(c.var.context.actor.permissions)), 200, { ETag: etag(row.revision) });
    },
  )
  .post(
    '/:id/restore',
    operation('write', {
      id: 'restoreParticipant',
      summary: 'Restore an archived participant',
      description: 'The participant is active again, if the subscription has room for one more.',
      idOf: 'par',
      tag,
      permission: 'participants.write',
      changes: true,
      keyed: true,
      bodyless: true,
      success: { status: 200, description: 'The participant.', schema: Participant, headers: ['ETag'] },
      errors: ['NOT_FOUND', 'PARTICIPANT_LIMIT', 'CONFLICT'],
    }),
    async (c) => {
      const id = c.req.param('id');
      const { body, headers } = await once(c, { input: null, verb: (ctx) => restoreParticipant(ctx, id) });
      return c.json(shownTo(c.var.context.actor.permissions, body), 200, headers);
    },
  );

/** An answer that was kept, without what its reader may not see any more. */
function shownTo(permissions: readonly string[], view: ParticipantView): ParticipantView {
  if (reader(permissions).medical) return view;
  const { medical: _, ...rest } = view;
  return rest;
}

function reader(permissions: readonly string[]): { medical: boolean } {
  return { medical: permissions.includes('participants.medical') };
}
