import { env } from 'cloudflare:workers';
import { workOffImport } from '../../../src/features/import-runs/sweep.ts';
import type { Caller, Json } from './tenant.ts';

/** Sends a file as the caller; the import as it was answered. */
export async function upload(caller: Caller, query: string, text: string | Uint8Array): Promise<Json> {
  const answer = await caller.request('POST', `/v1/imports?${query}`, {
    body: text,
    headers: { 'content-type': 'text/csv' },
  });
  if (answer.status !== 202) throw new Error(`not taken: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** Works an import off to its end, as its messages would; the import as it then is. */
export async function workOff(caller: Caller, id: string): Promise<Json> {
  for (let round = 0; round < 200; round++) {
    const { body } = await caller.get(`/v1/imports/${id}`);
    if (body.finishedAt !== null) return body;
    await workOffImport(env, id).catch(() => undefined);
  }
  throw new Error('the import does not end');
}

/** Imports a file and waits for its end. */
export async function importFile(caller: Caller, query: string, text: string | Uint8Array): Promise<Json> {
  return workOff(caller, (await upload(caller, query, text)).id);
}

/** Every row of an import. */
export async function rowsOf(caller: Caller, id: string, query = ''): Promise<Json[]> {
  const rows: Json[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { body }: Json = await caller.get(`/v1/imports/${id}/rows?limit=100${query}${cursor && `&cursor=${cursor}`}`);
    rows.push(...body.data);
    cursor = body.nextCursor;
  }
  return rows;
}

/** What became of each row, without ids: what two runs of one file have in common. */
export async function report(caller: Caller, id: string): Promise<Json[]> {
  const rows = await rowsOf(caller, id);
  return rows.map(({ row, status, action, errors, warnings }) => ({ row, status, action, errors, warnings }));
}
