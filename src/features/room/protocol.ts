import * as z from 'zod';
import type { MessageView } from '../messages/schemas.ts';
import type { ThreadCoreView } from '../threads/schemas.ts';

/** What crosses the sockets of an organisation's room, version 1. */

/** What a client may say. */
export const ClientMessage = z.strictObject({ type: z.literal('typing'), threadId: z.string() });
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

export type ServerMessage =
  | ThreadFrame
  /** First: what follows is newer than `seq`. */
  | { type: 'ready'; seq: number }
  /** What was missed cannot be told any more: read the threads anew; what follows is newer than `seq`. */
  | { type: 'reset'; seq: number }
  | { type: 'typing'; threadId: string; userId: string }
  | { type: 'error'; code: 'VALIDATION_FAILED' | 'UNAUTHENTICATED' | 'FORBIDDEN' | 'NOT_FOUND' | 'UNAVAILABLE' };

/** Who is in the room, kept on the socket across hibernation. */
export const Member = z.object({
  channel: z.literal('threads'),
  userId: z.string(),
  /** Whether they may speak, and so be seen typing. */
  writes: z.boolean(),
});
export type Member = z.infer<typeof Member>;

/** How a member comes in; it never comes from outside. */
export const MEMBER_HEADER = 'x-caddy-member';
export const Entry = Member.extend({
  /** The number of the last event that the client has; null for one that begins. */
  since: z.int().nullable(),
});
export type Entry = z.infer<typeof Entry>;
