import { Hono } from 'hono';
import type { AppEnv } from '../../http/app-env.ts';
import { operation } from '../../http/operation.ts';
import { validate } from '../../http/validate.ts';
import { findCompliance, listCompliance } from './queries.ts';
import { Compliance, ComplianceList, ListCompliance } from './schemas.ts';

const tag = 'Compliance';

export const participantComplianceRoutes = new Hono<AppEnv>().get(
  '/:id/compliance',
  operation('read', {
    id: 'getCompliance',
    summary: 'How a participant’s records stand',
    description: 'Looked at now, with the records that are not in order. Of an archived participant nothing is asked.',
    idOf: 'par',
    tag,
    permission: 'participants.read',
    success: { status: 200, description: 'The score, and what makes it.', schema: Compliance },
    errors: ['NOT_FOUND'],
  }),
  async (c) => c.json(await findCompliance(c.var.context, c.req.param('id')), 200),
);

export const complianceRoutes = new Hono<AppEnv>().get(
  '/',
  operation('read', {
    id: 'listCompliance',
    summary: 'How the organisation’s records stand',
    description: 'Participants by their score, the worst first, as they were last looked at.',
    tag,
    permission: 'participants.read',
    success: { status: 200, description: 'A page of participants.', schema: ComplianceList },
    errors: ['VALIDATION_FAILED', 'INVALID_CURSOR'],
  }),
  validate('query', ListCompliance),
  async (c) => c.json(await listCompliance(c.var.context, c.req.valid('query')), 200),
);
