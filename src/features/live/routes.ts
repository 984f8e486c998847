import { Hono } from 'hono';
import * as z from 'zod';
import type { AppEnv } from '../../http/app-env.ts';
import { instant } from '../../http/fields.ts';
import { operation } from '../../http/operation.ts';
import { notFound, Unavailable } from '../../http/problem.ts';
import { callLedger } from '../ledger/client.ts';
import { WATCHER_HEADER, type Watcher } from '../ledger/protocol.ts';
import { findParticipant } from '../participants/queries.ts';
import { requireOrigin } from './origin.ts';
import { issueTicket } from './tickets.ts';
import { ABOUT_SOCKETS, isUpgrade, requireUpgrade, socketAnswer, UPGRADE } from './upgrade.ts';

const tag = 'Live';

const Ticket = z.object({ ticket: z.string(), expiresAt: instant() }).meta({
  id: 'LiveTicket',
  examples: [{ ticket: '5e0c7d1b8f3a4c6e9d2b1a0f7c8e4d35', expiresAt: '2026-11-23T03:16:00.000Z' }],
});

const FRAMES = `${ABOUT_SOCKETS}

The server sends:

- \`{"type":"snapshot","version":12,"asOf":"2026-11-23","budgets":[BudgetView…]}\` first, and again when the organisation's date changes or changes were committed by another writer;
- \`{"type":"update","version":13,"budgets":[BudgetView…],"cause":{"kind":"service.recorded","serviceId":"svc_…"}}\` for each committed change, with every line that changed. Versions never go back;
- \`{"type":"error","code":"…"}\` before it closes with 4401 (not signed in any more), 4403 (the permission is gone) or 4404 (the participant is gone), and after a frame that it does not know, which closes nothing.

The client may send \`{"type":"resync"}\`, for a snapshot, and the text \`ping\`, for \`pong\`.`;

export const liveRoutes = new Hono<AppEnv>().post(
  '/tickets',
  operation('write', {
    id: 'createLiveTicket',
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
    id: 'watchParticipantBudgets',
    summary: "Watch a participant's budgets",
    idOf: 'par',
    description: FRAMES,
    tag,
    permission: 'budgets.read',
    socket: true,
    parameters: [UPGRADE],
    success: { status: 101, description: 'The socket is open.' },
    errors: ['NOT_FOUND', 'UPGRADE_REQUIRED'],
  }),
  async (c) => {
    const { context } = c.var;
    requireOrigin(c);
    const participantId = c.req.param('id');
    if (!isUpgrade(c)) await findParticipant(context, participantId);
    requireUpgrade(c);
    const watcher: Watcher = { userId: context.actor.userId, timeZone: context.tenant.timeZone };
    const headers = { Upgrade: 'websocket', [WATCHER_HEADER]: JSON.stringify(watcher) };
    const key = { organizationId: context.tenant.id, participantId };
    const opened = await callLedger(c.env, { key, call: (ledger) => ledger.fetch('https://ledger/', { headers }) });
    if (opened.status === 503) throw new Unavailable();
    if (!opened.webSocket) notFound('participant');
    return socketAnswer(c, opened.webSocket);
  },
);
