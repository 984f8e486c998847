import { dollars } from '../../money/rules.ts';
import { plain, type Rendered, render, shortName } from './layout.tsx';

/** What each message says, from plain data: who it is about, figures, and where it leads. `appUrl` is without a slash. */

export interface Person {
  firstName: string;
  lastName: string;
}

interface About {
  appUrl: string;
}

function fullName({ firstName, lastName }: Person): string {
  return `${firstName} ${lastName}`.trim();
}

function participantLink({ appUrl }: About, participantId: string) {
  return { label: 'Open the participant', url: `${appUrl}/participants/${participantId}` };
}

export interface BudgetAlertData extends About {
  participant: Person;
  participantId: string;
  budget: string;
  kind: 'budget_threshold' | 'run_out' | 'underspend';
  severity: string;
  threshold: number;
  spentCents: number;
  releasedCents: number;
  /** The day on which the money is projected to be gone. */
  runOutDate: string | null;
}

/** A budget line or pool has crossed a level, is running out, or is hardly used. */
export function budgetAlert(data: BudgetAlertData): Rendered {
  const name = shortName(data.participant);
  const what = {
    budget_threshold: `above ${data.threshold}%`,
    run_out: 'running out early',
    underspend: 'hardly used',
  }[data.kind];
  const percent =
    data.releasedCents === 0 ? '' : ` (${Math.floor((data.spentCents * 1000) / data.releasedCents) / 10}%)`;
  return render({
    subject: `Budget alert: ${name} ${what}`,
    title: `Budget ${what}`,
    paragraphs: [`A budget of ${fullName(data.participant)} needs a look.`],
    tables: [
      {
        rows: [
          ['Participant', fullName(data.participant)],
          ['Budget', data.budget],
          ['Spent', `${dollars(data.spentCents)} of ${dollars(data.releasedCents)}${percent}`],
          ...(data.runOutDate === null ? [] : [['Projected to be gone on', data.runOutDate] as [string, string]]),
        ],
      },
    ],
    link: participantLink(data, data.participantId),
  });
}

export interface DigestData extends About {
  organization: string;
  date: string;
  alerts: { participant: Person; budget: string; severity: string; what: string }[];
  /** How many there are in all. */
  total: number;
}

/** What is open this morning. */
export function dailyDigest(data: DigestData): Rendered {
  const count = `${data.total} open ${data.total === 1 ? 'alert' : 'alerts'}`;
  return render({
    subject: `${count} on ${data.date}`,
    title: count,
    paragraphs: [`These are open at ${data.organization} this morning.`],
    tables: [
      {
        rows: data.alerts.map(({ participant, budget, severity, what }) => [
          fullName(participant),
          `${severity}: ${what}${budget === '' ? '' : `, ${budget}`}`,
        ]),
      },
    ],
    link: { label: 'Open the alerts', url: `${data.appUrl}/alerts` },
  });
}

export interface ReportData extends About {
  organization: string;
  date: string;
  /** The mean of all participants; null when nothing applies to any. */
  score: number | null;
  /** How many have an overdue incident. */
  overdue: number;
  /** The worst first. */
  worst: { participant: Person; score: number; failing: string[] }[];
}

/** How the organisation's records stand this week, and whose need a look. */
export function complianceReport(data: ReportData): Rendered {
  const overdue =
    data.overdue === 0 ? '' : `, ${data.overdue} overdue ${data.overdue === 1 ? 'incident' : 'incidents'}`;
  const score = data.score === null ? 'nothing to score yet' : `${data.score} of 100`;
  return render({
    subject: `Compliance on ${data.date}: ${score}${overdue}`,
    title: `Compliance: ${score}`,
    paragraphs: [
      `How the records of ${data.organization} stand this week.`,
      ...(data.overdue === 0
        ? []
        : [`Participants with an overdue reportable incident: ${data.overdue}. Notify the Commission now.`]),
    ],
    tables:
      data.worst.length === 0
        ? []
        : [
            {
              heading: 'The lowest scores',
              rows: data.worst.map(({ participant, score: own, failing }) => [
                fullName(participant),
                failing.length === 0 ? String(own) : `${own}: ${failing.join(', ')}`,
              ]),
            },
          ],
    link: { label: 'Open compliance', url: `${data.appUrl}/compliance` },
  });
}

export interface ExpiryData extends About {
  participant: Person;
  participantId: string;
  endDate: string;
  daysLeft: number;
}

/** A plan ends soon. */
export function planExpiry(data: ExpiryData): Rendered {
  const days = data.daysLeft === 0 ? 'today' : `in ${data.daysLeft} ${data.daysLeft === 1 ? 'day' : 'days'}`;
  return render({
    subject: `Plan of ${shortName(data.participant)} ends ${days}`,
    title: `A plan ends ${days}`,
    paragraphs: [
      `The plan of ${fullName(data.participant)} ends on ${data.endDate}. Services after that day need a new plan, or an extension of this one.`,
    ],
    link: participantLink(data, data.participantId),
  });
}

export interface ImportData extends About {
  importId: string;
  fileName: string;
  status: string;
  created: number;
  updated: number;
  unchanged: number;
  failed: number;
}

/** An import has ended. */
export function importFinished(data: ImportData): Rendered {
  const failed = data.failed === 0 ? 'all rows went in' : `${data.failed} ${data.failed === 1 ? 'row' : 'rows'} failed`;
  return render({
    subject: data.status === 'failed' ? 'Import failed' : `Import finished: ${failed}`,
    title: data.status === 'failed' ? 'The import failed' : 'The import has finished',
    paragraphs: [`The file ${data.fileName} has been worked off.`],
    tables: [
      {
        rows: [
          ['Created', String(data.created)],
          ['Updated', String(data.updated)],
          ['Unchanged', String(data.unchanged)],
          ['Failed', String(data.failed)],
        ],
      },
    ],
    link: { label: 'Open the import', url: `${data.appUrl}/imports/${data.importId}` },
  });
}

export interface MentionData extends About {
  author: Person;
  threadId: string;
  threadTitle: string;
}

/** Someone has mentioned the reader. What was said stays in the product. */
export function mention(data: MentionData): Rendered {
  return render({
    subject: `${shortName(data.author)} mentioned you`,
    title: 'You were mentioned',
    paragraphs: [`${fullName(data.author)} mentioned you in “${plain(data.threadTitle)}”.`],
    link: { label: 'Open the thread', url: `${data.appUrl}/threads/${data.threadId}` },
  });
}

export interface InvitationData extends About {
  organization: string;
  invitee: Person;
}

/** Someone is invited to an organisation. */
export function invitation(data: InvitationData): Rendered {
  return render({
    subject: `You are invited to ${plain(data.organization)}`,
    title: `Welcome, ${plain(data.invitee.firstName)}`,
    paragraphs: [`${data.organization} has added you to Caddy. Sign in with this e-mail address.`],
    link: { label: 'Sign in', url: data.appUrl },
  });
}
