import sql from 'sql-template-tag';
import type { Context } from '../../context.ts';
import { AppError } from '../../http/problem.ts';
import { etag } from '../../http/revision.ts';
import { commitChange } from '../audit/commit.ts';
import type { Made } from '../idempotency/once.ts';
import { authorizeWrite } from '../sign-in/authorize.ts';
import { tellProgress } from './feed-client.ts';
import { findImport } from './queries.ts';
import { type ImportView, importRevision, importView } from './view.ts';

const MAX_ATTEMPTS = 4;

/** Cancels an import: what is written stays, nothing more follows. A second time answers the same. */
export async function cancelImport(ctx: Context, id: string): Promise<Made<ImportView>> {
  authorizeWrite(ctx, 'imports.write');
  for (let tries = 0; tries < MAX_ATTEMPTS; tries++) {
    const row = await findImport(ctx, id);
    if (row.status === 'cancelled')
      return { body: importView(row), status: 200, headers: { ETag: etag(importRevision(row)) }, recorded: false };
    if (row.status !== 'queued' && row.status !== 'running') {
      throw new AppError({ code: 'CONFLICT', detail: `The import has ended already: it is ${row.status}.` });
    }
    const next = { ...row, status: 'cancelled' as const, finished_at: ctx.now, updated_at: ctx.now };
    const view = importView(next);
    const headers = { ETag: etag(importRevision(next)) };
    const done = await commitChange(ctx, {
      table: 'imports',
      head: (
        changeId,
      ) => sql`UPDATE imports SET status = 'cancelled', change_id = ${changeId}, finished_at = ${ctx.now}, updated_at = ${ctx.now}
        WHERE id = ${id} AND organization_id = ${ctx.tenant.id} AND status = ${row.status}
        RETURNING id`,
      also: (proof) => [
        sql`DELETE FROM import_drafts WHERE import_id = ${id} AND organization_id = ${ctx.tenant.id} AND ${proof}`,
        sql`DELETE FROM import_chunks WHERE import_id = ${id} AND organization_id = ${ctx.tenant.id} AND ${proof}`,
      ],
      audit: {
        action: 'import.cancelled',
        entityId: id,
        before: { status: row.status },
        after: { status: 'cancelled' },
      },
      answer: { status: 200, headers, body: JSON.stringify(view) },
    });
    if (done) {
      ctx.later(tellProgress(ctx.env, { database: ctx.database, organizationId: ctx.tenant.id, importId: id }));
      return { body: view, status: 200, headers, recorded: ctx.idempotency !== null };
    }
  }
  throw new AppError({ code: 'CONFLICT', detail: 'The import goes on faster than it can be cancelled: try again.' });
}
