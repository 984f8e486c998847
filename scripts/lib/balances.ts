import { literal, type OperatorDatabase } from './database.ts';

/** Something in the books that does not add up. */
export interface Difference {
  organization_id: string;
  participant_id: string | null;
  what: string;
  /** The line, plan, pool or service that is wrong. */
  id: string;
  is: number | string | null;
  should_be: number | string | null;
}

export interface Proof {
  /** What was looked at. */
  counts: {
    organizations: number;
    participants: number;
    lines: number;
    boundaries: number;
    entries: number;
    services: number;
  };
  differences: Difference[];
}

/** Differences that one query answers with at most; the next run shows the rest. */
const SHOWN = 200;

/** A query whose rows are those where `is` is not `shouldBe`. */
type Compare = (
  what: string,
  parts: { source: string; id: string; participant: string; is: string; shouldBe: string },
) => string;

/** What the dashboard adds up, beside a count of the tables themselves. */
function countersQueries(compare: Compare): string[] {
  const nobody = { participant: 'NULL', is: 't.kept', shouldBe: 't.counted' };
  const lines = (colour: string) =>
    `sum((SELECT count(*) FROM budgets WHERE plan_id = plans.id AND colour = ${literal(colour)}))`;
  const edges = `(VALUES ('start.d', 'start', 10), ('start.m', 'start', 7), ('start.y', 'start', 4), ('end.d', 'end', 10),
    ('end.m', 'end', 7), ('end.y', 'end', 4)) edge`;
  const sums = (
    [
      ['inactive_count', `count(*) FROM participants WHERE status = 'inactive'`],
      ['open_alerts', `count(*) FROM alerts WHERE status = 'open'`],
      ['compliance_scored', 'count(score) FROM compliance_checks WHERE true'],
      ['compliance_points', 'coalesce(sum(score), 0) FROM compliance_checks WHERE true'],
      ['compliance_hard_fails', 'coalesce(sum(hard_fail), 0) FROM compliance_checks WHERE true'],
    ] as const
  ).map(([column, counted]) =>
    compare(`${column} of the organisation`, {
      source: '(SELECT organizations.*, id AS organization_id FROM organizations)',
      id: 't.id',
      participant: 'NULL',
      is: `t.${column}`,
      shouldBe: `(SELECT ${counted} AND organization_id = t.id)`,
    }),
  );
  return [
    ...sums,
    compare('services of the day, as the dashboard adds them up', {
      source: `(SELECT organization_id, date, max(kept) AS kept, max(counted) AS counted FROM (
        SELECT organization_id, date, services || ' ' || spent_cents AS kept, NULL AS counted FROM service_days
          WHERE services <> 0 OR spent_cents <> 0
        UNION ALL SELECT organization_id, service_date, NULL, count(*) || ' ' || sum(total_cost_cents) FROM services
          WHERE status = 'completed' GROUP BY organization_id, service_date) GROUP BY organization_id, date)`,
      id: 't.date',
      ...nobody,
    }),
    compare('plans and lines of the day, as the dashboard adds them up', {
      source: `(SELECT organization_id, edge, bucket, max(kept) AS kept, max(counted) AS counted FROM (
        SELECT organization_id, edge, bucket, concat_ws(' ', plans, green, amber, red) AS kept, NULL AS counted FROM plan_days
          WHERE plans <> 0 OR green <> 0 OR amber <> 0 OR red <> 0
        UNION ALL SELECT plans.organization_id, edge.column1,
            substr(iif(edge.column2 = 'start', plans.start_date, plans.end_date), 1, edge.column3), NULL,
            concat_ws(' ', count(*), ${lines('green')}, ${lines('amber')}, ${lines('red')})
          FROM plans JOIN participants ON participants.id = plans.participant_id AND participants.status <> 'archived'
          CROSS JOIN ${edges} GROUP BY 1, 2, 3) GROUP BY organization_id, edge, bucket)`,
      id: `t.edge || ' ' || t.bucket`,
      ...nobody,
    }),
  ];
}

function queries(organization: string | null): string[] {
  const of = (table: string) => (organization === null ? '1' : `${table}.organization_id = ${literal(organization)}`);
  const sum = (column: string, rest: string) => `(SELECT coalesce(sum(${column}), 0) FROM ${rest})`;
  const compare: Compare = (what, parts) =>
    `SELECT organization_id, participant_id, ${literal(what)} AS what, id, "is", should_be FROM (
      SELECT t.organization_id, ${parts.participant} AS participant_id, ${parts.id} AS id, ${parts.is} AS "is", ${parts.shouldBe} AS should_be
      FROM ${parts.source} t WHERE ${of('t')}) WHERE "is" IS NOT should_be LIMIT ${SHOWN}`;
  const line = { id: 't.id', participant: 't.participant_id' };
  const spentByServices = sum('total_cost_cents', `services WHERE budget_id = t.id AND status = 'completed'`);
  const opened = sum('spent_delta_cents', `ledger_entries WHERE budget_id = t.id AND kind = 'opening'`);
  const boundary = { id: `t.pool_id || ' ' || t.ends_on`, participant: 't.participant_id' };
  const spentUpTo = `${sum('s.total_cost_cents', `budgets b JOIN services s ON s.budget_id = b.id WHERE b.plan_id = t.plan_id AND b.pool_id = t.pool_id AND s.status = 'completed' AND s.service_date <= t.ends_on`)}
    + ${sum('e.spent_delta_cents', `budgets b JOIN ledger_entries e ON e.budget_id = b.id WHERE b.plan_id = t.plan_id AND b.pool_id = t.pool_id AND e.kind = 'opening' AND e.effective_on <= t.ends_on`)}`;
  const releasedUpTo = sum(
    'p.amount_cents',
    'budgets b JOIN funding_periods p ON p.budget_id = b.id WHERE b.plan_id = t.plan_id AND b.pool_id = t.pool_id AND p.start_date <= t.ends_on',
  );
  return [
    compare('allocated of the line, by its entries', {
      source: 'budgets',
      ...line,
      is: 't.allocated_cents',
      shouldBe: sum('allocated_delta_cents', 'ledger_entries WHERE budget_id = t.id'),
    }),
    compare('spent of the line, by its entries', {
      source: 'budgets',
      ...line,
      is: 't.spent_cents',
      shouldBe: sum('spent_delta_cents', 'ledger_entries WHERE budget_id = t.id'),
    }),
    compare('spent of the line, by its services and openings', {
      source: 'budgets',
      ...line,
      is: 't.spent_cents',
      shouldBe: `${spentByServices} + ${opened}`,
    }),
    compare('allocated of the line, by its funding periods', {
      source: 'budgets',
      ...line,
      is: 't.allocated_cents',
      shouldBe: sum('amount_cents', 'funding_periods WHERE budget_id = t.id'),
    }),
    compare('allocated of the plan, by its lines', {
      source: 'plans',
      ...line,
      is: 't.allocated_cents',
      shouldBe: sum('allocated_cents', 'budgets WHERE plan_id = t.id'),
    }),
    compare('spent of the plan, by its lines', {
      source: 'plans',
      ...line,
      is: 't.spent_cents',
      shouldBe: sum('spent_cents', 'budgets WHERE plan_id = t.id'),
    }),
    compare('released up to the boundary, by the funding periods', {
      source: 'pool_boundaries',
      ...boundary,
      is: 't.released_cents',
      shouldBe: releasedUpTo,
    }),
    compare('spent up to the boundary, by the services and openings', {
      source: 'pool_boundaries',
      ...boundary,
      is: 't.spent_cents',
      shouldBe: spentUpTo,
    }),
    compare('a boundary at the end of each funding period', {
      source: `(SELECT DISTINCT b.organization_id, b.participant_id, b.pool_id, p.end_date FROM budgets b JOIN funding_periods p ON p.budget_id = b.id)`,
      id: `t.pool_id || ' ' || t.end_date`,
      participant: 't.participant_id',
      is: `(SELECT count(*) FROM pool_boundaries WHERE pool_id = t.pool_id AND ends_on = t.end_date)`,
      shouldBe: '1',
    }),
    compare('a funding period behind each boundary', {
      source: 'pool_boundaries',
      ...boundary,
      is: `(SELECT min(1, count(*)) FROM budgets b JOIN funding_periods p ON p.budget_id = b.id WHERE b.plan_id = t.plan_id AND b.pool_id = t.pool_id AND p.end_date = t.ends_on)`,
      shouldBe: '1',
    }),
    compare('no boundary spent over what it releases', {
      source: 'pool_boundaries',
      ...boundary,
      is: 'max(t.spent_cents - t.released_cents, 0)',
      shouldBe: '0',
    }),
    compare('entries within the version of the ledger', {
      source: 'participants',
      id: 't.id',
      participant: 't.id',
      is: `(SELECT max(t.ledger_version, coalesce(max(version), 0)) FROM ledger_entries WHERE participant_id = t.id)`,
      shouldBe: 't.ledger_version',
    }),
    compare('services within their plan', {
      source: 'services',
      ...line,
      is: `CASE WHEN t.status = 'completed' THEN (SELECT count(*) FROM budgets b JOIN plans p ON p.id = b.plan_id WHERE b.id = t.budget_id AND t.service_date BETWEEN p.start_date AND p.end_date) ELSE 1 END`,
      shouldBe: '1',
    }),
    ...countersQueries(compare),
    `SELECT organization_id, NULL AS participant_id, 'the record counts without a gap' AS what, organization_id AS id, count(*) AS "is",
      max(seq) AS should_be FROM audit_logs t WHERE ${of('t')} GROUP BY organization_id HAVING count(*) <> max(seq) OR min(seq) <> 1 LIMIT ${SHOWN}`,
    `SELECT t.id AS organization_id, NULL AS participant_id, 'participants that the subscription counts' AS what, t.id, t.participant_count AS "is",
      (SELECT count(*) FROM participants WHERE organization_id = t.id AND status <> 'archived') AS should_be FROM organizations t
      WHERE ${organization === null ? '1' : `t.id = ${literal(organization)}`} AND "is" <> should_be LIMIT ${SHOWN}`,
  ];
}

/** Proves every balance of one organisation, or of all: entries = totals = boundaries = services and openings. */
export async function proveBalances(database: OperatorDatabase, organization: string | null): Promise<Proof> {
  const of = organization === null ? '' : ` WHERE organization_id = ${literal(organization)}`;
  const [counts] = await database.query<Proof['counts']>(
    `SELECT (SELECT count(*) FROM organizations${organization === null ? '' : ` WHERE id = ${literal(organization)}`}) AS organizations,
      (SELECT count(*) FROM participants${of}) AS participants, (SELECT count(*) FROM budgets${of}) AS lines,
      (SELECT count(*) FROM pool_boundaries${of}) AS boundaries, (SELECT count(*) FROM ledger_entries${of}) AS entries,
      (SELECT count(*) FROM services${of}) AS services`,
  );
  if (!counts) throw new Error('The database answered nothing.');
  const differences: Difference[] = [];
  for (const query of queries(organization)) differences.push(...(await database.query<Difference>(query)));
  return { counts, differences };
}
