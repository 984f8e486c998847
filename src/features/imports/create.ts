import sql from 'sql-template-tag';
import type * as z from 'zod';
import type { Context } from '../../context.ts';
import { newId } from '../../ids.ts';
import { commitChange } from '../audit/commit.ts';
import type { Made } from '../idempotency/once.ts';
import { authorizeWrite } from '../sign-in/authorize.ts';
import type { ImportOptions } from './schemas.ts';
import type { ImportRow } from './table.ts';
import { type ImportView, importView } from './view.ts';

/** What a file of an import is kept under; its organisation is part of it. */
export function objectKey(organizationId: string, importId: string): string {
  return `imports/${organizationId}/${importId}.csv`;
}

/** Begins an import of a file that is in R2: the row, then the message that has it worked off. */
export async function createImport(
  ctx: Context,
  {
    id,
    options,
    file,
  }: { id: string; options: z.output<typeof ImportOptions>; file: { name: string; size: number; sha256: string } },
): Promise<Made<ImportView>> {
  authorizeWrite(ctx, 'imports.write');
  const row: ImportRow = {
    id,
    organization_id: ctx.tenant.id,
    kind: options.kind,
    file_name: file.name,
    status: 'queued',
    dry_run: options.dryRun ? 1 : 0,
    mapping: options.mapping === null ? null : JSON.stringify(options.mapping),
    object_key: objectKey(ctx.tenant.id, id),
    size_bytes: file.size,
    sha256: file.sha256,
    reading: null,
    next_chunk: 0,
    next_record: 0,
    change_id: null,
    total_rows: null,
    processed_rows: 0,
    created: 0,
    updated: 0,
    unchanged: 0,
    failed: 0,
    warnings: 0,
    failure: null,
    created_by: ctx.actor.userId,
    created_at: ctx.now,
    started_at: null,
    finished_at: null,
    updated_at: ctx.now,
  };
  const view = importView(row);
  const headers = { Location: `/v1/imports/${id}` };
  await commitChange(ctx, {
    table: 'imports',
    head: (
      changeId,
    ) => sql`INSERT INTO imports (id, organization_id, kind, file_name, dry_run, mapping, object_key, size_bytes, sha256,
        change_id, created_by, created_at, updated_at)
      VALUES (${id}, ${row.organization_id}, ${row.kind}, ${row.file_name}, ${row.dry_run}, ${row.mapping}, ${row.object_key},
        ${row.size_bytes}, ${row.sha256}, ${changeId}, ${row.created_by}, ${row.created_at}, ${row.updated_at})
      RETURNING id`,
    audit: {
      action: 'import.created',
      entityId: id,
      after: { kind: row.kind, fileName: row.file_name, dryRun: options.dryRun, sha256: row.sha256 },
    },
    answer: { status: 202, headers, body: JSON.stringify(view) },
  });
  // Not sent, it is found by the sweep.
  await ctx.env.IMPORTS.send({ importId: id }).catch(() => undefined);
  return { body: view, status: 202, headers, recorded: ctx.idempotency !== null };
}

/** The id of an import to be. */
export function newImportId(): string {
  return newId('imp');
}
