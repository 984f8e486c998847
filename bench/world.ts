import { addDays, dateAt } from '../src/time/rules.ts';

/** What the seed made and the parts measure: ids, dates and counts, as plain data. */
export interface World {
  organization: Organization;
  /** The same kind of organisation, smaller: what a list reads must not depend on the size. */
  smaller: Organization;
  /** Disjoint groups of participants of `organization`, so that neither worker changes what the other remembers. */
  spread: Record<Server, Target[]>;
  alone: Record<Server, Target[]>;
  watched: Target[];
  spare: Target[];
}

export type Server = 'caddy' | 'bare';

export interface Organization {
  id: string;
  userId: string;
  email: string;
  subject: string;
  participants: number;
  services: number;
}

/** A participant to record services on, with what a worker without a ledger has to be told. */
export interface Target {
  participantId: string;
  planId: string;
  budgetId: string;
  poolId: string;
}

export const TIME_ZONE = 'Australia/Sydney';
export const TODAY = dateAt(TIME_ZONE, Date.now());
/** Nearly a year of the plan is over. */
export const PLAN = { startDate: addDays(TODAY, -350), endDate: addDays(TODAY, 15) };
const SEEDED_DAYS = 300;
/** What is recorded now happened lately: on one of four weeks' days, at a quarter hour of its day. */
const RECENT_DAYS = 28;
const FIRST_QUARTER = 7 * 4;
const QUARTERS = 14 * 4;

/** The hourly item that everything is charged with, and one whose line has no money left. */
export const ITEM = {
  code: '01_011_0107_1_1',
  name: 'Assistance With Self-Care Activities - Standard - Weekday Daytime',
  registrationGroup: '0107',
  categoryCode: 1,
  unit: 'H',
  cents: 7023,
} as const;
/** What a seeded service is, and costs. */
export const HOURS = 2;
export const COST = ITEM.cents * HOURS;
export const DEAR_ITEM = {
  code: '15_056_0128_1_3',
  name: 'Assessment Recommendation Therapy Or Training - Other Professional',
  registrationGroup: '0128',
  categoryCode: 15,
  unit: 'H',
  cents: 19399,
} as const;

/** Searches that find equally many in both organisations, whatever their size, and one that does not. */
export const FEW = { familyName: 'Quimbleton', numberPrefix: '439123', people: 30 };
export const BROAD = 'mar';

/** A day of the plan long before the ones that shifts are recorded on. */
export function seededDate(n: number): string {
  return addDays(PLAN.startDate, n % SEEDED_DAYS);
}

function timeOf(quarter: number): string {
  const hour = String(Math.floor(quarter / 4)).padStart(2, '0');
  return `${hour}:${String((quarter % 4) * 15).padStart(2, '0')}`;
}

/** The n-th shift of a participant: an hour, on another day than the one before; all of 1,568 are different. */
export function shift(n: number): { serviceDate: string; startTime: string; endTime: string } {
  const quarter = FIRST_QUARTER + (Math.floor(n / RECENT_DAYS) % QUARTERS);
  const serviceDate = addDays(TODAY, -1 - (n % RECENT_DAYS));
  return { serviceDate, startTime: timeOf(quarter), endTime: timeOf(quarter + 4) };
}

const NOTES = 'Helped with the morning routine, breakfast and the walk to the bus. No incidents.';

/** The body of a request that records the n-th shift of a participant; the bare Worker is told what Caddy finds out. */
export function serviceBody(server: Server, { target, n }: { target: Target; n: number }): string {
  const asked = { participantId: target.participantId, supportItemCode: ITEM.code, ...shift(n), notes: NOTES };
  return JSON.stringify(server === 'caddy' ? asked : { ...asked, ...target });
}
