import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';

const Import = z.object({
  id: z.string(),
  status: z.string(),
  totalRows: z.number().nullable(),
  processedRows: z.number(),
  created: z.number(),
  updated: z.number(),
  unchanged: z.number(),
  failed: z.number(),
  warnings: z.number(),
  progress: z.number(),
  dryRun: z.boolean(),
  mapping: z.record(z.string(), z.string().nullable()).nullable(),
  failure: z.object({ code: z.string(), message: z.string() }).nullable(),
  finishedAt: z.string().nullable(),
});
export type Imported = z.infer<typeof Import>;

const Row = z.object({
  row: z.number(),
  errors: z.array(z.object({ column: z.string().nullable(), code: z.string(), message: z.string() })),
});
const Rows = z.object({ data: z.array(Row), nextCursor: z.string().nullable() });
export type FailedRow = z.infer<typeof Row>;

/** The local service, asked by a user. */
export interface Asker {
  url: string;
  token: string;
}

/** What the service refused, in its own words. */
export class ImportError extends Error {}

async function ask(asker: Asker, { path, init = {} }: { path: string; init?: RequestInit }): Promise<unknown> {
  const headers = { authorization: `Bearer ${asker.token}`, ...init.headers };
  const response = await fetch(`${asker.url}${path}`, { ...init, headers });
  const body: unknown = await response.json();
  if (response.ok) return body;
  const problem = z.object({ detail: z.string() }).safeParse(body);
  throw new ImportError(problem.success ? problem.data.detail : `${path} answered ${response.status}`);
}

export interface Sending {
  fileName: string;
  bytes: Uint8Array;
  kind: string;
  dryRun: boolean;
  mapping: string | null;
  /** Called as the import goes on. */
  onProgress: (seen: Imported) => void;
}

/** Sends a file, waits until the import has ended, and answers it with the first of its failed rows. */
export async function importFile(asker: Asker, sending: Sending): Promise<{ ended: Imported; failed: FailedRow[] }> {
  const query = new URLSearchParams({ kind: sending.kind, dryRun: String(sending.dryRun), fileName: sending.fileName });
  if (sending.mapping !== null) query.set('mapping', sending.mapping);
  const init = {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: new Blob([new Uint8Array(sending.bytes)]),
  };
  let seen = Import.parse(await ask(asker, { path: `/v1/imports?${query}`, init }));
  while (seen.finishedAt === null) {
    sending.onProgress(seen);
    await wait(150);
    seen = Import.parse(await ask(asker, { path: `/v1/imports/${seen.id}` }));
  }
  sending.onProgress(seen);
  const { data } = Rows.parse(await ask(asker, { path: `/v1/imports/${seen.id}/rows?status=failed&limit=20` }));
  return { ended: seen, failed: data };
}

/** A bar of `width` places for a percentage. */
export function progressBar(percent: number, width = 30): string {
  const full = Math.round((percent * width) / 100);
  return `${'█'.repeat(full)}${'░'.repeat(width - full)} ${String(percent).padStart(3)} %`;
}

/** What an import did, for people. */
export function importReport({ ended, failed }: { ended: Imported; failed: readonly FailedRow[] }): string[] {
  if (ended.failure) return [`The file was not imported: ${ended.failure.message}`];
  const { totalRows, created, updated, unchanged, warnings } = ended;
  const columns = Object.entries(ended.mapping ?? {});
  const left = columns.filter(([, target]) => target === null).map(([column]) => column);
  const more = ended.failed - failed.length;
  return [
    `${ended.dryRun ? 'It would be' : 'Done'}: ${totalRows} rows, ${created} created, ${updated} updated, ${unchanged} unchanged, ${ended.failed} failed, ${warnings} warnings.`,
    ...(left.length > 0 ? [`Left alone: the columns ${left.join(', ')}.`] : []),
    ...failed.map(({ row, errors }) => {
      const why = errors.map(({ column, message }) => (column === null ? message : `${column}: ${message}`)).join(' ');
      return `  Row ${row}  ${why}`;
    }),
    ...(more > 0
      ? [`  … and ${more} more: GET /v1/imports/${ended.id}/errors.csv has all of them, to be mended and sent again.`]
      : []),
  ];
}
