import type { Context } from '../../context.ts';
import { callLedger } from './client.ts';
import type { LedgerKey } from './load.ts';

/**
 * Tells a participant's ledger that someone wrote past it, after the answer. Best effort: the ledger checks every
 * choice against D1 anyway, and while someone watches it looks by itself.
 */
export function pokeLedger(ctx: Context, participantId: string): void {
  const key: LedgerKey = { organizationId: ctx.tenant.id, participantId };
  ctx.later(callLedger(ctx.env, key, (stub) => stub.poke()));
}
