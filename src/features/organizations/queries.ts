import sql, { raw } from 'sql-template-tag';
import type { Context } from '../../context.ts';
import { notFound } from '../../http/problem.ts';
import type { OrganizationRow } from './table.ts';

export const ORGANIZATION_COLUMNS = raw(
  `id, name, abn, registration_number, time_zone, currency, date_format, business_hours, claim_duration, alert_settings, subscription_plan,
  subscription_status, current_period_end, participant_limit, participant_count, features, contacts, revision, change_id,
  created_at, updated_at`,
);

/** The caller's own organisation. */
export async function findOrganization(ctx: Context): Promise<OrganizationRow> {
  const [[row]] = await ctx.database.read<[OrganizationRow]>(
    sql`SELECT ${ORGANIZATION_COLUMNS} FROM organizations WHERE id = ${ctx.tenant.id}`,
  );
  return row ?? notFound('organisation');
}
