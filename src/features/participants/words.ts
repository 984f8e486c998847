import sql, { type Sql } from 'sql-template-tag';
import { searchWords } from './rules.ts';
import type { ParticipantFields } from './schemas.ts';

interface Indexed {
  participantId: string;
  organizationId: string;
  fields: ParticipantFields;
}

/** Writes a new participant's search words. */
export function insertWords({ participantId, organizationId, fields }: Indexed, proof: Sql): Sql {
  return sql`INSERT INTO participant_words (organization_id, word, participant_id)
    SELECT ${organizationId}, value, ${participantId} FROM json_each(${JSON.stringify(searchWords(fields))}) WHERE ${proof}`;
}

/** Writes a changed participant's search words anew. */
export function replaceWords(indexed: Indexed, proof: Sql): Sql[] {
  return [
    sql`DELETE FROM participant_words WHERE participant_id = ${indexed.participantId}
      AND organization_id = ${indexed.organizationId} AND ${proof}`,
    insertWords(indexed, proof),
  ];
}
