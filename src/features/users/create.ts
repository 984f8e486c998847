import sql from 'sql-template-tag';
import type { Context } from '../../context.ts';
import { ConstraintError } from '../../database/database.ts';
import { AppError } from '../../http/problem.ts';
import { etag } from '../../http/revision.ts';
import { newId } from '../../ids.ts';
import { commitChange } from '../audit/commit.ts';
import { askToMail, mailingStatement } from '../emails/mailing.ts';
import type { Made } from '../idempotency/once.ts';
import { authorizeWrite } from '../sign-in/authorize.ts';
import { effectivePermissions } from '../sign-in/rules.ts';
import type { UserFieldsOutput, UserView } from './schemas.ts';
import type { UserRow } from './table.ts';
import { userColumns, userView } from './view.ts';

/** Adds a user to the organisation. Without an `externalId` they cannot sign in yet. */
export async function createUser(ctx: Context, fields: UserFieldsOutput): Promise<Made<UserView>> {
  authorizeWrite(ctx, 'users.write');
  requireOwnPermissions(ctx, fields);
  const row: UserRow = {
    id: newId('usr'),
    organization_id: ctx.tenant.id,
    ...userColumns(fields),
    last_active_at: null,
    email_bounced_at: null,
    sign_in_updated_at: null,
    revision: 1,
    change_id: null,
    created_at: ctx.now,
    updated_at: ctx.now,
  };
  const view = userView(row);
  const answer = {
    status: 201 as const,
    headers: { Location: `/v1/users/${row.id}`, ETag: etag(1) },
    body: JSON.stringify(view),
  };
  await explainTaken(() =>
    commitChange(ctx, {
      table: 'users',
      head: (
        changeId,
      ) => sql`INSERT INTO users (id, organization_id, external_id, email, email_key, first_name, last_name, phone, role,
          permissions, preferences, status, screening, change_id, created_at, updated_at)
        VALUES (${row.id}, ${row.organization_id}, ${row.external_id}, ${row.email}, ${row.email_key}, ${row.first_name},
          ${row.last_name}, ${row.phone}, ${row.role}, ${row.permissions}, ${row.preferences}, ${row.status}, ${row.screening}, ${changeId},
          ${row.created_at}, ${row.updated_at})
        RETURNING id`,
      also: (proof) => [
        mailingStatement(
          { template: 'invitation', entityId: row.id },
          { organizationId: ctx.tenant.id, at: ctx.now, proof },
        ),
      ],
      audit: { action: 'user.created', entityId: row.id, after: view },
      answer,
    }),
  );
  askToMail(ctx);
  return { body: view, status: 201, headers: answer.headers, recorded: ctx.idempotency !== null };
}

/** Refuses to give, or to move, what the caller does not have: nobody rises by way of another user. */
export function requireOwnPermissions(ctx: Context, user: Pick<UserFieldsOutput, 'role' | 'permissions'>): void {
  for (const permission of effectivePermissions(user.role, user.permissions)) {
    if (ctx.actor.permissions.includes(permission)) continue;
    const detail = `You cannot give or change what you do not have yourself: ${permission}.`;
    throw new AppError({ code: 'FORBIDDEN', detail, details: { permission } });
  }
}

/** Explains the keys of the table to the client. */
export async function explainTaken<Value>(commit: () => Promise<Value>): Promise<Value> {
  try {
    return await commit();
  } catch (error) {
    const constraint = error instanceof ConstraintError ? error.constraint : null;
    const field = constraint === 'users.email_key' ? 'email' : constraint === 'users.external_id' ? 'externalId' : null;
    if (field === null) throw error;
    const errors = [{ pointer: `/${field}`, message: 'is taken' }];
    throw new AppError({ code: 'CONFLICT', detail: `Another user has this ${field}.`, errors });
  }
}
