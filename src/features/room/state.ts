import { timestampOf } from '../../time/rules.ts';
import type { ChangeRow } from '../changes/queries.ts';
import type { EventRow } from '../threads/events.ts';
import type { ChangeFrame, Member, Presence, ThreadFrame } from './protocol.ts';

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
    editedAt: timestampOf(row.edited_at),
    deletedAt: timestampOf(row.deleted_at),
  };
}

function listOf(json: string | null): string[] {
  return JSON.parse(json ?? '[]');
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

/** After so long without a word (ms), who is here is away. */
export const IDLE_AFTER = 5 * 60_000;

/** Who is here, from their sockets: each once, by what they last said, and away when that is long ago. */
export function presenceOf(members: readonly Member[], now: number): Presence[] {
  const latest = new Map<string, Member>();
  for (const member of members) {
    const known = latest.get(member.userId);
    if (!known || known.at < member.at) latest.set(member.userId, member);
  }
  const people = [...latest.values()].sort((one, other) => (one.userId < other.userId ? -1 : 1));
  return people.map(({ userId, status, page, at }) => ({
    userId,
    status: now - at >= IDLE_AFTER ? 'away' : status,
    page,
    at: new Date(at).toISOString(),
  }));
}

/** Whose presence is other than it was, those who are gone included. */
export function presenceChanges(before: readonly Presence[], after: readonly Presence[]): Presence[] {
  const was = new Map(before.map((one) => [one.userId, one]));
  const changed = after.filter((one) => {
    const known = was.get(one.userId);
    return known?.status !== one.status || known.page !== one.page;
  });
  const here = new Set(after.map(({ userId }) => userId));
  const gone = before.filter(({ userId }) => !here.has(userId));
  return [...changed, ...gone.map((one) => ({ ...one, status: 'offline' as const, page: null }))];
}
