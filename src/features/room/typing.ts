import { isId } from '../../ids.ts';
import { type Hearer, say } from './sockets.ts';

/** How often one socket may say that its user types (ms). */
const EVERY = 1_000;

const typedAt = new WeakMap<WebSocket, number>();

/** Tells the others in the threads that someone writes; what comes too soon is passed over. */
export function tellTyping(
  { socket, member }: Hearer,
  { threadId, hearers }: { threadId: string; hearers: readonly Hearer[] },
): void {
  const { userId, permissions } = member;
  const refusal = refusalOf(threadId, permissions);
  if (refusal) {
    say(socket, { type: 'error', code: refusal });
    return;
  }
  const now = Date.now();
  if (now - (typedAt.get(socket) ?? 0) < EVERY) return;
  typedAt.set(socket, now);
  for (const other of hearers) {
    if (other.member.userId !== userId) say(other.socket, { type: 'typing', threadId, userId });
  }
}

function refusalOf(threadId: string, permissions: readonly string[]): 'VALIDATION_FAILED' | 'FORBIDDEN' | null {
  if (!isId('thr', threadId)) return 'VALIDATION_FAILED';
  return permissions.includes('messages.write') ? null : 'FORBIDDEN';
}
