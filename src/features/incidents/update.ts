import sql from 'sql-template-tag';
import type * as z from 'zod';
import type { Context } from '../../context.ts';
import { requireMatch } from '../../http/answer.ts';
import { mergePatch } from '../../http/patch.ts';
import { refuse } from '../../http/problem.ts';
import { invalid } from '../../http/validate.ts';
import { commitChange } from '../audit/commit.ts';
import { difference } from '../audit/rules.ts';
import { askForCompliance } from '../compliance/ask.ts';
import { mayBeAbout, refuseParticipant } from '../participants/open.ts';
import { authorizeWrite } from '../sign-in/authorize.ts';
import { incidentColumns } from './columns.ts';
import { findIncident, homeOf } from './queries.ts';
import { IncidentFields, type UpdateIncident } from './schemas.ts';
import type { IncidentRow } from './table.ts';
import { incidentFields } from './view.ts';

const MAX_ATTEMPTS = 4;

/**
 * Changes what a merge patch names of an incident; its clocks are counted anew. Of an archived participant too: what
 * the Commission was told, and when, is written down whatever became of the participant.
 */
export async function updateIncident(
  ctx: Context,
  { id, patch, ifMatch }: { id: string; patch: z.output<typeof UpdateIncident>; ifMatch: string | null },
): Promise<IncidentRow> {
  authorizeWrite(ctx, 'participants.write');
  for (let tries = 0; tries < MAX_ATTEMPTS; tries++) {
    const row = await findIncident(ctx, id);
    requireMatch(ifMatch, row.revision);
    const before = incidentFields(row);
    // Another category is reportable by itself or not, unless the patch says so.
    const { category = row.category } = patch;
    const target = category === row.category ? before : { ...before, reportable: null };
    const parsed = IncidentFields.safeParse(mergePatch(target, patch));
    if (!parsed.success) throw invalid(parsed.error);
    const home = parsed.data.state === null ? await homeOf(ctx, parsed.data.participantId) : null;
    const columns = incidentColumns(ctx, { fields: parsed.data, home });
    const next: IncidentRow = { ...row, ...columns, revision: row.revision + 1, updated_at: ctx.now };
    const changed = difference(before, incidentFields(next));
    if (!changed) return row;
    const isMoved = next.participant_id !== row.participant_id;
    const done = await commitChange(ctx, {
      table: 'incidents',
      head: (
        changeId,
      ) => sql`UPDATE incidents SET participant_id = ${next.participant_id}, category = ${next.category}, caused_harm = ${next.caused_harm},
          description = ${next.description}, actions_taken = ${next.actions_taken}, state = ${next.state}, occurred_at = ${next.occurred_at},
          became_aware_at = ${next.became_aware_at}, reportable = ${next.reportable}, notified_at = ${next.notified_at},
          reported_at = ${next.reported_at}, notify_by = ${next.notify_by}, report_by = ${next.report_by}, status = ${next.status},
          revision = ${next.revision}, updated_at = ${next.updated_at}, change_id = ${changeId}
        WHERE id = ${id} AND organization_id = ${ctx.tenant.id} AND revision = ${row.revision}
          AND ${isMoved ? mayBeAbout(next.participant_id, ctx.tenant.id) : sql`true`} RETURNING id`,
      audit: { action: 'incident.updated', entityId: id, ...changed },
    });
    if (done) {
      askForCompliance(ctx, { participantId: next.participant_id });
      if (isMoved) askForCompliance(ctx, { participantId: row.participant_id });
      return next;
    }
    if (isMoved && (await findIncident(ctx, id)).revision === row.revision) {
      await refuseParticipant(ctx, next.participant_id);
    }
  }
  refuse('CONFLICT', 'Others are changing the incident at the same time: try again.');
}
