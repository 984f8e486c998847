import { Hono } from 'hono';
import { ifMatch, isUnchanged } from '../../http/answer.ts';
import type { AppEnv } from '../../http/app-env.ts';
import { EXAMPLE_IDS, idPattern } from '../../http/fields.ts';
import { operation, type Parameter } from '../../http/operation.ts';
import { notFound } from '../../http/problem.ts';
import { etag } from '../../http/revision.ts';
import { validate } from '../../http/validate.ts';
import { isId } from '../../ids.ts';
import { once } from '../idempotency/once.ts';
import { deleteMessage, editMessage } from './change.ts';
import { postMessage } from './post.ts';
import { findMessage, listMessages, type MessageKey } from './queries.ts';
import { EditMessage, ListMessages, Message, MessageList, PostMessage } from './schemas.ts';
import { messageView } from './view.ts';

const tag = 'Messages';

const messageId: Parameter = {
  name: 'messageId',
  in: 'path',
  required: true,
  description: 'An id that begins with `msg_`.',
  schema: { type: 'string', pattern: idPattern('msg') },
  example: EXAMPLE_IDS.msg,
};

function keyOf(path: { id: string; messageId: string }): MessageKey {
  if (!isId('msg', path.messageId)) notFound('message');
  return { threadId: path.id, id: path.messageId };
}

export const messageRoutes = new Hono<AppEnv>()
  .get(
    '/:id/messages',
    operation('read', {
      id: 'listMessages',
      summary: "List a thread's messages",
      description: 'Newest first. Deleted ones are left out.',
      idOf: 'thr',
      tag,
      permission: 'messages.read',
      success: { status: 200, description: 'A page of messages.', schema: MessageList },
      errors: ['NOT_FOUND', 'VALIDATION_FAILED', 'INVALID_CURSOR'],
    }),
    validate('query', ListMessages),
    async (c) =>
      c.json(await listMessages(c.var.context, { threadId: c.req.param('id'), ...c.req.valid('query') }), 200),
  )
  .post(
    '/:id/messages',
    operation('write', {
      id: 'postMessage',
      summary: 'Say something in a thread',
      description: 'Everyone who watches the threads hears it; who is mentioned is told so.',
      idOf: 'thr',
      tag,
      permission: 'messages.write',
      changes: true,
      keyed: true,
      success: { status: 201, description: 'The message.', schema: Message, headers: ['Location', 'ETag'] },
      errors: ['NOT_FOUND', 'PARTICIPANT_ARCHIVED', 'CONFLICT'],
    }),
    validate('json', PostMessage),
    async (c) => {
      const input = { threadId: c.req.param('id'), fields: c.req.valid('json') };
      const { body, headers } = await once(c, { input, verb: (ctx) => postMessage(ctx, input) });
      return c.json(body, 201, headers);
    },
  )
  .get(
    '/:id/messages/:messageId',
    operation('read', {
      id: 'getMessage',
      summary: 'Read a message',
      idOf: 'thr',
      parameters: [messageId],
      tag,
      permission: 'messages.read',
      conditional: true,
      success: { status: 200, description: 'The message.', schema: Message },
      errors: ['NOT_FOUND'],
    }),
    async (c) => {
      const row = await findMessage(c.var.context, keyOf(c.req.param()));
      if (isUnchanged(c, row.revision)) return c.body(null, 304, { ETag: etag(row.revision) });
      return c.json(messageView(row), 200, { ETag: etag(row.revision) });
    },
  )
  .patch(
    '/:id/messages/:messageId',
    operation('write', {
      id: 'editMessage',
      summary: 'Change what you said',
      description: 'A JSON merge patch, within 15 minutes. The record keeps what was.',
      idOf: 'thr',
      parameters: [messageId],
      tag,
      permission: 'messages.write',
      changes: true,
      conditional: true,
      success: { status: 200, description: 'The message.', schema: Message },
      errors: ['NOT_FOUND', 'PARTICIPANT_ARCHIVED', 'CONFLICT', 'FORBIDDEN'],
    }),
    validate('json', EditMessage),
    async (c) => {
      const change = { key: keyOf(c.req.param()), patch: c.req.valid('json'), ifMatch: ifMatch(c) };
      const row = await editMessage(c.var.context, change);
      return c.json(messageView(row), 200, { ETag: etag(row.revision) });
    },
  )
  .delete(
    '/:id/messages/:messageId',
    operation('write', {
      id: 'deleteMessage',
      summary: 'Take back what you said',
      description: 'Within 15 minutes. The message is emptied and in no list; the record keeps what was.',
      idOf: 'thr',
      parameters: [messageId],
      tag,
      permission: 'messages.write',
      changes: true,
      conditional: true,
      bodyless: true,
      success: { status: 200, description: 'The emptied message.', schema: Message },
      errors: ['NOT_FOUND', 'PARTICIPANT_ARCHIVED', 'CONFLICT', 'FORBIDDEN'],
    }),
    async (c) => {
      const row = await deleteMessage(c.var.context, { key: keyOf(c.req.param()), ifMatch: ifMatch(c) });
      return c.json(messageView(row), 200, { ETag: etag(row.revision) });
    },
  );
