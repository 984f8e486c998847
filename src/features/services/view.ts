import { timestampOf } from '../../time/rules.ts';
import type { ServiceRow } from './table.ts';

/** A service as clients see it; amounts in cents. */
export interface ServiceView {
  id: string;
  participantId: string;
  planId: string;
  budgetId: string;
  supportItemCode: string;
  supportItemName: string;
  unit: string;
  serviceDate: string;
  startTime: string | null;
  endTime: string | null;
  durationMinutes: number | null;
  quantity: number | null;
  unitPriceCents: number;
  totalCostCents: number;
  status: ServiceRow['status'];
  supportWorkerId: string;
  notes: string;
  notedAt: string | null;
  ledgerVersion: number;
  createdAt: string;
  cancelledAt: string | null;
  cancelReason: string | null;
}

/** The row of a service as clients see it. */
export function serviceView(row: ServiceRow): ServiceView {
  return {
    id: row.id,
    participantId: row.participant_id,
    planId: row.plan_id,
    budgetId: row.budget_id,
    supportItemCode: row.support_item_code,
    supportItemName: row.support_item_name,
    unit: row.unit,
    serviceDate: row.service_date,
    startTime: row.start_time,
    endTime: row.end_time,
    durationMinutes: row.duration_minutes,
    quantity: row.quantity_hundredths === null ? null : row.quantity_hundredths / 100,
    unitPriceCents: row.unit_price_cents,
    totalCostCents: row.total_cost_cents,
    status: row.status,
    supportWorkerId: row.support_worker_id,
    notes: row.notes,
    notedAt: row.notes === '' ? null : new Date(row.noted_at ?? row.created_at).toISOString(),
    ledgerVersion: row.ledger_version,
    createdAt: new Date(row.created_at).toISOString(),
    cancelledAt: timestampOf(row.cancelled_at),
    cancelReason: row.cancel_reason,
  };
}
