import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import type { Request } from '../../http/app-env.ts';
import { AppError } from '../../http/problem.ts';

/** What its sender signed, as it came; `id` is the message's own, the same however often it is sent. */
export interface Delivery {
  id: string;
  payload: string;
}

/** Characters of a message's id, which is kept. */
export const LONGEST_ID = 255;

/** Resend and Clerk sign alike, under the names of the service that sends for both. */
const HEADERS = ['id', 'timestamp', 'signature'] as const;

/**
 * The delivery, if its signature is right and no more than five minutes old. Checked on the raw body before anything
 * reads it; without a secret nobody is believed.
 */
export async function verifiedDelivery(c: Request, secret: string | undefined): Promise<Delivery> {
  const payload = await c.req.text();
  const headers: Record<string, string> = {};
  for (const name of HEADERS) headers[`webhook-${name}`] = c.req.header(`svix-${name}`) ?? '';
  const id = headers['webhook-id'] ?? '';
  if (secret === undefined || secret === '') throw unbelieved('This webhook is not set up.');
  if (id.length > LONGEST_ID) throw unbelieved('The id is too long.');
  try {
    new Webhook(secret).verify(payload, headers, { jsonParse: false });
  } catch (error) {
    if (!(error instanceof WebhookVerificationError)) throw error;
    throw unbelieved('The signature is not right, or is too old.');
  }
  return { id, payload };
}

function unbelieved(detail: string): AppError {
  return new AppError({ code: 'UNAUTHENTICATED', detail }, { 'WWW-Authenticate': 'Signature realm="webhooks"' });
}
