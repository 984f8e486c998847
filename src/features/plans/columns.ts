import sql, { raw, type Sql } from 'sql-template-tag';

export const PLAN_COLUMNS = raw(
  `id, organization_id, participant_id, plan_number, start_date, end_date, review_date, plan_manager, support_coordinator_id, goals,
  system, management_type, dates_history, allocated_cents, spent_cents, revision, created_at, updated_at`,
);

/** The read of one plan. */
export function planStatement(id: string, organizationId: string): Sql {
  return sql`SELECT ${PLAN_COLUMNS} FROM plans WHERE id = ${id} AND organization_id = ${organizationId}`;
}
