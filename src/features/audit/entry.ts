import sql, { Sql } from 'sql-template-tag';
import type { AuditAction } from './rules.ts';

/** Where a change came from. */
export interface Origin {
  organizationId: string;
  userId: string | null;
  label: string;
  ip: string | null;
  userAgent: string | null;
  requestId: string;
}

export interface AuditEntry {
  action: AuditAction;
  entityId: string;
  /** Unique to the change: found again when the answer of its commit is lost. */
  changeId: string;
  before?: unknown;
  after?: unknown;
  /** A value, or an SQL expression where the database has to fill something in. */
  metadata?: unknown;
}

function json(value: unknown): string | Sql | null {
  if (value instanceof Sql) return value;
  return value === undefined || value === null ? null : JSON.stringify(value);
}

/**
 * The audit row of a change, for the change's own batch. `proof` is true only when the change took effect; the number
 * is the organisation's next, which is safe because a batch is alone in the database.
 */
export function auditStatement(
  { origin, ...entry }: AuditEntry & { origin: Origin },
  commit: { at: number; proof: Sql },
): Sql {
  const entityType = entry.action.slice(0, entry.action.indexOf('.'));
  return sql`INSERT INTO audit_logs (organization_id, seq, at, action, entity_type, entity_id, user_id, actor, ip, user_agent,
      request_id, change_id, before, after, metadata)
    SELECT ${origin.organizationId},
      (SELECT coalesce(max(seq), 0) + 1 FROM audit_logs WHERE organization_id = ${origin.organizationId}),
      ${commit.at}, ${entry.action}, ${entityType}, ${entry.entityId}, ${origin.userId}, ${origin.label}, ${origin.ip},
      ${origin.userAgent}, ${origin.requestId}, ${entry.changeId}, ${json(entry.before)}, ${json(entry.after)}, ${json(entry.metadata)}
    WHERE ${commit.proof}`;
}

/** Whether a change is in the record: the look after a commit whose answer was lost. */
export function changeStatement(
  organizationId: string,
  { entityId, changeId }: Pick<AuditEntry, 'entityId' | 'changeId'>,
): Sql {
  return sql`SELECT 1 AS landed FROM audit_logs INDEXED BY audit_logs_by_entity
    WHERE organization_id = ${organizationId} AND entity_id = ${entityId} AND change_id = ${changeId}`;
}
