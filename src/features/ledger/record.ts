import sql, { type Sql } from 'sql-template-tag';
import type { IdempotencyRequest } from '../../context.ts';
import { auditStatement, type Origin } from '../audit/entry.ts';
import { countService } from '../dashboard/count.ts';
import { idempotencyStatement } from '../idempotency/record.ts';
import type { Charge, ServiceRequest, Warning } from '../services/rules.ts';
import type { ServiceRow } from '../services/table.ts';
import { serviceView } from '../services/view.ts';
import type { LedgerKey, LedgerState } from './state.ts';

/** What recording a service needs beside what was chosen. */
export interface Recording {
  /** Chosen by the caller: recording it again is the same service. */
  serviceId: string;
  origin: Origin & { userId: string };
  request: ServiceRequest;
  idempotency: IdempotencyRequest | null;
  at: number;
}

/** What was chosen for the service, and the ledger that it was chosen from. */
export interface Chosen {
  charge: Charge;
  state: LedgerState;
  warnings: Warning[];
}

/** A service as it is to stand: whose, by whom, and in which version of the ledger. */
export interface Delivery extends LedgerKey {
  serviceId: string;
  workerId: string;
  version: number;
  at: number;
  request: ServiceRequest;
  charge: Charge;
}

/** The row of a service as it will stand once its batch is in. */
export function deliveredRow({ request, charge, ...delivery }: Delivery): ServiceRow {
  return {
    id: delivery.serviceId,
    organization_id: delivery.organizationId,
    participant_id: delivery.participantId,
    plan_id: charge.plan.id,
    budget_id: charge.line.id,
    support_item_code: charge.item.code,
    support_item_name: charge.item.name,
    unit: charge.item.unit,
    service_date: request.serviceDate,
    start_time: request.startTime,
    end_time: request.endTime,
    duration_minutes: charge.durationMinutes,
    quantity_hundredths: charge.quantityHundredths,
    unit_price_cents: charge.unitPriceCents,
    total_cost_cents: charge.totalCostCents,
    status: 'completed',
    support_worker_id: delivery.workerId,
    notes: request.notes,
    possible_duplicate_of: null,
    ledger_version: delivery.version,
    revision: 1,
    created_at: delivery.at,
    cancelled_at: null,
    cancelled_by: null,
    cancel_reason: null,
    noted_at: null,
  };
}

/** The service that a recording makes in the version after the one that it was chosen from. */
export function serviceRow(
  { serviceId, request, at, origin }: Recording,
  { charge, state }: Omit<Chosen, 'warnings'>,
): ServiceRow {
  const { organizationId, participantId } = state;
  const version = state.version + 1;
  return deliveredRow({
    serviceId,
    organizationId,
    participantId,
    workerId: origin.userId,
    version,
    at,
    request,
    charge,
  });
}

/** An equal, standing shift of the same worker, as an expression: the earliest one's id, or null. */
export function equalService(
  row: Pick<
    ServiceRow,
    'organization_id' | 'participant_id' | 'service_date' | 'support_item_code' | 'start_time' | 'support_worker_id'
  >,
): Sql {
  return sql`(SELECT min(id) FROM services INDEXED BY services_by_participant WHERE participant_id = ${row.participant_id} AND service_date = ${row.service_date}
    AND support_item_code = ${row.support_item_code} AND start_time IS ${row.start_time}
    AND support_worker_id = ${row.support_worker_id} AND status = 'completed' AND organization_id = ${row.organization_id})`;
}

/**
 * The batch that records a service. The first statement checks again what was chosen from memory; every later one
 * takes effect only if the service is there, so that a stale choice writes nothing.
 */
export function recordStatements(recording: Recording, { charge, state, warnings }: Chosen): Sql[] {
  const row = serviceRow(recording, { charge, state });
  const { line, plan } = charge;
  const cost = row.total_cost_cents;
  const organizationId = state.organizationId;
  const proof = sql`EXISTS (SELECT 1 FROM services WHERE id = ${row.id} AND organization_id = ${organizationId})`;
  const commit = { organizationId, userId: recording.origin.userId, at: recording.at, proof };
  const { possible_duplicate_of: _, ...values } = row;
  const statements = [
    sql`INSERT INTO services (id, organization_id, participant_id, plan_id, budget_id, support_item_code, support_item_name, unit,
        service_date, start_time, end_time, duration_minutes, quantity_hundredths, unit_price_cents, total_cost_cents, status,
        support_worker_id, notes, ledger_version, revision, created_at, possible_duplicate_of)
      SELECT ${row.id}, ${organizationId}, participant.id, plan.id, budget.id, ${row.support_item_code}, ${row.support_item_name},
        ${row.unit}, ${row.service_date}, ${row.start_time}, ${row.end_time}, ${row.duration_minutes}, ${row.quantity_hundredths},
        ${row.unit_price_cents}, ${cost}, 'completed', ${row.support_worker_id}, ${row.notes}, ${row.ledger_version}, 1,
        ${row.created_at}, ${equalService(row)}
      FROM participants participant
      JOIN plans plan ON plan.id = ${plan.id} AND plan.participant_id = participant.id
      JOIN budgets budget ON budget.id = ${line.id} AND budget.plan_id = plan.id
      WHERE participant.id = ${state.participantId} AND participant.organization_id = ${organizationId}
        AND participant.status = ${state.status} AND participant.ledger_version = ${state.version}
        AND participant.pricing_zone = ${state.pricingZone}
        AND plan.start_date <= ${row.service_date} AND plan.end_date >= ${row.service_date}
        AND budget.pool_id = ${line.poolId} AND budget.category_code = ${line.categoryCode}
        AND budget.support_item_code IS ${line.supportItemCode}
      RETURNING possible_duplicate_of`,
    sql`UPDATE pool_boundaries SET spent_cents = spent_cents + ${cost}
      WHERE pool_id = ${line.poolId} AND ends_on >= ${row.service_date} AND organization_id = ${organizationId} AND ${proof}
      RETURNING ends_on, released_cents, spent_cents`,
    sql`UPDATE budgets SET spent_cents = spent_cents + ${cost} WHERE id = ${line.id} AND organization_id = ${organizationId} AND ${proof}
      RETURNING spent_cents`,
    sql`UPDATE plans SET spent_cents = spent_cents + ${cost} WHERE id = ${plan.id} AND organization_id = ${organizationId} AND ${proof}`,
    sql`UPDATE participants SET ledger_version = ${row.ledger_version}
      WHERE id = ${state.participantId} AND organization_id = ${organizationId} AND ${proof}`,
    sql`INSERT INTO ledger_entries (participant_id, version, number, organization_id, budget_id, kind, allocated_delta_cents,
        spent_delta_cents, effective_on, service_id, actor_id, at)
      SELECT ${state.participantId}, ${row.ledger_version}, 1, ${organizationId}, ${line.id}, 'service.recorded', 0, ${cost}, NULL,
        ${row.id}, ${recording.origin.userId}, ${recording.at} WHERE ${proof}`,
    countService({ organizationId, date: row.service_date, cents: cost }, { by: 1, proof }),
    auditStatement(
      {
        origin: recording.origin,
        action: 'service.created',
        entityId: row.id,
        changeId: row.id,
        after: auditedService(values),
      },
      commit,
    ),
  ];
  if (recording.idempotency) {
    const body = JSON.stringify({ ...serviceView(row), warnings });
    const answer = {
      status: 201 as const,
      headers: { Location: `/v1/services/${row.id}`, ETag: '"1"' },
      // Only the database knows of an equal shift; it adds the warning where the answer keeps them.
      body: sql`(SELECT CASE WHEN possible_duplicate_of IS NULL THEN ${body} ELSE json_insert(${body}, '$.warnings[#]',
        json_object('code', 'POSSIBLE_DUPLICATE', 'serviceId', possible_duplicate_of)) END FROM services WHERE id = ${row.id} AND organization_id = ${organizationId})`,
    };
    statements.push(idempotencyStatement({ request: recording.idempotency, answer }, commit));
  }
  return statements;
}

/** A service as the record keeps it: without what was noted. */
export function auditedService(row: Omit<ServiceRow, 'possible_duplicate_of'>): Record<string, unknown> {
  const { notes: _, ...view } = serviceView({ ...row, possible_duplicate_of: null });
  return view;
}
