import sql from 'sql-template-tag';
import { rowsAs } from '../../database/database.ts';
import { dateAt } from '../../time/rules.ts';
import { POOL_KINDS, poolAlertStatements } from '../alerts/raise.ts';
import type { AlertSettings } from '../alerts/rules.ts';
import { checkOverdue } from '../compliance/weekly.ts';
import { mailingStatement, sendMailingsMessage } from '../emails/mailing.ts';
import { PAGES_AT_ONCE, type Run, type Step } from '../jobs/work.ts';
import { type BoundaryRow, type StandingRow, unsettledPools } from './rules.ts';

/** Participants that are looked at in one go. */
const AT_ONCE = 100;

/**
 * Looks at every budget of an organisation: what a period's beginning or another setting has brought above a level or
 * below it, what is projected to run out, and what is hardly used late in its plan. Then the digest of what is open.
 */
export async function checkBudgets(run: Run): Promise<Step> {
  const { database, organization, now, env } = run;
  const organizationId = organization.id;
  const today = dateAt(organization.time_zone, now);
  const settings: AlertSettings = JSON.parse(organization.alert_settings);
  const looking = { organizationId, today, at: now, settings, requestId: run.id };
  const counts = { participants: 0, raised: 0, cleared: 0 };
  let after = run.position;
  for (let page = 0; ; page++) {
    if (page === PAGES_AT_ONCE) return { counts, next: after };
    const ids = sql`SELECT id FROM participants INDEXED BY participants_by_organization
      WHERE organization_id = ${organizationId} AND id > ${after} ORDER BY id LIMIT ${AT_ONCE}`;
    const [people, boundaries, standing] = await database.read<[{ id: string }, BoundaryRow, StandingRow]>(
      ids,
      sql`SELECT plan.id AS plan_id, plan.start_date, plan.end_date, boundary.pool_id, boundary.ends_on, boundary.released_cents,
          boundary.spent_cents
        FROM (${ids}) person
        CROSS JOIN plans plan ON plan.participant_id = person.id AND plan.start_date <= ${today} AND plan.end_date >= ${today}
        CROSS JOIN participants participant ON participant.id = person.id AND participant.status <> 'archived'
        CROSS JOIN pool_boundaries boundary INDEXED BY pool_boundaries_participant ON boundary.participant_id = person.id
          AND boundary.plan_id = plan.id
        ORDER BY boundary.pool_id, boundary.ends_on`,
      sql`SELECT alert.subject_id, alert.plan_id, alert.kind, alert.period_start, alert.threshold FROM (${ids}) person
        CROSS JOIN alerts alert INDEXED BY alerts_standing_by_participant ON alert.participant_id = person.id
          AND alert.cleared_at IS NULL AND alert.kind IN ${POOL_KINDS}`,
    );
    counts.participants += people.length;
    const unsettled = unsettledPools({ boundaries, standing }, { today, settings });
    if (unsettled.length > 0) {
      const pools = sql`SELECT value ->> 'poolId' AS pool_id, value ->> 'planId' AS plan_id FROM json_each(${JSON.stringify(unsettled)})`;
      const [cleared, raised] = await database.write(
        poolAlertStatements(looking, { pools, proof: sql`true`, raise: 'everything' }),
      );
      counts.cleared += rowsAs(cleared).length;
      counts.raised += rowsAs(raised).length;
    }
    after = people.at(-1)?.id ?? '';
    if (people.length < AT_ONCE) break;
  }
  const overdue = await checkOverdue(run);
  const digest = { template: 'daily_digest', entityId: run.id } as const;
  await database.write([mailingStatement(digest, { organizationId, at: now, proof: sql`true` })]);
  await sendMailingsMessage(env, organizationId).catch(() => undefined);
  return { counts: { ...counts, overdue }, next: null };
}
