import sql, { type Sql } from 'sql-template-tag';
import type { Context } from '../../context.ts';
import { ConstraintError } from '../../database/database.ts';
import type { Request } from '../../http/app-env.ts';
import { AppError, type ErrorCode, refuse } from '../../http/problem.ts';
import { sha256 } from '../../text/digest.ts';
import { isStorable } from '../../text/rules.ts';
import { idempotencyStatement, KEY_TAKEN } from './record.ts';
import type { IdempotencyRow } from './table.ts';

/** How long an answer is kept (ms). */
export const KEPT = 30 * 86_400_000;

/** What a verb behind a keyed POST answers; `recorded` when its batch held the record. */
export interface Made<View> {
  body: View;
  status: 200 | 201 | 202;
  headers: Record<string, string>;
  recorded: boolean;
}

/** Refusals that an earlier success cannot explain: permission comes before a replay. */
const NEVER_REPLAYED: ReadonlySet<ErrorCode> = new Set([
  'UNAVAILABLE',
  'FORBIDDEN',
  'FEATURE_DISABLED',
  'SUBSCRIPTION_INACTIVE',
]);

/** The key was already in the record when the verb's batch came: nothing was written. */
export class KeyTaken extends Error {}

/**
 * Runs the verb of a POST so that the same Idempotency-Key is the same request (`api.md` §2). The database decides:
 * the record is in the verb's own batch, and a second one fails it. Refusals are not remembered.
 */
export async function once<View>(
  c: Request,
  { input, verb }: { input: unknown; verb: (ctx: Context) => Promise<Made<View>> },
): Promise<{ body: View; headers: Record<string, string> }> {
  const key = c.req.header('idempotency-key');
  if (key === undefined) return verb(c.var.context);
  if (key.length < 1 || key.length > 255 || !isStorable(key)) {
    const message = 'must have 1 to 255 characters';
    const errors = [{ pointer: 'Idempotency-Key', message }];
    throw new AppError({ code: 'VALIDATION_FAILED', detail: `Idempotency-Key ${message}.`, errors });
  }
  const idempotency = {
    key,
    route: `${c.req.method} ${c.req.path}`,
    fingerprint: await sha256(JSON.stringify(input ?? null)),
  };
  const ctx: Context = { ...c.var.context, idempotency };
  for (let tries = 0; ; tries++) {
    try {
      const made = await verb(ctx);
      if (!made.recorded) await record(ctx, made);
      return made;
    } catch (error) {
      const mayBeReplay =
        error instanceof KeyTaken || (error instanceof AppError && !NEVER_REPLAYED.has(error.refusal.code));
      if (!mayBeReplay) throw error;
      const earlier = await replay<View>(ctx);
      if (earlier) return earlier;
      if (!(error instanceof KeyTaken)) throw error;
      if (tries > 0) refuse('IN_PROGRESS', 'The same request is being worked on: ask again in a moment.');
      // Taken, and not to be replayed: the key is older than 30 days, and free again.
      await ctx.database.write([forgetStatement(ctx, key)]);
    }
  }
}

function forgetStatement(ctx: Context, key: string): Sql {
  return sql`DELETE FROM idempotency_keys
    WHERE organization_id = ${ctx.tenant.id} AND key = ${key} AND created_at <= ${ctx.now - KEPT}`;
}

/** Keeps the answer of a verb that had nothing to write. */
async function record(ctx: Context, made: Made<unknown>): Promise<void> {
  if (!ctx.idempotency) return;
  const answer = { status: made.status, headers: made.headers, body: JSON.stringify(made.body) };
  const commit = { organizationId: ctx.tenant.id, userId: ctx.actor.userId, at: ctx.now, proof: sql`true` };
  try {
    await ctx.database.write([idempotencyStatement({ request: ctx.idempotency, answer }, commit)]);
  } catch (error) {
    if (error instanceof ConstraintError && error.constraint === KEY_TAKEN) throw new KeyTaken();
    throw error;
  }
}

/** The remembered answer to the same request; null when there is none. Another request under the key is refused. */
async function replay<View>(ctx: Context): Promise<{ body: View; headers: Record<string, string> } | null> {
  const { idempotency } = ctx;
  if (!idempotency) return null;
  const [[row]] = await ctx.database.read<
    [Pick<IdempotencyRow, 'user_id' | 'route' | 'fingerprint' | 'headers' | 'body' | 'created_at'>]
  >(
    sql`SELECT user_id, route, fingerprint, headers, body, created_at FROM idempotency_keys
      WHERE organization_id = ${ctx.tenant.id} AND key = ${idempotency.key} AND created_at > ${ctx.now - KEPT}`,
  );
  if (!row) return null;
  const same =
    row.user_id === ctx.actor.userId && row.route === idempotency.route && row.fingerprint === idempotency.fingerprint;
  if (!same)
    refuse(
      'IDEMPOTENCY_KEY_REUSED',
      'The Idempotency-Key was used by another user, for another route or with another body.',
    );
  return { body: JSON.parse(row.body), headers: { ...JSON.parse(row.headers), 'Idempotent-Replayed': 'true' } };
}
