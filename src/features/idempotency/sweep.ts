import sql from 'sql-template-tag';
import type { Database } from '../../database/database.ts';
import { KEPT } from './once.ts';

/** Rows taken away in one batch: short, and the next hour goes on. */
const AT_ONCE = 5_000;

/** How long an organisation's own figures are kept (ms). */
const METRICS_KEPT = 90 * 86_400_000;

/** Takes away what has had its time: idempotency records, webhooks' messages, tickets that expired unused, old metrics. */
export async function sweep(database: Database, now: number): Promise<void> {
  await database.write([
    sql`DELETE FROM idempotency_keys WHERE (organization_id, key) IN (
      SELECT organization_id, key FROM idempotency_keys WHERE created_at < ${now - KEPT} ORDER BY created_at LIMIT ${AT_ONCE})`,
    sql`DELETE FROM live_tickets WHERE ticket_hash IN (
      SELECT ticket_hash FROM live_tickets WHERE expires_at < ${now} ORDER BY expires_at LIMIT ${AT_ONCE})`,
    // Signatures are refused after five minutes: this is long enough to know a message again. That a sign-in is gone is kept.
    sql`DELETE FROM webhook_messages WHERE (source, message_id) IN (
      SELECT source, message_id FROM webhook_messages INDEXED BY webhook_messages_by_age
      WHERE at < ${now - KEPT} AND type <> 'user.deleted' ORDER BY at LIMIT ${AT_ONCE})`,
    sql`DELETE FROM metrics WHERE id IN (SELECT id FROM metrics INDEXED BY metrics_by_age WHERE at < ${now - METRICS_KEPT} ORDER BY at LIMIT ${AT_ONCE})`,
  ]);
}
