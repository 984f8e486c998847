import { Hono } from 'hono';
import { openDatabase } from '../../database/database.ts';
import type { AppEnv, Request } from '../../http/app-env.ts';
import { operation, type Parameter } from '../../http/operation.ts';
import { permitted } from './address.ts';
import { completeParts, receivePart } from './parts.ts';
import { type Incoming, receiveWhole, type Store } from './receive.ts';
import { Received } from './schemas.ts';

const tag = 'Files';

const token: Parameter = {
  name: 'token',
  in: 'path',
  required: true,
  description: 'The signed part of the address. Use the address as it was given.',
  schema: { type: 'string', pattern: '^[\\w-]+\\.[\\w-]+$', maxLength: 1000 },
  example: 'eyJ1c2UiOiJ1cGxvYWQi.6pM2Zk1x',
};

const success = { status: 200, description: 'The bytes are there.', schema: Received } as const;

function storeOf(c: Request): Store {
  return {
    env: c.env,
    database: openDatabase(c.env.DB, c.var.usage),
    now: Date.now(),
    later: (work) => c.executionCtx.waitUntil(work.catch(() => undefined)),
  };
}

function incomingOf(c: Request): Incoming {
  const length = c.req.header('content-length');
  return {
    body: c.req.raw.body,
    contentType: c.req.header('content-type') ?? '',
    length: length === undefined ? null : Number(length),
  };
}

/** The addresses that bytes are sent to. Each says by its signature what it is for: nobody is signed in here. */
export const uploadRoutes = new Hono<AppEnv>()
  .put(
    '/uploads/:token',
    operation('write', {
      id: 'uploadFile',
      summary: 'Send a file',
      description: 'The `upload.url` of a new document. May be sent again until it is confirmed; the last one counts.',
      tag,
      permission: 'public',
      bytes: 'The file, of the announced size and type.',
      parameters: [token],
      success,
      errors: ['FORBIDDEN', 'NOT_FOUND', 'CONFLICT', 'VALIDATION_FAILED', 'UNAVAILABLE'],
    }),
    async (c) => {
      const store = storeOf(c);
      const grant = await permitted(c.env, { token: c.req.param('token'), use: 'upload', now: store.now });
      return c.json({ receivedBytes: await receiveWhole(store, { grant, incoming: incomingOf(c) }) }, 200);
    },
  )
  .put(
    '/parts/:token',
    operation('write', {
      id: 'uploadPart',
      summary: 'Send a part of a file',
      description: 'A `url` of `upload.parts`. In any order, and again as often as needed.',
      tag,
      permission: 'public',
      bytes: 'The part: `partSizeBytes` bytes, the last one what is left.',
      parameters: [token],
      success,
      errors: ['FORBIDDEN', 'NOT_FOUND', 'CONFLICT', 'VALIDATION_FAILED', 'UNAVAILABLE'],
    }),
    async (c) => {
      const store = storeOf(c);
      const grant = await permitted(c.env, { token: c.req.param('token'), use: 'part', now: store.now });
      return c.json({ receivedBytes: await receivePart(store, { grant, incoming: incomingOf(c) }) }, 200);
    },
  )
  .post(
    '/complete/:token',
    operation('write', {
      id: 'completeUpload',
      summary: 'Put the parts of a file together',
      description:
        'The `upload.completeUrl`. `CONFLICT` names the parts that are `missing`. A second time is the first.',
      tag,
      permission: 'public',
      bodyless: true,
      parameters: [token],
      success,
      errors: ['FORBIDDEN', 'NOT_FOUND', 'CONFLICT', 'UNAVAILABLE'],
    }),
    async (c) => {
      const store = storeOf(c);
      const grant = await permitted(c.env, { token: c.req.param('token'), use: 'complete', now: store.now });
      return c.json({ receivedBytes: await completeParts(store, grant) }, 200);
    },
  );
