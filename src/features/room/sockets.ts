import { ClientMessage, type Member, type ServerMessage } from './protocol.ts';

/** Someone in the room, on one of their sockets. */
export interface Hearer {
  socket: WebSocket;
  member: Member;
}

const LONGEST = 1_000;

/** What a client says; null when it is nothing that the room knows. */
export function readMessage(message: string | ArrayBuffer): ClientMessage | null {
  if (typeof message !== 'string' || message.length >= LONGEST) return null;
  try {
    return ClientMessage.safeParse(JSON.parse(message)).data ?? null;
  } catch {
    return null;
  }
}

/** Sends a message to one socket. */
export function say(socket: WebSocket, message: ServerMessage): void {
  trySend(socket, JSON.stringify(message));
}

/** Sends a text. A socket that is gone is not an error: its close event is on the way. */
export function trySend(socket: WebSocket, text: string): void {
  try {
    socket.send(text);
  } catch {}
}
