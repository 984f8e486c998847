import sql, { type Sql } from 'sql-template-tag';
import { wordsOf } from '../../text/rules.ts';

interface Indexed {
  documentId: string;
  organizationId: string;
  title: string;
  tags: readonly string[];
  fileName: string;
}

/** What every other file is called too finds nothing worth finding. */
function withoutExtension(fileName: string): string {
  return fileName.replace(/\.[^.]*$/, '');
}

/** Writes a document's search words, in place of those it had. */
export function replaceWords({ documentId, organizationId, title, tags, fileName }: Indexed, proof: Sql): Sql[] {
  const words = JSON.stringify([...new Set([title, withoutExtension(fileName), ...tags].flatMap(wordsOf))]);
  return [
    sql`DELETE FROM document_words WHERE document_id = ${documentId} AND +organization_id = ${organizationId} AND ${proof}`,
    sql`INSERT INTO document_words (organization_id, word, document_id)
      SELECT ${organizationId}, value, ${documentId} FROM json_each(${words}) WHERE ${proof}`,
  ];
}
