import { env } from 'cloudflare:workers';
import type { Caller, Json } from './tenant.ts';

let numbers = 0;

/** A new NDIS number for a made-up person. */
export function ndisNumber(): string {
  numbers += 1;
  return `43${String(numbers).padStart(7, '0')}`;
}

export interface ItemOptions {
  unit?: string;
  cents?: number | null;
  categoryCode?: number;
  paceCategoryCode?: number;
  startDate?: string;
  endDate?: string | null;
}

/** Puts a support item into the catalogue; the same in every zone. */
export async function supportItem(code: string, options: ItemOptions = {}): Promise<string> {
  const cents = options.cents === undefined ? 1000 : options.cents;
  const category = options.categoryCode ?? 1;
  await env.DB.prepare(
    `INSERT INTO support_items (code, start_date, end_date, name, registration_group, category_code, pace_category_code, unit, quotable,
      national_cents, remote_cents, very_remote_cents) VALUES (?, ?, ?, ?, '0107', ?, ?, ?, 0, ?, ?, ?) ON CONFLICT DO NOTHING`,
  )
    .bind(
      code,
      options.startDate ?? '2020-07-01',
      options.endDate ?? null,
      `Item ${code}`,
      category,
      options.paceCategoryCode ?? category,
      options.unit ?? 'E',
      cents,
      cents,
      cents,
    )
    .run();
  return code;
}

export const HOURLY = '01_011_0107_1_1';
export const EACH = '01_799_0107_1_1';

/** The items most tests use: one by the hour at $60, one each at $10. */
export async function commonItems(): Promise<void> {
  await supportItem(HOURLY, { unit: 'H', cents: 6000 });
  await supportItem(EACH, { unit: 'E', cents: 1000 });
}

/** A plan's body that contains every day a test records on. */
export function planBody(budgets: Json[], more: Json = {}): Json {
  return { startDate: '2026-01-01', endDate: '2027-12-31', managementType: 'ndia_managed', budgets, ...more };
}

/** A participant with one plan; `budgets` default to one line of $1,000 in category 1. */
export async function newParticipant(
  admin: Caller,
  options: { budgets?: Json[]; plan?: Json; fields?: Json } = {},
): Promise<{ id: string; planId: string; budgetIds: string[] }> {
  const budgets = options.budgets ?? [{ categoryCode: 1, allocatedCents: 100_000 }];
  const created = await admin.post('/v1/participants', {
    ndisNumber: ndisNumber(),
    profile: { firstName: 'Test', lastName: 'Person', dateOfBirth: '1990-01-01' },
    plan: planBody(budgets, options.plan),
    ...options.fields,
  });
  if (created.status !== 201) throw new Error(`no participant: ${JSON.stringify(created.body)}`);
  const plans = await admin.get(`/v1/participants/${created.body.id}/plans`);
  const [plan] = plans.body.data;
  return { id: created.body.id, planId: plan.id, budgetIds: plan.budgets.map((line: Json) => line.id) };
}

/** The body of a $10 service on a day of the plan. */
export function tenDollars(participantId: string, more: Json = {}): Json {
  return { participantId, supportItemCode: EACH, serviceDate: '2026-11-20', ...more };
}

/** What differs in the books of a participant: empty when every balance is proved. */
export async function differences(participantId: string): Promise<Json[]> {
  const { results } = await env.DB.prepare(
    `SELECT b.id, b.allocated_cents, b.spent_cents,
      (SELECT coalesce(sum(allocated_delta_cents), 0) FROM ledger_entries WHERE budget_id = b.id) AS entries_allocated,
      (SELECT coalesce(sum(spent_delta_cents), 0) FROM ledger_entries WHERE budget_id = b.id) AS entries_spent,
      (SELECT coalesce(sum(total_cost_cents), 0) FROM services WHERE budget_id = b.id AND status = 'completed') AS services_spent,
      (SELECT coalesce(sum(amount_cents), 0) FROM funding_periods WHERE budget_id = b.id) AS periods
    FROM budgets b WHERE b.participant_id = ?`,
  )
    .bind(participantId)
    .all<Json>();
  const wrong = results.filter(
    (row) =>
      row.allocated_cents !== row.entries_allocated ||
      row.spent_cents !== row.entries_spent ||
      row.spent_cents !== row.services_spent ||
      row.allocated_cents !== row.periods,
  );
  const boundaries = await env.DB.prepare(
    `SELECT boundary.pool_id, boundary.ends_on, boundary.released_cents, boundary.spent_cents,
      (SELECT coalesce(sum(service.total_cost_cents), 0) FROM budgets line JOIN services service ON service.budget_id = line.id
        WHERE line.pool_id = boundary.pool_id AND service.status = 'completed' AND service.service_date <= boundary.ends_on) AS spent,
      (SELECT coalesce(sum(period.amount_cents), 0) FROM budgets line JOIN funding_periods period ON period.budget_id = line.id
        WHERE line.pool_id = boundary.pool_id AND period.start_date <= boundary.ends_on) AS released
    FROM pool_boundaries boundary WHERE boundary.participant_id = ?`,
  )
    .bind(participantId)
    .all<Json>();
  wrong.push(
    ...boundaries.results.filter((row) => row.spent_cents !== row.spent || row.released_cents !== row.released),
  );
  const totals = await env.DB.prepare(
    `SELECT plan.id, plan.allocated_cents, plan.spent_cents,
      (SELECT coalesce(sum(allocated_cents), 0) FROM budgets WHERE plan_id = plan.id) AS allocated,
      (SELECT coalesce(sum(spent_cents), 0) FROM budgets WHERE plan_id = plan.id) AS spent
    FROM plans plan WHERE plan.participant_id = ?`,
  )
    .bind(participantId)
    .all<Json>();
  wrong.push(...totals.results.filter((row) => row.allocated_cents !== row.allocated || row.spent_cents !== row.spent));
  return wrong;
}

/** Whether the organisation's record counts from 1 without a gap. */
export async function auditIsGapless(organizationId: string): Promise<boolean> {
  const row = await env.DB.prepare(
    'SELECT count(*) AS rows, max(seq) AS last, min(seq) AS first FROM audit_logs WHERE organization_id = ?',
  )
    .bind(organizationId)
    .first<Json>();
  return row.rows === 0 || (row.first === 1 && row.last === row.rows);
}
