import * as z from 'zod';
import { EXAMPLE_IDS, id, instant, nextCursor, page, shortText } from '../../http/fields.ts';
import { AUDIT_ACTIONS } from './rules.ts';

const ENTITY_TYPES = [
  'organization',
  'user',
  'participant',
  'plan',
  'budget',
  'service',
  'import',
  'item',
  'document',
  'thread',
  'message',
  'alert',
  'incident',
] as const;

const instantOrDate = () =>
  z.union([z.iso.datetime({ offset: true }), z.iso.date()], 'must be a date or an instant (RFC 3339)');

export const ListAuditLogs = z.object({
  ...page,
  entityType: z.enum(ENTITY_TYPES).optional(),
  entityId: shortText().optional().meta({ description: 'The id of what was changed.' }),
  action: z.enum(AUDIT_ACTIONS).optional(),
  userId: id('usr').optional().meta({ description: 'Who changed it.' }),
  from: instantOrDate().optional().meta({ description: 'From this instant or day on.' }),
  to: instantOrDate().optional().meta({ description: 'Before this instant, or up to the end of this day.' }),
});

const someJson = (description: string) => z.unknown().meta({ description, type: ['object', 'null'] });

export const AuditLog = z
  .object({
    seq: z.int().meta({ description: 'Counts up by one in an organisation, without a gap.' }),
    at: instant(),
    action: z.string().meta({ description: '`entity.verb`; features add actions.' }),
    entityType: z.string(),
    entityId: z.string(),
    userId: id('usr').nullable().meta({ description: 'Null when the system did it.' }),
    actor: z.string().meta({ description: 'The e-mail of the user at that time, or the part of the system.' }),
    ip: z.string().nullable(),
    userAgent: z.string().nullable(),
    requestId: z.string(),
    before: someJson('What the changed fields were.'),
    after: someJson('What they are since; of something new, all of them.'),
    metadata: someJson('The reason, and what else belongs to the change.'),
  })
  .meta({ id: 'AuditLog' });
export type AuditLogView = z.infer<typeof AuditLog>;
export const AuditLogList = z.object({ data: z.array(AuditLog), nextCursor: nextCursor() }).meta({
  id: 'AuditLogList',
  examples: [
    {
      data: [
        {
          seq: 42,
          at: '2026-11-23T03:15:00.000Z',
          action: 'service.cancelled',
          entityType: 'service',
          entityId: EXAMPLE_IDS.svc,
          userId: EXAMPLE_IDS.usr,
          actor: 'kai.brown@example.com',
          ip: '203.0.113.7',
          userAgent: 'Mozilla/5.0',
          requestId: '0b4c6e0e-5d5f-4a3c-9a59-0d4f3a5d8f11',
          before: { status: 'completed' },
          after: { status: 'cancelled' },
          metadata: { reason: 'Recorded twice.', totalCostCents: 17_558 },
        },
      ],
      nextCursor: null,
    },
  ],
});
