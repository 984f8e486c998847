import { addDays } from '../../time/rules.ts';
import { type AlertSettings, currentBoundary, dueAlerts } from '../alerts/rules.ts';
import type { AlertRow } from '../alerts/table.ts';
import type { PoolBoundaryRow } from '../ledger/table.ts';
import type { PlanRow } from '../plans/table.ts';

/** How many days before its end a plan is spoken of, the widest first. */
export const MILESTONES = [90, 60, 30, 14, 7] as const;

/** A boundary of a pool, with its plan, which contains the day that is looked at. */
export type BoundaryRow = Pick<PoolBoundaryRow, 'plan_id' | 'pool_id' | 'ends_on' | 'released_cents' | 'spent_cents'> &
  Pick<PlanRow, 'start_date' | 'end_date'>;

/** An alert about a pool that stands. */
export type StandingRow = Pick<AlertRow, 'subject_id' | 'plan_id' | 'kind' | 'period_start' | 'threshold'>;

const keyOf = ({ kind, periodStart, threshold }: { kind: string; periodStart: string; threshold: number }) =>
  `${kind} ${periodStart} ${threshold}`;

/** The pools whose standing alerts are not those that there should be on a day; `boundaries` are in the order of days. */
export function unsettledPools(
  { boundaries, standing }: { boundaries: readonly BoundaryRow[]; standing: readonly StandingRow[] },
  { today, settings }: { today: string; settings: AlertSettings },
): { poolId: string; planId: string }[] {
  const stands = new Map<string, { planId: string; keys: Set<string> }>();
  for (const { subject_id, plan_id, kind, period_start, threshold } of standing) {
    const pool = stands.get(subject_id) ?? { planId: plan_id ?? '', keys: new Set() };
    stands.set(subject_id, pool);
    pool.keys.add(keyOf({ kind, periodStart: period_start, threshold }));
  }
  const unsettled: { poolId: string; planId: string }[] = [];
  for (const [poolId, rows] of Map.groupBy(boundaries, ({ pool_id }) => pool_id)) {
    const [first] = rows;
    if (!first) continue;
    const should = alertsOfPool(rows, { plan: first, today, settings });
    const { keys } = stands.get(poolId) ?? { keys: new Set() };
    stands.delete(poolId);
    if (should.length !== keys.size || should.some((key) => !keys.has(key))) {
      unsettled.push({ poolId, planId: first.plan_id });
    }
  }
  // Of a plan that is over, or a pool that no line has any more: nothing should stand.
  return [...unsettled, ...[...stands].map(([poolId, { planId }]) => ({ poolId, planId }))];
}

function alertsOfPool(
  rows: readonly BoundaryRow[],
  { plan, today, settings }: { plan: BoundaryRow; today: string; settings: AlertSettings },
): string[] {
  const boundaries = rows.map((row) => ({
    endsOn: row.ends_on,
    releasedCents: row.released_cents,
    spentCents: row.spent_cents,
  }));
  const period = currentBoundary(boundaries, today);
  const whole = boundaries.at(-1);
  if (!period || !whole) return [];
  const before = boundaries.findLast(({ endsOn }) => endsOn < today);
  const pool = {
    today,
    plan: { startDate: plan.start_date, endDate: plan.end_date },
    period,
    whole,
    periodStart: before ? addDays(before.endsOn, 1) : plan.start_date,
  };
  return dueAlerts(pool, settings).map(keyOf);
}
