import type { Context } from '../../context.ts';
import { openDatabase } from '../../database/database.ts';
import type { Request } from '../../http/app-env.ts';
import { notFound, refuse } from '../../http/problem.ts';
import type { Changing } from '../audit/commit.ts';
import { findDocument } from '../documents/queries.ts';
import { authorize } from '../sign-in/authorize.ts';
import { userById } from '../sign-in/users.ts';
import { sign } from '../uploads/address.ts';
import { ADDRESS_LIFE, type GrantOf } from '../uploads/rules.ts';

/** An address of a document's file as it is now, for a viewer that cannot send headers. It is its user's: what they may, it may. */
export async function linkDocument(
  ctx: Context,
  { id, origin }: { id: string; origin: string },
): Promise<{ url: string; expiresAt: string }> {
  authorize(ctx, 'documents.read');
  const row = await findDocument(ctx, id);
  if (row.version_status !== 'uploaded') refuse('CONFLICT', 'The file is not there yet.');
  const expires = ctx.now + ADDRESS_LIFE;
  const token = await sign(ctx.env, {
    use: 'content',
    organizationId: ctx.tenant.id,
    documentId: id,
    version: row.version,
    userId: ctx.actor.userId,
    expires,
  });
  return { url: `${origin}/files/content/${token}`, expiresAt: new Date(expires).toISOString() };
}

/** Who reads through a link: the user who asked for it, while they may still read documents. */
export async function readerOf(c: Request, grant: GrantOf<'content'>): Promise<Changing> {
  const database = openDatabase(c.env.DB, c.var.usage);
  const user = await userById(database, { organizationId: grant.organizationId, userId: grant.userId });
  if (!user) notFound('document');
  if (user.status !== 'active') refuse('USER_SUSPENDED', `The user is ${user.status}.`);
  if (!user.permissions.includes('documents.read')) refuse('FORBIDDEN', 'You need the permission documents.read.');
  return {
    database,
    tenant: { id: grant.organizationId },
    actor: {
      userId: user.id,
      label: user.email,
      ip: c.req.header('cf-connecting-ip') ?? null,
      userAgent: c.req.header('user-agent')?.slice(0, 500).toWellFormed() ?? null,
    },
    now: Date.now(),
    requestId: c.var.requestId,
    idempotency: null,
  };
}
