/** `npm run import -- FILE --kind KIND`: imports a file into the local service, with a progress bar and a report. */
import { existsSync, readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { literal, openLocal } from './lib/database.ts';
import { ImportError, importFile, importReport, progressBar } from './lib/importing.ts';
import { signToken } from './lib/keys.ts';
import { baseUrl } from './lib/paths.ts';

const USAGE = `Usage: npm run import -- FILE --kind participants|services|support_catalogue [--dry-run] [--mapping FILE] [--as EMAIL]

--dry-run   says what the import would do, and changes nothing
--mapping   a JSON file: each column's name and what it is read as, or null
--as        who imports; admin@demo.caddy.test unless said otherwise`;

function commandLine() {
  try {
    const { values, positionals } = parseArgs({
      options: {
        kind: { type: 'string' },
        'dry-run': { type: 'boolean', default: false },
        mapping: { type: 'string' },
        as: { type: 'string', default: 'admin@demo.caddy.test' },
        help: { type: 'boolean' },
      },
      allowPositionals: true,
    });
    const [file, ...more] = positionals;
    if (values.help) {
      console.log(USAGE);
      process.exit(0);
    }
    if (file !== undefined && more.length === 0 && values.kind !== undefined)
      return { ...values, kind: values.kind, file };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    console.error(`${error.message}\n`);
  }
  console.error(USAGE);
  process.exit(2);
}

/** npm runs a script in the project's folder, wherever it was called from. */
function read(path: string): Uint8Array {
  return readFileSync(existsSync(path) ? path : resolve(process.env['INIT_CWD'] ?? '', path));
}

async function tokenOf(email: string): Promise<string> {
  const database = openLocal();
  const [user] = await database.query<{ external_id: string | null }>(
    `SELECT external_id FROM users WHERE email_key = ${literal(email.toLowerCase())}`,
  );
  database.close();
  if (!user?.external_id) throw new ImportError(`The local service has no user ${email} who can sign in.`);
  return signToken(user.external_id);
}

const options = commandLine();
const lively = process.stdout.isTTY;
try {
  const bytes = read(options.file);
  const mapping = options.mapping === undefined ? null : new TextDecoder().decode(read(options.mapping));
  const asker = { url: baseUrl(), token: await tokenOf(options.as) };
  const done = await importFile(asker, {
    fileName: basename(options.file),
    bytes,
    kind: options.kind,
    dryRun: options['dry-run'],
    mapping,
    onProgress: ({ progress, processedRows, totalRows }) => {
      if (lively) process.stdout.write(`\r  ${progressBar(progress)}  ${processedRows} of ${totalRows ?? '…'} rows `);
    },
  });
  if (lively) process.stdout.write('\n\n');
  for (const line of importReport(done)) console.log(line);
  if (done.ended.status !== 'completed') process.exitCode = 1;
} catch (error) {
  const offline = error instanceof TypeError && error.message === 'fetch failed';
  console.error(
    offline
      ? `Nothing answers at ${baseUrl()}: start it with npm start.`
      : error instanceof Error
        ? error.message
        : error,
  );
  process.exitCode = 1;
}
