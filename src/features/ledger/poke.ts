import type { Context } from '../../context.ts';
import { callLedger } from './client.ts';
import type { LedgerKey } from './name.ts';

/**
 * Tells a participant's ledger that someone wrote past it, after the answer; by the queue when that does not work.
 * Nothing depends on it but how soon watchers see the change: the ledger checks every choice against D1 anyway.
 */
export function pokeLedger(ctx: Context, participantId: string): void {
  const key: LedgerKey = { organizationId: ctx.tenant.id, participantId };
  const queued = () => ctx.env.JOBS.send({ type: 'ledger.poke', ...key });
  ctx.later(callLedger(ctx.env, { key, call: (ledger) => ledger.poke() }).catch(queued));
}
