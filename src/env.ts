import * as z from 'zod';
import type { ImportFeed } from './features/imports/feed.ts';
import type { ParticipantLedger } from './features/ledger/object.ts';
import type { OrganizationRoom } from './features/room/object.ts';

/** The bindings of `wrangler.toml` and the variables of `api.md` §1. */
declare global {
  namespace Cloudflare {
    interface Env {
      DB: D1Database;
      PARTICIPANT_LEDGER: DurableObjectNamespace<ParticipantLedger>;
      FILES: R2Bucket;
      JOBS: Queue;
      EMAILS: Queue<{ emailId: string }>;
      IMPORTS: Queue<{ importId: string }>;
      IMPORT_FEED: DurableObjectNamespace<ImportFeed>;
      ORGANIZATION_ROOM: DurableObjectNamespace<OrganizationRoom>;
      RATE_LIMITER: RateLimit;
      METRICS: AnalyticsEngineDataset;
      EVENT_LOG?: string;
      AUTH_ISSUER?: string;
      AUTH_JWKS?: string;
      AUTH_JWKS_URL?: string;
      AUTH_AUTHORIZED_PARTIES?: string;
      ALLOWED_ORIGINS?: string;
      APP_URL?: string;
      SERVER_TIMING?: string;
      RATE_LIMIT?: string;
      FILE_SIGNING_KEY?: string;
      EMAIL_TRANSPORT?: string;
      EMAIL_FROM?: string;
      RESEND_API_KEY?: string;
      RESEND_BASE_URL?: string;
      RESEND_WEBHOOK_SECRET?: string;
      CLERK_WEBHOOK_SECRET?: string;
    }
  }
  interface Env extends Cloudflare.Env {}
}

const commaSeparated = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  );
const switched = (fallback: 'on' | 'off') =>
  z
    .enum(['on', 'off'])
    .default(fallback)
    .transform((value) => value === 'on');

/** As Resend and Clerk give it; without one, the webhook answers 401. */
const webhookSecret = z
  .string()
  .regex(/^whsec_[A-Za-z0-9+/]+=*$/, 'must be the secret of the webhook, whsec_…')
  .optional();

const KeySet = z.object({ keys: z.array(z.object({ kty: z.string() })) });

function isKeySet(text: string): boolean {
  try {
    return KeySet.safeParse(JSON.parse(text)).success;
  } catch {
    return false;
  }
}

const Variables = z
  .object({
    AUTH_ISSUER: z.string().min(1),
    AUTH_JWKS: z.string().refine(isKeySet, 'must be a JSON Web Key Set').optional(),
    AUTH_JWKS_URL: z.url({ protocol: /^https?$/ }).optional(),
    AUTH_AUTHORIZED_PARTIES: commaSeparated,
    ALLOWED_ORIGINS: commaSeparated.refine(
      (origins) => origins.every((origin) => URL.canParse(origin) && new URL(origin).origin === origin),
      'must be origins such as https://app.example.com, without a path',
    ),
    APP_URL: z.url().optional(),
    FILE_SIGNING_KEY: z.string().min(32, 'must have at least 32 characters'),
    EMAIL_TRANSPORT: z.enum(['outbox', 'resend']).default('outbox'),
    EMAIL_FROM: z.string().optional(),
    RESEND_API_KEY: z.string().optional(),
    RESEND_BASE_URL: z.url().default('https://api.resend.com'),
    RESEND_WEBHOOK_SECRET: webhookSecret,
    CLERK_WEBHOOK_SECRET: webhookSecret,
    SERVER_TIMING: switched('off'),
    RATE_LIMIT: switched('on'),
    /** One line of JSON for each request and each piece of work. */
    EVENT_LOG: switched('on'),
  })
  .superRefine((variables, issues) => {
    if ((variables.AUTH_JWKS === undefined) === (variables.AUTH_JWKS_URL === undefined)) {
      issues.addIssue({ code: 'custom', path: ['AUTH_JWKS'], message: 'set either AUTH_JWKS or AUTH_JWKS_URL' });
    }
    for (const name of ['EMAIL_FROM', 'RESEND_API_KEY'] as const) {
      if (variables.EMAIL_TRANSPORT !== 'resend' || variables[name]) continue;
      issues.addIssue({ code: 'custom', path: [name], message: 'is needed to send e-mail through Resend' });
    }
  });

/** Names the variables that are missing or malformed; never what they hold. */
export class ConfigurationError extends Error {}

/** The Worker's variables, read and checked. */
export type Configuration = z.infer<typeof Variables>;

const configurations = new WeakMap<object, Configuration>();

/** The checked variables of this environment; an error that names each missing or malformed one. */
export function configuration(env: Env): Configuration {
  const known = configurations.get(env);
  if (known) return known;
  const parsed = Variables.safeParse(env);
  if (!parsed.success) {
    const names = parsed.error.issues.map((issue) => `${issue.path.join('.')} (${issue.message})`);
    throw new ConfigurationError(`Missing or malformed variables: ${names.join('; ')}`);
  }
  configurations.set(env, parsed.data);
  return parsed.data;
}
