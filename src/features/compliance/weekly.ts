import sql, { type Sql } from 'sql-template-tag';
import { type Database, openDatabase } from '../../database/database.ts';
import { newId } from '../../ids.ts';
import { addDays, dateAt } from '../../time/rules.ts';
import { auditAlerts } from '../alerts/raise.ts';
import { countAlerts } from '../dashboard/count.ts';
import { mailingStatement, sendMailingsMessage } from '../emails/mailing.ts';
import { PAGES_AT_ONCE, type Run, type Step } from '../jobs/work.ts';
import { type Checked, checkCompliance } from './check.ts';
import { WINDOW } from './rules.ts';

/** Participants that are looked at in one batch. */
const AT_ONCE = 50;
/** Below this score an alert is raised; an overdue incident raises one whatever the score. */
export const ALERT_BELOW = 50;
/** Participants of one worker, or with an overdue incident, who are looked at in one go. */
const SERVED = 500;

/** Looks at every participant of an organisation, raises alerts of those whose records fail, and reports. */
export async function checkOrganization(run: Run): Promise<Step> {
  const { database, organization, now, env } = run;
  const organizationId = organization.id;
  const counts = { participants: 0, failing: 0, overdue: 0 };
  let after = run.position;
  for (let page = 0; ; page++) {
    if (page === PAGES_AT_ONCE) return { counts, next: after };
    const [people] = await database.read<[{ id: string }]>(
      sql`SELECT id FROM participants INDEXED BY participants_by_organization
        WHERE organization_id = ${organizationId} AND id > ${after} ORDER BY id LIMIT ${AT_ONCE}`,
    );
    if (people.length === 0) break;
    const participantIds = people.map(({ id }) => id);
    const checked = await checkAndAlert(run, participantIds);
    counts.participants += checked.length;
    counts.failing += checked.filter(isFailing).length;
    counts.overdue += checked.filter(({ hardFail }) => hardFail).length;
    after = participantIds.at(-1) ?? '';
    if (people.length < AT_ONCE) break;
  }
  await database.write([
    mailingStatement(
      { template: 'compliance_report', entityId: run.id },
      { organizationId, at: now, proof: sql`true` },
    ),
  ]);
  await sendMailingsMessage(env, organizationId).catch(() => undefined);
  return { counts, next: null };
}

/** Looks at those whose incidents are not told of in time: that cannot wait for Monday. How many they are. */
export async function checkOverdue(run: Run): Promise<number> {
  const { database, organization, now } = run;
  const [late] = await database.read<[{ participant_id: string }]>(
    sql`SELECT DISTINCT participant_id FROM incidents INDEXED BY incidents_due WHERE organization_id = ${organization.id}
      AND notify_by < ${now} AND reportable = 1 AND (notified_at IS NULL OR reported_at IS NULL) AND participant_id IS NOT NULL
      LIMIT ${SERVED}`,
  );
  let overdue = 0;
  for (let from = 0; from < late.length; from += AT_ONCE) {
    const participantIds = late.slice(from, from + AT_ONCE).map(({ participant_id }) => participant_id);
    overdue += (await checkAndAlert(run, participantIds)).filter(({ hardFail }) => hardFail).length;
  }
  return overdue;
}

function checkAndAlert(run: Run, participantIds: readonly string[]): Promise<Checked[]> {
  const { database, organization, now } = run;
  const looking = { database, organizationId: organization.id, timeZone: organization.time_zone, participantIds, now };
  return checkCompliance(looking, (found) => alertStatements(run, { found, participantIds }));
}

function isFailing({ score, hardFail }: Checked): boolean {
  return hardFail || (score !== null && score < ALERT_BELOW);
}

/** One standing alert of a participant whose records fail; cleared by the first check that finds them in order. */
function alertStatements(
  { organization, now, id: requestId, due_on }: Run,
  { found, participantIds }: { found: readonly Checked[]; participantIds: readonly string[] },
): Sql[] {
  const organizationId = organization.id;
  const token = newId('chg');
  const failing = JSON.stringify(
    found.filter(isFailing).map(({ participantId, score, hardFail }) => ({
      id: newId('alr'),
      participantId,
      severity: hardFail ? 'critical' : 'warning',
      figures: JSON.stringify({ score, hardFail }),
    })),
  );
  return [
    sql`UPDATE alerts SET status = 'resolved', resolved_at = coalesce(resolved_at, ${now}), cleared_at = ${now}, revision = revision + 1,
        change_id = ${token}
      WHERE subject_id IN (SELECT value FROM json_each(${JSON.stringify(participantIds)})) AND kind = 'compliance' AND cleared_at IS NULL
        AND +organization_id = ${organizationId}
        AND NOT EXISTS (SELECT 1 FROM json_each(${failing}) WHERE value ->> 'participantId' = alerts.subject_id
          AND value ->> 'severity' = alerts.severity)`,
    sql`INSERT INTO alerts (id, organization_id, participant_id, subject_id, kind, severity, period_start, threshold, figures, at, change_id)
      SELECT value ->> 'id', ${organizationId}, value ->> 'participantId', value ->> 'participantId', 'compliance', value ->> 'severity',
        ${due_on}, ${ALERT_BELOW}, value ->> 'figures', ${now}, ${token}
      FROM json_each(${failing})
      WHERE NOT EXISTS (SELECT 1 FROM alerts standing INDEXED BY alerts_standing WHERE standing.subject_id = value ->> 'participantId'
        AND standing.kind = 'compliance' AND standing.cleared_at IS NULL)`,
    auditAlerts({ organizationId, at: now, requestId }, token),
    ...countAlerts(organizationId, sql`alerts.change_id = ${token}`),
  ];
}

/** Looks at the records that someone has changed. */
export async function recheckCompliance(
  env: Env,
  job: { organizationId: string; participantId?: string | undefined; workerId?: string | undefined },
): Promise<void> {
  const database = openDatabase(env.DB);
  const { organizationId, participantId, workerId } = job;
  const now = Date.now();
  const [[organization]] = await database.read<[{ time_zone: string }]>(
    sql`SELECT time_zone FROM organizations WHERE id = ${organizationId}`,
  );
  if (!organization) return;
  const timeZone = organization.time_zone;
  const ids =
    workerId === undefined ? [] : await servedBy(database, { organizationId, workerId, today: dateAt(timeZone, now) });
  if (participantId !== undefined) ids.push(participantId);
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    const participantIds = ids.slice(from, from + AT_ONCE);
    await checkCompliance({ database, organizationId, timeZone, participantIds, now });
  }
}

/** Whom a worker has served lately. */
async function servedBy(
  database: Database,
  { organizationId, workerId, today }: { organizationId: string; workerId: string; today: string },
): Promise<string[]> {
  const [served] = await database.read<[{ participant_id: string }]>(
    sql`SELECT DISTINCT participant_id FROM services INDEXED BY services_by_worker WHERE support_worker_id = ${workerId}
      AND service_date > ${addDays(today, -WINDOW)} AND +organization_id = ${organizationId} LIMIT ${SERVED}`,
  );
  return served.map(({ participant_id }) => participant_id);
}
