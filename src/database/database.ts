import type { Sql } from 'sql-template-tag';
import { Unavailable } from '../http/problem.ts';
import { constraintOf, faultOf, type LostOutcome } from './faults.ts';

/** What one request or call cost the database: the figures that the platform bills by. */
export interface Usage {
  trips: number;
  rowsRead: number;
  rowsWritten: number;
  milliseconds: number;
}

export function noUsage(): Usage {
  return { trips: 0, rowsRead: 0, rowsWritten: 0, milliseconds: 0 };
}

export interface Outcome<Row> {
  rows: Row[];
  changes: number;
}

/** A named rule of the schema refused the batch, and nothing of it was kept. */
export class ConstraintError extends Error {
  /** A CHECK's name, or `table.column` of a key that is taken. */
  readonly constraint: string;

  constructor(constraint: string) {
    super(`constraint ${constraint}`);
    this.constraint = constraint;
  }
}

/** The batch may or may not have been applied: look before trying again. */
export class OutcomeUnknown extends Error {}

/** The rows of a batch of reads: for each statement, an array of its type. */
export type Rows<Types extends unknown[]> = { [Index in keyof Types]: Types[Index][] };
type Statements<Types extends unknown[]> = { [Index in keyof Types]: Sql };

export interface Database {
  readonly usage: Usage;
  /** Reads in one round trip and one transaction; retried until the deadline, then `Unavailable`. */
  read<Types extends unknown[]>(...statements: Statements<Types>): Promise<Rows<Types>>;
  /**
   * One transaction, one round trip, tried once unless it surely was not applied. `ConstraintError` when the schema
   * refuses it, `OutcomeUnknown` when its answer was lost.
   */
  write(statements: readonly Sql[]): Promise<Outcome<Record<string, unknown>>[]>;
}

/** How long a request may wait for the database in all, and for one answer of it (ms). */
const DEADLINE = 8_000;
const ATTEMPT = 5_000;

export function openDatabase(d1: D1Database, usage: Usage = noUsage()): Database {
  const send = async (statements: readonly Sql[]): Promise<Outcome<Record<string, unknown>>[]> => {
    const started = Date.now();
    usage.trips += 1;
    try {
      const prepared = statements.map((statement) => d1.prepare(statement.sql).bind(...statement.values.map(bindable)));
      const results = await withTimeout(d1.batch<Record<string, unknown>>(prepared));
      return results.map((result) => {
        usage.rowsRead += result.meta.rows_read;
        usage.rowsWritten += result.meta.rows_written;
        return { rows: result.results, changes: result.meta.changes };
      });
    } finally {
      usage.milliseconds += Date.now() - started;
    }
  };

  return {
    usage,
    async read<Types extends unknown[]>(...statements: Statements<Types>): Promise<Rows<Types>> {
      const outcomes = await persist(() => send(statements), { again: (fault) => fault !== 'fatal' });
      return rowsOf<Types>(outcomes);
    },
    async write(statements) {
      try {
        return await persist(() => send(statements), { again: (fault) => fault === 'busy' });
      } catch (error) {
        if (error instanceof Unavailable) throw error;
        const constraint = constraintOf(error);
        if (constraint !== null) throw new ConstraintError(constraint);
        if (faultOf(error) === 'lost') throw new OutcomeUnknown();
        throw error;
      }
    },
  };
}

/** The rows of one outcome, as its statement's RETURNING names them; none when there was no such statement. */
export function rowsAs<Row>(outcome: Outcome<Record<string, unknown>> | undefined): Row[] {
  return (outcome?.rows ?? []) as Row[];
}

/** D1 answers untyped rows; each statement's caller names what its own columns are, and tests read them back. */
function rowsOf<Types extends unknown[]>(outcomes: Outcome<Record<string, unknown>>[]): Rows<Types> {
  return outcomes.map((outcome) => outcome.rows) as Rows<Types>;
}

function bindable(value: unknown): unknown {
  if (value === undefined) return null;
  return typeof value === 'boolean' ? Number(value) : value;
}

/** Tries until it works, fails for good or the deadline is reached; waits a little longer, at random, each time. */
async function persist<Value>(
  attempt: () => Promise<Value>,
  options: { again: (fault: LostOutcome | 'busy' | 'fatal') => boolean },
): Promise<Value> {
  const deadline = Date.now() + DEADLINE;
  for (let tries = 0; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (!options.again(faultOf(error))) throw error;
      const pause = backOff(tries);
      if (Date.now() + pause > deadline) throw new Unavailable();
      await scheduler.wait(pause);
    }
  }
}

/** Milliseconds to wait before try number `tries + 2`: doubling from 20 to 1,000, each at random from its upper half. */
export function backOff(tries: number): number {
  const full = Math.min(1000, 20 * 2 ** tries);
  return full / 2 + Math.random() * (full / 2);
}

function withTimeout<Value>(work: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no answer from D1 in time')), ATTEMPT);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
