import type { Database } from '../../database/database.ts';
import { importStatement } from './queries.ts';
import type { ImportRow } from './table.ts';
import { importView } from './view.ts';

/** The header by which the Worker hands the watching user to the object; it never comes from outside. */
export const IMPORT_WATCHER_HEADER = 'x-caddy-import-watcher';

/** The object that an import's watchers are with. */
export function feedStub(env: Env, { organizationId, importId }: { organizationId: string; importId: string }) {
  return env.IMPORT_FEED.getByName(`${organizationId}/${importId}`, { locationHint: 'oc' });
}

/** Tells whoever watches an import how far it is. Best effort: those who watch also look by themselves. */
export async function tellProgress(
  env: Env,
  { database, organizationId, importId }: { database: Database; organizationId: string; importId: string },
): Promise<void> {
  try {
    const stub = feedStub(env, { organizationId, importId });
    if (!(await stub.isWatched())) return;
    const [[row]] = await database.read<[ImportRow]>(importStatement(importId, organizationId));
    if (row) await stub.tell(importView(row));
  } catch {
    // A look of the object's own follows within seconds.
  }
}
