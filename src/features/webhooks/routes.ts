import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type * as z from 'zod';
import { openDatabase } from '../../database/database.ts';
import { configuration } from '../../env.ts';
import type { AppEnv } from '../../http/app-env.ts';
import { operation, type Parameter } from '../../http/operation.ts';
import { AppError, refuse } from '../../http/problem.ts';
import { invalid } from '../../http/validate.ts';
import { takeClerkEvent } from './clerk.ts';
import { takeResendEvent } from './resend.ts';
import { ClerkEvent, ResendEvent, Taken } from './schemas.ts';
import { LONGEST_ID, verifiedDelivery } from './verify.ts';

const tag = 'Webhooks';

const header = (
  name: string,
  { maxLength, ...rest }: { description: string; example: string; maxLength?: number },
): Parameter => ({
  name,
  in: 'header',
  required: true,
  schema: { type: 'string', ...(maxLength !== undefined && { maxLength }) },
  ...rest,
});

const SIGNED: readonly Parameter[] = [
  header('svix-id', {
    description: "The message's own id: the same one again changes nothing.",
    example: 'msg_2b7f',
    maxLength: LONGEST_ID,
  }),
  header('svix-timestamp', {
    description: 'Seconds since 1970, at most five minutes from now.',
    example: '1795403704',
  }),
  header('svix-signature', {
    description: 'HMAC-SHA256 of id, timestamp and body under the secret of the webhook.',
    example: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  }),
];

const ERRORS = ['UNAUTHENTICATED', 'MALFORMED_JSON', 'VALIDATION_FAILED', 'UNAVAILABLE'] as const;
const success = { status: 200, description: 'The message is taken.', schema: Taken } as const;

const limited = bodyLimit({
  maxSize: 1024 * 1024,
  onError: () => refuse('PAYLOAD_TOO_LARGE', 'A message may have at most 1 MiB.'),
});

/** The event in a signed payload; what is no JSON, or has another shape, is the sender's mistake. */
function eventOf<Schema extends z.ZodType>(schema: Schema, payload: string): z.output<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch {
    throw new AppError({ code: 'MALFORMED_JSON', detail: 'The message is not JSON.' });
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw invalid(parsed.error);
  return parsed.data;
}

/** What other services tell us. Nobody is signed in: each message is believed by its signature alone. */
export const webhookRoutes = new Hono<AppEnv>()
  .use(limited)
  .post(
    '/resend',
    operation('write', {
      id: 'takeResendEvent',
      summary: 'What became of an e-mail',
      description:
        'Moves the e-mail on to `delivered`, `bounced`, `complained`, `failed` or `suppressed`. An address that takes no mail is not written to again until an administrator clears it.',
      tag,
      permission: 'public',
      message: ResendEvent,
      parameters: SIGNED,
      success,
      errors: ERRORS,
    }),
    async (c) => {
      const delivery = await verifiedDelivery(c, configuration(c.env).RESEND_WEBHOOK_SECRET);
      const event = eventOf(ResendEvent, delivery.payload);
      const database = openDatabase(c.env.DB, c.var.usage);
      return c.json(await takeResendEvent(database, { event, delivery, at: Date.now() }), 200);
    },
  )
  .post(
    '/clerk',
    operation('write', {
      id: 'takeClerkEvent',
      summary: 'What became of a sign-in',
      description:
        '`user.created` binds the user who was invited by one of its verified addresses, `user.updated` follows its name and address, `user.deleted` suspends.',
      tag,
      permission: 'public',
      message: ClerkEvent,
      parameters: SIGNED,
      success,
      errors: ERRORS,
    }),
    async (c) => {
      const delivery = await verifiedDelivery(c, configuration(c.env).CLERK_WEBHOOK_SECRET);
      const event = eventOf(ClerkEvent, delivery.payload);
      const database = openDatabase(c.env.DB, c.var.usage);
      return c.json(await takeClerkEvent(database, { event, delivery, at: Date.now() }), 200);
    },
  );
