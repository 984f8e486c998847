import { addDays, daysBetween } from '../../time/rules.ts';
import { clockStatus } from '../incidents/rules.ts';

/**
 * The compliance score of a participant (`domain.md` §5.4): each input is what share of its records are in order, an
 * amber one counting half; the score is their mean by weight, of the inputs that apply. An overdue reportable incident
 * makes it 0, whatever else is in order.
 */

export type Light = 'green' | 'amber' | 'red';

/** A record that an input looks at, and what is wrong with it. */
export interface Finding {
  entityType: 'user' | 'service' | 'document' | 'incident' | 'plan' | 'participant';
  entityId: string;
  status: Light;
  /** Empty when it is in order. */
  reason: string;
}

export interface Facts {
  participantId: string;
  /** The organisation's date, and the instant. */
  today: string;
  now: number;
  /** Standing services of the last `WINDOW` days; `endedAt` and `notedAt` in ms, `notedAt` null without a note. */
  services: { id: string; serviceDate: string; workerId: string; endedAt: number; notedAt: number | null }[];
  workers: Map<string, { status: string; expiresOn: string | null } | null>;
  /** Those that are uploaded; `madeOn` is the day they were made, by the organisation's date. */
  documents: { id: string; type: string; validFrom: string | null; validTo: string | null; madeOn: string }[];
  /** Reportable ones; instants in ms. */
  incidents: {
    id: string;
    becameAwareAt: number;
    notifyBy: number | null;
    notifiedAt: number | null;
    reportBy: number | null;
    reportedAt: number | null;
  }[];
  plans: { id: string; startDate: string; endDate: string }[];
}

/** Days of services that are looked at, today included. */
export const WINDOW = 30;
/** Days of incidents that are looked at; one that is not told of counts for good. */
const INCIDENT_WINDOW = 365;
const SCREENING_AMBER = 60;
const ENDING = 30;
const PLAN_AMBER = 90;
const HOUR = 3_600_000;
const NOTE = { green: 24 * HOUR, amber: 72 * HOUR };
/** Days since the last review, of twelve months and of fourteen. */
const REVIEW = { green: 366, amber: 427 };

export const INPUTS = [
  'worker_screening',
  'service_agreement',
  'shift_notes',
  'incidents',
  'plan',
  'review',
  'documents',
] as const;
export type InputName = (typeof INPUTS)[number];

interface Input {
  name: InputName;
  weight: number;
  /** What it looks at; nothing when it does not apply. */
  records: (facts: Facts) => Finding[];
}

/** Whether care is given at present: what a participant of no plan and no services lacks is nobody's failing. */
function isServed({ services, plans, today }: Facts): boolean {
  return services.length > 0 || plans.some((plan) => plan.startDate <= today && today <= plan.endDate);
}

const covers = ({ validFrom, validTo }: Facts['documents'][number], date: string) =>
  (validFrom ?? date) <= date && date <= (validTo ?? date);

function screening(facts: Facts): Finding[] {
  const workers = new Set(facts.services.map(({ workerId }) => workerId));
  return [...workers].map((entityId) => {
    const check = facts.workers.get(entityId);
    const record = (status: Light, reason = ''): Finding => ({ entityType: 'user', entityId, status, reason });
    if (!check) return record('red', 'No worker screening check is recorded.');
    if (check.status !== 'cleared')
      return record('red', `The worker screening check is ${check.status.replace('_', ' ')}.`);
    if (check.expiresOn === null) return record('amber', 'The worker screening check has no date of expiry.');
    const left = daysBetween(facts.today, check.expiresOn);
    if (left < 0) return record('red', `The worker screening check expired on ${check.expiresOn}.`);
    return left <= SCREENING_AMBER
      ? record('amber', `The worker screening check expires on ${check.expiresOn}.`)
      : record('green');
  });
}

/** Of a kind of document that should hold today: the one that holds longest, and how it stands. */
function standing(facts: Facts, { type, what }: { type: string; what: string }): Finding {
  const holding = facts.documents.filter((document) => document.type === type && covers(document, facts.today));
  const [longest] = holding.sort((one, other) => ((one.validTo ?? '9') < (other.validTo ?? '9') ? 1 : -1));
  const nobody = { entityType: 'participant', entityId: facts.participantId } as const;
  if (!longest) return { ...nobody, status: 'red', reason: `There is no ${what} that holds today.` };
  const about = { entityType: 'document', entityId: longest.id } as const;
  if (longest.validTo !== null && daysBetween(facts.today, longest.validTo) <= ENDING) {
    return { ...about, status: 'amber', reason: `The ${what} ends on ${longest.validTo}.` };
  }
  return { ...about, status: 'green', reason: '' };
}

function agreement(facts: Facts): Finding[] {
  if (!isServed(facts)) return [];
  const agreements = facts.documents.filter(({ type }) => type === 'service_agreement');
  const delivered = facts.services.map(({ id, serviceDate }): Finding => {
    const isCovered = agreements.some((document) => covers(document, serviceDate));
    const reason = isCovered ? '' : `No service agreement covers ${serviceDate}.`;
    return { entityType: 'service', entityId: id, status: isCovered ? 'green' : 'red', reason };
  });
  return [standing(facts, { type: 'service_agreement', what: 'service agreement' }), ...delivered];
}

function notes(facts: Facts): Finding[] {
  return facts.services.map(({ id, endedAt, notedAt }) => {
    const record = (status: Light, reason = ''): Finding => ({ entityType: 'service', entityId: id, status, reason });
    // One that is not there yet is as late as it is now.
    const late = (notedAt ?? facts.now) - endedAt;
    if (late < NOTE.green) return record('green');
    const hours = Math.floor(late / HOUR);
    const reason = notedAt === null ? 'There is no shift note.' : `The shift note came ${hours} hours after the shift.`;
    return record(late < NOTE.amber ? 'amber' : 'red', reason);
  });
}

/** Both clocks of an incident, the worse of them. */
function incidentClocks(incident: Facts['incidents'][number], now: number) {
  return [
    { what: 'notification', status: clockStatus({ by: incident.notifyBy, at: incident.notifiedAt }, now) },
    { what: 'five-day form', status: clockStatus({ by: incident.reportBy, at: incident.reportedAt }, now) },
  ];
}

function incidents(facts: Facts): Finding[] {
  const since = facts.now - INCIDENT_WINDOW * 24 * HOUR;
  const counted = facts.incidents.filter(
    (incident) =>
      incident.becameAwareAt >= since || incidentClocks(incident, facts.now).some(({ status }) => status === 'overdue'),
  );
  return counted.map((incident) => {
    const clocks = incidentClocks(incident, facts.now);
    const wrong = (status: string) => clocks.find((clock) => clock.status === status);
    const record = (status: Light, reason = ''): Finding => ({
      entityType: 'incident',
      entityId: incident.id,
      status,
      reason,
    });
    const overdue = wrong('overdue');
    if (overdue) return record('red', `The ${overdue.what} is overdue.`);
    const late = wrong('late');
    if (late) return record('red', `The ${late.what} was late.`);
    const due = wrong('due');
    return due ? record('amber', `The ${due.what} is due.`) : record('green');
  });
}

function plan(facts: Facts): Finding[] {
  const { plans, today } = facts;
  const last = plans.reduce<Facts['plans'][number] | null>(
    (latest, one) => (latest && latest.endDate > one.endDate ? latest : one),
    null,
  );
  if (!last) return [];
  const record = (status: Light, reason = ''): Finding => ({ entityType: 'plan', entityId: last.id, status, reason });
  if (last.endDate < today) return [record('red', `The last plan ended on ${last.endDate}.`)];
  if (!plans.some(({ startDate, endDate }) => startDate <= today && today <= endDate)) {
    const next = plans.reduce(
      (first, one) => (today < one.startDate && one.startDate < first.startDate ? one : first),
      last,
    );
    const reason = `There is no plan today; the next one starts on ${next.startDate}.`;
    return [{ entityType: 'plan', entityId: next.id, status: 'red', reason }];
  }
  const isNear = daysBetween(today, last.endDate) <= PLAN_AMBER;
  return [isNear ? record('amber', `The plan ends on ${last.endDate}.`) : record('green')];
}

function review(facts: Facts): Finding[] {
  if (!isServed(facts)) return [];
  const dated = facts.documents
    .filter(({ type }) => type === 'assessment')
    .map((document) => ({ id: document.id, on: document.validFrom ?? document.madeOn }))
    .filter(({ on }) => on <= facts.today)
    .sort((one, other) => (one.on < other.on ? 1 : -1));
  const [newest] = dated;
  if (!newest) {
    const reason = 'There is no assessment: support plan and risks were never reviewed.';
    return [{ entityType: 'participant', entityId: facts.participantId, status: 'red', reason }];
  }
  const age = daysBetween(newest.on, facts.today);
  const status = age <= REVIEW.green ? 'green' : age <= REVIEW.amber ? 'amber' : 'red';
  const reason = status === 'green' ? '' : `Support plan and risks were last reviewed on ${newest.on}.`;
  return [{ entityType: 'document', entityId: newest.id, status, reason }];
}

/** The documents that every participant who is served should have. */
const REQUIRED = [{ type: 'consent', what: 'consent' }];

function documents(facts: Facts): Finding[] {
  return isServed(facts) ? REQUIRED.map((required) => standing(facts, required)) : [];
}

const TABLE: readonly Input[] = [
  { name: 'worker_screening', weight: 25, records: screening },
  { name: 'service_agreement', weight: 20, records: agreement },
  { name: 'shift_notes', weight: 20, records: notes },
  { name: 'incidents', weight: 15, records: incidents },
  { name: 'plan', weight: 10, records: plan },
  { name: 'review', weight: 5, records: review },
  { name: 'documents', weight: 5, records: documents },
];

/** A record that is not in order. */
export type Failing = Finding & { status: 'amber' | 'red' };

function hasStatus<Status extends Light>(status: Status) {
  return (finding: Finding): finding is Finding & { status: Status } => finding.status === status;
}

/** How many failing records of an input are named; `total` less `passed` says how many there are. */
const NAMED = 20;
const WORTH: Record<Light, number> = { green: 1, amber: 0.5, red: 0 };

/** An input that applies: how many of its records are in order, of how many, and which are not. */
export interface AssessedInput {
  input: InputName;
  weight: number;
  status: Light;
  passed: number;
  total: number;
  failing: Failing[];
}

export interface Assessment {
  /** 0 to 100; null when no input applies. */
  score: number | null;
  /** A reportable incident is overdue: the score is 0. */
  hardFail: boolean;
  inputs: AssessedInput[];
}

/** How a participant's records stand. */
export function assessCompliance(facts: Facts): Assessment {
  let points = 0;
  let weights = 0;
  const inputs: AssessedInput[] = [];
  for (const { name, weight, records: look } of TABLE) {
    const records = look(facts);
    if (records.length === 0) continue;
    points += (weight * records.reduce((sum, { status }) => sum + WORTH[status], 0)) / records.length;
    weights += weight;
    const failing: Failing[] = [...records.filter(hasStatus('red')), ...records.filter(hasStatus('amber'))];
    inputs.push({
      input: name,
      weight,
      status: failing[0]?.status ?? 'green',
      passed: records.length - failing.length,
      total: records.length,
      failing: failing.slice(0, NAMED),
    });
  }
  const hardFail = facts.incidents.some((incident) =>
    incidentClocks(incident, facts.now).some(({ status }) => status === 'overdue'),
  );
  if (weights === 0) return { score: null, hardFail, inputs };
  // Shares of tenths are not exact: without this, a half would now and then be rounded down.
  const mean = Number(((100 * points) / weights).toFixed(9));
  return { score: hardFail ? 0 : Math.round(mean), hardFail, inputs };
}

const SAID: Record<InputName, string> = {
  worker_screening: 'worker screening',
  service_agreement: 'service agreement',
  shift_notes: 'shift notes',
  incidents: 'incidents',
  plan: 'plan',
  review: 'support plan and risk review',
  documents: 'consent',
};

/** The inputs that have something red, by the names that people know them by. */
export function failingInputs(inputs: readonly AssessedInput[]): string[] {
  return inputs.filter(({ status }) => status === 'red').map(({ input }) => SAID[input]);
}

/** The first day of the services that are looked at. */
export function windowStart(today: string): string {
  return addDays(today, 1 - WINDOW);
}
