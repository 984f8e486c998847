import type { Database } from '../../database/database.ts';
import { dismiss } from '../live/sockets.ts';
import { currentPermissions } from '../live/watch.ts';
import { Member } from './protocol.ts';
import type { Hearer } from './sockets.ts';

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

/** Looks at what the members may do now, and dismisses those who may no longer be here. */
export async function checkMembers(
  database: Database,
  { organizationId, hearers }: { organizationId: string; hearers: readonly Hearer[] },
): Promise<void> {
  const userIds = hearers.map(({ member }) => member.userId);
  const permissions = await currentPermissions(database, { organizationId, userIds });
  for (const { socket } of hearers) {
    // They may have said something of themselves meanwhile.
    const member = memberOf(socket);
    const now = permissions.get(member.userId);
    if (!now) dismiss(socket, 'signedOut');
    else if (member.channel === 'threads' && !now.includes('messages.read')) dismiss(socket, 'forbidden');
    else keepMember(socket, { ...member, permissions: now });
  }
}
