import { Hono } from 'hono';
import { ifMatch, isUnchanged, requireMatch } from '../../http/answer.ts';
import type { AppEnv } from '../../http/app-env.ts';
import { operation } from '../../http/operation.ts';
import { etag } from '../../http/revision.ts';
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
      conditional: true,
      success: { status: 200, description: 'The user and the organisation.', schema: Me },
    }),
    async (c) => {
      const { view, revision } = await readMe(c.var.context);
      if (isUnchanged(c, revision)) return c.body(null, 304, { ETag: etag(revision) });
      return c.json(view, 200, { ETag: etag(revision) });
    },
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
      conditional: true,
      success: { status: 200, description: 'The user and the organisation.', schema: Me },
      errors: ['CONFLICT'],
    }),
    validate('json', UpdateMe),
    async (c) => {
      const expected = ifMatch(c);
      let userRevision: number | null = null;
      if (expected !== null) {
        const before = await readMe(c.var.context);
        requireMatch(expected, before.revision);
        userRevision = before.userRevision;
      }
      await updateMe(c.var.context, { patch: c.req.valid('json'), revision: userRevision });
      const { view, revision } = await readMe(c.var.context);
      return c.json(view, 200, { ETag: etag(revision) });
    },
  );
