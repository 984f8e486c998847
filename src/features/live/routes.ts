import { Hono } from 'hono';
import { z } from 'zod';
import { configuration } from '../../env.ts';
import type { AppEnv } from '../../http/app-env.ts';
import { operation } from '../../http/operation.ts';
import { notFound, refuse } from '../../http/problem.ts';
import { callLedger } from '../ledger/client.ts';
import { WATCHER_HEADER, type Watcher } from '../ledger/protocol.ts';
import { findParticipant } from '../participants/queries.ts';
import { issueTicket } from './tickets.ts';

const tag = 'Live';

const Ticket = z.object({ ticket: z.string(), expiresAt: z.string() }).meta({ id: 'LiveTicket' });

export const liveRoutes = new Hono<AppEnv>().post(
  '/tickets',
  operation('write', {
    summary: 'Get a ticket for a socket',
    description: 'Single use, 60 seconds, for any socket: send it as `?ticket=`. The socket checks its own permission.',
    tag,
    permission: 'authenticated',
    bodyless: true,
    success: { status: 201, description: 'The ticket.', schema: Ticket },
  }),
  async (c) => c.json(await issueTicket(c.var.context), 201),
);

export const participantLiveRoutes = new Hono<AppEnv>().get(
  '/:id/budgets/live',
  operation('read', {
    summary: "Watch a participant's budgets",
    description:
      'A WebSocket (`Upgrade: websocket`, with `Authorization` or `?ticket=`). The server sends a `snapshot` first and an `update` for each committed change; the client may send `{"type":"resync"}` and the text `ping`. See docs/live.md.',
    tag,
    permission: 'budgets.read',
    success: { status: 101, description: 'The socket is open.' },
    errors: ['NOT_FOUND', 'UPGRADE_REQUIRED'],
  }),
  async (c) => {
    const { context } = c.var;
    const origin = c.req.header('origin');
    if (origin !== undefined && !configuration(c.env).ALLOWED_ORIGINS.includes(origin)) {
      refuse('FORBIDDEN', 'Pages of this origin may not open sockets here.', { details: { origin } });
    }
    const participantId = c.req.param('id');
    if (c.req.header('upgrade')?.toLowerCase() !== 'websocket') {
      await findParticipant(context, participantId);
      refuse('UPGRADE_REQUIRED', 'Open this address as a WebSocket.');
    }
    const watcher: Watcher = { userId: context.actor.userId, timeZone: context.tenant.timeZone };
    const headers = { Upgrade: 'websocket', [WATCHER_HEADER]: JSON.stringify(watcher) };
    const key = { organizationId: context.tenant.id, participantId };
    const opened = await callLedger(c.env, key, (ledger) => ledger.fetch('https://ledger/', { headers }));
    if (!opened.webSocket) notFound('participant');
    return new Response(null, {
      status: 101,
      webSocket: opened.webSocket,
      headers: { 'X-Request-Id': c.var.requestId },
    });
  },
);
