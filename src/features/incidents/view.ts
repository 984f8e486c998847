import { timestampOf } from '../../time/rules.ts';
import { clockStatus } from './rules.ts';
import type { IncidentFieldsOutput, IncidentView } from './schemas.ts';
import type { IncidentRow } from './table.ts';

/** An incident as readers see it, its clocks as they stand at `now`. */
export function incidentView(row: IncidentRow, now: number): IncidentView {
  return {
    id: row.id,
    ...incidentFields(row),
    state: row.state,
    reportable: row.reportable === 1,
    occurredAt: new Date(row.occurred_at).toISOString(),
    becameAwareAt: new Date(row.became_aware_at).toISOString(),
    notifyBy: timestampOf(row.notify_by),
    notification: clockStatus({ by: row.notify_by, at: row.notified_at }, now),
    reportBy: timestampOf(row.report_by),
    report: clockStatus({ by: row.report_by, at: row.reported_at }, now),
    createdBy: row.created_by,
    createdAt: new Date(row.created_at).toISOString(),
    updatedAt: new Date(row.updated_at).toISOString(),
  };
}

/** The fields of an incident as they are written: what a merge patch is applied to. */
export function incidentFields(row: IncidentRow): IncidentFieldsOutput {
  return {
    participantId: row.participant_id,
    category: row.category,
    causedHarm: row.caused_harm === 1,
    description: row.description,
    actionsTaken: row.actions_taken,
    state: row.state,
    occurredAt: new Date(row.occurred_at).toISOString(),
    becameAwareAt: new Date(row.became_aware_at).toISOString(),
    reportable: row.reportable === 1,
    notifiedAt: timestampOf(row.notified_at),
    reportedAt: timestampOf(row.reported_at),
    status: row.status,
  };
}
