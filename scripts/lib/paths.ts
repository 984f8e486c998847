import { join, resolve } from 'node:path';

/** The project's folder. */
export const ROOT = join(import.meta.dirname, '../..');

/** Where the local service keeps its data: `STATE_DIR`, else `.wrangler/state`. */
export function stateDirectory(): string {
  return resolve(ROOT, process.env['STATE_DIR'] ?? '.wrangler/state');
}

/** The port of the local service: `PORT`, else 8787. */
export function port(): number {
  const text = process.env['PORT'] ?? '8787';
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65_535)
    throw new Error(`PORT must be a port number, not "${text}".`);
  return value;
}

/** The address of the local service. */
export function baseUrl(): string {
  return `http://127.0.0.1:${port()}`;
}

/** Where the runtime keeps its data under a state folder: the place that `wrangler --persist-to` uses. */
export function persistence(stateDirectory: string): string {
  return join(stateDirectory, 'v3');
}
