import sql, { type Sql } from 'sql-template-tag';
import { ConstraintError, type Database, rowsAs } from '../../database/database.ts';
import { Unavailable } from '../../http/problem.ts';
import { newId } from '../../ids.ts';
import { commitChange } from '../audit/commit.ts';
import { difference } from '../audit/rules.ts';
import { system } from '../audit/system.ts';
import { forgetUsers } from '../sign-in/users.ts';
import { USER_COLUMNS } from '../users/queries.ts';
import type { UserRow } from '../users/table.ts';
import { userFields } from '../users/view.ts';
import { changedUserAudit } from './audit.ts';
import { isNew, type Message, messageStatement } from './message.ts';
import { followed, type SignIn, signInOf } from './rules.ts';
import type { ClerkEvent } from './schemas.ts';
import type { Delivery } from './verify.ts';

const MAX_ATTEMPTS = 4;

/** Has a user follow their sign-in: bound by a verified address, renamed, suspended. Twice or out of order is harmless. */
export async function takeClerkEvent(
  database: Database,
  { event, delivery, at }: { event: ClerkEvent; delivery: Delivery; at: number },
): Promise<{ changed: boolean }> {
  const subject = event.data.id;
  if (subject === undefined) return { changed: false };
  const message = { source: 'clerk', id: delivery.id, type: event.type, subject, at } as const;
  switch (event.type) {
    case 'user.created':
    case 'user.updated':
      return follow(database, { signIn: signInOf(event), message });
    case 'user.deleted':
      return suspend(database, message);
    default:
      return { changed: false };
  }
}

/** Suspends whoever signs in so, and remembers that the sign-in is gone: news of its making may still come. */
async function suspend(database: Database, message: Message): Promise<{ changed: boolean }> {
  const { subject, at } = message;
  const token = newId('chg');
  const who = sql`users.external_id = ${subject}`;
  const [suspended] = await database.write([
    sql`UPDATE users SET status = 'suspended', revision = revision + 1, change_id = ${token}, updated_at = ${at}
      WHERE ${who} AND status <> 'suspended' AND ${isNew(message)} RETURNING id`,
    changedUserAudit({ who, token, at, label: 'clerk', after: sql`json_object('status', 'suspended')` }),
    messageStatement(message),
  ]);
  forgetUsers();
  return { changed: rowsAs(suspended).length > 0 };
}

async function follow(
  database: Database,
  { signIn, message }: { signIn: SignIn; message: Message },
): Promise<{ changed: boolean }> {
  const { subject, at } = message;
  let keepsEmail = false;
  for (let tries = 0; tries < MAX_ATTEMPTS; tries++) {
    const [[bound], invited, [passed]] = await database.read<[UserRow, UserRow, { is_over: number }]>(
      sql`SELECT ${USER_COLUMNS} FROM users WHERE external_id = ${subject}`,
      sql`SELECT ${USER_COLUMNS} FROM users WHERE email_key IN (SELECT value FROM json_each(${JSON.stringify(signIn.verified)}))
        AND external_id IS NULL`,
      sql`SELECT NOT (${isNew(message)}) OR EXISTS (${goneStatement(subject)}) AS is_over`,
    );
    const next = passed?.is_over ? null : followed(signIn, { subject, bound, invited, keepsEmail });
    if (!next) {
      await database.write([messageStatement(message)]);
      return { changed: false };
    }
    const { row, before } = next;
    const changed = difference(userFields(before), userFields(row));
    if (!changed) {
      // A sign-in's record changes with every sign-in: what says nothing new here is no change of the user.
      await database.write([
        sql`UPDATE users SET sign_in_updated_at = ${row.sign_in_updated_at} WHERE id = ${row.id} AND external_id = ${subject}
          AND coalesce(sign_in_updated_at, -1) < ${row.sign_in_updated_at}`,
        messageStatement(message),
      ]);
      return { changed: false };
    }
    const ctx = system({ database, organizationId: row.organization_id, label: 'clerk' });
    try {
      const done = await commitChange(ctx, {
        table: 'users',
        head: (
          changeId,
        ) => sql`UPDATE users SET external_id = ${subject}, email = ${row.email}, email_key = ${row.email_key}, first_name = ${row.first_name},
            last_name = ${row.last_name}, sign_in_updated_at = ${row.sign_in_updated_at}, revision = ${before.revision + 1},
            email_bounced_at = CASE WHEN email_key = ${row.email_key} THEN email_bounced_at END, change_id = ${changeId}, updated_at = ${at}
          WHERE id = ${row.id} AND organization_id = ${row.organization_id} AND revision = ${before.revision} AND ${isNew(message)}
            AND NOT EXISTS (${goneStatement(subject)})
          RETURNING id`,
        also: (proof) => [messageStatement(message, proof)],
        audit: { action: 'user.updated', entityId: row.id, ...changed },
      });
      if (done) {
        forgetUsers();
        return { changed: true };
      }
    } catch (error) {
      // Someone else has the address: the user keeps the one that they have here.
      if (!(error instanceof ConstraintError) || error.constraint !== 'users.email_key' || keepsEmail) throw error;
      keepsEmail = true;
    }
  }
  // Others change the user at the same time: the message is not taken, and comes again.
  throw new Unavailable();
}

/** Finds that a sign-in is gone. */
function goneStatement(subject: string): Sql {
  return sql`SELECT 1 FROM webhook_messages WHERE subject = ${subject} AND type = 'user.deleted' AND source = 'clerk'`;
}
