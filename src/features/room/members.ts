import { Member } from './protocol.ts';

/** What is on the sockets, read once an awakening: hundreds are looked at for every word that one says. */
const known = new WeakMap<WebSocket, Member>();

/** Who is on a socket. */
export function memberOf(socket: WebSocket): Member {
  const member = known.get(socket) ?? Member.parse(socket.deserializeAttachment());
  known.set(socket, member);
  return member;
}

/** Keeps who is on a socket, over hibernation too. */
export function keepMember(socket: WebSocket, member: Member): void {
  known.set(socket, member);
  socket.serializeAttachment(member);
}
