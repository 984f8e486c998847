import sql from 'sql-template-tag';
import type { Context } from '../../context.ts';
import { refuse } from '../../http/problem.ts';
import { etag } from '../../http/revision.ts';
import { commitChange } from '../audit/commit.ts';
import { countAlerts } from '../dashboard/count.ts';
import type { Made } from '../idempotency/once.ts';
import { authorizeWrite } from '../sign-in/authorize.ts';
import { findAlert } from './queries.ts';
import type { AlertView } from './schemas.ts';
import type { AlertRow } from './table.ts';
import { alertView } from './view.ts';

const MAX_ATTEMPTS = 4;

/** Says of an alert that someone has seen it. A second time answers the same; a resolved one stays resolved. */
export function acknowledgeAlert(ctx: Context, id: string): Promise<Made<AlertView>> {
  return settle(ctx, { id, to: 'acknowledged' });
}

/** Puts an alert away. While what it is about is still so, it is not raised again. A second time answers the same. */
export function resolveAlert(ctx: Context, id: string): Promise<Made<AlertView>> {
  return settle(ctx, { id, to: 'resolved' });
}

async function settle(
  ctx: Context,
  { id, to }: { id: string; to: 'acknowledged' | 'resolved' },
): Promise<Made<AlertView>> {
  authorizeWrite(ctx, 'alerts.write');
  const { userId } = ctx.actor;
  for (let tries = 0; tries < MAX_ATTEMPTS; tries++) {
    const row = await findAlert(ctx, id);
    if (row.status === to || row.status === 'resolved') return made(row, false);
    const next: AlertRow = {
      ...row,
      status: to,
      ...(to === 'acknowledged'
        ? { acknowledged_at: ctx.now, acknowledged_by: userId }
        : { resolved_at: ctx.now, resolved_by: userId }),
      revision: row.revision + 1,
    };
    const answer = made(next, ctx.idempotency !== null);
    const done = await commitChange(ctx, {
      table: 'alerts',
      head: (
        changeId,
      ) => sql`UPDATE alerts SET status = ${to}, acknowledged_at = ${next.acknowledged_at}, acknowledged_by = ${next.acknowledged_by},
          resolved_at = ${next.resolved_at}, resolved_by = ${next.resolved_by}, revision = ${next.revision}, change_id = ${changeId}
        WHERE id = ${id} AND organization_id = ${ctx.tenant.id} AND revision = ${row.revision} RETURNING id`,
      also: () => countAlerts(ctx.tenant.id, sql`alerts.id = ${id}`),
      audit: {
        action: `alert.${to}`,
        entityId: id,
        before: { status: row.status },
        after: { status: to },
      },
      answer: { status: 200, headers: answer.headers, body: JSON.stringify(answer.body) },
    });
    if (done) return answer;
  }
  refuse('CONFLICT', 'The alert is being changed at the same time: try again.');
}

function made(row: AlertRow, recorded: boolean): Made<AlertView> {
  return { body: alertView(row), status: 200, headers: { ETag: etag(row.revision) }, recorded };
}
