import type { Context } from '../../context.ts';
import type { LedgerKey } from '../ledger/state.ts';

/** Whose records have changed: a participant's, or a worker's who serves many. */
export type Asked = { participantId: string | null } | { workerId: string };

/** Seconds before the look: what changes meanwhile is one look, by what is true then. */
const AFTER = 2;

/** Seconds for which all that happens to a ledger is one look. */
const LEDGER_AFTER = 120;

/** For a ledger's object, which sees every shift: asks once for all that happens until the message is worked off. */
export function complianceAsker(env: Env, { organizationId, participantId }: LedgerKey): () => Promise<void> {
  let askedUntil = 0;
  return async () => {
    const now = Date.now();
    if (now < askedUntil) return;
    askedUntil = now + LEDGER_AFTER * 1000;
    const asked = { participantId };
    await sendComplianceMessage(env, { organizationId, asked, afterSeconds: LEDGER_AFTER }).catch(() => {
      askedUntil = 0;
    });
  };
}

/** Has records looked at again, after the answer. Not done, the next weekly check does it. */
export function askForCompliance(ctx: Pick<Context, 'env' | 'tenant' | 'later'>, asked: Asked): void {
  ctx.later(sendComplianceMessage(ctx.env, { organizationId: ctx.tenant.id, asked, afterSeconds: AFTER }));
}

/** The message that has records looked at after some seconds; nobody's records need no look. */
export async function sendComplianceMessage(
  env: Env,
  { organizationId, asked, afterSeconds }: { organizationId: string; asked: Asked; afterSeconds: number },
): Promise<void> {
  if ('participantId' in asked && asked.participantId === null) return;
  await env.JOBS.send({ type: 'compliance', organizationId, ...asked }, { delaySeconds: afterSeconds });
}
