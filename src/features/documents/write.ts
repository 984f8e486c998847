import sql, { type Sql } from 'sql-template-tag';
import type { Context } from '../../context.ts';
import { requireMatch } from '../../http/answer.ts';
import { notFound, refuse } from '../../http/problem.ts';
import { type Change, commitChange } from '../audit/commit.ts';
import { askForCompliance } from '../compliance/ask.ts';
import { participantIsOpen, refuseArchived } from '../participants/open.ts';
import { authorizeWrite } from '../sign-in/authorize.ts';
import { documentStatement } from './queries.ts';
import type { ShownRow } from './view.ts';

const MAX_ATTEMPTS = 4;

/** What a change of a document's row sets, and what it writes beside it. */
export interface DocumentChange<Value> extends Pick<Change, 'also' | 'audit' | 'answer'> {
  /** Of the row, without its revision: `title = …, updated_at = …`. */
  set: Sql;
  value: Value;
}

/**
 * Changes a document: reads it, lets `decide` say what to write (or that nothing is, with a value), and writes that if
 * the document is still what was read. Others' changes meanwhile make it decide anew.
 */
export async function changeDocument<Value>(
  ctx: Context,
  target: {
    id: string;
    ifMatch?: string | null;
    decide: (
      row: ShownRow,
    ) => Promise<DocumentChange<Value> | { already: Value }> | DocumentChange<Value> | { already: Value };
    /** Whether it is a deleted one that is to be changed. */
    deleted?: boolean;
  },
): Promise<Value> {
  authorizeWrite(ctx, 'documents.write');
  const { id, deleted = false } = target;
  const organizationId = ctx.tenant.id;
  for (let tries = 0; tries < MAX_ATTEMPTS; tries++) {
    const [[row]] = await ctx.database.read<[ShownRow]>(documentStatement(id, organizationId));
    if (!row || (row.status === 'deleted' && !deleted)) notFound('document');
    requireMatch(target.ifMatch ?? null, row.revision);
    if (row.participant_status === 'archived') refuseArchived();
    const decided = await target.decide(row);
    if ('already' in decided) return decided.already;
    const done = await commitChange(ctx, {
      table: 'documents',
      head: (changeId) => sql`UPDATE documents SET ${decided.set}, revision = revision + 1, change_id = ${changeId}
        WHERE id = ${id} AND organization_id = ${organizationId} AND revision = ${row.revision}
          AND ${participantIsOpen(sql`documents.participant_id`, organizationId)}
        RETURNING id`,
      ...(decided.also && { also: decided.also }),
      ...(decided.answer && { answer: decided.answer }),
      audit: decided.audit,
    });
    if (done) {
      askForCompliance(ctx, { participantId: row.participant_id });
      return decided.value;
    }
  }
  refuse('CONFLICT', 'Others are changing the document at the same time: try again.');
}
