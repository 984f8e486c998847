/**
 * Finishes a migration that drizzle-kit generated: every new table STRICT, and those that are only looked up by their
 * key WITHOUT ROWID. `npm run migration -- NAME` runs it; a test reads the schema back.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './lib/paths.ts';

const WITHOUT_ROWID = new Set([
  'audit_logs',
  'catalogue_listings',
  'catalogues',
  'document_versions',
  'document_words',
  'funding_periods',
  'idempotency_keys',
  'import_chunks',
  'import_drafts',
  'import_mappings',
  'import_rows',
  'ledger_entries',
  'live_tickets',
  'mailings',
  'message_mentions',
  'own_items',
  'participant_words',
  'plan_days',
  'pool_boundaries',
  'service_days',
  'support_item_words',
  'thread_events',
  'thread_reads',
  'upload_objects',
  'upload_parts',
  'webhook_messages',
]);

const folder = join(ROOT, 'migrations');
for (const file of readdirSync(folder).filter((name) => name.endsWith('.sql'))) {
  const path = join(folder, file);
  const before = readFileSync(path, 'utf8');
  const after = before.replace(/CREATE TABLE `\w+` \(.*?\n\);/gs, (statement) => {
    const [, table = ''] = statement.split('`');
    return `${statement.slice(0, -1)} STRICT${WITHOUT_ROWID.has(table) ? ', WITHOUT ROWID' : ''};`;
  });
  if (after !== before) writeFileSync(path, after);
}
