import { Hono } from 'hono';
import { ifMatch, isUnchanged } from '../../http/answer.ts';
import type { AppEnv, Request } from '../../http/app-env.ts';
import { operation } from '../../http/operation.ts';
import { etag } from '../../http/revision.ts';
import { validate } from '../../http/validate.ts';
import { once } from '../idempotency/once.ts';
import { confirmDocument } from '../uploads/confirm.ts';
import { type Awaited, offerUpload } from '../uploads/offer.ts';
import { ADDRESS_LIFE } from '../uploads/rules.ts';
import { Upload } from '../uploads/schemas.ts';
import { createDocument } from './create.ts';
import { deleteDocument, restoreDocument } from './delete.ts';
import { findDocument, listDocuments, listVersions, openUpload } from './queries.ts';
import {
  AnnouncedDocument,
  Confirm,
  CreateDocument,
  DeleteDocument,
  Document,
  DocumentList,
  ListDocuments,
  NewFile,
  UpdateDocument,
  VersionList,
  VersionPage,
} from './schemas.ts';
import { updateDocument } from './update.ts';
import { addVersion } from './version.ts';
import { documentView } from './view.ts';

const tag = 'Documents';

/** Where a file goes. A repeated request gets the addresses of the first one, while they are good. */
function offer(c: Request, { announcedAt, ...awaited }: Omit<Awaited, 'organizationId'> & { announcedAt: string }) {
  const { tenant, now } = c.var.context;
  const first = Date.parse(announcedAt);
  const from = first + ADDRESS_LIFE > now ? first : now;
  const { origin } = new URL(c.req.url);
  return offerUpload(c.env, { origin, awaited: { organizationId: tenant.id, ...awaited }, from });
}

export const documentRoutes = new Hono<AppEnv>()
  .get(
    '/',
    operation('read', {
      id: 'listDocuments',
      summary: 'List documents',
      description: 'Newest first. Deleted ones only when asked for by `status`.',
      tag,
      permission: 'documents.read',
      success: { status: 200, description: 'A page of documents.', schema: DocumentList },
      errors: ['VALIDATION_FAILED', 'INVALID_CURSOR'],
    }),
    validate('query', ListDocuments),
    async (c) => c.json(await listDocuments(c.var.context, c.req.valid('query')), 200),
  )
  .post(
    '/',
    operation('write', {
      id: 'createDocument',
      summary: 'Announce a document',
      description:
        'Send the file to the addresses of `upload`, then confirm the document. What is not confirmed within 24 hours is taken away.',
      tag,
      permission: 'documents.write',
      changes: true,
      keyed: true,
      success: { status: 201, description: 'Where the file goes.', schema: AnnouncedDocument, headers: ['Location'] },
      errors: ['NOT_FOUND', 'PARTICIPANT_ARCHIVED'],
    }),
    validate('json', CreateDocument),
    async (c) => {
      const input = c.req.valid('json');
      const { body, headers } = await once(c, { input, verb: (ctx) => createDocument(ctx, input) });
      const { id, version, contentType, sizeBytes, createdAt } = body;
      const upload = await offer(c, { documentId: id, version, contentType, sizeBytes, announcedAt: createdAt });
      return c.json({ document: body, upload }, 201, headers);
    },
  )
  .get(
    '/:id',
    operation('read', {
      id: 'getDocument',
      summary: 'Read a document’s details',
      idOf: 'doc',
      tag,
      permission: 'documents.read',
      conditional: true,
      success: { status: 200, description: 'The document.', schema: Document },
      errors: ['NOT_FOUND'],
    }),
    async (c) => {
      const row = await findDocument(c.var.context, c.req.param('id'));
      if (isUnchanged(c, row.revision)) return c.body(null, 304, { ETag: etag(row.revision) });
      return c.json(documentView(row), 200, { ETag: etag(row.revision) });
    },
  )
  .patch(
    '/:id',
    operation('write', {
      id: 'updateDocument',
      summary: 'Change a document’s details',
      description: 'A JSON merge patch.',
      idOf: 'doc',
      tag,
      permission: 'documents.write',
      changes: true,
      conditional: true,
      success: { status: 200, description: 'The document.', schema: Document },
      errors: ['NOT_FOUND', 'PARTICIPANT_ARCHIVED', 'CONFLICT'],
    }),
    validate('json', UpdateDocument),
    async (c) => {
      const target = { id: c.req.param('id'), patch: c.req.valid('json'), ifMatch: ifMatch(c) };
      const row = await updateDocument(c.var.context, target);
      return c.json(documentView(row), 200, { ETag: etag(row.revision) });
    },
  )
  .delete(
    '/:id',
    operation('write', {
      id: 'deleteDocument',
      summary: 'Delete a document',
      description: 'Gone from lists and closed to everyone; kept, and restorable.',
      idOf: 'doc',
      tag,
      permission: 'documents.write',
      changes: true,
      conditional: true,
      success: { status: 200, description: 'The deleted document.', schema: Document },
      errors: ['NOT_FOUND', 'PARTICIPANT_ARCHIVED', 'CONFLICT'],
    }),
    validate('json', DeleteDocument),
    async (c) => {
      const { reason } = c.req.valid('json');
      const row = await deleteDocument(c.var.context, { id: c.req.param('id'), reason, ifMatch: ifMatch(c) });
      return c.json(documentView(row), 200, { ETag: etag(row.revision) });
    },
  )
  .post(
    '/:id/restore',
    operation('write', {
      id: 'restoreDocument',
      summary: 'Restore a deleted document',
      idOf: 'doc',
      tag,
      permission: 'documents.write',
      changes: true,
      keyed: true,
      bodyless: true,
      success: { status: 200, description: 'The document.', schema: Document, headers: ['ETag'] },
      errors: ['NOT_FOUND', 'PARTICIPANT_ARCHIVED', 'CONFLICT'],
    }),
    async (c) => {
      const id = c.req.param('id');
      const { body, headers } = await once(c, { input: null, verb: (ctx) => restoreDocument(ctx, id) });
      return c.json(body, 200, headers);
    },
  )
  .get(
    '/:id/upload',
    operation('read', {
      id: 'getDocumentUpload',
      summary: 'Ask again where the file goes',
      description: 'New addresses for the newest file that is on its way, and which of its parts are there.',
      idOf: 'doc',
      tag,
      permission: 'documents.write',
      success: { status: 200, description: 'Where the file goes.', schema: Upload },
      errors: ['NOT_FOUND', 'CONFLICT', 'PARTICIPANT_ARCHIVED'],
    }),
    async (c) => {
      const { received, ...awaited } = await openUpload(c.var.context, c.req.param('id'));
      const { origin } = new URL(c.req.url);
      return c.json(await offerUpload(c.env, { origin, awaited, received, from: c.var.context.now }), 200, {
        'Cache-Control': 'private, no-store',
      });
    },
  )
  .post(
    '/:id/confirm',
    operation('write', {
      id: 'confirmDocument',
      summary: 'Confirm that the file has come',
      description:
        'Its size, its SHA-256 when one was given and its first bytes are checked. What does not match is deleted: `UPLOAD_MISMATCH` with `mismatches`. Above 100 MB the document is `verifying` until it has been hashed whole. A second time answers the same.',
      idOf: 'doc',
      tag,
      permission: 'documents.write',
      changes: true,
      keyed: true,
      bodyless: true,
      success: { status: 200, description: 'The document.', schema: Document, headers: ['ETag'] },
      errors: ['NOT_FOUND', 'PARTICIPANT_ARCHIVED', 'CONFLICT', 'UPLOAD_MISMATCH'],
    }),
    validate('query', Confirm),
    async (c) => {
      const { version = null } = c.req.valid('query');
      const target = { id: c.req.param('id'), version };
      const { body, headers } = await once(c, { input: target, verb: (ctx) => confirmDocument(ctx, target) });
      return c.json(body, 200, headers);
    },
  )
  .get(
    '/:id/versions',
    operation('read', {
      id: 'listDocumentVersions',
      summary: 'List a document’s versions',
      description: 'Newest first. `GET …/content?version=` downloads one.',
      idOf: 'doc',
      tag,
      permission: 'documents.read',
      success: { status: 200, description: 'A page of versions.', schema: VersionList },
      errors: ['NOT_FOUND', 'VALIDATION_FAILED', 'INVALID_CURSOR'],
    }),
    validate('query', VersionPage),
    async (c) => c.json(await listVersions(c.var.context, { id: c.req.param('id'), ...c.req.valid('query') }), 200),
  )
  .post(
    '/:id/versions',
    operation('write', {
      id: 'createDocumentVersion',
      summary: 'Announce a new version',
      description: 'What is there stays what is shown until the new file is confirmed.',
      idOf: 'doc',
      tag,
      permission: 'documents.write',
      changes: true,
      keyed: true,
      success: { status: 201, description: 'Where the file goes.', schema: AnnouncedDocument },
      errors: ['NOT_FOUND', 'PARTICIPANT_ARCHIVED', 'CONFLICT'],
    }),
    validate('json', NewFile),
    async (c) => {
      const id = c.req.param('id');
      const input = c.req.valid('json');
      const { body, headers } = await once(c, { input, verb: (ctx) => addVersion(ctx, { id, input }) });
      const { document, version, file } = body;
      const upload = await offer(c, { documentId: id, version, ...file, announcedAt: document.updatedAt });
      return c.json({ document, upload }, 201, headers);
    },
  );
