import sql, { type Sql } from 'sql-template-tag';
import type { Database } from '../../database/database.ts';
import { daysBetween } from '../../time/rules.ts';
import type { AlertRow } from '../alerts/table.ts';
import { categoryName } from '../budgets/rules.ts';
import { complianceSummary, complianceSumsStatement, type Sums } from '../compliance/queries.ts';
import { failingInputs } from '../compliance/rules.ts';
import type { Rendered } from '../email-templates/layout.tsx';
import {
  budgetAlert,
  complianceReport,
  dailyDigest,
  importFinished,
  invitation,
  mention,
  type Person,
  planExpiry,
} from '../email-templates/templates.ts';
import type { ImportRow } from '../imports/table.ts';
import type { MailingRow } from './table.ts';

/** A message, and who gets it. */
export interface Composed {
  rendered: Rendered;
  recipients: Recipient[];
}

export interface Recipient {
  user_id: string;
  email: string;
}

interface Source {
  database: Database;
  mailing: MailingRow;
  appUrl: string;
  /** The organisation's date. */
  today: string;
}

/** Who takes e-mail. One whose mail comes back is written down as suppressed. */
const TAKES = sql`users.status = 'active' AND users.preferences ->> '$.notifications.email' = 1`;

function userStatement(organizationId: string, which: Sql): Sql {
  return sql`SELECT users.id AS user_id, users.email FROM users WHERE ${which} AND users.organization_id = ${organizationId} AND ${TAKES}`;
}

function coordinators(organizationId: string): Sql {
  return sql`SELECT users.id AS user_id, users.email FROM users INDEXED BY users_by_role
    WHERE users.organization_id = ${organizationId} AND users.role = 'coordinator' AND ${TAKES} LIMIT 200`;
}

/** A plan's own coordinator, if they take e-mail and it reaches them, else the organisation's. */
async function responsible({ database, mailing }: Source, coordinatorId: string | null): Promise<Recipient[]> {
  const organizationId = mailing.organization_id;
  const [own, all] = await database.read<[Recipient, Recipient]>(
    userStatement(organizationId, sql`users.id = ${coordinatorId} AND users.email_bounced_at IS NULL`),
    coordinators(organizationId),
  );
  return own.length > 0 ? own : all;
}

interface Named {
  first_name: string;
  last_name: string;
}

const person = ({ first_name, last_name }: Named): Person => ({ firstName: first_name, lastName: last_name });

/** What a mailing says now, and to whom; null when there is nothing to say any more. */
export async function compose(source: Source): Promise<Composed | null> {
  switch (source.mailing.template) {
    case 'budget_alert':
      return composeAlert(source);
    case 'daily_digest':
      return composeDigest(source);
    case 'plan_expiry':
      return composeExpiry(source);
    case 'import_finished':
      return composeImport(source);
    case 'mention':
      return composeMention(source);
    case 'invitation':
      return composeInvitation(source);
    case 'compliance_report':
      return composeReport(source);
  }
}

type AlertSource = AlertRow & Named & { category_code: number | null; support_coordinator_id: string | null };

function alertSource(where: Sql): Sql {
  return sql`SELECT alerts.*, participants.first_name, participants.last_name, budgets.category_code, plans.support_coordinator_id
    FROM alerts JOIN participants ON participants.id = alerts.participant_id LEFT JOIN budgets ON budgets.id = alerts.budget_id
    LEFT JOIN plans ON plans.id = alerts.plan_id WHERE ${where}`;
}

const budgetOf = (code: number | null) => (code === null ? '' : categoryName(code));

async function composeAlert(source: Source): Promise<Composed | null> {
  const { database, mailing, appUrl } = source;
  const [[alert]] = await database.read<[AlertSource]>(
    alertSource(sql`alerts.id = ${mailing.entity_id} AND alerts.organization_id = ${mailing.organization_id}`),
  );
  if (!alert || (alert.kind !== 'budget_threshold' && alert.kind !== 'run_out' && alert.kind !== 'underspend'))
    return null;
  const figures: { spentCents?: number; releasedCents?: number; runOutDate?: string } = JSON.parse(alert.figures);
  const rendered = budgetAlert({
    appUrl,
    participant: person(alert),
    participantId: alert.participant_id,
    budget: budgetOf(alert.category_code),
    kind: alert.kind,
    severity: alert.severity,
    threshold: alert.threshold,
    spentCents: figures.spentCents ?? 0,
    releasedCents: figures.releasedCents ?? 0,
    runOutDate: figures.runOutDate ?? null,
  });
  return { rendered, recipients: await responsible(source, alert.support_coordinator_id) };
}

const LISTED = 20;

async function composeDigest({ database, mailing, appUrl, today }: Source): Promise<Composed | null> {
  const organizationId = mailing.organization_id;
  const open = sql`FROM alerts INDEXED BY alerts_by_status WHERE organization_id = ${organizationId} AND status = 'open'`;
  const [[organization], [count], newest, recipients] = await database.read<
    [{ name: string }, { n: number }, AlertSource, Recipient]
  >(
    sql`SELECT name FROM organizations WHERE id = ${organizationId}`,
    sql`SELECT count(*) AS n FROM (SELECT 1 ${open} LIMIT 1000)`,
    alertSource(sql`alerts.id IN (SELECT id ${open} ORDER BY id DESC LIMIT ${LISTED})`),
    coordinators(organizationId),
  );
  if (!organization || !count || count.n === 0) return null;
  const rendered = dailyDigest({
    appUrl,
    organization: organization.name,
    date: today,
    total: count.n,
    alerts: newest.map((alert) => ({
      participant: person(alert),
      budget: budgetOf(alert.category_code),
      severity: alert.severity,
      what: SAYS[alert.kind](alert.threshold),
    })),
  });
  return { rendered, recipients };
}

const WORST = 10;

async function composeReport({ database, mailing, appUrl, today }: Source): Promise<Composed | null> {
  const organizationId = mailing.organization_id;
  const [[organization], [sums], worst, recipients] = await database.read<
    [{ name: string }, Sums, Named & { score: number; inputs: string }, Recipient]
  >(
    sql`SELECT name FROM organizations WHERE id = ${organizationId}`,
    complianceSumsStatement(organizationId),
    sql`SELECT participants.first_name, participants.last_name, kept.score, kept.inputs
      FROM compliance_checks kept INDEXED BY compliance_checks_worst CROSS JOIN participants ON participants.id = kept.participant_id
      WHERE kept.organization_id = ${organizationId} AND kept.score < 100
        AND participants.status <> 'archived' ORDER BY kept.score, kept.participant_id LIMIT ${WORST}`,
    coordinators(organizationId),
  );
  if (!organization) return null;
  const { score, participants, hardFails } = complianceSummary(sums);
  if (participants === 0) return null;
  const rendered = complianceReport({
    appUrl,
    organization: organization.name,
    date: today,
    score,
    overdue: hardFails,
    worst: worst.map((row) => ({
      participant: person(row),
      score: row.score,
      failing: failingInputs(JSON.parse(row.inputs)),
    })),
  });
  return { rendered, recipients };
}

const SAYS: Record<AlertRow['kind'], (threshold: number) => string> = {
  budget_threshold: (threshold) => `above ${threshold}%`,
  run_out: () => 'running out early',
  underspend: () => 'hardly used',
  plan_expiry: (threshold) => `plan ends within ${threshold} days`,
  compliance: () => 'compliance',
};

async function composeExpiry(source: Source): Promise<Composed | null> {
  const { database, mailing, appUrl, today } = source;
  const [[plan]] = await database.read<
    [Named & { participant_id: string; end_date: string; support_coordinator_id: string | null }]
  >(
    sql`SELECT plans.participant_id, plans.end_date, plans.support_coordinator_id, participants.first_name, participants.last_name
      FROM plans JOIN participants ON participants.id = plans.participant_id
      WHERE plans.id = ${mailing.entity_id} AND plans.organization_id = ${mailing.organization_id} AND participants.status <> 'archived'`,
  );
  if (!plan || plan.end_date < today) return null;
  const rendered = planExpiry({
    appUrl,
    participant: person(plan),
    participantId: plan.participant_id,
    endDate: plan.end_date,
    daysLeft: daysBetween(today, plan.end_date),
  });
  return { rendered, recipients: await responsible(source, plan.support_coordinator_id) };
}

async function composeImport({ database, mailing, appUrl }: Source): Promise<Composed | null> {
  const organizationId = mailing.organization_id;
  const [[row], recipients] = await database.read<[ImportRow, Recipient]>(
    sql`SELECT * FROM imports WHERE id = ${mailing.entity_id} AND organization_id = ${organizationId}`,
    userStatement(
      organizationId,
      sql`users.id = (SELECT created_by FROM imports WHERE id = ${mailing.entity_id} AND organization_id = ${organizationId})`,
    ),
  );
  if (!row) return null;
  const { id: importId, file_name: fileName, status, created, updated, unchanged, failed } = row;
  return {
    rendered: importFinished({ appUrl, importId, fileName, status, created, updated, unchanged, failed }),
    recipients,
  };
}

async function composeMention({ database, mailing, appUrl }: Source): Promise<Composed | null> {
  const organizationId = mailing.organization_id;
  const [[message], recipients] = await database.read<
    [Named & { thread_id: string; title: string; author_id: string }, Recipient]
  >(
    sql`SELECT messages.thread_id, messages.author_id, threads.title, users.first_name, users.last_name
      FROM messages JOIN threads ON threads.id = messages.thread_id JOIN users ON users.id = messages.author_id
      WHERE messages.id = ${mailing.entity_id} AND messages.organization_id = ${organizationId} AND messages.deleted_at IS NULL`,
    sql`SELECT users.id AS user_id, users.email FROM message_mentions INDEXED BY message_mentions_message
      CROSS JOIN users ON users.id = message_mentions.user_id AND users.organization_id = ${organizationId}
      WHERE message_mentions.message_id = ${mailing.entity_id} AND message_mentions.organization_id = ${organizationId} AND ${TAKES}`,
  );
  if (!message) return null;
  const rendered = mention({
    appUrl,
    author: person(message),
    threadId: message.thread_id,
    threadTitle: message.title,
  });
  return { rendered, recipients: recipients.filter(({ user_id }) => user_id !== message.author_id) };
}

async function composeInvitation({ database, mailing, appUrl }: Source): Promise<Composed | null> {
  const organizationId = mailing.organization_id;
  const [[invitee]] = await database.read<[Named & Recipient & { organization: string }]>(
    sql`SELECT users.id AS user_id, users.email, users.first_name, users.last_name, organizations.name AS organization
      FROM users JOIN organizations ON organizations.id = users.organization_id
      WHERE users.id = ${mailing.entity_id} AND users.organization_id = ${organizationId} AND users.status = 'active'`,
  );
  if (!invitee) return null;
  const rendered = invitation({ appUrl, organization: invitee.organization, invitee: person(invitee) });
  return { rendered, recipients: [invitee] };
}
