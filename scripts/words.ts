/** `npm run words -- [--remote] [--env NAME]`: rebuilds the search words of every participant from their fields. */
import { parseArgs } from 'node:util';
import { searchWords } from '../src/features/participants/rules.ts';
import { literal, openDatabase } from './lib/database.ts';

const { values } = parseArgs({ options: { remote: { type: 'boolean' }, env: { type: 'string' } } });
const AT_ONCE = 200;

interface Row {
  id: string;
  organization_id: string;
  ndis_number: string;
  first_name: string;
  last_name: string;
  preferred_name: string | null;
  contact: string;
  tags: string;
}

const database = openDatabase(values);
let after = '';
let done = 0;
for (;;) {
  const rows = await database.query<Row>(
    `SELECT id, organization_id, ndis_number, first_name, last_name, preferred_name, contact, tags FROM participants
    WHERE id > ${literal(after)} ORDER BY id LIMIT ${AT_ONCE}`,
  );
  const last = rows[rows.length - 1];
  if (!last) break;
  await database.execute(rows.flatMap(statements));
  after = last.id;
  done += rows.length;
}
database.close();
console.log(`The search words of ${done} participants are built anew.`);

function statements(row: Row): string[] {
  const words = searchWords({
    ndisNumber: row.ndis_number,
    profile: {
      firstName: row.first_name,
      lastName: row.last_name,
      preferredName: row.preferred_name,
      contact: JSON.parse(row.contact),
    },
    tags: JSON.parse(row.tags),
  });
  const tuples = words.map((word) => `(${literal(row.organization_id)}, ${literal(word)}, ${literal(row.id)})`);
  return [
    `DELETE FROM participant_words WHERE participant_id = ${literal(row.id)}`,
    `INSERT INTO participant_words (organization_id, word, participant_id) VALUES ${tuples.join(', ')}`,
  ];
}
