import sql, { raw, type Sql } from 'sql-template-tag';
import { poolsOf } from '../alerts/raise.ts';
import { countPlans } from '../dashboard/count.ts';
import { alertsFor, auditAll, insertAll, jsonParts, unchangedParticipants, type Work } from '../import-runs/step.ts';
import { rewriteBoundaries } from '../structure/boundaries.ts';
import { type Parts, partsOf, type Touched } from './parts.ts';

const CHANGING = [
  'ndis_number',
  'first_name',
  'last_name',
  'preferred_name',
  'date_of_birth',
  'gender',
  'contact',
  'address',
  'emergency',
  'medical',
  'preferences',
  'tags',
  'custom_fields',
  'pricing_zone',
  'status',
  'name_key',
  'plan_end_key',
  'ledger_version',
  'revision',
  'updated_at',
];
const CHANGING_PLAN = [
  'end_date',
  'plan_number',
  'plan_manager',
  'system',
  'dates_history',
  'allocated_cents',
  'spent_cents',
  'revision',
  'updated_at',
];
const CHANGING_BUDGET = ['allocated_cents', 'flexible', 'pool_id', 'revision', 'updated_at'];
/** What must still be true when a step is written: nobody has changed those it is about, and there is room for new ones. */
export function guardsOf(work: Work, touched: readonly Touched[]): Sql[] {
  const known = touched.flatMap(({ before }) => before.participant ?? []);
  const fresh = touched.filter(({ before, after }) => !before.participant && after.participant);
  const guards = unchangedParticipants(work, known);
  if (fresh.length > 0) {
    const numbers = JSON.stringify(fresh.map(({ after }) => after.participant?.ndis_number));
    guards.push(
      sql`NOT EXISTS (SELECT 1 FROM json_each(${numbers}) wanted CROSS JOIN participants INDEXED BY participants_ndis_number
        ON participants.organization_id = ${work.organizationId} AND participants.ndis_number = wanted.value)`,
      sql`EXISTS (SELECT 1 FROM organizations WHERE id = ${work.organizationId}
        AND (participant_limit IS NULL OR participant_count + ${fresh.length} <= participant_limit))`,
    );
  }
  const shortened = touched.flatMap(({ rows }) =>
    rows.flatMap(({ changes }) =>
      changes.flatMap((change) => {
        if (change.kind !== 'plan.updated' || change.shortenedTo === null) return [];
        return change.lines.map((line) => ({ line: line.id, end: change.shortenedTo }));
      }),
    ),
  );
  if (shortened.length > 0) {
    const lines = JSON.stringify(shortened);
    guards.push(
      sql`NOT EXISTS (SELECT 1 FROM json_each(${lines}) cut CROSS JOIN services INDEXED BY services_by_budget
        ON services.budget_id = cut.value ->> 'line' AND services.service_date > cut.value ->> 'end'
        WHERE services.organization_id = ${work.organizationId} AND services.status = 'completed')`,
      sql`NOT EXISTS (SELECT 1 FROM json_each(${lines}) cut CROSS JOIN ledger_entries INDEXED BY ledger_entries_budget
        ON ledger_entries.budget_id = cut.value ->> 'line'
        WHERE ledger_entries.organization_id = ${work.organizationId} AND ledger_entries.kind = 'opening'
          AND ledger_entries.effective_on > cut.value ->> 'end')`,
    );
  }
  return guards;
}

/** The batch of a step: every statement takes effect only under `proof`. */
export function writeAll(work: Work, { touched, proof }: { touched: readonly Touched[]; proof: Sql }): Sql[] {
  const changed = touched.filter(({ rows }) => rows.some(({ changes }) => changes.length > 0));
  const parts = changed.map((one) => partsOf(work, one));
  const all = <Key extends keyof Parts>(key: Key) =>
    parts.flatMap((part) => part[key] as Parts[Key][number][]) as Parts[Key];
  const rewritten = all('rewritten');
  const insert = (table: string, items: readonly object[]) => insertAll({ table, items }, proof);
  const created = all('created');
  return [
    ...insert('participants', created),
    ...(created.length === 0
      ? []
      : [
          sql`UPDATE organizations SET participant_count = participant_count + ${created.length}
            WHERE id = ${work.organizationId} AND ${proof}`,
        ]),
    ...update({ table: 'participants', columns: CHANGING, rows: all('updated') }, { work, proof }),
    ...forgetWords(work, { ids: all('reworded'), proof }),
    ...insert('participant_words', all('words')),
    ...insert('plans', all('plans')),
    ...update({ table: 'plans', columns: CHANGING_PLAN, rows: all('changedPlans') }, { work, proof }),
    ...insert('budgets', all('budgets')),
    ...update({ table: 'budgets', columns: CHANGING_BUDGET, rows: all('changedBudgets') }, { work, proof }),
    ...forgetPeriods(work, { lines: all('changedBudgets'), proof }),
    ...insert('funding_periods', all('periods')),
    ...insert('ledger_entries', all('entries')),
    ...insert('pool_boundaries', all('boundaries')),
    ...rewriteBoundaries(rewritten, { organizationId: work.organizationId, proof }),
    ...planAlerts(work, { planIds: [...new Set(rewritten.map(({ planId }) => planId))], proof }),
    ...countAll([...all('plans'), ...all('changedPlans')]),
    ...auditAll(work, { items: all('audits'), proof }),
  ];
}

/** Each column as the item of `json_each` named `new` has it. */
function assignments(columns: readonly string[]): Sql {
  return raw(columns.map((column) => `${column} = new.value ->> '${column}'`).join(', '));
}

// The `+` keeps the planner from walking the organisation's rows: the key finds each row.
function update(
  { table, columns, rows }: { table: string; columns: readonly string[]; rows: readonly object[] },
  { work, proof }: { work: Work; proof: Sql },
): Sql[] {
  const name = raw(table);
  return jsonParts(rows).map(
    (part) => sql`UPDATE ${name} SET ${assignments(columns)} FROM json_each(${part}) new
      WHERE ${name}.id = new.value ->> 'id' AND +${name}.organization_id = ${work.organizationId} AND ${proof}`,
  );
}

function forgetWords(work: Work, { ids, proof }: { ids: readonly string[]; proof: Sql }): Sql[] {
  if (ids.length === 0) return [];
  return [
    sql`DELETE FROM participant_words WHERE participant_id IN (SELECT value FROM json_each(${JSON.stringify(ids)}))
      AND +organization_id = ${work.organizationId} AND ${proof}`,
  ];
}

function forgetPeriods(work: Work, { lines, proof }: { lines: readonly { id: string }[]; proof: Sql }): Sql[] {
  if (lines.length === 0) return [];
  return [
    sql`DELETE FROM funding_periods WHERE budget_id IN (SELECT value FROM json_each(${JSON.stringify(lines.map(({ id }) => id))}))
      AND +organization_id = ${work.organizationId} AND ${proof}`,
  ];
}

function countAll(plans: readonly { id: string }[]): Sql[] {
  if (plans.length === 0) return [];
  return countPlans(sql`SELECT value FROM json_each(${JSON.stringify(plans.map(({ id }) => id))})`);
}

function planAlerts(work: Work, { planIds, proof }: { planIds: readonly string[]; proof: Sql }): Sql[] {
  if (planIds.length === 0) return [];
  return alertsFor(work, { pools: poolsOf(planIds, work.organizationId), proof });
}
