import type { Member, Presence } from './protocol.ts';

/** After so long without a word (ms), who is here is away. */
export const IDLE_AFTER = 5 * 60_000;

/** Who is here, from their sockets: each once, by what they last said, and away when that is long ago. */
export function presenceOf(members: readonly Member[], now: number): Presence[] {
  const latest = new Map<string, Member>();
  for (const member of members) {
    const known = latest.get(member.userId);
    if (!known || known.at < member.at) latest.set(member.userId, member);
  }
  const people = [...latest.values()].sort((one, other) => (one.userId < other.userId ? -1 : 1));
  return people.map(({ userId, status, page, at }) => ({
    userId,
    status: now - at >= IDLE_AFTER ? 'away' : status,
    page,
    at: new Date(at).toISOString(),
  }));
}

/** Whose presence is other than it was, those who are gone included. */
export function presenceChanges(before: readonly Presence[], after: readonly Presence[]): Presence[] {
  const was = new Map(before.map((one) => [one.userId, one]));
  const changed = after.filter((one) => {
    const known = was.get(one.userId);
    return known?.status !== one.status || known.page !== one.page;
  });
  const here = new Set(after.map(({ userId }) => userId));
  const gone = before.filter(({ userId }) => !here.has(userId));
  return [...changed, ...gone.map((one) => ({ ...one, status: 'offline' as const, page: null }))];
}
