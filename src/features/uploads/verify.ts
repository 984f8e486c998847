import { openDatabase } from '../../database/database.ts';
import { system } from '../audit/system.ts';
import { sendComplianceMessage } from '../compliance/ask.ts';
import { documentStatement } from '../documents/queries.ts';
import type { ShownRow } from '../documents/view.ts';
import { endUnused, forgetObject, hashed, waitingStatement } from './confirm.ts';
import { afterSettling, type Come, settle } from './settle.ts';

const MAX_ATTEMPTS = 4;

/** Hashes a large file whole, and makes it what is shown, or deletes it when it is not what was announced. */
export async function verifyDocument(
  env: Env,
  { organizationId, documentId, version }: { organizationId: string; documentId: string; version: number },
): Promise<void> {
  const database = openDatabase(env.DB);
  const changing = system({ database, organizationId, label: 'uploads' });
  for (let tries = 0; tries < MAX_ATTEMPTS; tries++) {
    const [[row], waiting] = await database.read<[ShownRow, Come]>(
      documentStatement(documentId, organizationId),
      waitingStatement(documentId, { organizationId, version }),
    );
    const come = waiting.find(({ status }) => status === 'verifying');
    if (!row || !come) return;
    const outcome = await hashed(env, come);
    const next = afterSettling(row, { come, outcome, now: changing.now, waiting: [] });
    if (await settle(changing, { row, next, come, outcome })) {
      if (outcome.kind === 'mismatched') await forgetObject({ env, database }, come);
      const asked = { participantId: row.participant_id };
      await sendComplianceMessage(env, { organizationId, asked, afterSeconds: 0 }).catch(() => undefined);
      return;
    }
    await endUnused(env, outcome);
  }
  throw new Error('the document is being changed all the time');
}
