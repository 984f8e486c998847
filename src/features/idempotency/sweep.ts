import sql from 'sql-template-tag';
import type { Database } from '../../database/database.ts';
import { KEPT } from './once.ts';

/** Rows taken away in one batch: short, and the next hour goes on. */
const AT_ONCE = 5_000;

/** Takes away idempotency records older than 30 days and tickets that expired unused. */
export async function sweep(database: Database, now: number): Promise<void> {
  await database.write([
    sql`DELETE FROM idempotency_keys WHERE (organization_id, key) IN (
      SELECT organization_id, key FROM idempotency_keys WHERE created_at < ${now - KEPT} ORDER BY created_at LIMIT ${AT_ONCE})`,
    sql`DELETE FROM live_tickets WHERE ticket_hash IN (
      SELECT ticket_hash FROM live_tickets WHERE expires_at < ${now} ORDER BY expires_at LIMIT ${AT_ONCE})`,
  ]);
}
