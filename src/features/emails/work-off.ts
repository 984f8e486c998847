import sql from 'sql-template-tag';
import { type Database, openDatabase } from '../../database/database.ts';
import { configuration } from '../../env.ts';
import { newId } from '../../ids.ts';
import { sendAll } from '../../queues.ts';
import { dateAt } from '../../time/rules.ts';
import { type Composed, compose } from './compose.ts';
import { sendMailingsMessage } from './mailing.ts';
import type { MailingRow } from './table.ts';

/** Mailings that one message works off; the rest is the next message's. */
const AT_ONCE = 25;
/** What has waited for longer than this (ms) has lost its message. */
const LOST = 10 * 60_000;
/** One that was tried waits up to an hour for its next try. */
const LOST_AGAIN = 2 * 60 * 60_000;
const MOST_LOST = 500;

/** Puts what an organisation's people have to be told into the log, each message once, and has it sent. */
export async function workOffMailings(env: Env, organizationId: string): Promise<void> {
  const database = openDatabase(env.DB);
  const [mailings, [organization]] = await database.read<[MailingRow, { time_zone: string }]>(
    sql`SELECT organization_id, template, entity_id, occasion, at FROM mailings WHERE organization_id = ${organizationId}
      ORDER BY template, entity_id, occasion LIMIT ${AT_ONCE}`,
    sql`SELECT time_zone FROM organizations WHERE id = ${organizationId}`,
  );
  const appUrl = (configuration(env).APP_URL ?? '').replace(/\/$/, '');
  const queued: string[] = [];
  for (const mailing of mailings) {
    // What is told as of another instant, by hand, speaks of that day.
    const today = dateAt(organization?.time_zone ?? 'UTC', Math.max(mailing.at, Date.now()));
    const composed = await compose({ database, mailing, appUrl, today });
    queued.push(...(await log(database, { mailing, composed })));
  }
  await sendEmails(env, queued);
  if (mailings.length === AT_ONCE) await sendMailingsMessage(env, organizationId);
}

/** Writes the messages of a mailing, and takes the mailing away, in one batch. The new ones' ids. */
async function log(
  database: Database,
  { mailing, composed }: { mailing: MailingRow; composed: Composed | null },
): Promise<string[]> {
  const { organization_id: organizationId, template, entity_id: entityId, occasion } = mailing;
  const now = Date.now();
  const rows = (composed?.recipients ?? []).map(({ user_id, email }) => ({
    id: newId('eml'),
    userId: user_id,
    email,
    occasion: [template, entityId, occasion, user_id].join(' '),
  }));
  const { subject = '', text = '', html = '' } = composed?.rendered ?? {};
  const [inserted] = await database.write([
    sql`INSERT INTO email_logs (id, organization_id, template, entity_id, occasion, user_id, to_address, subject, body_text, body_html, at,
        updated_at)
      SELECT value ->> 'id', ${organizationId}, ${template}, ${entityId}, value ->> 'occasion', value ->> 'userId', value ->> 'email',
        ${subject}, ${text}, ${html}, ${now}, ${now} FROM json_each(${JSON.stringify(rows)}) WHERE true
      ON CONFLICT (organization_id, occasion) DO NOTHING RETURNING id`,
    sql`DELETE FROM mailings WHERE organization_id = ${organizationId} AND template = ${template} AND entity_id = ${entityId}
      AND occasion = ${occasion}`,
  ]);
  return (inserted?.rows ?? []).map(({ id }) => String(id));
}

function sendEmails(env: Env, ids: readonly string[]): Promise<void> {
  return sendAll(
    env.EMAILS,
    ids.map((emailId) => ({ emailId })),
  );
}

/** Finds mailings and messages whose queue message was lost. */
export async function sweepEmails(env: Env, { database, now }: { database: Database; now: number }): Promise<void> {
  const [organizations, emails] = await database.read<[{ organization_id: string }, { id: string }]>(
    sql`SELECT DISTINCT organization_id FROM (SELECT organization_id FROM mailings INDEXED BY mailings_by_age
      WHERE at < ${now - LOST} ORDER BY at LIMIT ${MOST_LOST})`,
    sql`SELECT id FROM email_logs INDEXED BY email_logs_queued WHERE status = 'queued' AND updated_at < ${now - LOST}
        AND (attempts = 0 OR updated_at < ${now - LOST_AGAIN})
      ORDER BY updated_at LIMIT ${MOST_LOST}`,
  );
  for (const { organization_id } of organizations)
    await sendMailingsMessage(env, organization_id).catch(() => undefined);
  await sendEmails(
    env,
    emails.map(({ id }) => id),
  );
}
