import { timestampOf } from '../../time/rules.ts';
import type { AlertView } from './schemas.ts';
import type { AlertRow } from './table.ts';

/** An alert as it is answered. */
export function alertView(row: Omit<AlertRow, 'organization_id' | 'change_id'>): AlertView {
  return {
    id: row.id,
    kind: row.kind,
    severity: row.severity,
    status: row.status,
    participantId: row.participant_id,
    planId: row.plan_id,
    budgetId: row.budget_id,
    periodStart: row.period_start,
    threshold: row.threshold,
    figures: JSON.parse(row.figures),
    at: new Date(row.at).toISOString(),
    acknowledgedAt: timestampOf(row.acknowledged_at),
    acknowledgedBy: row.acknowledged_by,
    resolvedAt: timestampOf(row.resolved_at),
    resolvedBy: row.resolved_by,
  };
}
