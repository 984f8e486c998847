import sql, { raw, type Sql } from 'sql-template-tag';
import type { ThreadEvent, ThreadEventRow, ThreadRow } from './table.ts';

/**
 * Notes what happened, for the change's own batch. The number is the organisation's next, which is safe because a batch
 * is alone in the database.
 */
export function eventStatement(
  event: {
    organizationId: string;
    kind: ThreadEvent;
    threadId: string;
    messageId: string | Sql | null;
    userId: string;
    at: number;
  },
  proof: Sql,
): Sql {
  const { organizationId, kind, threadId, messageId, userId, at } = event;
  return sql`INSERT INTO thread_events (organization_id, seq, kind, thread_id, message_id, user_id, at)
    SELECT ${organizationId}, (SELECT coalesce(max(seq), 0) + 1 FROM thread_events WHERE organization_id = ${organizationId}),
      ${kind}, ${threadId}, ${messageId}, ${userId}, ${at} WHERE ${proof}`;
}

/** What happened, with what it happened to as it is now. */
export type EventRow = Omit<ThreadEventRow, 'organization_id'> & {
  thread_participant_id: string | null;
  thread_title: string;
  thread_status: ThreadRow['status'];
  thread_message_count: number;
  thread_last_message_at: number;
  thread_created_by: string;
  thread_created_at: number;
  thread_updated_at: number;
  author_id: string | null;
  body: string | null;
  mentions: string | null;
  document_ids: string | null;
  created_at: number | null;
  edited_at: number | null;
  deleted_at: number | null;
};

const COLUMNS = raw(`event.seq, event.kind, event.thread_id, event.message_id, event.user_id, event.at,
  thread.participant_id AS thread_participant_id, thread.title AS thread_title, thread.status AS thread_status,
  thread.message_count AS thread_message_count, thread.last_message_at AS thread_last_message_at,
  thread.created_by AS thread_created_by, thread.created_at AS thread_created_at, thread.updated_at AS thread_updated_at,
  message.author_id, message.body, message.mentions, message.document_ids, message.created_at, message.edited_at, message.deleted_at`);

/** The events of an organisation after a number, in their order. */
export function eventsStatement(
  organizationId: string,
  { after, upTo, limit }: { after: number; upTo: number; limit: number },
): Sql {
  return sql`SELECT ${COLUMNS} FROM thread_events event
    JOIN threads thread ON thread.id = event.thread_id
    LEFT JOIN messages message ON message.id = event.message_id
    WHERE event.organization_id = ${organizationId} AND event.seq > ${after} AND event.seq <= ${upTo} ORDER BY event.seq LIMIT ${limit}`;
}
