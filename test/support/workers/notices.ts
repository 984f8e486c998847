import { env } from 'cloudflare:workers';
import sql from 'sql-template-tag';
import { openDatabase } from '../../../src/database/database.ts';
import { countAlerts } from '../../../src/features/dashboard/count.ts';
import { newId } from '../../../src/ids.ts';
import type { Tenant } from './tenant.ts';

type About = Tenant & { participantId: string };

/** An alert as it is stored. */
export async function storedAlert(
  { organizationId, participantId }: About,
  { status = 'open', severity = 'warning', kind = 'budget_threshold' } = {},
): Promise<string> {
  const id = newId('alr');
  const at = Date.now();
  await env.DB.prepare(
    `INSERT INTO alerts (id, organization_id, participant_id, subject_id, kind, severity, status, period_start, threshold, at,
      resolved_at) VALUES (?1, ?2, ?3, ?1, ?4, ?5, ?6, '2026-01-01', 75, ?7, ?8)`,
  )
    .bind(id, organizationId, participantId, kind, severity, status, at, status === 'resolved' ? at : null)
    .run();
  await openDatabase(env.DB).write(countAlerts(organizationId, sql`alerts.id = ${id}`));
  return id;
}

/** A job run as it is stored; `place` is a day of its own. */
export async function storedRun({ organizationId }: Tenant, place: number): Promise<string> {
  const id = newId('run');
  const job = place % 2 === 0 ? 'daily-budget-check' : 'plan-expiry-check';
  const day = new Date(Date.UTC(2026, 0, 1) + place * 86_400_000).toISOString().slice(0, 10);
  await env.DB.prepare('INSERT INTO job_runs (id, organization_id, job, due_on, created_at) VALUES (?, ?, ?, ?, ?)')
    .bind(id, organizationId, job, day, Date.now())
    .run();
  return id;
}

/** An e-mail as it is stored. */
export async function storedEmail({ organizationId, admin }: Tenant, template = 'mention'): Promise<string> {
  const id = newId('eml');
  await env.DB.prepare(
    `INSERT INTO email_logs (id, organization_id, template, entity_id, occasion, user_id, to_address, subject, body_text, body_html,
      status, at, updated_at) VALUES (?1, ?2, ?3, 'msg', ?1, ?4, 'a@example.com', 'Hello', 'Hello', '<p>Hello</p>', 'sent', ?5, ?5)`,
  )
    .bind(id, organizationId, template, admin.userId, Date.now())
    .run();
  return id;
}
