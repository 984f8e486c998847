import sql, { type Sql } from 'sql-template-tag';
import type * as z from 'zod';
import type { Context } from '../../context.ts';
import { requireMatch } from '../../http/answer.ts';
import { mergePatch } from '../../http/patch.ts';
import { refuse } from '../../http/problem.ts';
import { invalid } from '../../http/validate.ts';
import { commitChange } from '../audit/commit.ts';
import { difference } from '../audit/rules.ts';
import { pokeLedger } from '../ledger/ask.ts';
import { authorizeWrite } from '../sign-in/authorize.ts';
import { requireBirthDate } from './birth-date.ts';
import { commitOrExplain } from './create.ts';
import { refuseArchived } from './open.ts';
import { findParticipant } from './queries.ts';
import { nameKey } from './rules.ts';
import { Updated, type UpdateParticipant } from './schemas.ts';
import type { ParticipantRow } from './table.ts';
import { participantColumns, participantFields } from './view.ts';
import { replaceWords } from './words.ts';

const MAX_ATTEMPTS = 4;

/** Changes what a merge patch names. Who may not see medical data may not change it either. */
export async function updateParticipant(
  ctx: Context,
  target: { id: string; patch: z.output<typeof UpdateParticipant>; ifMatch: string | null },
): Promise<ParticipantRow> {
  authorizeWrite(ctx, 'participants.write');
  if (target.patch.medical !== undefined) authorizeWrite(ctx, 'participants.medical');
  for (let tries = 0; tries < MAX_ATTEMPTS; tries++) {
    const row = await findParticipant(ctx, target.id);
    requireMatch(target.ifMatch, row.revision);
    if (row.status === 'archived') refuseArchived();
    const next = patched(ctx, { row, patch: target.patch });
    const changed = difference(written(row), written(next));
    if (!changed) return row;
    if (await write(ctx, { row, next, changed })) {
      if (row.status !== next.status || row.pricing_zone !== next.pricing_zone) pokeLedger(ctx, row.id);
      return next;
    }
  }
  refuse('CONFLICT', 'Others are changing the participant at the same time: try again.');
}

/** The row with the patch applied and checked as a whole. */
function patched(ctx: Context, { row, patch }: { row: ParticipantRow; patch: unknown }): ParticipantRow {
  const parsed = Updated.safeParse(mergePatch(written(row), patch));
  if (!parsed.success) throw invalid(parsed.error);
  const { status, ...fields } = parsed.data;
  if (fields.profile.dateOfBirth !== row.date_of_birth) requireBirthDate(ctx, fields.profile.dateOfBirth);
  return {
    ...row,
    ...participantColumns(fields),
    status,
    name_key: nameKey(fields.profile),
    revision: row.revision + 1,
    updated_at: ctx.now,
  };
}

/** What of a participant can be changed. */
function written(row: ParticipantRow) {
  return { ...participantFields(row), status: row.status };
}

async function write(
  ctx: Context,
  change: { row: ParticipantRow; next: ParticipantRow; changed: NonNullable<ReturnType<typeof difference>> },
): Promise<boolean> {
  const { row, next, changed } = change;
  const indexed = { participantId: row.id, organizationId: ctx.tenant.id, fields: participantFields(next) };
  return commitOrExplain(() =>
    commitChange(ctx, {
      table: 'participants',
      head: (
        changeId,
      ) => sql`UPDATE participants SET ndis_number = ${next.ndis_number}, first_name = ${next.first_name}, last_name = ${next.last_name},
          preferred_name = ${next.preferred_name}, date_of_birth = ${next.date_of_birth}, gender = ${next.gender},
          contact = ${next.contact}, address = ${next.address}, emergency = ${next.emergency}, medical = ${next.medical},
          preferences = ${next.preferences}, tags = ${next.tags}, custom_fields = ${next.custom_fields},
          pricing_zone = ${next.pricing_zone}, status = ${next.status}, name_key = ${next.name_key}, revision = ${next.revision},
          change_id = ${changeId}, updated_at = ${next.updated_at}
        WHERE id = ${row.id} AND organization_id = ${ctx.tenant.id} AND revision = ${row.revision} AND status <> 'archived'
        RETURNING id`,
      also: (proof) => [...replaceWords(indexed, proof), ...countInactive(change, proof)],
      audit: { action: 'participant.updated', entityId: row.id, ...changed },
    }),
  );
}

function countInactive({ row, next }: { row: ParticipantRow; next: ParticipantRow }, proof: Sql): Sql[] {
  const more = Number(next.status === 'inactive') - Number(row.status === 'inactive');
  if (more === 0) return [];
  return [
    sql`UPDATE organizations SET inactive_count = inactive_count + ${more} WHERE id = ${row.organization_id} AND ${proof}`,
  ];
}
