import sql, { raw } from 'sql-template-tag';
import type { Database } from '../../database/database.ts';
import { addDays, dateAt, instantOf, startOfDate } from '../../time/rules.ts';
import { type Facts, windowStart } from './rules.ts';

/** Whose records are looked at, and when. */
export interface Looking {
  database: Database;
  organizationId: string;
  timeZone: string;
  participantIds: readonly string[];
  now: number;
}

/** What was kept of the last look. */
export interface Kept {
  compliance_score: number | null;
  hard_fail: number | null;
  inputs: string | null;
  checked_at: number | null;
}

interface ServiceFact {
  id: string;
  participant_id: string;
  service_date: string;
  start_time: string | null;
  end_time: string | null;
  support_worker_id: string;
  noted_at: number | null;
}
interface WorkerFact {
  id: string;
  screening: string | null;
}
interface DocumentFact {
  id: string;
  participant_id: string;
  type: string;
  valid_from: string | null;
  valid_to: string | null;
  created_at: number;
}
interface IncidentFact {
  id: string;
  participant_id: string;
  became_aware_at: number;
  notify_by: number | null;
  notified_at: number | null;
  report_by: number | null;
  reported_at: number | null;
}
interface PlanFact {
  id: string;
  participant_id: string;
  start_date: string;
  end_date: string;
}

/** When a shift was over: by its end, on the next day if that is before its start; without times, with its day. */
function endOf({ service_date: date, start_time: start, end_time: end }: ServiceFact, zone: string): number {
  const midnight = startOfDate(zone, addDays(date, 1));
  if (start === null || end === null) return midnight;
  return instantOf(zone, { date: end <= start ? addDays(date, 1) : date, time: end }) ?? midnight;
}

/**
 * What is known of participants who are not archived, and what was kept of the last look, in one round trip. Those who
 * are not here are left out.
 */
export async function complianceFacts(looking: Looking): Promise<{ facts: Facts; kept: Kept }[]> {
  const { database, organizationId, timeZone, now } = looking;
  const today = dateAt(timeZone, now);
  const people = sql`FROM json_each(${JSON.stringify(looking.participantIds)}) person`;
  const of = (table: string) =>
    sql`${raw(table)}.participant_id = person.value AND +${raw(table)}.organization_id = ${organizationId}`;
  const delivered = sql`${people} CROSS JOIN services INDEXED BY services_by_participant ON ${of('services')}
    AND services.service_date >= ${windowStart(today)} AND services.service_date <= ${today} AND services.status = 'completed'`;
  const [participants, services, workers, documents, incidents, plans] = await database.read<
    [Kept & { id: string }, ServiceFact, WorkerFact, DocumentFact, IncidentFact, PlanFact]
  >(
    sql`SELECT participants.id, participants.compliance_score, kept.hard_fail, kept.inputs, kept.checked_at
      ${people} CROSS JOIN participants ON participants.id = person.value
        AND +participants.organization_id = ${organizationId} AND participants.status <> 'archived'
      LEFT JOIN compliance_checks kept ON kept.participant_id = participants.id`,
    sql`SELECT services.id, services.participant_id, services.service_date, services.start_time, services.end_time,
        services.support_worker_id, CASE WHEN services.notes <> '' THEN coalesce(services.noted_at, services.created_at) END AS noted_at
      ${delivered}`,
    sql`SELECT users.id, users.screening FROM (SELECT DISTINCT services.support_worker_id AS worker_id ${delivered}) rostered
      CROSS JOIN users ON users.id = rostered.worker_id AND +users.organization_id = ${organizationId}`,
    sql`SELECT documents.id, documents.participant_id, documents.type, documents.valid_from, documents.valid_to, documents.created_at
      ${people} CROSS JOIN documents INDEXED BY documents_by_participant_key ON ${of('documents')}
        AND documents.status = 'uploaded' AND documents.type IN ('service_agreement', 'assessment', 'consent')`,
    sql`SELECT incidents.id, incidents.participant_id, incidents.became_aware_at, incidents.notify_by, incidents.notified_at,
        incidents.report_by, incidents.reported_at
      ${people} CROSS JOIN incidents INDEXED BY incidents_participant_key ON ${of('incidents')} AND incidents.reportable = 1`,
    sql`SELECT plans.id, plans.participant_id, plans.start_date, plans.end_date ${people} CROSS JOIN plans ON ${of('plans')}`,
  );
  const known = new Map(workers.map(({ id, screening }) => [id, screening === null ? null : JSON.parse(screening)]));
  const by = {
    services: Map.groupBy(services, ({ participant_id }) => participant_id),
    documents: Map.groupBy(documents, ({ participant_id }) => participant_id),
    incidents: Map.groupBy(incidents, ({ participant_id }) => participant_id),
    plans: Map.groupBy(plans, ({ participant_id }) => participant_id),
  };
  return participants.map(({ id, ...kept }) => ({
    kept,
    facts: {
      participantId: id,
      today,
      now,
      services: (by.services.get(id) ?? []).map((row) => ({
        id: row.id,
        serviceDate: row.service_date,
        workerId: row.support_worker_id,
        endedAt: endOf(row, timeZone),
        notedAt: row.noted_at,
      })),
      workers: known,
      documents: (by.documents.get(id) ?? []).map((row) => ({
        id: row.id,
        type: row.type,
        validFrom: row.valid_from,
        validTo: row.valid_to,
        madeOn: dateAt(timeZone, row.created_at),
      })),
      incidents: (by.incidents.get(id) ?? []).map((row) => ({
        id: row.id,
        becameAwareAt: row.became_aware_at,
        notifyBy: row.notify_by,
        notifiedAt: row.notified_at,
        reportBy: row.report_by,
        reportedAt: row.reported_at,
      })),
      plans: (by.plans.get(id) ?? []).map((row) => ({ id: row.id, startDate: row.start_date, endDate: row.end_date })),
    },
  }));
}
