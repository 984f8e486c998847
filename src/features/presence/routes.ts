import { Hono } from 'hono';
import * as z from 'zod';
import type { AppEnv } from '../../http/app-env.ts';
import { EXAMPLE_IDS, id, instant } from '../../http/fields.ts';
import { operation } from '../../http/operation.ts';
import { roomStub } from '../room/client.ts';

const Present = z
  .object({
    data: z.array(
      z.object({
        userId: id('usr'),
        status: z.enum(['online', 'away', 'offline']),
        page: z.string().nullable().meta({ description: 'What they look at, as they say.' }),
        at: instant().meta({ description: 'When they last said so.' }),
      }),
    ),
  })
  .meta({
    id: 'PresenceList',
    examples: [
      { data: [{ userId: EXAMPLE_IDS.usr, status: 'online', page: '/participants', at: '2026-11-23T03:15:00.000Z' }] },
    ],
  });

export const presenceRoutes = new Hono<AppEnv>().get(
  '/',
  operation('read', {
    id: 'listPresence',
    summary: 'Who is here',
    description: 'Everyone with a socket of the organisation open. It is in memory alone.',
    tag: 'Live',
    permission: 'authenticated',
    success: { status: 200, description: 'Who is here, and where.', schema: Present },
  }),
  async (c) => c.json({ data: await roomStub(c.env, c.var.context.tenant.id).presence() }, 200),
);
