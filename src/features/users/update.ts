import sql from 'sql-template-tag';
import type * as z from 'zod';
import type { Context } from '../../context.ts';
import { requireMatch } from '../../http/answer.ts';
import { mergePatch } from '../../http/patch.ts';
import { refuse } from '../../http/problem.ts';
import { etag } from '../../http/revision.ts';
import { invalid } from '../../http/validate.ts';
import { commitChange } from '../audit/commit.ts';
import { difference } from '../audit/rules.ts';
import { askForCompliance } from '../compliance/ask.ts';
import { authorizeWrite, requireSubscription } from '../sign-in/authorize.ts';
import { forgetUsers } from '../sign-in/users.ts';
import { explainTaken, requireOwnPermissions } from './create.ts';
import { findUser } from './queries.ts';
import { OwnFields, type UpdateMe, type UpdateUser, UserFields, type UserFieldsOutput } from './schemas.ts';
import type { UserRow } from './table.ts';
import { userColumns, userFields } from './view.ts';

const MAX_ATTEMPTS = 4;

/** Changes what a merge patch names of a user. Nobody takes their own role or access away. */
export async function updateUser(
  ctx: Context,
  target: { id: string; patch: z.output<typeof UpdateUser>; ifMatch: string | null },
): Promise<UserRow> {
  authorizeWrite(ctx, 'users.write');
  return change(ctx, {
    id: target.id,
    ifMatch: target.ifMatch,
    edit: (fields) => {
      const parsed = UserFields.safeParse(mergePatch(fields, target.patch));
      if (!parsed.success) throw invalid(parsed.error);
      const { role, status, permissions, externalId, email } = parsed.data;
      const accessMoves =
        role !== fields.role ||
        status !== fields.status ||
        externalId !== fields.externalId ||
        permissions.join() !== fields.permissions.join();
      // Who signs in as someone has what they have, and an e-mail address is what a person is known by.
      if (accessMoves || email !== fields.email) {
        requireOwnPermissions(ctx, fields);
        requireOwnPermissions(ctx, parsed.data);
      }
      if (target.id === ctx.actor.userId && accessMoves) {
        refuse(
          'CONFLICT',
          'You cannot change your own role, status, permissions or sign-in: another administrator can.',
        );
      }
      return parsed.data;
    },
  });
}

/** Changes the caller's own name, phone or preferences. */
export async function updateMe(
  ctx: Context,
  target: { patch: z.output<typeof UpdateMe>; revision: number | null },
): Promise<UserRow> {
  requireSubscription(ctx);
  return change(ctx, {
    id: ctx.actor.userId,
    ifMatch: target.revision === null ? null : etag(target.revision),
    edit: (fields) => {
      const { firstName, lastName, phone, preferences } = fields;
      const parsed = OwnFields.safeParse(mergePatch({ firstName, lastName, phone, preferences }, target.patch));
      if (!parsed.success) throw invalid(parsed.error);
      return { ...fields, ...parsed.data };
    },
  });
}

interface Edit {
  id: string;
  ifMatch: string | null;
  edit: (fields: UserFieldsOutput) => UserFieldsOutput;
}

async function change(ctx: Context, { id, ifMatch, edit }: Edit): Promise<UserRow> {
  for (let tries = 0; tries < MAX_ATTEMPTS; tries++) {
    const row = await findUser(ctx, id);
    requireMatch(ifMatch, row.revision);
    const before = userFields(row);
    const after = edit(before);
    const changed = difference(before, after);
    if (!changed) return row;
    const columns = userColumns(after);
    // What came back from another address says nothing of the new one.
    const email_bounced_at = columns.email_key === row.email_key ? row.email_bounced_at : null;
    const next: UserRow = { ...row, ...columns, email_bounced_at, revision: row.revision + 1, updated_at: ctx.now };
    const lastAdministrator = sql`${isAdministrator(before) && !isAdministrator(after)} AND NOT EXISTS (
      SELECT 1 FROM users other INDEXED BY users_by_role WHERE other.organization_id = ${ctx.tenant.id} AND other.id <> ${id}
        AND other.role = 'admin' AND other.status = 'active')`;
    const done = await explainTaken(() =>
      commitChange(ctx, {
        table: 'users',
        head: (
          changeId,
        ) => sql`UPDATE users SET external_id = ${next.external_id}, email = ${next.email}, email_key = ${next.email_key},
            first_name = ${next.first_name}, last_name = ${next.last_name}, phone = ${next.phone}, role = ${next.role},
            permissions = ${next.permissions}, preferences = ${next.preferences}, status = ${next.status},
            screening = ${next.screening}, email_bounced_at = ${next.email_bounced_at},
            revision = ${next.revision}, change_id = ${changeId}, updated_at = ${next.updated_at}
          WHERE id = ${id} AND organization_id = ${ctx.tenant.id} AND revision = ${row.revision} AND NOT (${lastAdministrator})
          RETURNING id`,
        audit: { action: 'user.updated', entityId: id, ...changed },
      }),
    );
    if (done) {
      forgetUsers();
      if (next.screening !== row.screening) askForCompliance(ctx, { workerId: id });
      return next;
    }
  }
  refuse('CONFLICT', 'Others are changing the user at the same time, or no administrator would be left: try again.');
}

function isAdministrator({ role, status }: Pick<UserFieldsOutput, 'role' | 'status'>): boolean {
  return role === 'admin' && status === 'active';
}
