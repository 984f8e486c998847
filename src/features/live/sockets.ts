import { CLOSE, ClientMessage, type ServerMessage, Watcher } from '../ledger/protocol.ts';

/** Who watches on a socket. */
export function watcherOf(socket: WebSocket): Watcher {
  return Watcher.parse(socket.deserializeAttachment());
}

/** Whether a client's message asks for a snapshot: the only thing it may ask. */
export function isResync(message: string | ArrayBuffer): boolean {
  if (typeof message !== 'string' || message.length > 1_000) return false;
  try {
    return ClientMessage.safeParse(JSON.parse(message)).success;
  } catch {
    return false;
  }
}

/** Tells a watcher why, and closes their socket. */
export function dismiss(socket: WebSocket, reason: 'signedOut' | 'forbidden' | 'gone'): void {
  const code = { signedOut: 'UNAUTHENTICATED', forbidden: 'FORBIDDEN', gone: 'NOT_FOUND' } as const;
  send(socket, { type: 'error', code: code[reason] });
  socket.close(CLOSE[reason]);
}

/** Sends a message on one socket. */
export function send(socket: WebSocket, message: ServerMessage): void {
  broadcast([socket], message);
}

/** Sends a message on sockets. One that is gone is not an error: its close event is on the way. */
export function broadcast(sockets: readonly WebSocket[], message: ServerMessage): void {
  const text = JSON.stringify(message);
  for (const socket of sockets) {
    try {
      socket.send(text);
    } catch {}
  }
}
