import { env } from 'cloudflare:workers';
import { newId } from '../../../src/ids.ts';
import { tenDollars } from './care.ts';
import type { Tenant } from './tenant.ts';

type About = Tenant & { participantId: string };

/** An incident as it is stored: one that the Commission need not be told of. */
export async function storedIncident(
  { organizationId, admin }: Tenant,
  {
    participantId = null,
    status = 'open',
    category = 'other',
  }: { participantId?: string | null; status?: string; category?: string } = {},
): Promise<string> {
  const id = newId('inc');
  await env.DB.prepare(
    `INSERT INTO incidents (id, organization_id, participant_id, category, caused_harm, description, actions_taken, state, occurred_at,
      became_aware_at, reportable, status, created_by, created_at, updated_at)
      VALUES (?1, ?2, ?3, ?4, 0, 'Lost a bag.', '', 'NSW', ?5, ?5, 0, ?6, ?7, ?5, ?5)`,
  )
    .bind(id, organizationId, participantId, category, Date.now(), status, admin.userId)
    .run();
  return id;
}

/** How a participant's records stand, as it is stored. */
export async function storedCheck({ organizationId, participantId }: About, score: number | null): Promise<void> {
  await env.DB.prepare(
    `INSERT INTO compliance_checks (participant_id, organization_id, score, hard_fail, inputs, checked_at) VALUES (?, ?, ?, 0, '[]', ?)`,
  )
    .bind(participantId, organizationId, score, Date.now())
    .run();
}

/** A figure as it is stored. */
export async function storedMetric(
  { organizationId, admin }: Tenant,
  { metric = 'shift.sync.seconds', at = Date.now() } = {},
): Promise<string> {
  const id = newId('met');
  await env.DB.prepare(
    `INSERT INTO metrics (id, organization_id, metric, value, tags, user_id, at) VALUES (?, ?, ?, 4.2, '{"app":"ios"}', ?, ?)`,
  )
    .bind(id, organizationId, metric, admin.userId, at)
    .run();
  return id;
}

/** A service that was recorded without a note: a note is written once. */
export async function unnotedService({ admin, participantId }: About): Promise<string> {
  const { status, body } = await admin.post('/v1/services', tenDollars(participantId));
  if (status !== 201) throw new Error(`not recorded: ${JSON.stringify(body)}`);
  return body.id;
}

/** A user whose mail has come back. */
export async function bouncedUser({ user }: Tenant): Promise<string> {
  const { userId } = await user('viewer');
  await env.DB.prepare('UPDATE users SET email_bounced_at = ? WHERE id = ?').bind(Date.now(), userId).run();
  return userId;
}
