import { env } from 'cloudflare:workers';
import { Webhook } from 'standardwebhooks';
import type { Json } from './tenant.ts';

/** Who sends us signed messages, as their paths name them. */
export type Sender = 'resend' | 'clerk';

/** The secret of a sender's webhook, made anew for each run. */
export function webhookSecret(sender: Sender): string {
  const secret = sender === 'resend' ? env.RESEND_WEBHOOK_SECRET : env.CLERK_WEBHOOK_SECRET;
  if (!secret) throw new Error(`vitest.config.ts binds no secret for ${sender}`);
  return secret;
}

/** A message as its sender sends it: what it says, as text, and the headers that sign just that. */
export function signedMessage(
  sender: Sender,
  message: Json,
  { id = `msg_${crypto.randomUUID()}`, at = new Date(), secret = webhookSecret(sender) } = {},
): { body: string; headers: Record<string, string> } {
  const body = typeof message === 'string' ? message : JSON.stringify(message);
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'svix-id': id,
      'svix-timestamp': String(Math.floor(at.getTime() / 1000)),
      'svix-signature': new Webhook(secret).sign(id, at, body),
    },
  };
}

/** News of an e-mail of ours, by the tag that we gave it. */
export function emailNews(emailId: string, type = 'email.delivered'): Json {
  return {
    type,
    created_at: '2026-11-23T03:15:04.000Z',
    data: { email_id: `re_${emailId}`, tags: { email: emailId } },
  };
}

/** News of a sign-in: who it is, and whose address is verified. */
export function signInNews(subject: string, { type = 'user.updated', email = `${subject}@example.com` } = {}): Json {
  return {
    type,
    data: {
      id: subject,
      first_name: 'Kai',
      last_name: 'Brown',
      email_addresses: [{ id: 'idn_1', email_address: email, verification: { status: 'verified' } }],
      primary_email_address_id: 'idn_1',
      updated_at: Date.now(),
    },
  };
}
