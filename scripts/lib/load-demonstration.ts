import { literal, openLocal } from './database.ts';
import { DEMONSTRATION } from './demonstration.ts';
import { organizationStatements } from './organization.ts';

/** Loads the demonstration organisations and users, once. */
export async function loadDemonstration(): Promise<void> {
  const database = openLocal();
  try {
    const email = DEMONSTRATION[0]?.users[0]?.email ?? '';
    const [there] = await database.query(`SELECT 1 FROM users WHERE email_key = ${literal(email)}`);
    if (there) return;
    const now = Date.now();
    await database.execute(DEMONSTRATION.flatMap((organization) => organizationStatements(organization, now)));
  } finally {
    database.close();
  }
}
