import { Hono } from 'hono';
import { ifMatch, isUnchanged } from '../../http/answer.ts';
import type { AppEnv } from '../../http/app-env.ts';
import { operation } from '../../http/operation.ts';
import { etag } from '../../http/revision.ts';
import { validate } from '../../http/validate.ts';
import { once } from '../idempotency/once.ts';
import { requireOrigin } from '../live/origin.ts';
import { ABOUT_SOCKETS, requireUpgrade, UPGRADE } from '../live/upgrade.ts';
import { enterRoom, Since } from '../room/enter.ts';
import { createThread } from './create.ts';
import { findThread, listThreads } from './queries.ts';
import { markRead } from './read.ts';
import { CreateThread, ListThreads, MarkRead, Thread, ThreadList, UpdateThread } from './schemas.ts';
import { updateThread } from './update.ts';
import { threadView } from './view.ts';

const tag = 'Messages';

const FRAMES = `${ABOUT_SOCKETS}

The server sends, in one order for everyone, what happens in the threads:

- \`{"type":"ready","seq":41}\` first: what follows is newer than \`seq\`. With \`?since=SEQ\`, the \`seq\` of the last frame that you have, what you missed follows at once. When that cannot be told any more, \`{"type":"reset","seq":41}\` comes instead: read the threads anew;
- \`{"type":"message","seq":42,"at":"…","threadId":"thr_…","message":{…},"mentioned":true}\`, and \`message.updated\` likewise; \`mentioned\` is whether it is you who is mentioned;
- \`{"type":"message.deleted","seq":43,"at":"…","threadId":"thr_…","messageId":"msg_…","userId":"usr_…"}\`;
- \`{"type":"thread","seq":44,"at":"…","threadId":"thr_…","userId":"usr_…","thread":{…}}\` when a thread is new or has changed;
- \`{"type":"read","seq":45,"at":"…","threadId":"thr_…","userId":"usr_…","messageId":"msg_…"}\`: who has read up to which message;
- \`{"type":"typing","threadId":"thr_…","userId":"usr_…"}\`, without a \`seq\`: it is not kept;
- \`{"type":"error","code":"…"}\` before it closes with 4401 (not signed in any more) or 4403 (the permission is gone), and after a frame that it does not know, which closes nothing.

The client may send \`{"type":"typing","threadId":"thr_…"}\`, at most once a second, and the text \`ping\`, for \`pong\`.`;

export const threadRoutes = new Hono<AppEnv>()
  .get(
    '/',
    operation('read', {
      id: 'listThreads',
      summary: 'List threads',
      description: 'Newest first, each with how much of it you have not read.',
      tag,
      permission: 'messages.read',
      success: { status: 200, description: 'A page of threads.', schema: ThreadList },
      errors: ['VALIDATION_FAILED', 'INVALID_CURSOR'],
    }),
    validate('query', ListThreads),
    async (c) => c.json(await listThreads(c.var.context, c.req.valid('query')), 200),
  )
  .post(
    '/',
    operation('write', {
      id: 'createThread',
      summary: 'Begin a thread',
      description: 'About a participant, or of the organisation.',
      tag,
      permission: 'messages.write',
      changes: true,
      keyed: true,
      success: { status: 201, description: 'The thread.', schema: Thread, headers: ['Location', 'ETag'] },
      errors: ['NOT_FOUND', 'PARTICIPANT_ARCHIVED'],
    }),
    validate('json', CreateThread),
    async (c) => {
      const input = c.req.valid('json');
      const { body, headers } = await once(c, { input, verb: (ctx) => createThread(ctx, input) });
      return c.json(body, 201, headers);
    },
  )
  .get(
    '/live',
    operation('read', {
      id: 'watchThreads',
      summary: 'Watch the threads',
      description: FRAMES,
      tag,
      permission: 'messages.read',
      socket: true,
      parameters: [UPGRADE],
      success: { status: 101, description: 'The socket is open.' },
      errors: ['UPGRADE_REQUIRED', 'VALIDATION_FAILED'],
    }),
    validate('query', Since),
    async (c) => {
      requireOrigin(c);
      requireUpgrade(c);
      const { since = null } = c.req.valid('query');
      return enterRoom(c, { channel: 'threads', since });
    },
  )
  .get(
    '/:id',
    operation('read', {
      id: 'getThread',
      summary: 'Read a thread',
      idOf: 'thr',
      tag,
      permission: 'messages.read',
      conditional: true,
      success: { status: 200, description: 'The thread.', schema: Thread },
      errors: ['NOT_FOUND'],
    }),
    async (c) => {
      const row = await findThread(c.var.context, c.req.param('id'));
      if (isUnchanged(c, row.revision)) return c.body(null, 304, { ETag: etag(row.revision) });
      return c.json(threadView(row), 200, { ETag: etag(row.revision) });
    },
  )
  .patch(
    '/:id',
    operation('write', {
      id: 'updateThread',
      summary: 'Change, close or open a thread',
      description: 'A JSON merge patch. Nothing can be said in a closed thread.',
      idOf: 'thr',
      tag,
      permission: 'messages.write',
      changes: true,
      conditional: true,
      success: { status: 200, description: 'The thread.', schema: Thread },
      errors: ['NOT_FOUND', 'PARTICIPANT_ARCHIVED', 'CONFLICT'],
    }),
    validate('json', UpdateThread),
    async (c) => {
      const target = { id: c.req.param('id'), patch: c.req.valid('json'), ifMatch: ifMatch(c) };
      const row = await updateThread(c.var.context, target);
      return c.json(threadView(row), 200, { ETag: etag(row.revision) });
    },
  )
  .post(
    '/:id/read',
    operation('write', {
      id: 'markThreadRead',
      summary: 'Mark a thread as read',
      description: 'Up to a message, or to the newest. The mark never goes back.',
      idOf: 'thr',
      tag,
      permission: 'messages.read',
      changes: true,
      keyed: true,
      bodyless: true,
      success: { status: 200, description: 'The thread.', schema: Thread },
      errors: ['NOT_FOUND', 'VALIDATION_FAILED'],
    }),
    validate('query', MarkRead),
    async (c) => {
      const { messageId = null } = c.req.valid('query');
      const input = { id: c.req.param('id'), messageId };
      const { body, headers } = await once(c, { input, verb: (ctx) => markRead(ctx, input) });
      return c.json(body, 200, headers);
    },
  );
