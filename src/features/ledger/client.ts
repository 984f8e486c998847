import { backOff } from '../../database/database.ts';
import { Unavailable } from '../../http/problem.ts';
import type { ParticipantLedger } from './object.ts';
import { type LedgerKey, ledgerName } from './state.ts';

/** How long a call may be tried on new stubs (ms). */
const DEADLINE = 12_000;

/** The only place that turns a participant into a stub. */
export function ledgerStub(env: Env, key: LedgerKey): DurableObjectStub<ParticipantLedger> {
  const id = env.PARTICIPANT_LEDGER.idFromName(ledgerName(key));
  return env.PARTICIPANT_LEDGER.get(id, { locationHint: 'oc' });
}

/** What a ledger is asked to do. */
export type LedgerCall<Value> = (ledger: DurableObjectStub<ParticipantLedger>) => Promise<Value>;

/**
 * Calls a participant's ledger. A call that the platform broke off is made again on a new stub, because commands carry
 * their ids and a second try is the same change; the object's own errors are not.
 */
export async function callLedger<Value>(
  env: Env,
  { key, call }: { key: LedgerKey; call: LedgerCall<Value> },
): Promise<Value> {
  const deadline = Date.now() + DEADLINE;
  for (let tries = 0; ; tries++) {
    try {
      return await call(ledgerStub(env, key));
    } catch (error) {
      if (isFlag(error, 'remote')) throw error;
      const pause = backOff(tries);
      if (isFlag(error, 'overloaded') || Date.now() + pause > deadline) throw new Unavailable();
      await scheduler.wait(pause);
    }
  }
}

function isFlag(error: unknown, flag: 'remote' | 'overloaded'): boolean {
  return typeof error === 'object' && error !== null && flag in error && Reflect.get(error, flag) === true;
}
