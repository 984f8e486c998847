import sql, { join, type Sql } from 'sql-template-tag';
import { type Database, rowsAs } from '../../database/database.ts';
import { isId, newId } from '../../ids.ts';
import type { EmailLogRow } from '../emails/table.ts';
import { changedUserAudit } from './audit.ts';
import { isNew, messageStatement } from './message.ts';
import type { ResendEvent } from './schemas.ts';
import type { Delivery } from './verify.ts';

interface Effect {
  to: EmailLogRow['status'];
  /** What it may come after: news of an earlier stage is passed over; one that we gave up may have been taken after all. */
  from: readonly EmailLogRow['status'][];
  /** Whether the address is not written to again. */
  blocks: boolean;
}

const EFFECTS = new Map<string, Effect>(
  Object.entries({
    'email.delivered': { to: 'delivered', from: ['queued', 'sent', 'failed'], blocks: false },
    'email.bounced': { to: 'bounced', from: ['queued', 'sent', 'failed', 'delivered'], blocks: true },
    'email.complained': { to: 'complained', from: ['queued', 'sent', 'failed', 'delivered', 'bounced'], blocks: true },
    'email.failed': { to: 'failed', from: ['queued', 'sent'], blocks: false },
    'email.suppressed': { to: 'suppressed', from: ['queued', 'sent'], blocks: true },
  }),
);

/** The message that it is about: by our own tag, which is there even if Resend's answer to us was lost. */
function emailOf({ data }: ResendEvent): Sql | null {
  const ours = data.tags?.['email'];
  if (ours !== undefined && isId('eml', ours)) return sql`id = ${ours}`;
  return data.email_id === undefined ? null : sql`provider_id = ${data.email_id}`;
}

/** Moves a message on by what became of it, and stops writing to an address that takes none. Twice is once. */
export async function takeResendEvent(
  database: Database,
  { event, delivery, at }: { event: ResendEvent; delivery: Delivery; at: number },
): Promise<{ changed: boolean }> {
  const effect = EFFECTS.get(event.type);
  const email = emailOf(event);
  if (!effect || !email) return { changed: false };
  const message = {
    source: 'resend',
    id: delivery.id,
    type: event.type,
    subject: event.data.email_id ?? '',
    at,
  } as const;
  const [moved] = await database.write([
    sql`UPDATE email_logs SET status = ${effect.to}, provider_id = coalesce(provider_id, ${event.data.email_id ?? null}), updated_at = ${at}
      WHERE ${email} AND status IN (${join(effect.from)}) AND ${isNew(message)} RETURNING id`,
    ...(effect.blocks ? blockStatements({ email, at, fresh: isNew(message) }) : []),
    messageStatement(message),
  ]);
  return { changed: rowsAs(moved).length > 0 };
}

/** Notes that mail to a user comes back, unless they have another address by now. */
function blockStatements({ email, at, fresh }: { email: Sql; at: number; fresh: Sql }): Sql[] {
  const token = newId('chg');
  const who = sql`users.id = (SELECT user_id FROM email_logs WHERE ${email})`;
  return [
    sql`UPDATE users SET email_bounced_at = ${at}, revision = revision + 1, change_id = ${token}, updated_at = ${at}
      WHERE ${who} AND email_bounced_at IS NULL AND ${fresh}
        AND (organization_id, email_key) = (SELECT organization_id, lower(to_address) FROM email_logs WHERE ${email})`,
    changedUserAudit({
      who,
      token,
      at,
      label: 'resend',
      after: sql`json_object('emailBouncedAt', ${new Date(at).toISOString()})`,
    }),
  ];
}
