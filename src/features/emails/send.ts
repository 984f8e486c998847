import { Resend } from 'resend';
import sql from 'sql-template-tag';
import { type Database, openDatabase } from '../../database/database.ts';
import { configuration } from '../../env.ts';
import type { EmailLogRow } from './table.ts';

/** How long Resend may take to answer (ms). */
const PATIENCE = 15_000;
/** Seconds before a message is tried again, by how often it was: five, doubling to an hour. */
const SHORTEST_PAUSE = 5;
const LONGEST_PAUSE = 3_600;

/** What became of one try: it is over, or to be tried again after some seconds. */
export type Sent = { kind: 'over' } | { kind: 'again'; afterSeconds: number };

type Row = Pick<
  EmailLogRow,
  'id' | 'organization_id' | 'template' | 'to_address' | 'subject' | 'body_text' | 'body_html' | 'status' | 'attempts'
> & { bounced: number };

/** Sends a message, once however often this is asked: its id is the idempotency key. */
export async function sendEmail(env: Env, emailId: string): Promise<Sent> {
  const database = openDatabase(env.DB);
  const [[row]] = await database.read<[Row]>(
    sql`SELECT log.id, log.organization_id, log.template, log.to_address, log.subject, log.body_text, log.body_html, log.status,
        log.attempts, users.email_bounced_at IS NOT NULL AS bounced
      FROM email_logs log JOIN users ON users.id = log.user_id AND users.organization_id = log.organization_id WHERE log.id = ${emailId}`,
  );
  if (row?.status !== 'queued') return { kind: 'over' };
  if (row.bounced) return settle(database, { row, status: 'suppressed' });
  const variables = configuration(env);
  if (variables.EMAIL_TRANSPORT === 'outbox') return settle(database, { row, status: 'sent' });
  const answer = await post(env, row);
  if ('id' in answer) return settle(database, { row, status: 'sent', providerId: answer.id });
  if (!answer.again) return settle(database, { row, status: 'failed' });
  await database.write([
    sql`UPDATE email_logs SET attempts = attempts + 1, updated_at = ${Date.now()} WHERE id = ${row.id} AND status = 'queued'`,
  ]);
  const pause = Math.min(LONGEST_PAUSE, SHORTEST_PAUSE * 2 ** row.attempts);
  return { kind: 'again', afterSeconds: Math.max(answer.afterSeconds ?? 0, pause) };
}

type Answer = { id: string } | { again: boolean; afterSeconds?: number };

async function post(env: Env, row: Row): Promise<Answer> {
  const { RESEND_API_KEY = '', RESEND_BASE_URL: baseUrl, EMAIL_FROM: from = '' } = configuration(env);
  const resend = new Resend(RESEND_API_KEY, { baseUrl });
  const message = {
    from,
    to: row.to_address,
    subject: row.subject,
    text: row.body_text,
    html: row.body_html,
    tags: [
      { name: 'template', value: row.template },
      { name: 'organization', value: row.organization_id },
      { name: 'email', value: row.id },
    ],
  };
  const late = scheduler.wait(PATIENCE).then(() => 'late' as const);
  try {
    const answer = await Promise.race([resend.emails.send(message, { idempotencyKey: row.id }), late]);
    if (answer === 'late') return { again: true };
    if (answer.data) return { id: answer.data.id };
    const status = answer.error?.statusCode ?? null;
    const after = Number(answer.headers?.['retry-after']);
    // A 409 is the same key while the first try still runs; or, by this name, a try that was taken with another content.
    const isOther = answer.error?.name === 'invalid_idempotent_request';
    const again = status === null || (status === 409 && !isOther) || status === 429 || status >= 500;
    return { again, ...(Number.isFinite(after) && after > 0 && { afterSeconds: Math.min(after, LONGEST_PAUSE) }) };
  } catch {
    return { again: true };
  }
}

async function settle(
  database: Database,
  { row, status, providerId = null }: { row: Row; status: EmailLogRow['status']; providerId?: string | null },
): Promise<Sent> {
  const now = Date.now();
  await database.write([
    sql`UPDATE email_logs SET status = ${status}, provider_id = ${providerId}, attempts = attempts + 1, updated_at = ${now},
        sent_at = CASE WHEN ${status} = 'sent' THEN ${now} END
      WHERE id = ${row.id} AND status = 'queued'`,
  ]);
  return { kind: 'over' };
}

/** Ends a message that was tried in vain. */
export async function giveUpEmail(env: Env, emailId: string): Promise<Sent> {
  await openDatabase(env.DB).write([
    sql`UPDATE email_logs SET status = 'failed', updated_at = ${Date.now()} WHERE id = ${emailId} AND status = 'queued'`,
  ]);
  return { kind: 'over' };
}
