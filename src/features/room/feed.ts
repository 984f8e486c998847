import type { Database } from '../../database/database.ts';
import { boundsStatement, type EventRow, eventsStatement } from '../threads/events.ts';
import type { ServerMessage } from './protocol.ts';
import { frameOf } from './state.ts';

/** How many events are read at once, and how many a client may have missed. */
const PAGE = 500;
const MOST_MISSED = 5_000;

/** Where the record of an organisation's threads begins and ends. */
export interface Bounds {
  first: number;
  last: number;
}

export async function readBounds(database: Database, organizationId: string): Promise<Bounds> {
  const [[bounds]] = await database.read<[Bounds]>(boundsStatement(organizationId));
  return bounds ?? { first: 1, last: 0 };
}

/** Hands on every event after a number and up to another, page by page in their order; the number of the last one. */
export async function followEvents(
  database: Database,
  {
    organizationId,
    after,
    upTo = Number.MAX_SAFE_INTEGER,
    each,
  }: { organizationId: string; after: number; upTo?: number; each: (rows: readonly EventRow[]) => void },
): Promise<number> {
  let last = after;
  while (last < upTo) {
    const page = { after: last, upTo, limit: PAGE };
    const [rows] = await database.read<[EventRow]>(eventsStatement(organizationId, page));
    if (rows.length > 0) each(rows);
    last = rows.at(-1)?.seq ?? last;
    if (rows.length < PAGE) break;
  }
  return last;
}

/** Whether what a client has missed can still be told: it is all there, and not too much. */
export function canResume(since: number, { first, last }: Bounds): boolean {
  return since >= first - 1 && since <= last && last - since <= MOST_MISSED;
}

/** A user on one of their sockets. */
export interface Hearer {
  socket: WebSocket;
  userId: string;
}

/** Sends users what happened, each on their own sockets. One that is gone is not an error: its close event is on the way. */
export function tellEvents(hearers: readonly Hearer[], rows: readonly EventRow[]): void {
  for (const row of rows) {
    // Those who are mentioned are told so: two texts serve everyone.
    const mentioned = new Set<string>(JSON.parse(row.mentions ?? '[]'));
    const texts = new Map<boolean, string>();
    for (const { socket, userId } of hearers) {
      const called = mentioned.has(userId);
      let text = texts.get(called);
      if (text === undefined) {
        const frame: ServerMessage | null = frameOf(row, userId);
        text = frame ? JSON.stringify(frame) : '';
        texts.set(called, text);
      }
      if (text !== '') trySend(socket, text);
    }
  }
}

/** Sends a text; a socket that is gone is not an error. */
export function trySend(socket: WebSocket, text: string): void {
  try {
    socket.send(text);
  } catch {}
}
