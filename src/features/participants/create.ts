import sql, { type Sql } from 'sql-template-tag';
import type * as z from 'zod';
import type { Context } from '../../context.ts';
import { ConstraintError } from '../../database/database.ts';
import { refuse } from '../../http/problem.ts';
import { etag } from '../../http/revision.ts';
import { newId } from '../../ids.ts';
import { commitChange, originOf } from '../audit/commit.ts';
import { auditStatement } from '../audit/entry.ts';
import { askForCompliance } from '../compliance/ask.ts';
import { countPlans } from '../dashboard/count.ts';
import type { Made } from '../idempotency/once.ts';
import { insertPlan, newPlan, openingEntries, planRow } from '../plans/build.ts';
import { requireCoordinator } from '../plans/coordinator.ts';
import type { PlanInput } from '../plans/rules.ts';
import { planView } from '../plans/view.ts';
import { authorizeWrite } from '../sign-in/authorize.ts';
import { rewriteBoundaries } from '../structure/boundaries.ts';
import { insertEntries } from '../structure/statements.ts';
import { requireBirthDate } from './birth-date.ts';
import { nameKey } from './rules.ts';
import type { CreateParticipant, ParticipantFields, ParticipantView } from './schemas.ts';
import { NO_PLAN_END, type ParticipantRow } from './table.ts';
import { participantColumns, participantView } from './view.ts';
import { insertWords } from './words.ts';

/** Creates a participant, with a first plan when one is given; all of it or nothing. */
export async function createParticipant(
  ctx: Context,
  input: z.output<typeof CreateParticipant>,
): Promise<Made<ParticipantView>> {
  authorizeWrite(ctx, 'participants.write');
  if (input.plan) authorizeWrite(ctx, 'budgets.write');
  requireBirthDate(ctx, input.profile.dateOfBirth);
  if (input.plan)
    await requireCoordinator(ctx, { userId: input.plan.supportCoordinatorId, pointer: '/plan/supportCoordinatorId' });
  const { plan, ...fields } = input;
  const row = newRow(ctx, { fields, plan });
  const view = participantView(row, { medical: ctx.actor.permissions.includes('participants.medical') });
  const answer = {
    status: 201 as const,
    headers: { Location: `/v1/participants/${row.id}`, ETag: etag(row.revision) },
    body: JSON.stringify(view),
  };
  const { medical: _, ...audited } = view;
  const created = await commitOrExplain(() =>
    commitChange(ctx, {
      table: 'participants',
      head: (changeId) => insertParticipant({ ...row, change_id: changeId }),
      also: (fresh) => [
        sql`UPDATE organizations SET participant_count = participant_count + 1 WHERE id = ${ctx.tenant.id} AND ${fresh}`,
        insertWords({ participantId: row.id, organizationId: ctx.tenant.id, fields }, fresh),
        ...(plan ? planStatements(ctx, { input: plan, participantId: row.id, proof: fresh }) : []),
      ],
      audit: { action: 'participant.created', entityId: row.id, after: audited },
      answer,
    }),
  );
  if (!created) refuse('PARTICIPANT_LIMIT', 'The subscription has no room for another participant.');
  if (plan) askForCompliance(ctx, { participantId: row.id });
  return { body: view, status: 201, headers: answer.headers, recorded: ctx.idempotency !== null };
}

function newRow(ctx: Context, { fields, plan }: { fields: ParticipantFields; plan: PlanInput | null }): ParticipantRow {
  return {
    id: newId('par'),
    organization_id: ctx.tenant.id,
    ...participantColumns(fields),
    status: 'active',
    name_key: nameKey(fields.profile),
    plan_end_key: plan?.endDate ?? NO_PLAN_END,
    compliance_score: null,
    ledger_version: plan ? 1 : 0,
    ledger_change_id: null,
    change_id: null,
    revision: 1,
    created_by: ctx.actor.userId,
    created_at: ctx.now,
    updated_at: ctx.now,
    archived_at: null,
    archived_by: null,
    archive_reason: null,
  };
}

/** Inserts the participant while the organisation has room for one more. */
function insertParticipant(row: ParticipantRow): Sql {
  return sql`INSERT INTO participants (id, organization_id, ndis_number, first_name, last_name, preferred_name, date_of_birth, gender,
      contact, address, emergency, medical, preferences, tags, custom_fields, pricing_zone, status, name_key, plan_end_key,
      ledger_version, revision, change_id, created_by, created_at, updated_at)
    SELECT ${row.id}, organization.id, ${row.ndis_number}, ${row.first_name}, ${row.last_name}, ${row.preferred_name},
      ${row.date_of_birth}, ${row.gender}, ${row.contact}, ${row.address}, ${row.emergency}, ${row.medical}, ${row.preferences},
      ${row.tags}, ${row.custom_fields}, ${row.pricing_zone}, ${row.status}, ${row.name_key}, ${row.plan_end_key},
      ${row.ledger_version}, ${row.revision}, ${row.change_id}, ${row.created_by}, ${row.created_at}, ${row.updated_at}
    FROM organizations organization
    WHERE organization.id = ${row.organization_id}
      AND (organization.participant_limit IS NULL OR organization.participant_count < organization.participant_limit)
    RETURNING id`;
}

function planStatements(
  ctx: Context,
  { input, participantId, proof }: { input: PlanInput; participantId: string; proof: Sql },
): Sql[] {
  const commit = {
    organizationId: ctx.tenant.id,
    participantId,
    version: 1,
    actorId: ctx.actor.userId,
    at: ctx.now,
    proof,
  };
  const plan = newPlan(input, { planId: newId('pln'), budgetIds: input.budgets.map(() => newId('bud')) });
  const row = planRow({ input, plan }, commit);
  const view = planView({ row, plan }, ctx.today);
  return [
    ...insertPlan({ row, plan }, commit),
    ...rewriteBoundaries([{ planId: plan.id, participantId }], commit),
    ...insertEntries(openingEntries(plan.lines), commit),
    ...countPlans(sql`SELECT ${plan.id}`),
    auditStatement(
      { origin: originOf(ctx), action: 'plan.created', entityId: plan.id, changeId: newId('chg'), after: view },
      commit,
    ),
  ];
}

/** Explains the keys of the table to the client. */
export async function commitOrExplain(commit: () => Promise<boolean>): Promise<boolean> {
  try {
    return await commit();
  } catch (error) {
    // The key is (organization_id, ndis_number): SQLite names its first column.
    if (error instanceof ConstraintError && error.constraint === 'participants.organization_id') {
      refuse(
        'NDIS_NUMBER_TAKEN',
        'Another participant of the organisation, perhaps an archived one, has this NDIS number.',
      );
    }
    throw error;
  }
}
