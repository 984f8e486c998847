import { addDays, dateAt, instantOf } from '../../time/rules.ts';

/** What is done for each organisation at 8:00 of its own time. */
export const JOBS = ['daily-budget-check', 'weekly-compliance-check', 'plan-expiry-check'] as const;
export type JobName = (typeof JOBS)[number];

/** Whether a text names a job. */
export function isJobName(text: string): text is JobName {
  return JOBS.some((job) => job === text);
}

/** What is due, and for which day. */
export interface Due {
  job: JobName;
  /** The organisation's date at whose 8:00 it came due. */
  on: string;
  /** That instant, in ms. */
  at: number;
}

function eightOn(timeZone: string, date: string): number {
  // No zone's clock has ever gone forward over 8:00; should one, its day is begun at midnight UTC.
  return instantOf(timeZone, { date, time: '08:00' }) ?? Date.parse(`${date}T00:00:00Z`);
}

function mondayBefore(date: string): string {
  const weekday = new Date(`${date}T00:00:00Z`).getUTCDay();
  return addDays(date, -((weekday + 6) % 7));
}

/**
 * The newest time that each job came due where the organisation is, whether or not it was done: the budget and expiry
 * checks every day, compliance on Mondays. What was missed for days is due once.
 */
export function dueJobs(timeZone: string, now: number): Due[] {
  const today = dateAt(timeZone, now);
  const day = eightOn(timeZone, today) <= now ? today : addDays(today, -1);
  const due = (job: JobName, on: string): Due => ({ job, on, at: eightOn(timeZone, on) });
  return [
    due('daily-budget-check', day),
    due('plan-expiry-check', day),
    due('weekly-compliance-check', mondayBefore(day)),
  ];
}
