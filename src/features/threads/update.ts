import sql from 'sql-template-tag';
import type * as z from 'zod';
import type { Context } from '../../context.ts';
import { requireMatch } from '../../http/answer.ts';
import { mergePatch } from '../../http/patch.ts';
import { refuse } from '../../http/problem.ts';
import { invalid } from '../../http/validate.ts';
import { commitChange } from '../audit/commit.ts';
import { difference } from '../audit/rules.ts';
import { participantIsOpen, refuseArchived } from '../participants/open.ts';

import { authorizeWrite } from '../sign-in/authorize.ts';
import { eventStatement } from './events.ts';
import { findThread } from './queries.ts';
import { ThreadFields, type UpdateThread } from './schemas.ts';
import type { SeenRow } from './view.ts';

const MAX_ATTEMPTS = 4;

/** Changes a thread's title, closes it, or opens it again. */
export async function updateThread(
  ctx: Context,
  { id, patch, ifMatch }: { id: string; patch: z.output<typeof UpdateThread>; ifMatch: string | null },
): Promise<SeenRow> {
  authorizeWrite(ctx, 'messages.write');
  const organizationId = ctx.tenant.id;
  for (let tries = 0; tries < MAX_ATTEMPTS; tries++) {
    const row = await findThread(ctx, id);
    requireMatch(ifMatch, row.revision);
    if (row.participant_status === 'archived') refuseArchived();
    const before = { title: row.title, status: row.status };
    const parsed = ThreadFields.safeParse(mergePatch(before, patch));
    if (!parsed.success) throw invalid(parsed.error);
    const { title, status } = parsed.data;
    const changed = difference(before, parsed.data);
    if (!changed) return row;
    const { userId } = ctx.actor;
    const event = {
      organizationId,
      kind: 'thread.updated',
      threadId: id,
      messageId: null,
      userId,
      at: ctx.now,
    } as const;
    const done = await commitChange(ctx, {
      table: 'threads',
      head: (
        changeId,
      ) => sql`UPDATE threads SET title = ${title}, status = ${status}, revision = revision + 1, updated_at = ${ctx.now},
          change_id = ${changeId}
        WHERE id = ${id} AND organization_id = ${organizationId} AND revision = ${row.revision}
          AND ${participantIsOpen(sql`threads.participant_id`, organizationId)} RETURNING id`,
      also: (proof) => [eventStatement(event, proof)],
      audit: { action: 'thread.updated', entityId: id, ...changed },
    });
    if (!done) continue;
    return { ...row, title, status, revision: row.revision + 1, updated_at: ctx.now };
  }
  refuse('CONFLICT', 'Others are changing the thread at the same time: try again.');
}
