import sql, { raw, type Sql } from 'sql-template-tag';
import { auditAll, insertAll, jsonParts, type Work } from '../import-runs/step.ts';
import { rewriteBoundariesOf } from './boundaries.ts';
import { type Parts, partsOf, type Touched } from './parts.ts';

const PARTICIPANT = [
  'id',
  'organization_id',
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
  'created_by',
  'created_at',
  'updated_at',
];
const PLAN = [
  'id',
  'organization_id',
  'participant_id',
  'plan_number',
  'start_date',
  'end_date',
  'review_date',
  'plan_manager',
  'support_coordinator_id',
  'goals',
  'system',
  'management_type',
  'dates_history',
  'allocated_cents',
  'spent_cents',
  'revision',
  'created_at',
  'updated_at',
];
const BUDGET = [
  'id',
  'organization_id',
  'participant_id',
  'plan_id',
  'number',
  'category_code',
  'support_item_code',
  'management_type',
  'flexible',
  'pool_id',
  'allocated_cents',
  'spent_cents',
  'revision',
  'created_at',
  'updated_at',
];
const PERIOD = ['budget_id', 'start_date', 'end_date', 'organization_id', 'amount_cents'];
const BOUNDARY = [
  'pool_id',
  'ends_on',
  'organization_id',
  'participant_id',
  'plan_id',
  'released_cents',
  'spent_cents',
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
const ENTRY = [
  'participant_id',
  'version',
  'number',
  'organization_id',
  'budget_id',
  'kind',
  'allocated_delta_cents',
  'spent_delta_cents',
  'effective_on',
  'actor_id',
  'at',
];

/** What must still be true when a step is written: nobody has changed those it is about, and there is room for new ones. */
export function guardsOf(work: Work, touched: readonly Touched[]): Sql[] {
  const known = touched.flatMap(({ before }) => before.participant ?? []);
  const fresh = touched.filter(({ before, after }) => !before.participant && after.participant);
  const guards: Sql[] = [];
  if (known.length > 0) {
    const seen = known.map(({ id, ledger_version, revision }) => ({ id, ledger_version, revision }));
    guards.push(sql`(SELECT count(*) FROM json_each(${JSON.stringify(seen)}) seen
      CROSS JOIN participants ON participants.id = seen.value ->> 'id' AND +participants.organization_id = ${work.organizationId}
      WHERE participants.ledger_version = seen.value ->> 'ledger_version' AND participants.revision = seen.value ->> 'revision'
        AND participants.status <> 'archived') = ${seen.length}`);
  }
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
  const insert = (table: string, columns: readonly string[]) => (items: readonly object[]) =>
    insertAll({ table, columns, items }, proof);
  const created = all('created');
  return [
    ...insert('participants', PARTICIPANT)(created),
    ...(created.length === 0
      ? []
      : [
          sql`UPDATE organizations SET participant_count = participant_count + ${created.length}
            WHERE id = ${work.organizationId} AND ${proof}`,
        ]),
    ...update({ table: 'participants', columns: CHANGING, rows: all('updated') }, { work, proof }),
    ...forgetWords(work, { ids: all('reworded'), proof }),
    ...insert('participant_words', ['organization_id', 'word', 'participant_id'])(all('words')),
    ...insert('plans', PLAN)(all('plans')),
    ...update({ table: 'plans', columns: CHANGING_PLAN, rows: all('changedPlans') }, { work, proof }),
    ...insert('budgets', BUDGET)(all('budgets')),
    ...update({ table: 'budgets', columns: CHANGING_BUDGET, rows: all('changedBudgets') }, { work, proof }),
    ...forgetPeriods(work, { lines: all('changedBudgets'), proof }),
    ...insert('funding_periods', PERIOD)(all('periods')),
    ...insert('ledger_entries', ENTRY)(all('entries')),
    ...insert('pool_boundaries', BOUNDARY)(all('boundaries')),
    ...(rewritten.length === 0 ? [] : rewriteBoundariesOf(work.organizationId, { plans: rewritten, proof })),
    ...auditAll(work, { items: all('audits'), proof }),
  ];
}

const CHANGING = PARTICIPANT.filter(
  (column) => !['id', 'organization_id', 'created_by', 'created_at'].includes(column),
);

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
