import sql, { raw, type Sql } from 'sql-template-tag';
import type { Actor, Context } from '../../context.ts';
import { backOff, ConstraintError, OutcomeUnknown } from '../../database/database.ts';
import { Unavailable } from '../../http/problem.ts';
import { newId } from '../../ids.ts';
import { KeyTaken } from '../idempotency/once.ts';
import { type Answer, idempotencyStatement, KEY_TAKEN } from '../idempotency/record.ts';
import { type AuditEntry, auditStatement, changeStatement, type Origin } from './entry.ts';

/** A change that does not pass a ledger: one row's insert or update, and what belongs to it. */
export interface Change {
  /** Where the row is: the audit's `entityId` is its key. */
  table:
    | 'organizations'
    | 'participants'
    | 'users'
    | 'imports'
    | 'documents'
    | 'threads'
    | 'messages'
    | 'alerts'
    | 'services'
    | 'incidents';
  /** Writes the row if it may be written, with `changeId` in its `change_id`, and returns something when it did. */
  head: (changeId: string) => Sql;
  /** What else the change writes; `proof` is true only behind its own head, and false when the batch comes again. */
  also?: (proof: Sql) => Sql[];
  audit: Omit<AuditEntry, 'changeId'>;
  /** What a keyed POST will answer. */
  answer?: Answer;
}

/** Who changes something, and where: a request's context, or what a job has in its place. */
export interface Changing extends Pick<Context, 'database' | 'now' | 'requestId' | 'idempotency'> {
  tenant: Pick<Context['tenant'], 'id'>;
  /** `userId` is null when the system does it; `label` then says which part of it. */
  actor: Pick<Actor, 'label' | 'ip' | 'userAgent'> & { userId: string | null };
}

const MAX_ATTEMPTS = 6;

/** Where a request's changes come from, for the audit. */
export function originOf<Changer extends Changing>(ctx: Changer): Origin & { userId: Changer['actor']['userId'] } {
  const { userId, label, ip, userAgent } = ctx.actor;
  return { organizationId: ctx.tenant.id, userId, label, ip, userAgent, requestId: ctx.requestId };
}

/**
 * Writes a change and its audit row as one batch. False when the head did not apply: nothing was written. When the
 * answer is lost, it looks for the audit row before it tries again. `ConstraintError` is the caller's to explain.
 */
export async function commitChange(ctx: Changing, change: Change): Promise<boolean> {
  const { tenant, actor, now, idempotency } = ctx;
  const changeId = newId('chg');
  const { entityId } = change.audit;
  const landed = changeStatement(tenant.id, { entityId, changeId });
  const owner = raw(change.table === 'organizations' ? 'id' : 'organization_id');
  const proof = sql`EXISTS (SELECT 1 FROM ${raw(change.table)} WHERE id = ${entityId} AND ${owner} = ${tenant.id} AND change_id = ${changeId})
    AND NOT EXISTS (${landed})`;
  const commit = { organizationId: tenant.id, userId: actor.userId ?? '', at: now, proof };
  const statements = [
    change.head(changeId),
    ...(change.also?.(proof) ?? []),
    ...(idempotency && change.answer
      ? [idempotencyStatement({ request: idempotency, answer: change.answer }, commit)]
      : []),
    // Last, because its presence is what makes `proof` false.
    auditStatement({ ...change.audit, changeId, origin: originOf(ctx) }, commit),
  ];
  for (let tries = 0; tries < MAX_ATTEMPTS; tries++) {
    if (tries > 0) {
      const [found] = await ctx.database.read<[unknown]>(landed);
      if (found.length > 0) return true;
    }
    try {
      const [head] = await ctx.database.write(statements);
      return head !== undefined && head.rows.length > 0;
    } catch (error) {
      if (error instanceof ConstraintError && error.constraint === KEY_TAKEN) throw new KeyTaken();
      // A key may be taken by the row itself, when an earlier try has landed after all.
      if (error instanceof ConstraintError && tries > 0 && (await ctx.database.read<[unknown]>(landed))[0].length > 0)
        return true;
      if (!(error instanceof OutcomeUnknown)) throw error;
      await scheduler.wait(backOff(tries));
    }
  }
  throw new Unavailable();
}
