import sql from 'sql-template-tag';
import { rowsAs } from '../../database/database.ts';
import { idStem, newId } from '../../ids.ts';
import { addDays, dateAt, startOfDate } from '../../time/rules.ts';
import { auditAlerts } from '../alerts/raise.ts';
import { countAlerts } from '../dashboard/count.ts';
import { sendMailingsMessage } from '../emails/mailing.ts';
import type { Run, Step } from '../jobs/work.ts';
import { MILESTONES } from './rules.ts';

/**
 * Raises an alert for each plan that has come within 90, 60, 30, 14 or 7 days of its end, once each however late it is
 * looked at, and tells who is responsible; once a month, on its first day or late, of every plan that ends within 90 days. A plan that
 * is extended, or followed by another one, clears its alerts.
 */
export async function checkExpiry(run: Run): Promise<Step> {
  const { database, organization, now, env } = run;
  const organizationId = organization.id;
  const today = dateAt(organization.time_zone, now);
  const [widest] = MILESTONES;
  // The last plan of each participant who is still with us: an earlier one is followed by another.
  const ending = sql`SELECT plan.id, plan.participant_id, plan.start_date, plan.end_date,
      CAST(julianday(plan.end_date) - julianday(${today}) AS INTEGER) AS days_left
    FROM participants participant INDEXED BY participants_by_plan_end
    CROSS JOIN plans plan ON plan.participant_id = participant.id AND plan.end_date = participant.plan_end_key
    WHERE participant.organization_id = ${organizationId} AND participant.status = 'active'
      AND participant.plan_end_key >= ${today} AND participant.plan_end_key <= ${addDays(today, widest)}`;
  const [[count]] = await database.read<[{ n: number }]>(sql`SELECT count(*) AS n FROM (${ending})`);
  const token = newId('chg');
  // The nearest milestone that it has passed.
  const milestone = sql`(SELECT min(value) FROM json_each(${JSON.stringify(MILESTONES)}) WHERE value >= ending.days_left)`;
  // The first check of a month, whenever it comes, of an organisation that was here before the month began.
  const month = run.due_on.slice(0, 7);
  const isMonthly = sql`NOT EXISTS (SELECT 1 FROM job_runs WHERE organization_id = ${organizationId} AND job = ${run.job}
      AND due_on >= ${`${month}-01`} AND due_on < ${run.due_on} AND status = 'completed')
    AND EXISTS (SELECT 1 FROM organizations WHERE id = ${organizationId} AND created_at < ${startOfDate(organization.time_zone, `${month}-01`)})`;
  const [cleared, raised] = await database.write([
    sql`UPDATE alerts SET status = 'resolved', resolved_at = coalesce(resolved_at, ${now}), cleared_at = ${now}, revision = revision + 1,
        change_id = ${token}
      WHERE kind = 'plan_expiry' AND cleared_at IS NULL AND id IN (SELECT id FROM alerts INDEXED BY alerts_standing_by_kind
          WHERE organization_id = ${organizationId} AND kind = 'plan_expiry' AND cleared_at IS NULL)
        AND NOT EXISTS (SELECT 1 FROM (${ending}) ending WHERE ending.id = alerts.subject_id AND ${milestone} = alerts.threshold)
      RETURNING id`,
    sql`INSERT INTO alerts (id, organization_id, participant_id, plan_id, subject_id, kind, severity, period_start, threshold, figures, at,
        change_id)
      SELECT ${idStem('alr')} || printf('%05d', due.place), ${organizationId}, due.participant_id, due.id, due.id, 'plan_expiry',
        CASE WHEN due.threshold <= 14 THEN 'critical' WHEN due.threshold <= 30 THEN 'warning' ELSE 'info' END, due.start_date,
        due.threshold, json_object('endDate', due.end_date, 'daysLeft', due.days_left), ${now}, ${token}
      FROM (SELECT *, row_number() OVER (ORDER BY id) AS place FROM (
          SELECT ending.*, ${milestone} AS threshold FROM (${ending}) ending) passed
        WHERE NOT EXISTS (SELECT 1 FROM alerts INDEXED BY alerts_standing WHERE subject_id = passed.id AND kind = 'plan_expiry'
          AND period_start = passed.start_date AND threshold = passed.threshold AND cleared_at IS NULL)) due
      RETURNING id`,
    auditAlerts({ organizationId, at: now, requestId: run.id }, token),
    ...countAlerts(organizationId, sql`alerts.change_id = ${token}`),
    sql`INSERT INTO mailings (organization_id, template, entity_id, occasion, at)
      SELECT ${organizationId}, 'plan_expiry', subject_id, figures ->> 'endDate' || ' ' || threshold, ${now}
      FROM alerts INDEXED BY alerts_by_change WHERE change_id = ${token} AND organization_id = ${organizationId}
        AND cleared_at IS NULL ON CONFLICT DO NOTHING`,
    sql`INSERT INTO mailings (organization_id, template, entity_id, occasion, at)
      SELECT ${organizationId}, 'plan_expiry', ending.id, ending.end_date || ' ' || ${month}, ${now} FROM (${ending}) ending
      WHERE ${isMonthly} AND NOT EXISTS (SELECT 1 FROM alerts INDEXED BY alerts_by_change WHERE change_id = ${token}
        AND organization_id = ${organizationId} AND subject_id = ending.id AND cleared_at IS NULL)
      ON CONFLICT DO NOTHING`,
  ]);
  await sendMailingsMessage(env, organizationId).catch(() => undefined);
  const counts = { plans: count?.n ?? 0, cleared: rowsAs(cleared).length, raised: rowsAs(raised).length };
  return { counts, next: null };
}
