import { Hono } from 'hono';
import { isUnchanged } from '../../http/answer.ts';
import type { AppEnv } from '../../http/app-env.ts';
import { attachment } from '../../http/attachment.ts';
import { operation } from '../../http/operation.ts';
import { AppError, notFound } from '../../http/problem.ts';
import { etag } from '../../http/revision.ts';
import { invalidParameter, validate } from '../../http/validate.ts';
import { once } from '../idempotency/once.ts';
import { requireOrigin } from '../live/origin.ts';
import { ABOUT_SOCKETS, requireUpgrade, socketAnswer, UPGRADE } from '../live/upgrade.ts';
import { cancelImport } from './cancel.ts';
import { createImport, newImportId, objectKey } from './create.ts';
import { errorsCsv } from './errors-csv.ts';
import { feedStub, IMPORT_WATCHER_HEADER } from './feed-client.ts';
import { previewImport } from './preview.ts';
import { findImport, listImports, listRows } from './queries.ts';
import { Import, ImportList, ImportOptions, ImportRowList, ListImportRows, ListImports, Preview } from './schemas.ts';
import { IMPORT_KINDS } from './table.ts';
import { type Sent, sentFile, store } from './upload.ts';
import { importRevision, importView } from './view.ts';

const tag = 'Imports';

const MAX_MAPPING_TEXT = 100_000;

const FILE = {
  needed: ['kind'],
  fields: {
    kind: { description: 'What the rows are. Needed.', example: 'participants', enum: [...IMPORT_KINDS] },
    mapping: {
      description: 'JSON: each column and what it is read as, or null. Columns that it leaves out are recognised.',
      example: '{"Client No":"ndisNumber"}',
      maxLength: MAX_MAPPING_TEXT,
    },
    dryRun: {
      description: 'True to learn what an import would do, and change nothing.',
      example: 'false',
      enum: ['true', 'false'],
    },
    fileName: { description: "The file's name.", example: 'clients.csv', maxLength: 200 },
  },
};

const FRAMES = `${ABOUT_SOCKETS}

The server sends \`{"type":"progress","import":{…}}\` first and whenever the import is further, and closes with 1000 when it has ended; 4401, 4403, 4404 as for budgets.`;

function optionsOf(sent: Sent) {
  const parsed = ImportOptions.safeParse(sent.options);
  if (!parsed.success) throw invalidParameter(parsed.error);
  return parsed.data;
}

function nameOf(sent: Sent): string {
  const name = (sent.fileName ?? 'import.csv').replace(/[\p{Cc}\p{Cf}]/gu, '').trim();
  return [...name].slice(0, 200).join('') || 'import.csv';
}

export const importRoutes = new Hono<AppEnv>()
  .post(
    '/preview',
    operation('write', {
      id: 'previewImport',
      summary: 'See how a file would be understood',
      description:
        'Its encoding, delimiter and columns, what each column would be read as, and its first 20 rows. Nothing is kept.',
      tag,
      permission: 'imports.write',
      bodyless: true,
      file: FILE,
      success: { status: 200, description: 'How the file would be understood.', schema: Preview },
      errors: ['VALIDATION_FAILED'],
    }),
    async (c) => {
      const sent = await sentFile(c);
      return c.json(await previewImport(c.var.context, { options: optionsOf(sent), sent }), 200);
    },
  )
  .post(
    '/',
    operation('write', {
      id: 'createImport',
      summary: 'Import a file',
      description:
        'As a form with the field `file` (up to 10 MB), or as the `text/csv` body (up to 50 MB) with the rest in the query. It is worked off afterwards: see its progress, and what became of each row. Sent again, the same rows are unchanged.',
      tag,
      permission: 'imports.write',
      changes: true,
      keyed: true,
      bodyless: true,
      file: FILE,
      success: { status: 202, description: 'The import is queued.', schema: Import, headers: ['Location'] },
      errors: ['VALIDATION_FAILED'],
    }),
    async (c) => {
      const sent = await sentFile(c);
      const options = optionsOf(sent);
      const id = newImportId();
      const key = objectKey(c.var.context.tenant.id, id);
      const { size, sha256 } = await store(c.env.FILES, { key, sent });
      const file = { name: nameOf(sent), size, sha256 };
      const forget = () => c.var.context.later(c.env.FILES.delete(key));
      try {
        const { body, headers } = await once(c, {
          input: { options, sha256 },
          verb: (ctx) => createImport(ctx, { id, options, file }),
        });
        // A repeated request has its file already.
        if (body.id !== id) forget();
        return c.json(body, 202, headers);
      } catch (error) {
        // A refused one has none; while the database does not answer, the row may be there all the same.
        if (error instanceof AppError && error.refusal.code !== 'UNAVAILABLE') forget();
        throw error;
      }
    },
  )
  .get(
    '/',
    operation('read', {
      id: 'listImports',
      summary: 'List imports',
      description: 'Newest first.',
      tag,
      permission: 'imports.read',
      success: { status: 200, description: 'A page of imports.', schema: ImportList },
      errors: ['VALIDATION_FAILED', 'INVALID_CURSOR'],
    }),
    validate('query', ListImports),
    async (c) => c.json(await listImports(c.var.context, c.req.valid('query')), 200),
  )
  .get(
    '/:id',
    operation('read', {
      id: 'getImport',
      summary: 'Get an import',
      idOf: 'imp',
      tag,
      permission: 'imports.read',
      conditional: true,
      success: { status: 200, description: 'The import.', schema: Import },
      errors: ['NOT_FOUND'],
    }),
    async (c) => {
      const row = await findImport(c.var.context, c.req.param('id'));
      const revision = importRevision(row);
      if (isUnchanged(c, revision)) return c.body(null, 304, { ETag: etag(revision) });
      return c.json(importView(row), 200, { ETag: etag(revision) });
    },
  )
  .get(
    '/:id/rows',
    operation('read', {
      id: 'listImportRows',
      summary: "List an import's rows",
      description: "What became of each row, in the file's order.",
      idOf: 'imp',
      tag,
      permission: 'imports.read',
      success: { status: 200, description: 'A page of rows.', schema: ImportRowList },
      errors: ['NOT_FOUND', 'VALIDATION_FAILED', 'INVALID_CURSOR'],
    }),
    validate('query', ListImportRows),
    async (c) => c.json(await listRows(c.var.context, { id: c.req.param('id'), ...c.req.valid('query') }), 200),
  )
  .get(
    '/:id/errors.csv',
    operation('read', {
      id: 'downloadImportErrors',
      summary: 'Download the rows that failed',
      description:
        'As they came, each with its number and why. Mended and sent again, the file is the next import. Cells that a spreadsheet would run have an apostrophe before them, which importing takes away again.',
      idOf: 'imp',
      tag,
      permission: 'imports.read',
      success: { status: 200, description: 'A CSV file.', mediaType: 'text/csv' },
      errors: ['NOT_FOUND'],
    }),
    async (c) => {
      const { fileName, body } = await errorsCsv(c.var.context, c.req.param('id'));
      return c.body(body, 200, {
        'Content-Type': 'text/csv; charset=utf-8',
        'Content-Disposition': attachment(fileName),
        'Cache-Control': 'private, no-store',
      });
    },
  )
  .post(
    '/:id/cancel',
    operation('write', {
      id: 'cancelImport',
      summary: 'Cancel an import',
      description: 'What is written stays; nothing more follows. Cancelling it again answers the same.',
      idOf: 'imp',
      tag,
      permission: 'imports.write',
      changes: true,
      keyed: true,
      bodyless: true,
      success: { status: 200, description: 'The import is cancelled.', schema: Import, headers: ['ETag'] },
      errors: ['NOT_FOUND', 'CONFLICT'],
    }),
    async (c) => {
      const { body, headers } = await once(c, {
        input: null,
        verb: (ctx) => cancelImport(ctx, c.req.param('id')),
      });
      return c.json(body, 200, headers);
    },
  )
  .get(
    '/:id/live',
    operation('read', {
      id: 'watchImport',
      summary: "Watch an import's progress",
      idOf: 'imp',
      description: FRAMES,
      tag,
      permission: 'imports.read',
      socket: true,
      parameters: [UPGRADE],
      success: { status: 101, description: 'The socket is open.' },
      errors: ['NOT_FOUND', 'UPGRADE_REQUIRED'],
    }),
    async (c) => {
      requireOrigin(c);
      const { context } = c.var;
      const importId = c.req.param('id');
      await findImport(context, importId);
      requireUpgrade(c);
      const headers = { Upgrade: 'websocket', [IMPORT_WATCHER_HEADER]: context.actor.userId };
      const opened = await feedStub(c.env, { organizationId: context.tenant.id, importId }).fetch('https://feed/', {
        headers,
      });
      if (!opened.webSocket) notFound('import');
      return socketAnswer(c, opened.webSocket);
    },
  );
