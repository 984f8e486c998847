/** `npm run check -- [--organization ID] [--remote] [--env NAME]`: proves every balance; exit 1 and what differs. */
import { parseArgs } from 'node:util';
import { proveBalances } from './lib/balances.ts';
import { openDatabase } from './lib/database.ts';

const { values } = parseArgs({
  options: { organization: { type: 'string' }, remote: { type: 'boolean' }, env: { type: 'string' } },
});
const database = openDatabase(values);
const { counts, differences } = await proveBalances(database, values.organization ?? null);
database.close();

if (counts.organizations === 0) {
  console.error(`There is no organisation ${values.organization ?? ''}.`);
  process.exit(1);
}
const looked = Object.entries(counts).map(([what, count]) => `${count} ${what}`);
if (differences.length === 0) {
  console.log(`Every balance is proved: ${looked.join(', ')}.`);
} else {
  console.log(`${differences.length} differences in ${looked.join(', ')}:`);
  for (const { organization_id, participant_id, what, id, is, should_be } of differences) {
    console.log(
      `  ${what}: ${id} has ${is}, should have ${should_be} (${[organization_id, participant_id].filter(Boolean).join(', ')})`,
    );
  }
  process.exit(1);
}
