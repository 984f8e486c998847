import type { Catalogue } from './catalogue.ts';
import type { Line, LiveMessage } from './live.ts';
import type { Participant } from './participants.ts';
import type { Heard } from './phones.ts';
import type { Proof } from './proof.ts';
import type { Week } from './week.ts';

/** A participant as the board shows them; budgets as their live socket tells. */
export interface Row {
  firstName: string;
  lastName: string;
  lines: ReadonlyMap<string, Line>;
  version: number;
  movedAt: number;
  refusedAt: number;
}

export interface Refused {
  code: string;
  count: number;
  /** What the last of them was told. */
  example: string;
}

/** All that the demo knows while it runs; the screen is drawn from it. */
export interface Board {
  phase: 'setting up' | 'shifts' | 'proof' | 'done';
  week: Week;
  catalogue: Catalogue | null;
  clients: number;
  phones: number;
  rows: Map<string, Row>;
  /** Participants brought in so far, and how many of them were there already. */
  ready: number;
  found: number;
  sockets: number;
  /** Requests to make, and how many have come back. */
  sendings: number;
  sent: number;
  /** Connections that went before the answer came. */
  lost: number;
  /** What each recorded service costs, in cents, by its id: however often it was sent, it is here once. */
  recorded: Map<string, number>;
  /** The services that were there before the first shift was sent: an earlier run's. */
  earlier: Set<string>;
  /** Sent under their key once more. */
  resent: number;
  duplicates: number;
  /** What each refused shift was told, by its ID in the sheet. */
  refused: Map<string, { code: string; detail: string }>;
  unexpected: string[];
  /** How long answers took (ms). */
  answers: number[];
  /** By service: when it was sent, and when its budgets moved on the live socket. */
  sentAt: Map<string, number>;
  seenAt: Map<string, number>;
  /** The first shift's and the last's moment, on the clock of `performance.now()`, and the first's as the API says it. */
  startedAt: number;
  startedOn: string;
  endedAt: number | null;
  proof: Proof | null;
}

export function newBoard(about: Pick<Board, 'week' | 'clients' | 'phones'>): Board {
  return {
    ...about,
    phase: 'setting up',
    catalogue: null,
    rows: new Map(),
    ready: 0,
    found: 0,
    sockets: 0,
    sendings: 0,
    sent: 0,
    lost: 0,
    recorded: new Map(),
    earlier: new Set(),
    resent: 0,
    duplicates: 0,
    refused: new Map(),
    unexpected: [],
    answers: [],
    sentAt: new Map(),
    seenAt: new Map(),
    startedAt: 0,
    startedOn: '',
    endedAt: null,
    proof: null,
  };
}

/** Gives each participant their place, in this order. */
export function seatParticipants(board: Board, participants: readonly Participant[]): void {
  board.rows = new Map(
    participants.map(({ id, client: { firstName, lastName } }) => [
      id,
      { firstName, lastName, lines: new Map(), version: -1, movedAt: -Infinity, refusedAt: -Infinity },
    ]),
  );
}

/** Takes in what a live socket said. */
export function noteMessage(board: Board, told: { id: string; message: LiveMessage; at: number }): void {
  const { id, message, at } = told;
  const row = board.rows.get(id);
  if (!row) return;
  if (message.type === 'error') {
    board.unexpected.push(`The live budgets of ${row.firstName} ${row.lastName} said ${message.code}.`);
    return;
  }
  if (message.type === 'snapshot') {
    row.lines = new Map(message.budgets.map((line) => [line.id, line]));
  } else {
    if (message.version !== row.version + 1) {
      const gap = `version ${message.version} after ${row.version}`;
      board.unexpected.push(`The live budgets of ${row.firstName} ${row.lastName} went to ${gap}.`);
    }
    row.lines = new Map([...row.lines, ...message.budgets.map((line) => [line.id, line] as const)]);
    row.movedAt = at;
    const { serviceId } = message.cause;
    if (serviceId !== undefined) board.seenAt.set(serviceId, at);
  }
  row.version = message.version;
}

/** Takes in what became of a shift. */
export function noteOutcome(board: Board, { sending, outcome, sentAt, answeredAt }: Heard): void {
  board.sent++;
  if (outcome.kind !== 'lost') board.answers.push(answeredAt - sentAt);
  if (sending.again) board.resent++;
  switch (outcome.kind) {
    case 'recorded':
      if (outcome.createdAt < board.startedOn) board.earlier.add(outcome.serviceId);
      if (outcome.duplicate && !sending.again) board.duplicates++;
      if (!outcome.replayed) board.sentAt.set(outcome.serviceId, sentAt);
      board.recorded.set(outcome.serviceId, outcome.cents);
      return;
    case 'refused': {
      board.refused.set(sending.shiftId, outcome);
      const row = board.rows.get(sending.participantId);
      if (row) row.refusedAt = answeredAt;
      return;
    }
    case 'unexpected':
      board.unexpected.push(outcome.what);
      return;
    case 'lost':
      board.lost++;
      return;
  }
}

/** The refusals by their codes, the most frequent first. */
export function refusalsOf(board: Board): Refused[] {
  const codes = new Map<string, Refused>();
  for (const { code, detail } of board.refused.values()) {
    codes.set(code, { code, count: (codes.get(code)?.count ?? 0) + 1, example: detail });
  }
  return [...codes.values()].toSorted((one, other) => other.count - one.count);
}

/** How long shifts took from the phone to the coordinator's screen (ms). */
export function screenTimes(board: Board): number[] {
  return [...board.sentAt].flatMap(([serviceId, sentAt]) => {
    const seenAt = board.seenAt.get(serviceId);
    return seenAt === undefined ? [] : [seenAt - sentAt];
  });
}

/** The value that `share` of the values do not exceed (nearest rank); null of none. */
export function percentile(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null;
}

export interface Totals {
  allocatedCents: number;
  releasedCents: number;
  spentCents: number;
}

/** A participant's lines together. */
export function totalsOf(row: Row): Totals {
  const sum = { allocatedCents: 0, releasedCents: 0, spentCents: 0 };
  for (const line of row.lines.values()) {
    sum.allocatedCents += line.allocatedCents;
    sum.releasedCents += line.releasedCents;
    sum.spentCents += line.spentCents;
  }
  return sum;
}

/** Why the demo ends with an error; empty when all is well. */
export function complaints(board: Board): string[] {
  return [...board.unexpected, ...(board.proof?.differences ?? [])];
}
