import { Hono } from 'hono';
import type { AppEnv } from '../../http/app-env.ts';
import { operation } from '../../http/operation.ts';
import { validate } from '../../http/validate.ts';
import { requireOrigin } from '../live/origin.ts';
import { ABOUT_SOCKETS, requireUpgrade, UPGRADE } from '../live/upgrade.ts';
import { enterRoom, Since } from '../room/enter.ts';

const FRAMES = `${ABOUT_SOCKETS}

The server sends every change that you may see, in the order of the audit log:

- \`{"type":"ready","seq":41}\` first: what follows is newer than \`seq\`. With \`?since=SEQ\`, the \`seq\` of the last frame that you have, what you missed follows at once; numbers that you may not see are passed over. When that cannot be told any more, \`{"type":"reset","seq":41}\` comes instead: read what you show anew;
- \`{"type":"change","seq":42,"at":"…","action":"service.created","entityType":"service","entityId":"svc_…","participantId":"par_…","userId":"usr_…"}\`;
- \`{"type":"presence","data":[{"userId":"usr_…","status":"online","page":"/participants","at":"…"}]}\` when people come, say where they are, are away (\`away\`) or have gone (\`offline\`);
- \`{"type":"error","code":"…"}\` before it closes with 4401 (not signed in any more), and after a frame that it does not know, which closes nothing.

The client may send \`{"type":"presence","status":"online","page":"/participants"}\`, with the status \`online\` or \`away\`, and the text \`ping\`, for \`pong\`. After five minutes without a word, one is away.`;

export const changeRoutes = new Hono<AppEnv>().get(
  '/',
  operation('read', {
    id: 'watchOrganization',
    summary: 'Watch every change',
    description: FRAMES,
    tag: 'Live',
    permission: 'authenticated',
    socket: true,
    parameters: [UPGRADE],
    success: { status: 101, description: 'The socket is open.' },
    errors: ['UPGRADE_REQUIRED', 'VALIDATION_FAILED', 'FORBIDDEN'],
  }),
  validate('query', Since),
  async (c) => {
    requireOrigin(c);
    requireUpgrade(c);
    const { since = null } = c.req.valid('query');
    return enterRoom(c, { channel: 'changes', since });
  },
);
