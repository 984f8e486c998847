import type { EventRow } from '../threads/events.ts';
import type { ThreadFrame } from './protocol.ts';

function instantOf(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}

/** What a user is told of an event; null for one whose message is not there any more. */
export function frameOf(row: EventRow, userId: string): ThreadFrame | null {
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
      return message && { type, ...happened, message, mentioned: message.mentions.includes(userId) };
    }
  }
}

function threadOf(row: EventRow) {
  return {
    id: row.thread_id,
    participantId: row.thread_participant_id,
    title: row.thread_title,
    status: row.thread_status,
    lastMessageAt: row.thread_message_count === 0 ? null : new Date(row.thread_last_message_at).toISOString(),
    createdBy: row.thread_created_by,
    createdAt: new Date(row.thread_created_at).toISOString(),
    updatedAt: new Date(row.thread_updated_at).toISOString(),
  };
}

function messageOf(row: EventRow) {
  const { message_id: id, author_id: authorId, body, created_at: createdAt } = row;
  if (id === null || authorId === null || body === null || createdAt === null) return null;
  return {
    id,
    threadId: row.thread_id,
    authorId,
    body,
    mentions: listOf(row.mentions),
    documentIds: listOf(row.document_ids),
    createdAt: new Date(createdAt).toISOString(),
    editedAt: instantOf(row.edited_at),
    deletedAt: instantOf(row.deleted_at),
  };
}

function listOf(json: string | null): string[] {
  return JSON.parse(json ?? '[]');
}
