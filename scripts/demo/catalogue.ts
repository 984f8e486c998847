import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { z } from 'zod';
import { ROOT } from '../lib/paths.ts';
import { type Caller, DemoError, inParallel, readAll, unexpected } from './api.ts';

const EXTRACT = 'examples/support-items.csv';

const Item = z.object({ code: z.string() });

export interface Catalogue {
  items: number;
  loaded: boolean;
  /** Items that the service lacks and that are not loaded over another catalogue. */
  missing: number;
}

/**
 * Sees to it that the service has the items. A catalogue that is there is left alone: loading an extract over it would
 * end the items that the extract does not have.
 */
export async function ensureItems(
  caller: Caller,
  wanted: { codes: readonly string[]; date: string },
): Promise<Catalogue> {
  const { codes, date } = wanted;
  const items = codes.length;
  const missing = await missingItems(caller, wanted);
  if (missing === 0) return { items, loaded: false, missing };
  const there = await readAll(caller, { path: `/v1/support-items?date=${date}`, schema: Item });
  if (there.some((item) => !codes.includes(item.code))) return { items, loaded: false, missing };
  await loadExtract();
  return { items, loaded: true, missing: await missingItems(caller, wanted) };
}

async function missingItems(caller: Caller, wanted: { codes: readonly string[]; date: string }): Promise<number> {
  const there = await inParallel(wanted.codes, {
    width: 8,
    work: async (code) => {
      const answer = await caller({ path: `/v1/support-items/${code}?date=${wanted.date}` });
      if (answer.status !== 200 && answer.status !== 404) throw unexpected(`GET /v1/support-items/${code}`, answer);
      return answer.status === 200;
    },
  });
  return there.filter((found) => !found).length;
}

/** Runs what `npm run catalogue` runs. */
function loadExtract(): Promise<void> {
  return new Promise((resolve, reject) => {
    const args = ['--disable-warning=ExperimentalWarning', 'scripts/catalogue.ts', join(ROOT, EXTRACT)];
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new DemoError(`npm run catalogue -- ${EXTRACT} failed:\n${output.trim()}`));
    });
  });
}
