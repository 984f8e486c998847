import type { Context } from '../../context.ts';
import { AppError } from '../../http/problem.ts';
import { originOf } from '../audit/commit.ts';
import { KeyTaken } from '../idempotency/once.ts';
import { callLedger, type LedgerCall } from './client.ts';
import type { Circumstance, Reply } from './commands.ts';
import type { LedgerKey } from './state.ts';

/** What every command says of the request that it comes from. */
export function circumstance(ctx: Context): Circumstance {
  const { timeZone, alerts } = ctx.tenant;
  return { origin: originOf(ctx), timeZone, alerts, now: ctx.now, idempotency: ctx.idempotency };
}

/** Has a participant's ledger do something: its value, its refusal as an exception, its cost on the request's account. */
export async function askLedger<Value>(
  ctx: Context,
  { participantId, call }: { participantId: string; call: LedgerCall<Reply<Value>> },
): Promise<Value> {
  const key = { organizationId: ctx.tenant.id, participantId };
  const reply = await callLedger(ctx.env, { key, call });
  const { usage } = ctx.database;
  usage.trips += reply.usage.trips;
  usage.rowsRead += reply.usage.rowsRead;
  usage.rowsWritten += reply.usage.rowsWritten;
  usage.milliseconds += reply.usage.milliseconds;
  if (reply.ok) return reply.value;
  if (reply.keyTaken) throw new KeyTaken();
  const headers: Record<string, string> = reply.refusal.code === 'UNAVAILABLE' ? { 'Retry-After': '2' } : {};
  throw new AppError(reply.refusal, headers);
}

/**
 * Tells a participant's ledger that someone wrote past it, after the answer; by the queue when that does not work.
 * Nothing depends on it but how soon watchers see the change: the ledger checks every choice against D1 anyway.
 */
export function pokeLedger(ctx: Context, participantId: string): void {
  const key: LedgerKey = { organizationId: ctx.tenant.id, participantId };
  const queued = () => ctx.env.JOBS.send({ type: 'ledger.poke', ...key });
  ctx.later(callLedger(ctx.env, { key, call: (ledger) => ledger.poke() }).catch(queued));
}
