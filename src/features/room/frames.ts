import type { ChangeRow } from '../changes/queries.ts';
import { messageView } from '../messages/view.ts';
import type { EventRow } from '../threads/events.ts';
import { threadCore } from '../threads/view.ts';
import type { ChangeFrame, ThreadFrame } from './protocol.ts';

/** What is told of an event to those whom it mentions, or to the others; null when its message is not there any more. */
export function frameOf(row: EventRow, { mentioned }: { mentioned: boolean }): ThreadFrame | null {
  const happened = { seq: row.seq, at: new Date(row.at).toISOString(), threadId: row.thread_id };
  switch (row.kind) {
    case 'thread.created':
    case 'thread.updated':
      return { type: 'thread', ...happened, userId: row.user_id, thread: threadOf(row) };
    case 'thread.read':
      return row.message_id === null
        ? null
        : { type: 'read', ...happened, messageId: row.message_id, userId: row.user_id };
    case 'message.deleted':
      return row.message_id === null
        ? null
        : { type: 'message.deleted', ...happened, messageId: row.message_id, userId: row.user_id };
    case 'message.created':
    case 'message.updated': {
      const message = messageOf(row);
      const type = row.kind === 'message.created' ? 'message' : 'message.updated';
      return message && { type, ...happened, message, mentioned };
    }
  }
}

function threadOf(row: EventRow) {
  return threadCore({
    id: row.thread_id,
    participant_id: row.thread_participant_id,
    title: row.thread_title,
    status: row.thread_status,
    message_count: row.thread_message_count,
    last_message_at: row.thread_last_message_at,
    created_by: row.thread_created_by,
    created_at: row.thread_created_at,
    updated_at: row.thread_updated_at,
  });
}

function messageOf(row: EventRow) {
  const { message_id: id, author_id, body, created_at, mentions, document_ids, thread_id, edited_at, deleted_at } = row;
  if (id === null || author_id === null || body === null || created_at === null) return null;
  const lists = { mentions: mentions ?? '[]', document_ids: document_ids ?? '[]' };
  return messageView({ id, thread_id, author_id, body, ...lists, created_at, edited_at, deleted_at });
}

/** What everyone who may hear of a change is told. */
export function changeFrame(row: ChangeRow): ChangeFrame {
  return {
    type: 'change',
    seq: row.seq,
    at: new Date(row.at).toISOString(),
    action: row.action,
    entityType: row.entity_type,
    entityId: row.entity_id,
    participantId: row.participant_id,
    userId: row.user_id,
  };
}
