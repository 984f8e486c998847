import * as z from 'zod';
import type { Request } from '../../http/app-env.ts';
import { Unavailable } from '../../http/problem.ts';
import { socketAnswer } from '../live/upgrade.ts';
import { roomStub } from './client.ts';
import { type Channel, type Entry, MEMBER_HEADER } from './protocol.ts';

/** From where a client goes on. */
export const Since = z.object({
  since: z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .optional()
    .meta({ pattern: '^\\d{1,15}$', description: 'The `seq` of the last frame that you have.' }),
});

/** Lets the signed-in user into their organisation's room; the answer that hands them their socket. */
export async function enterRoom(
  c: Request,
  { channel, since }: { channel: Channel; since: number | null },
): Promise<Response> {
  const { actor, tenant } = c.var.context;
  const entry: Entry = { channel, userId: actor.userId, permissions: [...actor.permissions], since };
  const headers = { Upgrade: 'websocket', [MEMBER_HEADER]: JSON.stringify(entry) };
  const opened = await roomStub(c.env, tenant.id).fetch('https://room/', { headers });
  if (!opened.webSocket) throw new Unavailable();
  return socketAnswer(c, opened.webSocket);
}
