import sql, { raw, type Sql } from 'sql-template-tag';
import { type AuditItem, auditAll, insertAll, jsonParts, type Work } from '../import-runs/step.ts';
import { auditedService } from '../ledger/record.ts';
import type { ParticipantRow } from '../participants/table.ts';
import type { Charge, ServiceRequest } from '../services/rules.ts';
import type { ServiceRow } from '../services/table.ts';

/** A shift that is to be recorded, and the ledger's version with it. */
export interface Recorded {
  row: number;
  serviceId: string;
  /** As it was read: nobody may have changed it when the batch comes. */
  participant: Pick<ParticipantRow, 'id' | 'ledger_version' | 'revision'>;
  request: ServiceRequest;
  charge: Charge;
  worker: string;
  version: number;
}

const SERVICE: (keyof ServiceRow)[] = [
  'id',
  'organization_id',
  'participant_id',
  'plan_id',
  'budget_id',
  'support_item_code',
  'support_item_name',
  'unit',
  'service_date',
  'start_time',
  'end_time',
  'duration_minutes',
  'quantity_hundredths',
  'unit_price_cents',
  'total_cost_cents',
  'status',
  'support_worker_id',
  'notes',
  'ledger_version',
  'revision',
  'created_at',
];
const ENTRY = [
  'participant_id',
  'version',
  'number',
  'organization_id',
  'budget_id',
  'kind',
  'allocated_delta_cents',
  'spent_delta_cents',
  'service_id',
  'actor_id',
  'at',
];

/** What must still be true when the shifts are written: nobody has changed their participants. */
export function guardsOf(work: Work, recorded: readonly Recorded[]): Sql[] {
  const seen = [...new Map(recorded.map(({ participant }) => [participant.id, participant])).values()];
  if (seen.length === 0) return [];
  const list = JSON.stringify(seen.map(({ id, ledger_version, revision }) => ({ id, ledger_version, revision })));
  return [
    sql`(SELECT count(*) FROM json_each(${list}) seen
      CROSS JOIN participants ON participants.id = seen.value ->> 'id' AND +participants.organization_id = ${work.organizationId}
      WHERE participants.ledger_version = seen.value ->> 'ledger_version' AND participants.revision = seen.value ->> 'revision'
        AND participants.status <> 'archived') = ${seen.length}`,
  ];
}

function serviceRow(work: Work, recorded: Recorded): ServiceRow {
  const { serviceId, participant, request, charge, worker, version } = recorded;
  return {
    id: serviceId,
    organization_id: work.organizationId,
    participant_id: participant.id,
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
    support_worker_id: worker,
    notes: request.notes,
    ledger_version: version,
    revision: 1,
    created_at: work.now,
    possible_duplicate_of: null,
    cancelled_at: null,
    cancelled_by: null,
    cancel_reason: null,
  };
}

/** Sums by a key: `add` once for each amount. */
function sums() {
  const totals = new Map<string, number>();
  return {
    totals,
    add: (key: string, cents: number) => totals.set(key, (totals.get(key) ?? 0) + cents),
  };
}

// The `+` keeps the planner from walking the organisation's rows: the key finds each row.
function addAll(
  { table, totals }: { table: 'budgets' | 'plans'; totals: ReadonlyMap<string, number> },
  { work, proof }: { work: Work; proof: Sql },
): Sql[] {
  const name = raw(table);
  return jsonParts([...totals].map(([id, cents]) => ({ id, cents }))).map(
    (part) => sql`UPDATE ${name} SET spent_cents = spent_cents + (more.value ->> 'cents') FROM json_each(${part}) more
      WHERE ${name}.id = more.value ->> 'id' AND +${name}.organization_id = ${work.organizationId} AND ${proof}`,
  );
}

/** The batch of shifts: services, boundaries, totals, versions, entries and audit rows, all under `proof`. */
export function writeAll(work: Work, { recorded, proof }: { recorded: readonly Recorded[]; proof: Sql }): Sql[] {
  const services = recorded.map((one) => serviceRow(work, one));
  const boundaries = sums();
  const budgets = sums();
  const plans = sums();
  const versions = new Map<string, number>();
  for (const { participant, request, charge, version } of recorded) {
    const { plan, line, totalCostCents } = charge;
    budgets.add(line.id, totalCostCents);
    plans.add(plan.id, totalCostCents);
    versions.set(participant.id, version);
    for (const { endsOn } of plan.boundaries.get(line.poolId) ?? []) {
      if (endsOn >= request.serviceDate) boundaries.add(JSON.stringify([line.poolId, endsOn]), totalCostCents);
    }
  }
  const entries = services.map((service) => ({
    participant_id: service.participant_id,
    version: service.ledger_version,
    number: 1,
    organization_id: work.organizationId,
    budget_id: service.budget_id,
    kind: 'service.recorded',
    allocated_delta_cents: 0,
    spent_delta_cents: service.total_cost_cents,
    service_id: service.id,
    actor_id: work.userId,
    at: work.now,
  }));
  const audits = services.map((service, index): AuditItem => {
    const row = recorded[index]?.row ?? 0;
    return {
      action: 'service.created',
      entityId: service.id,
      changeId: service.id,
      row,
      after: auditedService(service),
    };
  });
  const pools = [...boundaries.totals].map(([key, cents]) => {
    const [pool, on] = JSON.parse(key);
    return { pool, on, cents };
  });
  return [
    ...insertAll({ table: 'services', columns: SERVICE, items: services }, proof),
    ...jsonParts(pools).map(
      (
        part,
      ) => sql`UPDATE pool_boundaries SET spent_cents = spent_cents + (more.value ->> 'cents') FROM json_each(${part}) more
        WHERE pool_boundaries.pool_id = more.value ->> 'pool' AND pool_boundaries.ends_on = more.value ->> 'on'
          AND +pool_boundaries.organization_id = ${work.organizationId} AND ${proof}`,
    ),
    ...addAll({ table: 'budgets', totals: budgets.totals }, { work, proof }),
    ...addAll({ table: 'plans', totals: plans.totals }, { work, proof }),
    ...jsonParts([...versions].map(([id, version]) => ({ id, version }))).map(
      (part) => sql`UPDATE participants SET ledger_version = new.value ->> 'version' FROM json_each(${part}) new
        WHERE participants.id = new.value ->> 'id' AND +participants.organization_id = ${work.organizationId} AND ${proof}`,
    ),
    ...insertAll({ table: 'ledger_entries', columns: ENTRY, items: entries }, proof),
    ...auditAll(work, { items: audits, proof }),
  ];
}
