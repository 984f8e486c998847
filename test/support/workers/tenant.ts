import { env, exports } from 'cloudflare:workers';
import { importJWK, SignJWT } from 'jose';
import type { Role } from '../../../src/features/sign-in/rules.ts';
import { newId } from '../../../src/ids.ts';

/** Tests see answers as they come: whatever a test expects of them is its own to say. */
// biome-ignore lint/suspicious/noExplicitAny: an answer's shape is what the test is about
export type Json = any;

export interface Answer {
  status: number;
  body: Json;
  headers: Headers;
}

export interface Caller {
  userId: string;
  token: string;
  request: (
    method: string,
    path: string,
    options?: { body?: unknown; headers?: Record<string, string> },
  ) => Promise<Answer>;
  get: (path: string, headers?: Record<string, string>) => Promise<Answer>;
  post: (path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>;
  patch: (path: string, body: unknown, headers?: Record<string, string>) => Promise<Answer>;
  delete: (path: string, body: unknown, headers?: Record<string, string>) => Promise<Answer>;
}

export interface Tenant {
  organizationId: string;
  admin: Caller;
  /** A new user of the organisation. */
  user: (role: Role, options?: { permissions?: string[]; status?: string }) => Promise<Caller>;
}

const keys = JSON.parse(env.TEST_KEYS);

/** A token of the tests' sign-in. */
export async function token(subject: string, claims: Record<string, unknown> = {}): Promise<string> {
  const key = await importJWK(keys.privateJwk, 'RS256');
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({ iss: keys.issuer, sub: subject, iat: now, exp: now + 3600, ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: keys.publicJwk.kid })
    .sign(key);
}

/** Sends a request to the Worker as it is deployed. */
export async function send(
  method: string,
  path: string,
  options: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { body, headers = {} } = options;
  const asItIs = body === undefined || typeof body === 'string' || body instanceof Uint8Array;
  const text = asItIs ? body : JSON.stringify(body);
  const response = await exports.default.fetch(`https://caddy.test${path}`, {
    method,
    headers: { ...(text === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(text === undefined ? {} : { body: text }),
  });
  // Not by `text()`, which warns of files that are no text.
  const content = new TextDecoder().decode(await response.arrayBuffer());
  let parsed: Json = content;
  try {
    parsed = content === '' ? null : JSON.parse(content);
  } catch {}
  return { status: response.status, body: parsed, headers: response.headers };
}

export function caller(userId: string, bearer: string): Caller {
  const request: Caller['request'] = (method, path, options = {}) =>
    send(method, path, { ...options, headers: { authorization: `Bearer ${bearer}`, ...options.headers } });
  return {
    userId,
    token: bearer,
    request,
    get: (path, headers = {}) => request('GET', path, { headers }),
    post: (path, body, headers = {}) => request('POST', path, { body, headers }),
    patch: (path, body, headers = {}) => request('PATCH', path, { body, headers }),
    delete: (path, body, headers = {}) => request('DELETE', path, { body, headers }),
  };
}

export interface OrganizationOptions {
  timeZone?: string;
  participantLimit?: number | null;
  subscriptionStatus?: string;
  features?: string[];
}

/** An organisation of the test's own, with an administrator. */
export async function newTenant(options: OrganizationOptions = {}): Promise<Tenant> {
  const organizationId = newId('org');
  const now = Date.now();
  await env.DB.prepare(
    `INSERT INTO organizations (id, name, time_zone, business_hours, subscription_plan, subscription_status, participant_limit, features,
      created_at, updated_at) VALUES (?, 'Test Provider', ?, '{"start":"09:00","end":"17:00","workDays":[1,2,3,4,5]}', 'pro', ?, ?, ?, ?, ?)`,
  )
    .bind(
      organizationId,
      options.timeZone ?? 'Australia/Sydney',
      options.subscriptionStatus ?? 'active',
      options.participantLimit ?? null,
      JSON.stringify(options.features ?? ['imports', 'claims', 'messages']),
      now,
      now,
    )
    .run();
  const user: Tenant['user'] = async (role, more = {}) => {
    const userId = newId('usr');
    const externalId = `ext_${userId}`;
    await env.DB.prepare(
      `INSERT INTO users (id, organization_id, external_id, email, email_key, first_name, last_name, role, permissions, preferences, status,
        created_at, updated_at) VALUES (?, ?, ?, ?, ?, 'Test', 'User', ?, ?, ?, ?, ?, ?)`,
    )
      .bind(
        userId,
        organizationId,
        externalId,
        `${userId}@example.com`,
        `${userId}@example.com`,
        role,
        JSON.stringify(more.permissions ?? []),
        '{"notifications":{"email":true,"inApp":true,"sms":true},"defaultView":"participants","shortcuts":[]}',
        more.status ?? 'active',
        now,
        now,
      )
      .run();
    return caller(userId, await token(externalId));
  };
  return { organizationId, admin: await user('admin'), user };
}
