import sql, { raw, type Sql } from 'sql-template-tag';

export const SERVICE_COLUMNS = raw(
  `id, organization_id, participant_id, plan_id, budget_id, support_item_code, support_item_name, unit, service_date, start_time,
  end_time, duration_minutes, quantity_hundredths, unit_price_cents, total_cost_cents, status, support_worker_id, notes,
  possible_duplicate_of, ledger_version, revision, created_at, cancelled_at, cancelled_by, cancel_reason, noted_at`,
);

/** The read of one service. */
export function serviceStatement(id: string, organizationId: string): Sql {
  return sql`SELECT ${SERVICE_COLUMNS} FROM services WHERE id = ${id} AND organization_id = ${organizationId}`;
}
