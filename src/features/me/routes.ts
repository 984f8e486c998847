import { Hono } from 'hono';
import type { AppEnv } from '../../http/app-env.ts';
import { operation } from '../../http/operation.ts';
import { validate } from '../../http/validate.ts';
import { UpdateMe } from '../users/schemas.ts';
import { updateMe } from '../users/update.ts';
import { readMe } from './queries.ts';
import { Me } from './schemas.ts';

const tag = 'Me';

export const meRoutes = new Hono<AppEnv>()
  .get(
    '/',
    operation('read', {
      id: 'getMe',
      summary: 'Read who is signed in',
      description: 'With the effective permissions, and what a client needs to know of the organisation.',
      tag,
      permission: 'authenticated',
      success: { status: 200, description: 'The user and the organisation.', schema: Me },
    }),
    async (c) => c.json(await readMe(c.var.context), 200),
  )
  .patch(
    '/',
    operation('write', {
      id: 'updateMe',
      summary: 'Change the own name, phone or preferences',
      description: 'A JSON merge patch.',
      tag,
      permission: 'authenticated',
      changes: true,
      success: { status: 200, description: 'The user and the organisation.', schema: Me },
      errors: ['CONFLICT'],
    }),
    validate('json', UpdateMe),
    async (c) => {
      await updateMe(c.var.context, c.req.valid('json'));
      return c.json(await readMe(c.var.context), 200);
    },
  );
