import { Hono } from 'hono';
import { ifMatch, isUnchanged } from '../../http/answer.ts';
import type { AppEnv } from '../../http/app-env.ts';
import { operation } from '../../http/operation.ts';
import { etag } from '../../http/revision.ts';
import { validate } from '../../http/validate.ts';
import { findOrganization } from './queries.ts';
import { Organization, UpdateOrganization } from './schemas.ts';
import { updateOrganization } from './update.ts';
import { organizationView } from './view.ts';

const tag = 'Organisation';

export const organizationRoutes = new Hono<AppEnv>()
  .get(
    '/',
    operation('read', {
      id: 'getOrganization',
      summary: "Read the caller's organisation",
      tag,
      permission: 'authenticated',
      conditional: true,
      success: { status: 200, description: 'The organisation.', schema: Organization },
    }),
    async (c) => {
      const row = await findOrganization(c.var.context);
      if (isUnchanged(c, row.revision)) return c.body(null, 304, { ETag: etag(row.revision) });
      return c.json(organizationView(row), 200, { ETag: etag(row.revision) });
    },
  )
  .patch(
    '/',
    operation('write', {
      id: 'updateOrganization',
      summary: "Change the caller's organisation",
      description: 'A JSON merge patch. The subscription is not changed here.',
      tag,
      permission: 'organization.write',
      changes: true,
      conditional: true,
      success: { status: 200, description: 'The organisation.', schema: Organization },
      errors: ['CONFLICT'],
    }),
    validate('json', UpdateOrganization),
    async (c) => {
      const row = await updateOrganization(c.var.context, { patch: c.req.valid('json'), ifMatch: ifMatch(c) });
      return c.json(organizationView(row), 200, { ETag: etag(row.revision) });
    },
  );
