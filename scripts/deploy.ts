/** `npm run deploy -- [--env staging]`: applies the migrations that the deployed database lacks, then deploys. */
import { parseArgs } from 'node:util';
import { wrangler } from './lib/wrangler.ts';

const { values } = parseArgs({ options: { env: { type: 'string', default: '' } } });
await wrangler(['d1', 'migrations', 'apply', 'DB', '--remote', '--env', values.env], { show: true });
await wrangler(['deploy', '--minify', '--env', values.env], { show: true });
