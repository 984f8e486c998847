import sql from 'sql-template-tag';
import type * as z from 'zod';
import type { Context } from '../../context.ts';
import { requireMatch } from '../../http/answer.ts';
import { refuse } from '../../http/problem.ts';
import { commitChange } from '../audit/commit.ts';
import { askForCompliance } from '../compliance/ask.ts';
import { participantIsOpen, refuseArchived } from '../participants/open.ts';
import { findParticipant } from '../participants/queries.ts';
import { authorizeWrite } from '../sign-in/authorize.ts';
import { findService } from './queries.ts';
import type { NoteService } from './schemas.ts';
import type { ServiceRow } from './table.ts';

const MAX_ATTEMPTS = 4;

/** Writes the note of a service that was recorded without one. A note that is there stays as it was written. */
export async function noteService(
  ctx: Context,
  { id, patch, ifMatch }: { id: string; patch: z.output<typeof NoteService>; ifMatch: string | null },
): Promise<ServiceRow> {
  authorizeWrite(ctx, 'services.write');
  const organizationId = ctx.tenant.id;
  for (let tries = 0; tries < MAX_ATTEMPTS; tries++) {
    const row = await findService(ctx, id);
    requireMatch(ifMatch, row.revision);
    const notes = patch.notes === undefined ? row.notes : (patch.notes ?? '');
    if (row.notes === notes) return row;
    if (row.notes !== '') refuse('CONFLICT', 'The service has a note already: what was noted is not rewritten.');
    if (row.status === 'cancelled') refuse('CONFLICT', 'The service is cancelled.');
    const next: ServiceRow = { ...row, notes, noted_at: ctx.now, revision: row.revision + 1 };
    const done = await commitChange(ctx, {
      table: 'services',
      head: (
        changeId,
      ) => sql`UPDATE services SET notes = ${notes}, noted_at = ${ctx.now}, revision = ${next.revision}, change_id = ${changeId}
        WHERE id = ${id} AND organization_id = ${organizationId} AND revision = ${row.revision} AND status = 'completed'
          AND ${participantIsOpen(sql`services.participant_id`, organizationId)} RETURNING id`,
      // The note itself is a health record, and stays out of the log.
      audit: { action: 'service.noted', entityId: id, after: { notedAt: new Date(ctx.now).toISOString() } },
    });
    if (done) {
      askForCompliance(ctx, { participantId: row.participant_id });
      return next;
    }
    if ((await findParticipant(ctx, row.participant_id)).status === 'archived') refuseArchived();
  }
  refuse('CONFLICT', 'The service is being changed at the same time: try again.');
}
