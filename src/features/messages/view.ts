import { timestampOf } from '../../time/rules.ts';
import type { MessageFieldsOutput, MessageView } from './schemas.ts';
import type { MessageRow } from './table.ts';

/** What a message says, as a patch may change it. */
export function messageFields(row: Pick<MessageRow, 'body' | 'mentions' | 'document_ids'>): MessageFieldsOutput {
  return { body: row.body, mentions: JSON.parse(row.mentions), documentIds: JSON.parse(row.document_ids) };
}

/** A message as it is answered. */
export function messageView(
  row: Omit<MessageRow, 'organization_id' | 'number' | 'revision' | 'change_id'>,
): MessageView {
  return {
    id: row.id,
    threadId: row.thread_id,
    authorId: row.author_id,
    ...messageFields(row),
    createdAt: new Date(row.created_at).toISOString(),
    editedAt: timestampOf(row.edited_at),
    deletedAt: timestampOf(row.deleted_at),
  };
}
