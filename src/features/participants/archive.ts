import sql, { type Sql } from 'sql-template-tag';
import type { Context } from '../../context.ts';
import { requireMatch } from '../../http/answer.ts';
import { refuse } from '../../http/problem.ts';
import { etag } from '../../http/revision.ts';
import { commitChange } from '../audit/commit.ts';
import { countPlans, countScores } from '../dashboard/count.ts';
import type { Made } from '../idempotency/once.ts';
import { pokeLedger } from '../ledger/ask.ts';
import { authorizeWrite } from '../sign-in/authorize.ts';
import { findParticipant } from './queries.ts';
import type { ParticipantView } from './schemas.ts';
import type { ParticipantRow } from './table.ts';
import { participantView } from './view.ts';

const MAX_ATTEMPTS = 4;

/** Archives a participant: out of the lists and closed to changes, with everything kept. A second time is the first. */
export async function archiveParticipant(
  ctx: Context,
  target: { id: string; reason: string; ifMatch: string | null },
): Promise<ParticipantRow> {
  authorizeWrite(ctx, 'participants.write');
  for (let tries = 0; tries < MAX_ATTEMPTS; tries++) {
    const row = await findParticipant(ctx, target.id);
    requireMatch(target.ifMatch, row.revision);
    if (row.status === 'archived') return row;
    const next: ParticipantRow = {
      ...row,
      status: 'archived',
      archived_at: ctx.now,
      archived_by: ctx.actor.userId,
      archive_reason: target.reason,
      revision: row.revision + 1,
      updated_at: ctx.now,
    };
    const done = await commitChange(ctx, {
      table: 'participants',
      head: (changeId) => setStatus(row, { next: { ...next, change_id: changeId } }),
      also: (proof) => [
        sql`UPDATE organizations SET participant_count = participant_count - 1,
            inactive_count = inactive_count - ${Number(row.status === 'inactive')}
          WHERE id = ${ctx.tenant.id} AND ${proof}`,
        // Nobody is asked for their records any more.
        sql`UPDATE compliance_checks SET score = NULL, hard_fail = 0, inputs = '[]' WHERE participant_id = ${row.id} AND ${proof}`,
        sql`UPDATE participants SET compliance_score = NULL WHERE id = ${row.id} AND ${proof}`,
        ...countScores(ctx.tenant.id, sql`SELECT ${row.id}`),
        ...countPlans(plansOf(row)),
      ],
      audit: {
        action: 'participant.archived',
        entityId: row.id,
        before: { status: row.status },
        after: { status: 'archived' },
        metadata: { reason: target.reason },
      },
    });
    if (done) {
      pokeLedger(ctx, row.id);
      return next;
    }
  }
  refuse('CONFLICT', 'Others are changing the participant at the same time: try again.');
}

/** Takes a participant out of the archive, while the subscription has room for one more. */
export async function restoreParticipant(ctx: Context, id: string): Promise<Made<ParticipantView>> {
  authorizeWrite(ctx, 'participants.write');
  for (let tries = 0; tries < MAX_ATTEMPTS; tries++) {
    const row = await findParticipant(ctx, id);
    if (row.status !== 'archived') return made(ctx, { row, recorded: false });
    const next: ParticipantRow = {
      ...row,
      status: 'active',
      archived_at: null,
      archived_by: null,
      archive_reason: null,
      revision: row.revision + 1,
      updated_at: ctx.now,
    };
    const answer = made(ctx, { row: next, recorded: ctx.idempotency !== null });
    const room = sql`EXISTS (SELECT 1 FROM organizations WHERE id = ${ctx.tenant.id}
      AND (participant_limit IS NULL OR participant_count < participant_limit))`;
    const done = await commitChange(ctx, {
      table: 'participants',
      head: (changeId) => setStatus(row, { next: { ...next, change_id: changeId }, guard: room }),
      also: (proof) => [
        sql`UPDATE organizations SET participant_count = participant_count + 1 WHERE id = ${ctx.tenant.id} AND ${proof}`,
        ...countPlans(plansOf(row)),
      ],
      audit: {
        action: 'participant.restored',
        entityId: row.id,
        before: { status: 'archived' },
        after: { status: 'active' },
      },
      answer: { ...answer, body: JSON.stringify(answer.body) },
    });
    if (done) {
      pokeLedger(ctx, row.id);
      return answer;
    }
    const [hasRoom] = await ctx.database.read<[unknown]>(sql`SELECT 1 AS room WHERE ${room}`);
    if (hasRoom.length === 0) refuse('PARTICIPANT_LIMIT', 'The subscription has no room for another participant.');
  }
  refuse('CONFLICT', 'Others are changing the participant at the same time: try again.');
}

function plansOf({ id, organization_id }: ParticipantRow): Sql {
  return sql`SELECT id FROM plans WHERE participant_id = ${id} AND +organization_id = ${organization_id}`;
}

function made(ctx: Context, { row, recorded }: { row: ParticipantRow; recorded: boolean }): Made<ParticipantView> {
  const body = participantView(row, { medical: ctx.actor.permissions.includes('participants.medical') });
  return { body, status: 200, headers: { ETag: etag(row.revision) }, recorded };
}

function setStatus(row: ParticipantRow, { next, guard = sql`true` }: { next: ParticipantRow; guard?: Sql }): Sql {
  return sql`UPDATE participants SET status = ${next.status}, archived_at = ${next.archived_at}, archived_by = ${next.archived_by},
      archive_reason = ${next.archive_reason}, revision = ${next.revision}, change_id = ${next.change_id}, updated_at = ${next.updated_at}
    WHERE id = ${row.id} AND organization_id = ${row.organization_id} AND revision = ${row.revision} AND ${guard}
    RETURNING id`;
}
