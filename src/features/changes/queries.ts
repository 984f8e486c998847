import sql, { join, raw, type Sql } from 'sql-template-tag';
import type { AuditRow } from '../audit/table.ts';

/** A change as the record has it, with the participant that it is about. */
export type ChangeRow = Pick<AuditRow, 'seq' | 'at' | 'action' | 'entity_type' | 'entity_id' | 'user_id'> & {
  participant_id: string | null;
};

/** Where the participant of each kind of thing is found. */
const PARTICIPANT_OF = ['service', 'plan', 'budget', 'document', 'thread', 'alert', 'incident'] as const;

/** The changes of an organisation after a number, in the order of the record. */
export function changesStatement(
  organizationId: string,
  { after, upTo, limit }: { after: number; upTo: number; limit: number },
): Sql {
  const owned = PARTICIPANT_OF.map(
    (type) => sql`WHEN ${type} THEN (SELECT participant_id FROM ${raw(`${type}s`)}
      WHERE id = entry.entity_id AND +organization_id = ${organizationId})`,
  );
  return sql`SELECT entry.seq, entry.at, entry.action, entry.entity_type, entry.entity_id, entry.user_id,
      CASE entry.entity_type WHEN 'participant' THEN entry.entity_id ${join(owned, ' ')}
        WHEN 'message' THEN (SELECT threads.participant_id FROM messages JOIN threads ON threads.id = messages.thread_id
          WHERE messages.id = entry.entity_id AND +messages.organization_id = ${organizationId})
      END AS participant_id
    FROM audit_logs entry WHERE entry.organization_id = ${organizationId} AND entry.seq > ${after} AND entry.seq <= ${upTo}
    ORDER BY entry.seq LIMIT ${limit}`;
}
