import { addBusinessDays, STATES, type State } from '../../business-days/rules.ts';
import { addDays, dateAt, startOfDate } from '../../time/rules.ts';
import type { IncidentRow } from './table.ts';

/** The clocks of reportable incidents: NDIS (Incident Management and Reportable Incidents) Rules, as `domain.md` §5.1 has them. */

const HOUR = 3_600_000;
const NOTIFY_WITHIN = 24 * HOUR;
const BUSINESS_DAYS = 5;

const ZONES: Record<State, string> = {
  NSW: 'Australia/Sydney',
  VIC: 'Australia/Melbourne',
  QLD: 'Australia/Brisbane',
  SA: 'Australia/Adelaide',
  WA: 'Australia/Perth',
  TAS: 'Australia/Hobart',
  ACT: 'Australia/Sydney',
  NT: 'Australia/Darwin',
};

/** The other names of the states' zones, and those that parts of them keep. */
const ALSO: Record<string, State> = {
  'Australia/Lindeman': 'QLD',
  'Australia/Queensland': 'QLD',
  'Australia/Eucla': 'WA',
  'Australia/West': 'WA',
  'Australia/South': 'SA',
  'Australia/North': 'NT',
  'Australia/Victoria': 'VIC',
  'Australia/Tasmania': 'TAS',
  'Australia/Currie': 'TAS',
  'Australia/Canberra': 'ACT',
  'Australia/ACT': 'ACT',
};

/** The state where a zone's time is kept; New South Wales for its own and for any that is none of Australia's. */
export function stateOfZone(timeZone: string): State {
  return STATES.find((state) => ZONES[state] === timeZone) ?? ALSO[timeZone] ?? 'NSW';
}

export type Happening = Pick<IncidentRow, 'category' | 'state'> & { causedHarm: boolean; becameAwareAt: number };

/** Whether what happened is of a kind that the Commission is to be told of. */
export function isReportableKind(category: IncidentRow['category']): boolean {
  return category !== 'other';
}

/**
 * Until when the Commission is to be notified of a reportable incident, and to have the five-day form, in ms: 24 hours
 * from becoming aware; of an unauthorised restrictive practice without harm, and for the form, the end of the fifth
 * business day of the state after that day.
 */
export function clocksOf({ category, causedHarm, state, becameAwareAt }: Happening): {
  notifyBy: number;
  reportBy: number;
} {
  const zone = ZONES[state];
  const last = addBusinessDays(dateAt(zone, becameAwareAt), { state, count: BUSINESS_DAYS });
  const reportBy = startOfDate(zone, addDays(last, 1));
  const hasDays = category === 'restrictive_practice' && !causedHarm;
  return { notifyBy: hasDays ? reportBy : becameAwareAt + NOTIFY_WITHIN, reportBy };
}

export type ClockStatus = 'not_needed' | 'due' | 'overdue' | 'on_time' | 'late';

/** How a clock stands: `by` its end, `at` when it was done, null while it is not. */
export function clockStatus({ by, at }: { by: number | null; at: number | null }, now: number): ClockStatus {
  if (by === null) return 'not_needed';
  if (at === null) return now < by ? 'due' : 'overdue';
  return at <= by ? 'on_time' : 'late';
}
