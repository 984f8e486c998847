import sql from 'sql-template-tag';
import type { Context } from '../../context.ts';
import { etag } from '../../http/revision.ts';
import { newId } from '../../ids.ts';
import { commitChange } from '../audit/commit.ts';
import { askForCompliance } from '../compliance/ask.ts';
import type { Made } from '../idempotency/once.ts';
import { mayBeAbout, refuseParticipant } from '../participants/open.ts';
import { authorizeWrite } from '../sign-in/authorize.ts';
import { incidentColumns } from './columns.ts';
import { homeOf } from './queries.ts';
import type { IncidentFieldsOutput, IncidentView } from './schemas.ts';
import type { IncidentRow } from './table.ts';
import { incidentView } from './view.ts';

/** Records what happened, and until when the Commission is to be told. */
export async function createIncident(ctx: Context, fields: IncidentFieldsOutput): Promise<Made<IncidentView>> {
  authorizeWrite(ctx, 'participants.write');
  const { participantId } = fields;
  const home = fields.state === null ? await homeOf(ctx, participantId) : null;
  const row: IncidentRow = {
    id: newId('inc'),
    organization_id: ctx.tenant.id,
    ...incidentColumns(ctx, { fields, home }),
    created_by: ctx.actor.userId,
    created_at: ctx.now,
    updated_at: ctx.now,
    revision: 1,
    change_id: null,
  };
  const body = incidentView(row, ctx.now);
  const headers = { Location: `/v1/incidents/${row.id}`, ETag: etag(1) };
  const done = await commitChange(ctx, {
    table: 'incidents',
    head: (
      changeId,
    ) => sql`INSERT INTO incidents (id, organization_id, participant_id, category, caused_harm, description, actions_taken, state,
        occurred_at, became_aware_at, reportable, notified_at, reported_at, notify_by, report_by, status, created_by, created_at,
        updated_at, change_id)
      SELECT ${row.id}, ${row.organization_id}, ${participantId}, ${row.category}, ${row.caused_harm}, ${row.description},
        ${row.actions_taken}, ${row.state}, ${row.occurred_at}, ${row.became_aware_at}, ${row.reportable}, ${row.notified_at},
        ${row.reported_at}, ${row.notify_by}, ${row.report_by}, ${row.status}, ${row.created_by}, ${row.created_at},
        ${row.updated_at}, ${changeId}
      WHERE ${mayBeAbout(participantId, ctx.tenant.id)} RETURNING id`,
    audit: { action: 'incident.created', entityId: row.id, after: body },
    answer: { status: 201, headers, body: JSON.stringify(body) },
  });
  if (!done) await refuseParticipant(ctx, participantId);
  askForCompliance(ctx, { participantId });
  return { body, status: 201, headers, recorded: ctx.idempotency !== null };
}
