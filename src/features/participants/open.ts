import sql, { type Sql } from 'sql-template-tag';
import type { Context } from '../../context.ts';
import { notFound, type Refusal, refuse } from '../../http/problem.ts';
import { findParticipant } from './queries.ts';

/** What is said of a participant whom nothing may be written of. */
export const ARCHIVED: Refusal = {
  code: 'PARTICIPANT_ARCHIVED',
  detail: 'The participant is archived: restore them first.',
};

/** Refuses, because the participant is archived. */
export function refuseArchived(): never {
  refuse(ARCHIVED.code, ARCHIVED.detail);
}

/** True while the participant of a thing, if it has one, is not archived; `participantId` is its column. */
export function participantIsOpen(participantId: Sql, organizationId: string): Sql {
  return sql`NOT EXISTS (SELECT 1 FROM participants WHERE id = ${participantId} AND organization_id = ${organizationId}
    AND status = 'archived')`;
}

/** True while there is such a participant who is not archived; and for what is about nobody. */
export function mayBeAbout(participantId: string | null, organizationId: string): Sql {
  if (participantId === null) return sql`true`;
  return sql`EXISTS (SELECT 1 FROM participants WHERE id = ${participantId} AND organization_id = ${organizationId} AND status <> 'archived')`;
}

/** Says why nothing could be written about a participant. */
export async function refuseParticipant(ctx: Context, participantId: string | null): Promise<never> {
  if (participantId === null) notFound('participant');
  await findParticipant(ctx, participantId);
  refuseArchived();
}
