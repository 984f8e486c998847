import sql from 'sql-template-tag';
import { rowsAs } from '../../database/database.ts';
import { dateAt } from '../../time/rules.ts';
import { thresholdStatements } from '../alerts/raise.ts';
import { mailingStatement, sendMailingsMessage } from '../emails/mailing.ts';
import type { Counts, Run } from '../jobs/work.ts';

/** Participants that are looked at in one batch. */
const AT_ONCE = 100;
/** A plan has at most so many pools that are looked at here. */
const POOLS = 25;

/**
 * Looks at every budget of an organisation: what a period's beginning or another setting has brought above a level or
 * below it. Then the digest of what is open.
 */
export async function checkBudgets(run: Run): Promise<Counts> {
  const { database, organization, now, env } = run;
  const organizationId = organization.id;
  const today = dateAt(organization.time_zone, now);
  const settings = JSON.parse(organization.alert_settings);
  const looking = { organizationId, today, at: now, settings, requestId: run.id };
  const counts = { participants: 0, raised: 0, cleared: 0 };
  for (let after = ''; ; ) {
    const [people] = await database.read<[{ id: string }]>(
      sql`SELECT id FROM participants INDEXED BY participants_by_organization
        WHERE organization_id = ${organizationId} AND id > ${after} ORDER BY id LIMIT ${AT_ONCE}`,
    );
    if (people.length === 0) break;
    const list = JSON.stringify(people.map(({ id }) => id));
    const pools = sql`SELECT budgets.pool_id, budgets.plan_id FROM json_each(${list}) person
        CROSS JOIN plans ON plans.participant_id = person.value AND +plans.organization_id = ${organizationId}
          AND plans.start_date <= ${today} AND plans.end_date >= ${today}
        CROSS JOIN budgets ON budgets.plan_id = plans.id
      UNION SELECT alerts.subject_id, alerts.plan_id FROM json_each(${list}) person
        CROSS JOIN alerts INDEXED BY alerts_participant_key ON alerts.participant_id = person.value
          AND alerts.cleared_at IS NULL AND alerts.kind = 'budget_threshold'`;
    const outcome = await database.write(
      thresholdStatements(looking, { pools, most: people.length * POOLS, proof: sql`true` }),
    );
    counts.participants += people.length;
    counts.cleared += outcome[0]?.changes ?? 0;
    counts.raised += rowsAs(outcome[1]).length;
    after = people.at(-1)?.id ?? '';
    if (people.length < AT_ONCE) break;
  }
  const digest = { template: 'daily_digest', entityId: run.id } as const;
  await database.write([mailingStatement(digest, { organizationId, at: now, proof: sql`true` })]);
  await sendMailingsMessage(env, organizationId).catch(() => undefined);
  return counts;
}
