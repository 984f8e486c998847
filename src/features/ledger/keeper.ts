import type { Sql } from 'sql-template-tag';
import {
  backOff,
  ConstraintError,
  type Database,
  noUsage,
  OutcomeUnknown,
  type Rows,
  type Usage,
} from '../../database/database.ts';
import { type Refusal, Unavailable } from '../../http/problem.ts';
import { KEY_TAKEN } from '../idempotency/record.ts';
import type { Reply } from './commands.ts';
import { type LedgerRows, ledgerStatements, ledgerStateOf } from './load.ts';
import type { LedgerKey, LedgerState } from './state.ts';

/** What the keeper tells those who watch. */
export type News =
  | ({ kind: 'update' } & Advance)
  /** Something changed that no single update describes. */
  | { kind: 'snapshot'; state: LedgerState };

/** A state that an own change led to. */
export interface Advance {
  state: LedgerState;
  budgetIds: readonly string[];
  cause: Cause;
}

export interface Cause {
  kind: 'service.recorded' | 'service.cancelled' | 'budget.created' | 'budget.adjusted' | 'plan.changed';
  serviceId?: string;
}

/**
 * One participant's ledger in memory, beside D1. `state` is null whenever it may be wrong: the next to need it reads
 * it. Only one piece of work runs at a time; whoever holds the turn may trust `state` across an await.
 */
export interface Keeper {
  readonly key: LedgerKey;
  state: LedgerState | null;
  /** The version that watchers were last told; null when nobody was told anything. */
  told: number | null;
  readonly openDatabase: (usage: Usage) => Database;
  /** Says that alerts may have been raised: people have to be told. Best effort; a sweep follows. */
  readonly alerted: () => void;
  /** Says that what the ledger is of has changed, so that what is judged by it is judged anew. Best effort. */
  readonly moved: () => void;
  readonly tell: (news: News) => void;
  turn: Promise<unknown>;
  /** When the database last could not be reached (ms): whoever has waited since before then is not kept longer. */
  failedAt: number;
}

/** Told, when what watchers were told may be wrong: no version is equal to it. */
export const UNTRUE = -1;

/** How often a write is tried against a ledger that others keep changing before it is given up. */
const MAX_ATTEMPTS = 12;
/** How long a command may hold its turn while the database does not answer (ms). */
const PATIENCE = 10_000;

/** The answer while the database cannot be reached. */
function unavailable(usage: Usage): Reply<never> {
  return { ok: false, keyTaken: false, refusal: new Unavailable().refusal, usage };
}

/** Runs a command in turn; when the database fails before its turn comes, it is refused with those before it. */
export function commandInTurn<Value>(keeper: Keeper, command: () => Promise<Reply<Value>>): Promise<Reply<Value>> {
  const entered = Date.now();
  return inTurn(keeper, async () => (keeper.failedAt >= entered ? unavailable(noUsage()) : command()));
}

/** A rule of the schema that refuses a change however often it is chosen anew is our mistake: its name says where. */
function stubborn(error: ConstraintError, requestId: string): ConstraintError {
  const { constraint } = error;
  console.error(JSON.stringify({ level: 'error', event: 'ledger.constraint', constraint, requestId }));
  return error;
}

/** Runs work alone: after everything that came before it, whether that failed or not. */
export function inTurn<Value>(keeper: Keeper, work: () => Promise<Value>): Promise<Value> {
  const result = keeper.turn.then(work, work);
  keeper.turn = result.catch(() => undefined);
  return result;
}

/** Reads the ledger; tells the watchers when someone else has changed it. */
export async function reload(keeper: Keeper, database: Database): Promise<{ state: LedgerState | null }> {
  const { state } = await reloadWith<[]>(keeper, { database, more: [] });
  return { state };
}

/** As `reload`, with whatever else is to be read in the same moment. */
export async function reloadWith<Types extends unknown[]>(
  keeper: Keeper,
  { database, more }: { database: Database; more: { [Index in keyof Types]: Sql } },
): Promise<{ state: LedgerState | null; more: Rows<Types> }> {
  const rows = await database.read<[...LedgerRows, ...Types]>(...ledgerStatements(keeper.key), ...more);
  const [participant, plans, budgets, periods, boundaries, ...others] = rows;
  const state = ledgerStateOf([participant, plans, budgets, periods, boundaries]);
  adopt(keeper, state);
  return { state, more: others as Rows<Types> };
}

/** Takes a state as the present one; a version that watchers have not been told is told as a snapshot. */
export function adopt(keeper: Keeper, state: LedgerState | null): void {
  keeper.state = state;
  if (state && keeper.told !== null && keeper.told !== state.version) {
    keeper.told = state.version;
    keeper.tell({ kind: 'snapshot', state });
  }
}

/** Takes the state after an own change, and tells what changed; a change of plans is followed by a snapshot. */
export function advance(keeper: Keeper, change: Advance): void {
  const { state } = change;
  keeper.state = state;
  keeper.moved();
  if (keeper.told === null) return;
  keeper.told = state.version;
  keeper.tell({ kind: 'update', ...change });
}

/** Memory does not match the record: the next to need it reads it, and watchers get the whole at the next check. */
export function distrust(keeper: Keeper): void {
  keeper.state = null;
  if (keeper.told !== null) keeper.told = UNTRUE;
}

/** Whether watchers were told something that may be wrong, and are owed the whole. */
export function isDistrusted(keeper: Keeper): boolean {
  return keeper.told === UNTRUE;
}

export type Attempt<Value> = { done: Value } | { refused: Refusal } | 'again';

/**
 * Tries a write until it is in, refused or given up. Each attempt reads what it must and writes one batch; `'again'`
 * says that what it chose from was stale. A rule of the schema or a lost answer makes it look and choose anew.
 */
export async function persevere<Value>(
  keeper: Keeper,
  { requestId, attempt }: { requestId: string; attempt: (database: Database) => Promise<Attempt<Value>> },
): Promise<Reply<Value>> {
  const usage = noUsage();
  const database = keeper.openDatabase(usage);
  try {
    const until = Date.now() + PATIENCE;
    for (let tries = 0; tries < MAX_ATTEMPTS && Date.now() < until; tries++) {
      try {
        const outcome = await attempt(database);
        if (outcome !== 'again') {
          if ('done' in outcome) return { ok: true, value: outcome.done, usage };
          return { ok: false, keyTaken: false, refusal: outcome.refused, usage };
        }
        keeper.state = null;
        if (tries > 1) await scheduler.wait(backOff(tries));
      } catch (error) {
        keeper.state = null;
        if (error instanceof ConstraintError && error.constraint === KEY_TAKEN)
          return { ok: false, keyTaken: true, usage };
        if (error instanceof OutcomeUnknown) await scheduler.wait(backOff(tries));
        else if (!(error instanceof ConstraintError)) throw error;
        else if (tries === MAX_ATTEMPTS - 1) throw stubborn(error, requestId);
      }
    }
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
  }
  keeper.failedAt = Date.now();
  return unavailable(usage);
}

/** While the database does not answer there is no state to speak of; anything else is a mistake of ours. */
export function unreachable(error: unknown): { state?: undefined } {
  if (error instanceof Unavailable) return {};
  throw error;
}
