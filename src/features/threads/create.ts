import sql from 'sql-template-tag';
import type * as z from 'zod';
import type { Context } from '../../context.ts';
import { etag } from '../../http/revision.ts';
import { newId } from '../../ids.ts';
import { commitChange } from '../audit/commit.ts';
import type { Made } from '../idempotency/once.ts';
import { mayBeAbout, refuseParticipant } from '../participants/open.ts';
import { authorizeWrite } from '../sign-in/authorize.ts';
import { eventStatement } from './events.ts';
import type { CreateThread, ThreadView } from './schemas.ts';
import { type SeenRow, threadView } from './view.ts';

/** Begins a thread, about a participant or of the organisation. */
export async function createThread(
  ctx: Context,
  { participantId, title }: z.output<typeof CreateThread>,
): Promise<Made<ThreadView>> {
  authorizeWrite(ctx, 'messages.write');
  const organizationId = ctx.tenant.id;
  const { userId } = ctx.actor;
  const row: SeenRow = {
    id: newId('thr'),
    organization_id: organizationId,
    participant_id: participantId,
    title,
    status: 'open',
    message_count: 0,
    last_message_at: ctx.now,
    created_by: userId,
    created_at: ctx.now,
    updated_at: ctx.now,
    revision: 1,
    unread_count: 0,
    unread_mentions: 0,
    participant_status: null,
  };
  const { id } = row;
  const body = threadView(row);
  const headers = { Location: `/v1/threads/${id}`, ETag: etag(1) };
  const event = { organizationId, kind: 'thread.created', threadId: id, messageId: null, userId, at: ctx.now } as const;
  const done = await commitChange(ctx, {
    table: 'threads',
    head: (
      changeId,
    ) => sql`INSERT INTO threads (id, organization_id, participant_id, title, last_message_at, created_by, created_at, updated_at, change_id)
      SELECT ${id}, ${organizationId}, ${participantId}, ${title}, ${ctx.now}, ${userId}, ${ctx.now}, ${ctx.now}, ${changeId}
      WHERE ${mayBeAbout(participantId, organizationId)} RETURNING id`,
    also: (proof) => [eventStatement(event, proof)],
    audit: { action: 'thread.created', entityId: id, after: { participantId, title } },
    answer: { status: 201, headers, body: JSON.stringify(body) },
  });
  if (!done) await refuseParticipant(ctx, participantId);
  return { body, status: 201, headers, recorded: ctx.idempotency !== null };
}
