import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './paths.ts';

const running = new Set<ChildProcess>();

/** Ends every wrangler that this process has started and that still runs. */
export function endWranglers(): void {
  for (const child of running) child.kill('SIGTERM');
}

/** Runs wrangler to its end: what it printed. Rejects with its errors when it fails. */
export function wrangler(args: readonly string[], options: { show?: boolean } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(ROOT, 'node_modules/wrangler/wrangler-dist/cli.js'), ...args], {
      cwd: ROOT,
      env: { ...process.env, CI: '1', WRANGLER_SEND_METRICS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false' },
      stdio: ['ignore', options.show ? 'inherit' : 'pipe', 'pipe'],
    });
    running.add(child);
    let output = '';
    let errors = '';
    child.stdout?.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr?.on('data', (chunk) => {
      errors += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      running.delete(child);
      if (code === 0) resolve(output);
      else reject(new Error(`wrangler ${args[0]} failed:\n${output}${errors}`));
    });
  });
}
