/** Prints a token for a user of the local service: `npm run -s token -- EMAIL`. */
import { literal, openLocal } from './lib/database.ts';
import { signToken } from './lib/keys.ts';

const email = process.argv[2]?.trim().toLowerCase();
if (!email) {
  console.error('Usage: npm run -s token -- EMAIL');
  process.exit(2);
}
const database = openLocal();
// A user who was added through the API has no sign-in yet: locally, asking for their token is their first one.
await database.execute([
  `UPDATE users SET external_id = 'local_' || id WHERE email_key = ${literal(email)} AND external_id IS NULL`,
]);
const [user] = await database.query<{ external_id: string }>(
  `SELECT external_id FROM users WHERE email_key = ${literal(email)}`,
);
database.close();
if (!user) {
  console.error(`The local service has no user ${email}.`);
  process.exit(1);
}
console.log(signToken(user.external_id));
