import sql, { raw, type Sql } from 'sql-template-tag';
import { countPlans } from '../dashboard/count.ts';
import {
  type AuditItem,
  alertsFor,
  auditAll,
  insertAll,
  jsonParts,
  unchangedParticipants,
  type Work,
} from '../import-runs/step.ts';
import { auditedService, deliveredRow } from '../ledger/record.ts';
import type { ParticipantRow } from '../participants/table.ts';
import type { Charge, ServiceRequest } from '../services/rules.ts';

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

/** What must still be true when the shifts are written: nobody has changed their participants. */
export function guardsOf(work: Work, recorded: readonly Recorded[]): Sql[] {
  const seen = [...new Map(recorded.map(({ participant }) => [participant.id, participant])).values()];
  return unchangedParticipants(work, seen);
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
  const { organizationId, now: at } = work;
  const services = recorded.map(({ participant, worker: workerId, ...one }) =>
    deliveredRow({ ...one, organizationId, participantId: participant.id, workerId, at }),
  );
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
    ...insertAll({ table: 'services', items: services }, proof),
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
    ...touchedPools(work, { recorded, proof }),
    ...countAll(work, { recorded, proof }),
    ...insertAll({ table: 'ledger_entries', items: entries }, proof),
    ...auditAll(work, { items: audits, proof }),
  ];
}

/** Counts the shifts by their days, and the plans whose lines may have another colour. */
function countAll(work: Work, { recorded, proof }: { recorded: readonly Recorded[]; proof: Sql }): Sql[] {
  const days = [...Map.groupBy(recorded, ({ request }) => request.serviceDate)].map(([date, shifts]) => ({
    date,
    services: shifts.length,
    cents: shifts.reduce((sum, { charge }) => sum + charge.totalCostCents, 0),
  }));
  const plans = JSON.stringify([...new Set(recorded.map(({ charge }) => charge.plan.id))]);
  return [
    ...jsonParts(days).map(
      (part) => sql`INSERT INTO service_days (organization_id, date, services, spent_cents)
        SELECT ${work.organizationId}, value ->> 'date', value ->> 'services', value ->> 'cents' FROM json_each(${part}) WHERE ${proof}
        ON CONFLICT (organization_id, date) DO UPDATE SET services = services + excluded.services,
          spent_cents = spent_cents + excluded.spent_cents`,
    ),
    ...countPlans(sql`SELECT value FROM json_each(${plans})`),
  ];
}

function touchedPools(work: Work, { recorded, proof }: { recorded: readonly Recorded[]; proof: Sql }): Sql[] {
  const touched = new Map(recorded.map(({ charge }) => [charge.line.poolId, charge.plan.id]));
  const list = JSON.stringify([...touched].map(([pool, plan]) => ({ pool, plan })));
  const pools = sql`SELECT value ->> 'pool' AS pool_id, value ->> 'plan' AS plan_id FROM json_each(${list})`;
  return alertsFor(work, { pools, proof });
}
