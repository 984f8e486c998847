import type { Rendered } from '../../src/features/email-templates/layout.tsx';
import * as templates from '../../src/features/email-templates/templates.ts';

export const APP = 'https://app.caddy.test';

/** Who messages are about, what stands in every text of them, and how many rows their lists have. */
export interface Written {
  text: string;
  firstName: string;
  lastName: string;
  rows: number;
  /** Every figure in them. */
  figure: number;
}

/** Every message there is, each in its kinds, by name. `text` is in every field, those that only we write as well. */
export function everyMessage({ text, firstName, lastName, rows, figure }: Written): Record<string, Rendered> {
  const person = { firstName, lastName };
  const about = { appUrl: APP, participant: person, participantId: text };
  const figures = { spentCents: figure, releasedCents: figure, threshold: figure, severity: text, budget: text };
  const counts = { created: figure, updated: figure, unchanged: figure, failed: figure };
  const listed = Array.from({ length: rows }, () => person);
  const digest = { appUrl: APP, organization: text, date: text, total: figure };
  const imported = { appUrl: APP, importId: text, fileName: text, ...counts };
  const report = { appUrl: APP, organization: text, date: text, overdue: figure };
  const worst = listed.map((participant) => ({ participant, score: figure, failing: [text, text] }));
  return {
    budgetAlert: templates.budgetAlert({ ...about, ...figures, kind: 'budget_threshold', runOutDate: null }),
    'budgetAlert, running out': templates.budgetAlert({ ...about, ...figures, kind: 'run_out', runOutDate: text }),
    'budgetAlert, hardly used': templates.budgetAlert({ ...about, ...figures, kind: 'underspend', runOutDate: null }),
    dailyDigest: templates.dailyDigest({
      ...digest,
      alerts: listed.map((participant) => ({ participant, budget: text, severity: text, what: text })),
    }),
    complianceReport: templates.complianceReport({ ...report, score: figure, worst }),
    'complianceReport, of nothing': templates.complianceReport({ ...report, score: null, worst: [] }),
    planExpiry: templates.planExpiry({ ...about, endDate: text, daysLeft: figure }),
    importFinished: templates.importFinished({ ...imported, status: 'completed' }),
    'importFinished, failed': templates.importFinished({ ...imported, status: 'failed' }),
    mention: templates.mention({ appUrl: APP, author: person, threadId: text, threadTitle: text }),
    invitation: templates.invitation({ appUrl: APP, organization: text, invitee: person }),
  };
}

/** As much as there can be anywhere, in one word that nothing breaks by itself. */
export const LONGEST: Written = {
  text: 'W'.repeat(2_000),
  firstName: 'Ж'.repeat(200),
  lastName: '龍'.repeat(200),
  rows: 20,
  figure: 10_000_000_000,
};
