import * as z from 'zod';
import type { MessageView } from '../messages/schemas.ts';
import type { ThreadCoreView } from '../threads/schemas.ts';

/** What crosses the sockets of an organisation's room, version 1. */

/** What people listen to there: what is said in the threads, or every change of the organisation's records. */
export const CHANNELS = ['threads', 'changes'] as const;
export type Channel = (typeof CHANNELS)[number];

/** What a client may say. */
export const ClientMessage = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('typing'), threadId: z.string() }),
  z.strictObject({
    type: z.literal('presence'),
    status: z.enum(['online', 'away']),
    page: z.string().max(200).nullable().optional(),
  }),
]);
export type ClientMessage = z.infer<typeof ClientMessage>;

interface Happened {
  seq: number;
  at: string;
  threadId: string;
}

/** What happened in a thread, in the order of `seq`. */
export type ThreadFrame =
  | (Happened & { type: 'message' | 'message.updated'; message: MessageView; mentioned: boolean })
  | (Happened & { type: 'message.deleted'; messageId: string; userId: string })
  | (Happened & { type: 'thread'; thread: ThreadCoreView; userId: string })
  | (Happened & { type: 'read'; messageId: string; userId: string });

/** A change of the organisation's records, in the order of the audit log. */
export interface ChangeFrame {
  type: 'change';
  seq: number;
  at: string;
  action: string;
  entityType: string;
  entityId: string;
  participantId: string | null;
  userId: string | null;
}

/** Whether someone is here, and what they look at. */
export interface Presence {
  userId: string;
  status: 'online' | 'away' | 'offline';
  page: string | null;
  at: string;
}

export type ServerMessage =
  | ThreadFrame
  | ChangeFrame
  | { type: 'presence'; data: Presence[] }
  /** First: what follows is newer than `seq`. */
  | { type: 'ready'; seq: number }
  /** What was missed cannot be told any more: read anew; what follows is newer than `seq`. */
  | { type: 'reset'; seq: number }
  | { type: 'typing'; threadId: string; userId: string }
  | { type: 'error'; code: 'VALIDATION_FAILED' | 'UNAUTHENTICATED' | 'FORBIDDEN' | 'NOT_FOUND' | 'UNAVAILABLE' };

/** Who is in the room, kept on the socket across hibernation. */
export const Member = z.object({
  channel: z.enum(CHANNELS),
  userId: z.string(),
  /** What they may hear of; looked at again while they are here. */
  permissions: z.array(z.string()),
  status: z.enum(['online', 'away']).default('online'),
  page: z.string().nullable().default(null),
  /** When they last said so (ms). */
  at: z.number().default(0),
});
export type Member = z.infer<typeof Member>;

/** How a member comes in; it never comes from outside. */
export const MEMBER_HEADER = 'x-caddy-member';
export const Entry = z.object({
  channel: z.enum(CHANNELS),
  userId: z.string(),
  permissions: z.array(z.string()),
  /** The number of the last event that the client has; null for one that begins. */
  since: z.int().nullable(),
});
export type Entry = z.infer<typeof Entry>;
