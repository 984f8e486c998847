import sql, { raw, type Sql } from 'sql-template-tag';
import type { Database } from '../../database/database.ts';
import { type ChangeRow, changesStatement } from '../changes/queries.ts';
import { mayHear } from '../changes/rules.ts';
import { type EventRow, eventsStatement } from '../threads/events.ts';
import { changeFrame, frameOf } from './frames.ts';
import type { Channel, Member } from './protocol.ts';
import { type Hearer, trySend } from './sockets.ts';

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
  table: 'thread_events' | 'audit_logs';
  /** What is told of a row to each member, as text; null is nothing. Members who are told the same share it. */
  telling: (row: Row) => (member: Member) => string | null;
}

const THREADS: Log<EventRow> = {
  page: eventsStatement,
  table: 'thread_events',
  // Those who are mentioned are told so: two texts serve everyone.
  telling: (row) => {
    const mentioned: ReadonlySet<string> = new Set(JSON.parse(row.mentions ?? '[]'));
    const toMentioned = made(() => frameOf(row, { mentioned: true }));
    const toOthers = made(() => frameOf(row, { mentioned: false }));
    return ({ userId }) => (mentioned.has(userId) ? toMentioned() : toOthers());
  },
};

const CHANGES: Log<ChangeRow> = {
  page: changesStatement,
  table: 'audit_logs',
  telling: (row) => {
    const toAll = made(() => changeFrame(row));
    return ({ permissions }) => (mayHear(permissions, row.entity_type) ? toAll() : null);
  },
};

/** A frame's text, made once, when it is first told. */
function made(frame: () => object | null): () => string | null {
  let text: string | null | undefined;
  return () => {
    if (text === undefined) {
      const value = frame();
      text = value && JSON.stringify(value);
    }
    return text;
  };
}

/** Where the record of a channel begins and ends. */
export async function readBounds(
  database: Database,
  { channel, organizationId }: { channel: Channel; organizationId: string },
): Promise<Bounds> {
  const log = channel === 'threads' ? THREADS : CHANGES;
  const of = sql`FROM ${raw(log.table)} WHERE organization_id = ${organizationId}`;
  const [[bounds]] = await database.read<[Bounds]>(
    sql`SELECT coalesce((SELECT min(seq) ${of}), 1) AS first, coalesce((SELECT max(seq) ${of}), 0) AS last`,
  );
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
    for (const row of rows) {
      const telling = log.telling(row);
      for (const { socket, member } of hearers) {
        const text = telling(member);
        if (text !== null) trySend(socket, text);
      }
    }
    last = rows.at(-1)?.seq ?? last;
    told?.(last);
    if (rows.length < PAGE) break;
  }
  return last;
}

/** Whether what a client has missed can still be told: it is all there, and not too much. */
export function canResume(since: number, { first, last }: Bounds): boolean {
  return since >= first - 1 && since <= last && last - since <= MOST_MISSED;
}
