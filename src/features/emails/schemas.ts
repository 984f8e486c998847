import * as z from 'zod';
import { EXAMPLE_IDS, id, instant, nextCursor, page } from '../../http/fields.ts';
import { EMAIL_STATUSES, TEMPLATES } from './table.ts';

export const ListEmails = z.object({ ...page, template: z.enum(TEMPLATES).optional() });

const fields = {
  id: id('eml'),
  template: z.enum(TEMPLATES),
  to: z.string(),
  userId: id('usr'),
  subject: z.string(),
  entityId: z.string().meta({
    description: "What it is about: an alert, an import, a message, a plan or a user; a digest's is its job run.",
  }),
  status: z.enum(EMAIL_STATUSES),
  at: instant(),
  sentAt: instant().nullable(),
};

const EXAMPLE = {
  id: EXAMPLE_IDS.eml,
  template: 'budget_alert',
  to: 'kai.brown@example.com',
  userId: EXAMPLE_IDS.usr,
  subject: 'Budget alert: Mia N. above 75%',
  entityId: EXAMPLE_IDS.alr,
  status: 'sent',
  at: '2026-11-23T03:15:00.000Z',
  sentAt: '2026-11-23T03:15:01.000Z',
};

export const EmailItem = z.object(fields).meta({ id: 'EmailItem' });
export type EmailItemView = z.infer<typeof EmailItem>;
export const Email = z.object({ ...fields, text: z.string() }).meta({
  id: 'Email',
  examples: [{ ...EXAMPLE, text: 'Budget above 75%\n\nA budget of Mia Nguyen needs a look.\n' }],
});
export type EmailView = z.infer<typeof Email>;
export const EmailList = z
  .object({ data: z.array(EmailItem), nextCursor: nextCursor() })
  .meta({ id: 'EmailList', examples: [{ data: [EXAMPLE], nextCursor: null }] });
