import { z } from 'zod';
import { id, page, shortText } from '../../http/fields.ts';
import { AUDIT_ACTIONS } from './entry.ts';

const ENTITY_TYPES = ['organization', 'user', 'participant', 'plan', 'budget', 'service'] as const;

const instantOrDate = () =>
  z.union([z.iso.datetime({ offset: true }), z.iso.date()], 'must be a date or an instant (RFC 3339)');

export const ListAuditLogs = z.object({
  ...page,
  entityType: z.enum(ENTITY_TYPES).optional(),
  entityId: shortText().optional(),
  action: z.enum(AUDIT_ACTIONS).optional(),
  userId: id('usr').optional(),
  from: instantOrDate().optional(),
  to: instantOrDate().optional(),
});

export const AuditLog = z
  .object({
    seq: z.int(),
    at: z.string(),
    action: z.string(),
    entityType: z.string(),
    entityId: z.string(),
    userId: z.string().nullable(),
    actor: z.string(),
    ip: z.string().nullable(),
    userAgent: z.string().nullable(),
    requestId: z.string(),
    before: z.unknown(),
    after: z.unknown(),
    metadata: z.unknown(),
  })
  .meta({ id: 'AuditLog' });
export type AuditLogView = z.infer<typeof AuditLog>;
export const AuditLogList = z
  .object({ data: z.array(AuditLog), nextCursor: z.string().nullable() })
  .meta({ id: 'AuditLogList' });
