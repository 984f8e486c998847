import sql from 'sql-template-tag';
import type { Context } from '../../context.ts';
import { type Database, rowsAs } from '../../database/database.ts';
import { sha256 } from '../../text/digest.ts';

/** How long a ticket opens a socket (ms). */
const LIFE = 60_000;

export interface Ticket {
  ticket: string;
  expiresAt: string;
}

/** A single-use ticket for a socket, which cannot send an Authorization header from a browser. */
export async function issueTicket(ctx: Context): Promise<Ticket> {
  const ticket = `${crypto.randomUUID()}${crypto.randomUUID()}`.replaceAll('-', '');
  const expiresAt = ctx.now + LIFE;
  await ctx.database.write([
    sql`INSERT INTO live_tickets (ticket_hash, organization_id, user_id, expires_at)
      VALUES (${await sha256(ticket)}, ${ctx.tenant.id}, ${ctx.actor.userId}, ${expiresAt})`,
  ]);
  return { ticket, expiresAt: new Date(expiresAt).toISOString() };
}

/** Uses a ticket up. Whose it was; null when there is no such ticket any more. */
export async function redeemTicket(
  database: Database,
  { ticket, now }: { ticket: string; now: number },
): Promise<{ organizationId: string; userId: string } | null> {
  const [taken] = await database.write([
    sql`DELETE FROM live_tickets WHERE ticket_hash = ${await sha256(ticket)} RETURNING organization_id, user_id, expires_at`,
  ]);
  const [row] = rowsAs<{ organization_id: string; user_id: string; expires_at: number }>(taken);
  if (!row || row.expires_at < now) return null;
  return { organizationId: row.organization_id, userId: row.user_id };
}
