import sql from 'sql-template-tag';
import type { z } from 'zod';
import type { Context } from '../../context.ts';
import { requireMatch } from '../../http/answer.ts';
import { mergePatch } from '../../http/patch.ts';
import { refuse } from '../../http/problem.ts';
import { etag } from '../../http/revision.ts';
import { invalid } from '../../http/validate.ts';
import { commitChange } from '../audit/commit.ts';
import { authorizeWrite, requireSubscription } from '../sign-in/authorize.ts';
import { forgetUsers } from '../sign-in/users.ts';
import { explainTaken } from './create.ts';
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
      const { role, status } = parsed.data;
      const { permissions, externalId } = parsed.data;
      const accessMoves =
        role !== fields.role ||
        status !== fields.status ||
        externalId !== fields.externalId ||
        permissions.join() !== fields.permissions.join();
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
    const columns = userColumns(edit(before));
    const changed = Object.entries(columns).filter(([column, value]) => row[column as keyof typeof columns] !== value);
    if (changed.length === 0) return row;
    const next: UserRow = { ...row, ...columns, revision: row.revision + 1, updated_at: ctx.now };
    const done = await explainTaken(() =>
      commitChange(ctx, {
        table: 'users',
        head: (
          changeId,
        ) => sql`UPDATE users SET external_id = ${next.external_id}, email = ${next.email}, email_key = ${next.email_key},
            first_name = ${next.first_name}, last_name = ${next.last_name}, phone = ${next.phone}, role = ${next.role},
            permissions = ${next.permissions}, preferences = ${next.preferences}, status = ${next.status},
            revision = ${next.revision}, change_id = ${changeId}, updated_at = ${next.updated_at}
          WHERE id = ${id} AND organization_id = ${ctx.tenant.id} AND revision = ${row.revision} RETURNING id`,
        audit: {
          action: 'user.updated',
          entityId: id,
          before: Object.fromEntries(changed.map(([column]) => [column, row[column as keyof typeof columns]])),
          after: Object.fromEntries(changed),
        },
      }),
    );
    if (done) {
      forgetUsers();
      return next;
    }
  }
  refuse('CONFLICT', 'Others are changing the user at the same time: try again.');
}
