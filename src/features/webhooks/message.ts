import sql, { type Sql } from 'sql-template-tag';
import type { WEBHOOK_SOURCES } from './table.ts';

/** A message as it is remembered. */
export interface Message {
  source: (typeof WEBHOOK_SOURCES)[number];
  id: string;
  type: string;
  subject: string;
  at: number;
}

/** Whether the message has not been taken yet: for each statement that it changes something by. */
export function isNew({ source, id }: Pick<Message, 'source' | 'id'>): Sql {
  return sql`NOT EXISTS (SELECT 1 FROM webhook_messages WHERE source = ${source} AND message_id = ${id})`;
}

/** Remembers a message, last in the batch of what it changes; only behind `proof`, if what it changes may not apply. */
export function messageStatement({ source, id, type, subject, at }: Message, proof: Sql = sql`true`): Sql {
  return sql`INSERT INTO webhook_messages (source, message_id, type, subject, at) SELECT ${source}, ${id}, ${type}, ${subject}, ${at}
    WHERE ${proof} ON CONFLICT DO NOTHING`;
}
