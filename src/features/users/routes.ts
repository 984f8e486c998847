import { Hono } from 'hono';
import { ifMatch, isUnchanged } from '../../http/answer.ts';
import type { AppEnv } from '../../http/app-env.ts';
import { operation } from '../../http/operation.ts';
import { etag } from '../../http/revision.ts';
import { validate } from '../../http/validate.ts';
import { once } from '../idempotency/once.ts';
import { clearBounce } from './clear-bounce.ts';
import { createUser } from './create.ts';
import { findUser, listUsers } from './queries.ts';
import { CreateUser, ListUsers, UpdateUser, User, UserList } from './schemas.ts';
import { updateUser } from './update.ts';
import { userView } from './view.ts';

const tag = 'Users';

export const userRoutes = new Hono<AppEnv>()
  .get(
    '/',
    operation('read', {
      id: 'listUsers',
      summary: 'List users',
      tag,
      permission: 'users.read',
      success: { status: 200, description: 'A page of users.', schema: UserList },
      errors: ['VALIDATION_FAILED', 'INVALID_CURSOR'],
    }),
    validate('query', ListUsers),
    async (c) => c.json(await listUsers(c.var.context, c.req.valid('query')), 200),
  )
  .post(
    '/',
    operation('write', {
      id: 'createUser',
      summary: 'Add a user',
      description: 'The e-mail is unique: a person belongs to one organisation.',
      tag,
      permission: 'users.write',
      changes: true,
      keyed: true,
      success: { status: 201, description: 'The user.', schema: User, headers: ['Location', 'ETag'] },
      errors: ['CONFLICT'],
    }),
    validate('json', CreateUser),
    async (c) => {
      const input = c.req.valid('json');
      const { body, headers } = await once(c, { input, verb: (ctx) => createUser(ctx, input) });
      return c.json(body, 201, headers);
    },
  )
  .get(
    '/:id',
    operation('read', {
      id: 'getUser',
      summary: 'Read a user',
      idOf: 'usr',
      tag,
      permission: 'users.read',
      conditional: true,
      success: { status: 200, description: 'The user.', schema: User },
      errors: ['NOT_FOUND'],
    }),
    async (c) => {
      const row = await findUser(c.var.context, c.req.param('id'));
      if (isUnchanged(c, row.revision)) return c.body(null, 304, { ETag: etag(row.revision) });
      return c.json(userView(row), 200, { ETag: etag(row.revision) });
    },
  )
  .patch(
    '/:id',
    operation('write', {
      id: 'updateUser',
      summary: 'Change a user',
      idOf: 'usr',
      description: 'A suspended user is out within 30 seconds, and their sockets are closed within 60.',
      tag,
      permission: 'users.write',
      changes: true,
      conditional: true,
      success: { status: 200, description: 'The user.', schema: User },
      errors: ['NOT_FOUND', 'CONFLICT'],
    }),
    validate('json', UpdateUser),
    async (c) => {
      const target = { id: c.req.param('id'), patch: c.req.valid('json'), ifMatch: ifMatch(c) };
      const row = await updateUser(c.var.context, target);
      return c.json(userView(row), 200, { ETag: etag(row.revision) });
    },
  )
  .post(
    '/:id/clear-bounce',
    operation('write', {
      id: 'clearUserBounce',
      summary: 'Write to a user again whose mail came back',
      idOf: 'usr',
      tag,
      permission: 'users.write',
      changes: true,
      keyed: true,
      bodyless: true,
      success: { status: 200, description: 'The user.', schema: User, headers: ['ETag'] },
      errors: ['NOT_FOUND', 'CONFLICT'],
    }),
    async (c) => {
      const id = c.req.param('id');
      const { body, headers } = await once(c, { input: null, verb: (ctx) => clearBounce(ctx, id) });
      return c.json(body, 200, headers);
    },
  );
