import type { Sql } from 'sql-template-tag';
import type { Database } from '../../database/database.ts';
import { type ChangeRow, changeBoundsStatement, changesStatement } from '../changes/queries.ts';
import { mayHear } from '../changes/rules.ts';
import { boundsStatement, type EventRow, eventsStatement } from '../threads/events.ts';
import type { Channel, Member } from './protocol.ts';
import { changeFrame, frameOf } from './state.ts';

/** How many events are read at once, and how many a client may have missed. */
const PAGE = 500;
const MOST_MISSED = 5_000;

/** Where a record begins and ends. */
export interface Bounds {
  first: number;
  last: number;
}

/** A record of what happened in an organisation, and who is told what of it. */
interface Log<Row extends { seq: number }> {
  page: (organizationId: string, page: { after: number; upTo: number; limit: number }) => Sql;
  bounds: (organizationId: string) => Sql;
  /** What a member is told, as `kind` says: those of a kind are told the same; null is nothing. */
  kind: (row: Row, member: Member) => string | null;
  text: (row: Row, member: Member) => string | null;
}

const THREADS: Log<EventRow> = {
  page: eventsStatement,
  bounds: boundsStatement,
  // Those who are mentioned are told so: two texts serve everyone.
  kind: (row, member) => (listOf(row.mentions).includes(member.userId) ? 'mentioned' : 'all'),
  text: (row, member) => textOf(frameOf(row, member.userId)),
};

const CHANGES: Log<ChangeRow> = {
  page: changesStatement,
  bounds: changeBoundsStatement,
  kind: (row, member) => (mayHear(member.permissions, row.entity_type) ? 'all' : null),
  text: (row) => textOf(changeFrame(row)),
};

function listOf(json: string | null): string[] {
  return JSON.parse(json ?? '[]');
}

function textOf(frame: object | null): string | null {
  return frame && JSON.stringify(frame);
}

/** Someone in the room, on one of their sockets. */
export interface Hearer {
  socket: WebSocket;
  member: Member;
}

/** Where the record of a channel begins and ends. */
export async function readBounds(
  database: Database,
  { channel, organizationId }: { channel: Channel; organizationId: string },
): Promise<Bounds> {
  const log = channel === 'threads' ? THREADS : CHANGES;
  const [[bounds]] = await database.read<[Bounds]>(log.bounds(organizationId));
  return bounds ?? { first: 1, last: 0 };
}

interface Following {
  organizationId: string;
  hearers: readonly Hearer[];
  after: number;
  upTo?: number;
  /** Told up to this number: should a later page not come, it is not told again. */
  told?: (seq: number) => void;
}

/** Tells hearers of a channel every event after a number and up to another, in their order; the number of the last one. */
export function follow(
  database: Database,
  { channel, ...following }: Following & { channel: Channel },
): Promise<number> {
  return channel === 'threads'
    ? followLog(THREADS, { database, ...following })
    : followLog(CHANGES, { database, ...following });
}

async function followLog<Row extends { seq: number }>(
  log: Log<Row>,
  {
    database,
    organizationId,
    hearers,
    after,
    upTo = Number.MAX_SAFE_INTEGER,
    told,
  }: Following & { database: Database },
): Promise<number> {
  let last = after;
  while (last < upTo) {
    const [rows] = await database.read<[Row]>(log.page(organizationId, { after: last, upTo, limit: PAGE }));
    for (const row of rows) tellRow(log, { row, hearers });
    last = rows.at(-1)?.seq ?? last;
    told?.(last);
    if (rows.length < PAGE) break;
  }
  return last;
}

function tellRow<Row extends { seq: number }>(
  log: Log<Row>,
  { row, hearers }: { row: Row; hearers: readonly Hearer[] },
): void {
  const texts = new Map<string, string | null>();
  for (const { socket, member } of hearers) {
    const kind = log.kind(row, member);
    if (kind === null) continue;
    if (!texts.has(kind)) texts.set(kind, log.text(row, member));
    const text = texts.get(kind);
    if (text) trySend(socket, text);
  }
}

/** Whether what a client has missed can still be told: it is all there, and not too much. */
export function canResume(since: number, { first, last }: Bounds): boolean {
  return since >= first - 1 && since <= last && last - since <= MOST_MISSED;
}

/** Sends a text. A socket that is gone is not an error: its close event is on the way. */
export function trySend(socket: WebSocket, text: string): void {
  try {
    socket.send(text);
  } catch {}
}
