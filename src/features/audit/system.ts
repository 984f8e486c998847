import type { Database } from '../../database/database.ts';
import type { Changing } from './commit.ts';

/** What a job has in the place of a request's context: nobody is signed in, and `label` says which part of the system it is. */
export function system({
  database,
  organizationId,
  label,
}: {
  database: Database;
  organizationId: string;
  label: string;
}): Changing {
  return {
    database,
    tenant: { id: organizationId },
    actor: { userId: null, label, ip: null, userAgent: null },
    now: Date.now(),
    requestId: crypto.randomUUID(),
    idempotency: null,
  };
}
