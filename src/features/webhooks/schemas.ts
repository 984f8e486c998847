import * as z from 'zod';

/** What we read of what others send: they add fields and types as they like, and what we do not know is left. */

export const ResendEvent = z
  .object({
    type: z.string(),
    created_at: z.string().optional(),
    data: z.looseObject({
      email_id: z.string().optional(),
      tags: z.record(z.string(), z.string()).optional().catch(undefined),
    }),
  })
  .meta({
    id: 'ResendEvent',
    description:
      'As Resend sends it. `email.delivered`, `email.bounced`, `email.complained`, `email.failed` and `email.suppressed` count.',
    examples: [
      {
        type: 'email.bounced',
        created_at: '2026-11-23T03:15:04.000Z',
        data: { email_id: '7c5d9b52-0f6e-4e5e-9d4b-2a1c8f0e7b31', tags: { email: 'eml_01m84af0z4n6xa8yk3e7r0s5t8' } },
      },
    ],
  });
export type ResendEvent = z.output<typeof ResendEvent>;

const Address = z.looseObject({
  id: z.string().nullish(),
  email_address: z.string(),
  verification: z.looseObject({ status: z.string().nullish() }).nullish(),
});

export const ClerkEvent = z
  .object({
    type: z.string(),
    data: z.looseObject({
      id: z.string().optional(),
      first_name: z.string().nullish(),
      last_name: z.string().nullish(),
      email_addresses: z.array(Address).nullish(),
      primary_email_address_id: z.string().nullish(),
      updated_at: z.number().nullish(),
    }),
  })
  .meta({
    id: 'ClerkEvent',
    description: 'As Clerk sends it. `user.created`, `user.updated` and `user.deleted` count.',
    examples: [
      {
        type: 'user.created',
        data: {
          id: 'user_2abcDEF',
          first_name: 'Kai',
          last_name: 'Brown',
          email_addresses: [
            { id: 'idn_1', email_address: 'kai.brown@example.com', verification: { status: 'verified' } },
          ],
          primary_email_address_id: 'idn_1',
          updated_at: 1_795_000_000_000,
        },
      },
    ],
  });
export type ClerkEvent = z.output<typeof ClerkEvent>;

export const Taken = z
  .object({ changed: z.boolean().meta({ description: 'False for what is known, or is nobody’s here.' }) })
  .meta({ id: 'WebhookTaken', examples: [{ changed: true }] });
