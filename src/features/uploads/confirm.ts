import sql, { type Sql } from 'sql-template-tag';
import type { Context } from '../../context.ts';
import type { Database } from '../../database/database.ts';
import { AppError, notFound, refuse, Unavailable } from '../../http/problem.ts';
import { askForCompliance } from '../compliance/ask.ts';
import { made } from '../documents/delete.ts';
import { documentStatement } from '../documents/queries.ts';
import type { DocumentView } from '../documents/schemas.ts';
import type { DocumentVersionRow } from '../documents/table.ts';
import type { ShownRow } from '../documents/view.ts';
import { hashObject, inspectObject, type Mismatch } from '../file-types/inspect.ts';
import { isImage } from '../file-types/rules.ts';
import type { Made } from '../idempotency/once.ts';
import { refuseArchived } from '../participants/open.ts';
import { authorizeWrite } from '../sign-in/authorize.ts';
import { beginParts, endParts, removeObjects } from './objects.ts';
import { isInParts } from './rules.ts';
import { afterSettling, type Come, type Outcome, settle } from './settle.ts';

/** A larger file is hashed after the answer. */
const HASHED_AT_ONCE = 100 * 1024 * 1024;
/** A file that has been hashed for longer than this (ms) has lost its message. */
export const HASHING = 5 * 60_000;
const MAX_ATTEMPTS = 4;

type Waiting = Omit<Come, 'object_key'> & Pick<DocumentVersionRow, 'object_key' | 'upload_id' | 'confirmed_at'>;

/** The versions of a document that are not uploaded yet, newest first; or the one that is meant, whatever it is. */
export function waitingStatement(
  documentId: string,
  { organizationId, version }: { organizationId: string; version: number | null },
): Sql {
  const which = version === null ? sql`+status <> 'uploaded'` : sql`number = ${version}`;
  return sql`SELECT document_id, number, organization_id, status, file_name, content_type, size_bytes, sha256, object_key, upload_id,
      confirmed_at
    FROM document_versions WHERE document_id = ${documentId} AND +organization_id = ${organizationId}
      AND ${which} ORDER BY number DESC LIMIT 100`;
}

/**
 * Checks the file that has come against what was announced, and makes it what is shown. What does not match is deleted,
 * and the answer says how. A second time answers the same.
 */
export async function confirmDocument(
  ctx: Context,
  { id, version }: { id: string; version: number | null },
): Promise<Made<DocumentView>> {
  authorizeWrite(ctx, 'documents.write');
  const organizationId = ctx.tenant.id;
  for (let tries = 0; tries < MAX_ATTEMPTS; tries++) {
    const [[row], waiting] = await ctx.database.read<[ShownRow, Waiting]>(
      documentStatement(id, organizationId),
      waitingStatement(id, { organizationId, version }),
    );
    if (!row || row.status === 'deleted' || (version !== null && waiting.length === 0)) notFound('document');
    if (row.participant_status === 'archived') refuseArchived();
    const come = chosen(waiting);
    if (!come) {
      // Its message may be lost.
      for (const one of waiting) {
        const isLost = one.status === 'verifying' && (one.confirmed_at ?? 0) < ctx.now - HASHING;
        if (isLost) await askToVerify(ctx.env, one);
      }
      return made(row, false);
    }
    const outcome = await examine(ctx.env, { come, row }).catch(unavailable);
    const numbers = waiting.map(({ number }) => number);
    const next = afterSettling(row, { come, outcome, now: ctx.now, waiting: numbers });
    const answer = made(next, ctx.idempotency !== null);
    const recorded = { status: 200 as const, headers: answer.headers, body: JSON.stringify(answer.body) };
    // A refusal is not remembered.
    const kept = outcome.kind === 'mismatched' ? {} : { answer: recorded };
    if (!(await settle(ctx, { row, next, come, outcome, ...kept }))) {
      await endUnused(ctx.env, outcome);
      continue;
    }
    if (outcome.kind === 'mismatched') {
      ctx.later(forgetObject({ env: ctx.env, database: ctx.database }, come));
      throw mismatched(outcome.mismatches);
    }
    if (outcome.kind === 'verifying') await askToVerify(ctx.env, come);
    askForCompliance(ctx, { participantId: row.participant_id });
    return answer;
  }
  refuse('CONFLICT', 'Others are changing the document at the same time: try again.');
}

/** R2 does not answer: nothing is decided, and asking again is safe. */
function unavailable(): never {
  throw new Unavailable();
}

/** Ends the upload in parts that was begun for an outcome which was not written. */
export async function endUnused(env: Env, outcome: Outcome): Promise<void> {
  if (outcome.kind === 'mismatched' && outcome.place) await endParts(env.FILES, outcome.place);
}

/** The version to confirm: the newest whose file has come, or the one that is meant. Null when it is confirmed already. */
function chosen(waiting: readonly Waiting[]): Come | null {
  for (const one of waiting) {
    const { object_key, upload_id, status } = one;
    if (status === 'pending_upload' && object_key !== null && upload_id === null) return { ...one, object_key };
  }
  const [newest] = waiting;
  if (newest?.status !== 'pending_upload') return null;
  const missing = { field: 'sizeBytes' as const, expected: newest.size_bytes, found: null };
  throw new AppError({
    code: 'UPLOAD_MISMATCH',
    detail: 'The file has not come, or not all of it: send it, then confirm.',
    details: { mismatches: [missing] },
  });
}

async function examine(env: Env, { come, row }: { come: Come; row: ShownRow }): Promise<Outcome> {
  const { object_key: key, content_type: contentType, size_bytes: sizeBytes, sha256 } = come;
  const mismatches = await inspectObject(env.FILES, { key, announced: { contentType, sizeBytes, sha256 } });
  // It may have become an avatar since the file was announced.
  if (row.type === 'avatar' && !isImage(contentType))
    mismatches.push({ field: 'contentType', expected: 'a picture', found: contentType });
  if (mismatches.length > 0) return rejected(env, { come, mismatches });
  return sizeBytes > HASHED_AT_ONCE ? { kind: 'verifying' } : hashed(env, come);
}

/** What a file's hash says of it. */
export async function hashed(env: Env, come: Come): Promise<Outcome> {
  const { object_key: key, sha256: expected, size_bytes: sizeBytes } = come;
  const found = await hashObject(env.FILES, key);
  if (found === null)
    return rejected(env, { come, mismatches: [{ field: 'sizeBytes', expected: sizeBytes, found: null }] });
  if (expected === null || expected === found) return { kind: 'uploaded', sha256: found };
  return rejected(env, { come, mismatches: [{ field: 'sha256', expected, found }] });
}

async function rejected(
  env: Env,
  { come, mismatches }: { come: Come; mismatches: readonly Mismatch[] },
): Promise<Outcome> {
  const { organization_id: organizationId, document_id: documentId, content_type: contentType } = come;
  const awaited = { organizationId, documentId, contentType };
  return {
    kind: 'mismatched',
    mismatches,
    place: isInParts(come.size_bytes) ? await beginParts(env.FILES, awaited) : null,
  };
}

/** Takes a rejected file away. Not done, the sweep does it. */
export async function forgetObject({ env, database }: { env: Env; database: Database }, come: Come): Promise<void> {
  const { object_key } = come;
  await database.write(await removeObjects(env, [{ object_key, upload_id: null }]));
}

/** Has a file hashed. The message may be lost: the sweep sends it again. */
export async function askToVerify(
  env: Env,
  come: Pick<Come, 'organization_id' | 'document_id' | 'number'>,
): Promise<void> {
  const { organization_id: organizationId, document_id: documentId, number: version } = come;
  await env.JOBS.send({ type: 'document.verify', organizationId, documentId, version }).catch(() => undefined);
}

const SAID = {
  sizeBytes: 'is not as long as announced',
  sha256: 'has another SHA-256 than announced',
  contentType: 'is not of the announced type',
};

function mismatched(mismatches: readonly Mismatch[]): AppError {
  const said = mismatches.map(({ field, found }) => `${SAID[field]} (${found ?? 'nothing came'})`).join(' and ');
  const detail = `The file ${said}. It was deleted: send the right one.`;
  return new AppError({ code: 'UPLOAD_MISMATCH', detail, details: { mismatches } });
}
