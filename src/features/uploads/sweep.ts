import sql from 'sql-template-tag';
import type { Database } from '../../database/database.ts';
import { newId } from '../../ids.ts';
import { auditStatement } from '../audit/entry.ts';
import { askToVerify, HASHING } from './confirm.ts';
import { removeObjects } from './objects.ts';
import type { Come } from './settle.ts';

/** How long a file is waited for (ms). */
export const WAITED = 24 * 3_600_000;
/** What is taken away in one go: the next sweep goes on. */
const AT_ONCE = 200;
/** How often in one sweep. */
const ROUNDS = 25;

/** Takes away uploads that nothing came of, and has files hashed whose message was lost. */
export async function sweepUploads(env: Env, { database, now }: { database: Database; now: number }): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    await giveUp(database, now);
    if ((await removeDoomed(env, database)) < AT_ONCE) break;
  }
  await abandon(database, now);
  const [lost] = await database.read<[Pick<Come, 'organization_id' | 'document_id' | 'number'>]>(
    sql`SELECT organization_id, document_id, number FROM document_versions INDEXED BY document_versions_unfinished
      WHERE status <> 'uploaded' AND status = 'verifying' AND confirmed_at < ${now - HASHING} LIMIT ${AT_ONCE}`,
  );
  for (const come of lost) await askToVerify(env, come);
}

/** Nothing may be made any more of what was begun a day ago. The versions forget it in the same batch. */
async function giveUp(database: Database, now: number): Promise<void> {
  const old = sql`SELECT object_key FROM upload_objects INDEXED BY upload_objects_by_age
    WHERE doomed = 0 AND created_at < ${now - WAITED} ORDER BY created_at LIMIT ${AT_ONCE}`;
  await database.write([
    sql`UPDATE document_versions SET object_key = NULL, upload_id = NULL
      WHERE status = 'pending_upload' AND (document_id, number) IN (SELECT document_id, version FROM upload_objects WHERE object_key IN (${old}))
        AND object_key IN (${old})`,
    sql`UPDATE upload_objects SET doomed = 1 WHERE object_key IN (${old})`,
  ]);
}

/** From R2 first: what is not noted any more would be there for good. */
async function removeDoomed(env: Env, database: Database): Promise<number> {
  const [doomed] = await database.read<[{ object_key: string; upload_id: string | null }]>(
    sql`SELECT object_key, upload_id FROM upload_objects INDEXED BY upload_objects_by_age WHERE doomed = 1 LIMIT ${AT_ONCE}`,
  );
  const statements = await removeObjects(env, doomed);
  if (statements.length > 0) await database.write(statements);
  return doomed.length;
}

/** Documents and versions whose file never came are taken away, a day after they were announced. */
async function abandon(database: Database, now: number): Promise<void> {
  const [abandoned] = await database.read<[{ id: string; organization_id: string }]>(
    sql`SELECT document.id, document.organization_id FROM documents document INDEXED BY documents_unfinished
      WHERE document.status = 'pending_upload' AND document.created_at < ${now - WAITED} AND document.updated_at < ${now - WAITED}
        AND NOT EXISTS (SELECT 1 FROM upload_objects WHERE document_id = document.id AND doomed = 0)
        AND NOT EXISTS (SELECT 1 FROM document_versions WHERE document_id = document.id AND (created_at >= ${now - WAITED} OR status <> 'pending_upload'))
      ORDER BY document.created_at LIMIT ${AT_ONCE}`,
  );
  for (const { id, organization_id: organizationId } of abandoned) {
    const origin = {
      organizationId,
      userId: null,
      label: 'uploads',
      ip: null,
      userAgent: null,
      requestId: crypto.randomUUID(),
    };
    const still = sql`EXISTS (SELECT 1 FROM documents WHERE id = ${id} AND organization_id = ${organizationId}
      AND status = 'pending_upload' AND updated_at < ${now - WAITED}) AND NOT EXISTS (SELECT 1 FROM upload_objects WHERE document_id = ${id} AND doomed = 0)
      AND NOT EXISTS (SELECT 1 FROM document_versions WHERE document_id = ${id}
        AND (created_at >= ${now - WAITED} OR status <> 'pending_upload'))`;
    const entry = { action: 'document.abandoned' as const, entityId: id, changeId: newId('chg'), origin };
    await database.write([
      auditStatement(entry, { at: now, proof: still }),
      sql`DELETE FROM document_words WHERE document_id = ${id} AND +organization_id = ${organizationId} AND ${still}`,
      sql`DELETE FROM document_versions WHERE document_id = ${id} AND +organization_id = ${organizationId} AND ${still}`,
      sql`DELETE FROM documents WHERE id = ${id} AND +organization_id = ${organizationId} AND ${still}`,
    ]);
  }
  await database.write([
    sql`DELETE FROM document_versions WHERE (document_id, number) IN (
      SELECT document_id, number FROM document_versions INDEXED BY document_versions_unfinished
      WHERE status <> 'uploaded' AND status = 'pending_upload' AND created_at < ${now - WAITED}
        AND NOT EXISTS (SELECT 1 FROM upload_objects
          WHERE document_id = document_versions.document_id AND version = document_versions.number AND doomed = 0)
        AND EXISTS (SELECT 1 FROM documents WHERE id = document_versions.document_id AND status NOT IN ('pending_upload', 'deleted'))
      LIMIT ${AT_ONCE})`,
  ]);
}
