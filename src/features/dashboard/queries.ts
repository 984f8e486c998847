import sql, { join, type Sql } from 'sql-template-tag';
import type { Context } from '../../context.ts';
import { addDays } from '../../time/rules.ts';
import { bucketsUpTo, PLANS_AHEAD, SPENDING_DAYS, spendingByDay, weekOf } from './rules.ts';
import type { DashboardView } from './schemas.ts';

interface Sums {
  plans: number;
  green: number;
  amber: number;
  red: number;
}

/** What has its start or its end up to a date: sums of a few buckets. */
function upTo(date: string, { organizationId, edge }: { organizationId: string; edge: 'start' | 'end' }): Sql {
  const ranges = bucketsUpTo(date).map(
    ({
      level,
      from,
      before,
    }) => sql`SELECT plans, green, amber, red FROM plan_days WHERE organization_id = ${organizationId}
      AND edge = ${`${edge}.${level}`} AND bucket >= ${from} AND bucket < ${before}`,
  );
  return sql`SELECT coalesce(sum(plans), 0) AS plans, coalesce(sum(green), 0) AS green, coalesce(sum(amber), 0) AS amber,
    coalesce(sum(red), 0) AS red FROM (${join(ranges, ' UNION ALL ')})`;
}

/** The organisation at a glance, in one round trip, from counters that are kept as things happen. */
export async function readDashboard(ctx: Context): Promise<DashboardView> {
  const { today, tenant, actor } = ctx;
  const organizationId = tenant.id;
  const week = weekOf(today);
  const oldest = addDays(today, 1 - SPENDING_DAYS);
  const [[counts], days, [begun], [ended], [ending], [imports]] = await ctx.database.read<
    [
      { participant_count: number; inactive_count: number; open_alerts: number },
      { date: string; services: number; spent_cents: number },
      Sums,
      Sums,
      Sums,
      { n: number },
    ]
  >(
    sql`SELECT participant_count, inactive_count, open_alerts FROM organizations WHERE id = ${organizationId}`,
    sql`SELECT date, services, spent_cents FROM service_days WHERE organization_id = ${organizationId}
      AND date >= ${oldest} AND date <= ${week.to}`,
    upTo(today, { organizationId, edge: 'start' }),
    upTo(addDays(today, -1), { organizationId, edge: 'end' }),
    upTo(addDays(today, PLANS_AHEAD), { organizationId, edge: 'end' }),
    sql`SELECT count(*) AS n FROM imports INDEXED BY imports_running
      WHERE organization_id = ${organizationId} AND status IN ('queued', 'running')`,
  );
  const difference = (key: keyof Sums, [more, less]: readonly [Sums | undefined, Sums | undefined]) =>
    (more?.[key] ?? 0) - (less?.[key] ?? 0);
  const current = [begun, ended] as const;
  const total = counts?.participant_count ?? 0;
  return {
    asOf: today,
    participants: { total, active: total - (counts?.inactive_count ?? 0) },
    budgets: actor.permissions.includes('budgets.read')
      ? { green: difference('green', current), amber: difference('amber', current), red: difference('red', current) }
      : null,
    servicesThisWeek: days
      .filter(({ date }) => week.from <= date && date <= week.to)
      .reduce((sum, { services }) => sum + services, 0),
    spendByDay: spendingByDay(days, today),
    openAlerts: counts?.open_alerts ?? 0,
    // There are no claims yet.
    claimsWaiting: 0,
    plansEnding: difference('plans', [ending, ended]),
    importsRunning: imports?.n ?? 0,
  };
}
