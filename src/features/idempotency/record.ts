import sql, { type Sql } from 'sql-template-tag';
import type { IdempotencyRequest } from '../../context.ts';

/** The answer that a keyed POST will give for 30 days. */
export interface Answer {
  status: 200 | 201 | 202;
  headers: Record<string, string>;
  /** The JSON text, as an SQL expression when the database has to fill something in. */
  body: string | Sql;
}

/** The record of a keyed POST, for its change's own batch; it fails the batch when the key is taken. */
export function idempotencyStatement(
  { request, answer }: { request: IdempotencyRequest; answer: Answer },
  commit: { organizationId: string; userId: string; at: number; proof: Sql },
): Sql {
  return sql`INSERT INTO idempotency_keys (organization_id, key, user_id, route, fingerprint, status, headers, body, created_at)
    SELECT ${commit.organizationId}, ${request.key}, ${commit.userId}, ${request.route}, ${request.fingerprint},
      ${answer.status}, ${JSON.stringify(answer.headers)}, ${answer.body}, ${commit.at}
    WHERE ${commit.proof}`;
}

/** The constraint that a taken key violates. */
export const KEY_TAKEN = 'idempotency_keys.organization_id';
