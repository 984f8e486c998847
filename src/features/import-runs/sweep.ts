import sql from 'sql-template-tag';
import type { Database } from '../../database/database.ts';
import { planItems } from '../import-items/plan.ts';
import { planParticipants } from '../import-participants/plan.ts';
import { planServices } from '../import-services/plan.ts';
import type { ImportRow } from '../imports/table.ts';
import { endImport, runImport } from './run.ts';

const MOST = 100;
const PLANNERS = { participants: planParticipants, services: planServices, support_catalogue: planItems };

/** Queues every import that has not ended: its message may be lost. One that is at work outruns the second message. */
export async function sweepImports(env: Env, database: Database): Promise<void> {
  const [rows] = await database.read<[{ id: string }]>(
    sql`SELECT id FROM imports INDEXED BY imports_unfinished WHERE status IN ('queued', 'running')
      AND updated_at <= ${Date.now()} ORDER BY updated_at LIMIT ${MOST}`,
  );
  if (rows.length > 0) await env.IMPORTS.sendBatch(rows.map(({ id }) => ({ body: { importId: id } })));
}

/** Works off one message: a while of an import, and the message for the next while. */
export async function workOffImport(env: Env, importId: string): Promise<void> {
  const progress = await runImport(env, { importId, planners: PLANNERS });
  if (progress === 'more') await env.IMPORTS.send({ importId });
}

/** Ends an import whose message was tried again and again, with the reason. */
export async function giveUpImport(
  { env, database }: { env: Env; database: Database },
  importId: string,
): Promise<void> {
  const [[row]] = await database.read<[Pick<ImportRow, 'id' | 'organization_id' | 'created_by'>]>(
    sql`SELECT id, organization_id, created_by FROM imports WHERE id = ${importId}`,
  );
  const failure = {
    code: 'GIVEN_UP',
    message: 'The import was tried many times and did not go on. What was written stays; send the file again to go on.',
  };
  if (row) await endImport(env, { database, row, status: 'failed', failure });
}
