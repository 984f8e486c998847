// Run by whatever Node the machine has, before anything is installed: no dependencies, no syntax newer than Node 20.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const marker = join(root, 'node_modules/.package-lock.json');
const lockfile = join(root, 'package-lock.json');
const pinned = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies.node;

function npm(args, options = { quiet: false }) {
  const output = options.quiet ? 'ignore' : 2;
  return (
    spawnSync('npm', args, { cwd: root, stdio: ['ignore', output, output], shell: process.platform === 'win32' })
      .status === 0
  );
}

function nodeIsPinned() {
  const binary = join(root, 'node_modules/.bin/node');
  if (!existsSync(binary)) return false;
  return spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout?.trim() === `v${pinned}`;
}

if (!existsSync(marker) || statSync(marker).mtimeMs < statSync(lockfile).mtimeMs) {
  // On stderr: a command's own output may be one line that a script reads.
  console.error('Installing dependencies …');
  // `npm ci` refuses a lockfile in which npm could not resolve another platform's runtime; the plain install does not.
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  if (!npm(['ci', ...quiet], { quiet: true }) && !npm(['install', '--no-save', ...quiet])) {
    console.error('The dependencies could not be installed.');
    process.exit(1);
  }
}
// The binary comes by an install script, which a machine's settings may have left out.
if (!nodeIsPinned() && !(npm(['rebuild', 'node', '--ignore-scripts=false']) && nodeIsPinned())) {
  console.error(`Node ${pinned} could not be installed into node_modules.`);
  process.exit(1);
}
