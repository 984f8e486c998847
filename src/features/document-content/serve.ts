import sql, { type Sql } from 'sql-template-tag';
import { rowsAs } from '../../database/database.ts';
import type { Request } from '../../http/app-env.ts';
import { attachment } from '../../http/attachment.ts';
import { AppError, notFound, refuse, Unavailable } from '../../http/problem.ts';
import { etag } from '../../http/revision.ts';
import { newId } from '../../ids.ts';
import { type Changing, originOf } from '../audit/commit.ts';
import { auditStatement } from '../audit/entry.ts';
import type { DocumentVersionRow } from '../documents/table.ts';
import { downloadName } from '../file-types/rules.ts';
import { bytesOf, firstOf, rangeOf } from './rules.ts';

type Stored = Pick<
  DocumentVersionRow,
  'number' | 'file_name' | 'content_type' | 'size_bytes' | 'sha256' | 'object_key' | 'status'
>;

/** What is read: a document's file, the shown one unless a version is named. */
interface Wanted {
  documentId: string;
  version: number | null;
}

/**
 * What a browser is told of every file: it is to be kept, not shown; what it is called is what it is; and should it be
 * shown all the same, nothing in it runs.
 */
const HARMLESS = {
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
  'Cache-Control': 'private, no-store',
  'Referrer-Policy': 'no-referrer',
  'Accept-Ranges': 'bytes',
};

function versionOf({ documentId, version }: Wanted, organizationId: string): Sql {
  return sql`FROM documents document JOIN document_versions version ON version.document_id = document.id
      AND version.number = ${version === null ? sql`document.version` : sql`${version}`}
    WHERE document.id = ${documentId} AND document.organization_id = ${organizationId} AND document.status <> 'deleted'`;
}

/** Streams a document's file, or a range of it. That it was read is in the record before the first byte goes. */
export async function serveContent(c: Request, { ctx, wanted }: { ctx: Changing; wanted: Wanted }): Promise<Response> {
  const organizationId = ctx.tenant.id;
  const from = versionOf(wanted, organizationId);
  const known = (c.req.header('if-none-match') ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  const range = rangeOf(c.req.header('range'));
  const ifRange = c.req.header('if-range');
  const first = range === null ? 0 : firstOf(range);
  // A read is one that sends bytes: not of what the client has, and not beyond the file's end.
  const isRead = sql`${c.req.method === 'GET'} AND EXISTS (SELECT 1 ${from} AND version.status = 'uploaded'
    AND (version.size_bytes > ${first} OR '"' || version.sha256 || '"' <> ${ifRange ?? null})
    AND NOT EXISTS (SELECT 1 FROM json_each(${JSON.stringify(known)}) WHERE value IN ('*', '"' || version.sha256 || '"')))`;
  const rangeText = c.req.header('range')?.slice(0, 100) ?? null;
  const metadata = sql`(SELECT json_object('version', version.number, 'range', ${rangeText}) ${from})`;
  const entry = {
    action: 'document.downloaded' as const,
    entityId: wanted.documentId,
    changeId: newId('chg'),
    metadata,
  };
  const [, found] = await ctx.database.write([
    auditStatement({ ...entry, origin: originOf(ctx) }, { at: ctx.now, proof: isRead }),
    sql`SELECT version.number, version.file_name, version.content_type, version.size_bytes, version.sha256, version.object_key,
      version.status ${from}`,
  ]);
  const [file] = rowsAs<Stored>(found);
  if (!file) notFound('document');
  if (file.status !== 'uploaded' || file.sha256 === null || file.object_key === null)
    refuse('CONFLICT', file.status === 'verifying' ? 'The file is still being checked.' : 'The file has not come yet.');
  const tag = etag(file.sha256);
  if (known.includes(tag) || known.includes('*')) return c.body(null, 304, { ETag: tag, ...HARMLESS });
  const asked = ifRange === undefined || ifRange === tag ? range : null;
  const part = asked && bytesOf(asked, file.size_bytes);
  if (asked && !part) {
    const headers = { 'Content-Range': `bytes */${file.size_bytes}` };
    throw new AppError({ code: 'RANGE_NOT_SATISFIABLE', detail: `The file has ${file.size_bytes} bytes.` }, headers);
  }
  const headers = {
    'Content-Type': file.content_type,
    'Content-Length': String(part?.length ?? file.size_bytes),
    'Content-Disposition': attachment(downloadName(file.file_name, file.content_type)),
    ETag: tag,
    ...HARMLESS,
    ...(part && { 'Content-Range': `bytes ${part.offset}-${part.offset + part.length - 1}/${file.size_bytes}` }),
  };
  const status = part ? 206 : 200;
  if (c.req.method === 'HEAD') return c.body(null, status, headers);
  const object = await c.env.FILES.get(file.object_key, part ? { range: part } : {}).catch(() => {
    throw new Unavailable();
  });
  if (!object) throw new Error('the object of an uploaded document is not there');
  return c.body(object.body, status, headers);
}
