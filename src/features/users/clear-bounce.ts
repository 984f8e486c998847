import sql from 'sql-template-tag';
import type { Context } from '../../context.ts';
import { refuse } from '../../http/problem.ts';
import { etag } from '../../http/revision.ts';
import { timestampOf } from '../../time/rules.ts';
import { commitChange } from '../audit/commit.ts';
import type { Made } from '../idempotency/once.ts';
import { authorizeWrite } from '../sign-in/authorize.ts';
import { findUser } from './queries.ts';
import type { UserView } from './schemas.ts';
import type { UserRow } from './table.ts';
import { userView } from './view.ts';

const MAX_ATTEMPTS = 4;

/** Has a user written to again whose mail came back. A second time answers the same. */
export async function clearBounce(ctx: Context, id: string): Promise<Made<UserView>> {
  authorizeWrite(ctx, 'users.write');
  for (let tries = 0; tries < MAX_ATTEMPTS; tries++) {
    const row = await findUser(ctx, id);
    if (row.email_bounced_at === null) return made(row, false);
    const next: UserRow = { ...row, email_bounced_at: null, revision: row.revision + 1, updated_at: ctx.now };
    const answer = made(next, ctx.idempotency !== null);
    const done = await commitChange(ctx, {
      table: 'users',
      head: (
        changeId,
      ) => sql`UPDATE users SET email_bounced_at = NULL, revision = ${next.revision}, change_id = ${changeId}, updated_at = ${ctx.now}
        WHERE id = ${id} AND organization_id = ${ctx.tenant.id} AND revision = ${row.revision} RETURNING id`,
      audit: {
        action: 'user.updated',
        entityId: id,
        before: { emailBouncedAt: timestampOf(row.email_bounced_at) },
        after: { emailBouncedAt: null },
      },
      answer: { status: 200, headers: answer.headers, body: JSON.stringify(answer.body) },
    });
    if (done) return answer;
  }
  refuse('CONFLICT', 'The user is being changed at the same time: try again.');
}

function made(row: UserRow, recorded: boolean): Made<UserView> {
  return { body: userView(row), status: 200, headers: { ETag: etag(row.revision) }, recorded };
}
