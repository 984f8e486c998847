import type { MiddlewareHandler } from 'hono';
import sql from 'sql-template-tag';
import { openDatabase } from '../../database/database.ts';
import { configuration } from '../../env.ts';
import type { AppEnv, Request } from '../../http/app-env.ts';
import { AppError, refuse } from '../../http/problem.ts';
import { isStorable } from '../../text/rules.ts';
import { dateAt } from '../../time/rules.ts';
import { redeemTicket } from '../live/tickets.ts';
import { verifyToken } from './tokens.ts';
import { type SignedInUser, userById, userOf } from './users.ts';

/** How old `lastActiveAt` may be before a request renews it (ms). */
const ACTIVITY = 5 * 60_000;

function unauthenticated(detail: string): never {
  const challenge = { 'WWW-Authenticate': 'Bearer realm="caddy"' };
  throw new AppError({ code: 'UNAUTHENTICATED', detail }, challenge);
}

async function userFromToken(c: Request, now: number): Promise<{ user: SignedInUser; fresh: boolean }> {
  const [scheme, token] = (c.req.header('authorization') ?? '').split(' ');
  if (scheme?.toLowerCase() !== 'bearer' || !token) unauthenticated('Send a token: Authorization: Bearer …');
  const verified = await verifyToken(c.env, { token, now });
  if (!verified) unauthenticated('The token is not valid here, or has expired.');
  const database = openDatabase(c.env.DB, c.var.usage);
  const found = await userOf(database, { subject: verified.subject, now });
  if (!found) refuse('USER_NOT_PROVISIONED', 'Nobody here has this sign-in: ask an administrator to add you.');
  return found;
}

async function userFromTicket(c: Request, { ticket, now }: { ticket: string; now: number }): Promise<SignedInUser> {
  const database = openDatabase(c.env.DB, c.var.usage);
  const holder = await redeemTicket(database, { ticket, now });
  const user = holder ? await userById(database, holder) : null;
  if (!user) unauthenticated('The ticket is not valid, was used, or is older than a minute.');
  return user;
}

/** Notes that the user was here, at most every few minutes, after the answer. Nothing depends on it. */
function noteActivity(c: Request, { user, now }: { user: SignedInUser; now: number }): void {
  if (user.lastActiveAt !== null && now - user.lastActiveAt < ACTIVITY) return;
  const note = sql`UPDATE users SET last_active_at = ${now} WHERE id = ${user.id} AND organization_id = ${user.tenant.id}`;
  c.executionCtx.waitUntil(
    openDatabase(c.env.DB)
      .write([note])
      .catch(() => undefined),
  );
}

/** Signs the caller in by token, or on a socket's route by ticket, and makes the request's context. */
export const session: MiddlewareHandler<AppEnv> = async (c, next) => {
  const now = Date.now();
  // A ticket is for sockets alone: it stands in an address, which is not kept as secret as a header.
  const ticket =
    c.req.header('upgrade') !== undefined && c.req.path.endsWith('/live') ? c.req.query('ticket') : undefined;
  const { user, fresh } =
    ticket === undefined
      ? await userFromToken(c, now)
      : { user: await userFromTicket(c, { ticket, now }), fresh: true };
  if (user.status !== 'active') refuse('USER_SUSPENDED', `The user is ${user.status}.`);
  await limitRate(c, user);
  if (fresh) noteActivity(c, { user, now });
  const userAgent = c.req.header('user-agent')?.slice(0, 500) ?? null;
  c.set('context', {
    database: openDatabase(c.env.DB, c.var.usage),
    env: c.env,
    tenant: user.tenant,
    actor: {
      userId: user.id,
      role: user.role,
      permissions: user.permissions,
      label: user.email,
      ip: c.req.header('cf-connecting-ip') ?? null,
      userAgent: userAgent !== null && isStorable(userAgent) ? userAgent : null,
    },
    now,
    today: dateAt(user.tenant.timeZone, now),
    requestId: c.var.requestId,
    idempotency: null,
    later: (work) => c.executionCtx.waitUntil(work.catch(() => undefined)),
  });
  return next();
};

async function limitRate(c: Request, user: SignedInUser): Promise<void> {
  if (!configuration(c.env).RATE_LIMIT) return;
  const { success } = await c.env.RATE_LIMITER.limit({ key: user.id });
  if (success) return;
  const detail = 'That is more than 600 requests in 10 seconds: slow down.';
  throw new AppError({ code: 'RATE_LIMITED', detail }, { 'Retry-After': '10' });
}
