import sql, { type Sql } from 'sql-template-tag';

/** The audit row of the user whom a batch has changed under a token. `who` finds them, `after` is JSON of what they now have. */
export function changedUserAudit({
  who,
  token,
  at,
  label,
  after,
}: {
  who: Sql;
  token: string;
  at: number;
  label: string;
  after: Sql;
}): Sql {
  return sql`INSERT INTO audit_logs (organization_id, seq, at, action, entity_type, entity_id, user_id, actor, ip, user_agent, request_id,
      change_id, before, after, metadata)
    SELECT users.organization_id,
      (SELECT coalesce(max(seq), 0) + 1 FROM audit_logs WHERE organization_id = users.organization_id), ${at}, 'user.updated', 'user',
      users.id, NULL, ${label}, NULL, NULL, ${token}, ${token}, NULL, ${after}, NULL
    FROM users WHERE ${who} AND users.change_id = ${token}`;
}
