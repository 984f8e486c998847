import type { ThreadCoreView, ThreadView } from './schemas.ts';
import type { ThreadRow } from './table.ts';

/** A thread as one user sees it. */
export type SeenRow = Omit<ThreadRow, 'change_id'> & {
  unread_count: number;
  unread_mentions: number;
  participant_status: string | null;
};

/** A thread as everyone sees it. */
export function threadCore(row: Omit<ThreadRow, 'organization_id' | 'revision' | 'change_id'>): ThreadCoreView {
  return {
    id: row.id,
    participantId: row.participant_id,
    title: row.title,
    status: row.status,
    lastMessageAt: row.message_count === 0 ? null : new Date(row.last_message_at).toISOString(),
    createdBy: row.created_by,
    createdAt: new Date(row.created_at).toISOString(),
    updatedAt: new Date(row.updated_at).toISOString(),
  };
}

/** A thread as it is answered to a user. */
export function threadView(row: SeenRow): ThreadView {
  return { ...threadCore(row), unreadCount: row.unread_count, unreadMentions: row.unread_mentions };
}
