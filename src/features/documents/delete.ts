import sql from 'sql-template-tag';
import type { Context } from '../../context.ts';
import { etag } from '../../http/revision.ts';
import type { Made } from '../idempotency/once.ts';
import type { DocumentView } from './schemas.ts';
import { documentView, type ShownRow } from './view.ts';
import { changeDocument } from './write.ts';

/** Deletes a document: gone from lists and closed, with everything kept. */
export function deleteDocument(
  ctx: Context,
  { id, reason, ifMatch }: { id: string; reason: string; ifMatch: string | null },
): Promise<ShownRow> {
  return changeDocument<ShownRow>(ctx, {
    id,
    ifMatch,
    decide: (row) => ({
      set: sql`status = 'deleted', deleted_at = ${ctx.now}, deleted_by = ${ctx.actor.userId}, delete_reason = ${reason},
        updated_at = ${ctx.now}`,
      audit: {
        action: 'document.deleted',
        entityId: id,
        before: { status: row.status },
        after: { status: 'deleted' },
        metadata: { reason },
      },
      value: {
        ...row,
        status: 'deleted',
        deleted_at: ctx.now,
        deleted_by: ctx.actor.userId,
        delete_reason: reason,
        revision: row.revision + 1,
        updated_at: ctx.now,
      },
    }),
  });
}

/** Brings a deleted document back as it was. A second time answers the same. */
export function restoreDocument(ctx: Context, id: string): Promise<Made<DocumentView>> {
  return changeDocument<Made<DocumentView>>(ctx, {
    id,
    deleted: true,
    decide: (row) => {
      if (row.status !== 'deleted') return { already: made(row, false) };
      const next: ShownRow = {
        ...row,
        status: row.version_status,
        deleted_at: null,
        deleted_by: null,
        delete_reason: null,
        revision: row.revision + 1,
        updated_at: ctx.now,
      };
      const value = made(next, ctx.idempotency !== null);
      return {
        set: sql`status = ${next.status}, deleted_at = NULL, deleted_by = NULL, delete_reason = NULL, updated_at = ${ctx.now}`,
        audit: {
          action: 'document.restored',
          entityId: id,
          before: { status: 'deleted' },
          after: { status: next.status },
        },
        answer: { status: 200, headers: value.headers, body: JSON.stringify(value.body) },
        value,
      };
    },
  });
}

/** The answer to a POST that leads to a document. */
export function made(row: ShownRow, recorded: boolean): Made<DocumentView> {
  return { body: documentView(row), status: 200, headers: { ETag: etag(row.revision) }, recorded };
}
