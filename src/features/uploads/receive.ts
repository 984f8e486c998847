import sql, { type Sql } from 'sql-template-tag';
import { type Database, rowsAs } from '../../database/database.ts';
import { notFound, refuse, Unavailable } from '../../http/problem.ts';
import { plainType } from '../file-types/rules.ts';
import { doomObject, newObjectKey, removeObjects } from './objects.ts';
import type { Grant, GrantOf } from './rules.ts';

/** Where files go, and what is known of them. */
export interface Store {
  env: Env;
  database: Database;
  now: number;
  later: (work: Promise<unknown>) => void;
}

/** Bytes on their way in. */
export interface Incoming {
  body: ReadableStream<Uint8Array> | null;
  contentType: string;
  /** Null when the client does not say. */
  length: number | null;
}

/** The version that an address is about, while its file may still come. */
export function awaitedVersion(grant: Grant): Sql {
  const { documentId, version, organizationId } = grant;
  const announced =
    grant.use === 'upload'
      ? sql`version.size_bytes = ${grant.sizeBytes} AND version.content_type = ${grant.contentType}`
      : sql`true`;
  return sql`FROM document_versions version JOIN documents document ON document.id = version.document_id
    WHERE version.document_id = ${documentId} AND version.number = ${version} AND version.organization_id = ${organizationId}
      AND version.status = 'pending_upload' AND document.status <> 'deleted' AND document.organization_id = ${organizationId} AND ${announced}`;
}

/** Says why an address is of no use any more. */
export async function refuseClosed({ database }: Store, grant: Grant): Promise<never> {
  const [[version]] = await database.read<[{ status: string }]>(
    sql`SELECT version.status FROM document_versions version JOIN documents document ON document.id = version.document_id
      WHERE version.document_id = ${grant.documentId} AND version.number = ${grant.version}
        AND version.organization_id = ${grant.organizationId} AND document.status <> 'deleted'`,
  );
  if (!version) notFound('document');
  refuse('CONFLICT', 'The file is confirmed, or is coming another way: the address cannot be used again.');
}

/** The bytes as a stream of exactly the announced length: R2 wants to know it, and neither more nor less is taken. */
export function exactly(sizeBytes: number, { body, length }: Incoming): ReadableStream<Uint8Array> {
  if (length !== null && length > sizeBytes) {
    refuse('PAYLOAD_TOO_LARGE', `The address is for ${sizeBytes} bytes, and these are ${length}.`);
  }
  if (length !== null && length < sizeBytes) {
    refuse('VALIDATION_FAILED', `The address is for ${sizeBytes} bytes, and these are only ${length}.`);
  }
  if (!body) refuse('VALIDATION_FAILED', `The address is for ${sizeBytes} bytes, and there is no body.`);
  // The runtime holds a request to its length: it needs no second count.
  return length === null ? body.pipeThrough(new FixedLengthStream(sizeBytes)) : body;
}

/** Hands bytes to R2. What breaks off in between is the sender's to repeat. */
export async function put<Value>({ length }: Incoming, write: () => Promise<Value>): Promise<Value> {
  try {
    return await write();
  } catch (error) {
    // Of bytes whose number was said, only R2 or the network can fail.
    if (length !== null) throw new Unavailable();
    if (error instanceof Error && /too many bytes/i.test(error.message)) {
      refuse('PAYLOAD_TOO_LARGE', 'There are more bytes than the address is for.');
    }
    refuse('VALIDATION_FAILED', 'The bytes are not as many as announced, or broke off: send them again.');
  }
}

/** Takes a file that comes whole: streamed to a place of its own, which the version then points at. */
export async function receiveWhole(
  store: Store,
  { grant, incoming }: { grant: GrantOf<'upload'>; incoming: Incoming },
): Promise<number> {
  const { organizationId, documentId, version, contentType, sizeBytes } = grant;
  if (plainType(incoming.contentType) !== contentType) {
    refuse('UNSUPPORTED_MEDIA_TYPE', `The address is for ${contentType}: send it with this Content-Type.`);
  }
  const stream = exactly(sizeBytes, incoming);
  const key = newObjectKey(grant);
  const [noted] = await store.database.write([
    sql`INSERT INTO upload_objects (object_key, organization_id, document_id, version, created_at)
      SELECT ${key}, ${organizationId}, ${documentId}, ${version}, ${store.now} ${awaitedVersion(grant)}
      RETURNING object_key`,
  ]);
  if (rowsAs(noted).length === 0) return refuseClosed(store, grant);
  const forget = () => store.database.write([doomObject({ key, organizationId }, sql`true`)]);
  try {
    await put(incoming, () => store.env.FILES.put(key, stream, { httpMetadata: { contentType } }));
  } catch (error) {
    await forget().catch(() => undefined);
    throw error;
  }
  const ofVersion = sql`document_id = ${documentId} AND number = ${version} AND +organization_id = ${organizationId}
    AND status = 'pending_upload'`;
  const [replaced, , pointed] = await store.database.write([
    // What came before it over the same address is given up.
    sql`UPDATE upload_objects SET doomed = 1 WHERE object_key = (SELECT object_key FROM document_versions WHERE ${ofVersion})
      AND +organization_id = ${organizationId} RETURNING object_key, upload_id`,
    touchStatement(grant),
    sql`UPDATE document_versions SET object_key = ${key}, mismatch = NULL
      WHERE ${ofVersion} AND EXISTS (SELECT 1 FROM upload_objects WHERE object_key = ${key} AND doomed = 0)
      RETURNING number`,
  ]);
  if (rowsAs(pointed).length > 0) {
    store.later(removeNow(store, rowsAs(replaced)));
    return sizeBytes;
  }
  await forget();
  return refuseClosed(store, grant);
}

/** A new revision of the document when its last upload was refused: that is forgotten now, and shows. */
export function touchStatement({ documentId, version, organizationId }: Grant): Sql {
  return sql`UPDATE documents SET revision = revision + 1 WHERE id = ${documentId} AND +organization_id = ${organizationId}
    AND EXISTS (SELECT 1 FROM document_versions WHERE document_id = ${documentId} AND number = ${version} AND mismatch IS NOT NULL)`;
}

/** Takes what was replaced away at once; not done, the sweep does it. */
async function removeNow({ env, database }: Store, objects: Parameters<typeof removeObjects>[1]): Promise<void> {
  const statements = await removeObjects(env, objects);
  if (statements.length > 0) await database.write(statements);
}
