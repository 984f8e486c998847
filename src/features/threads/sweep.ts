import sql from 'sql-template-tag';
import type { Database } from '../../database/database.ts';

/** How long what happened can be told again (ms). */
export const RETOLD = 30 * 86_400_000;
/** Rows taken away in one batch: short, and the next hour goes on. */
const AT_ONCE = 5_000;

/** Takes away events older than 30 days, but for each organisation's last one: the next number is counted from it. */
export async function sweepEvents(database: Database, now: number): Promise<void> {
  await database.write([
    sql`DELETE FROM thread_events WHERE (organization_id, seq) IN (
      SELECT organization_id, seq FROM thread_events event INDEXED BY thread_events_by_age WHERE at < ${now - RETOLD}
        AND EXISTS (SELECT 1 FROM thread_events WHERE organization_id = event.organization_id AND seq > event.seq)
      ORDER BY at LIMIT ${AT_ONCE})`,
  ]);
}
