import { Hono } from 'hono';
import type { AppEnv } from '../../http/app-env.ts';
import { operation } from '../../http/operation.ts';
import { validate } from '../../http/validate.ts';
import { listAuditLogs } from './queries.ts';
import { AuditLogList, ListAuditLogs } from './schemas.ts';

export const auditRoutes = new Hono<AppEnv>().get(
  '/',
  operation('read', {
    id: 'listAuditLogs',
    summary: 'List the record of changes',
    description: 'Newest first; `seq` has no gaps. A date as `from` or `to` is a whole day of the organisation.',
    tag: 'Audit',
    permission: 'audit.read',
    success: { status: 200, description: 'A page of the record.', schema: AuditLogList },
    errors: ['VALIDATION_FAILED', 'INVALID_CURSOR'],
  }),
  validate('query', ListAuditLogs),
  async (c) => c.json(await listAuditLogs(c.var.context, c.req.valid('query')), 200),
);
