import * as z from 'zod';
import type { BudgetView } from '../budgets/rules.ts';
import type { Cause } from './keeper.ts';

/** What crosses the live budgets' socket (`api.md` §4), version 1. */

export const ClientMessage = z.strictObject({ type: z.literal('resync') });

/** What tells a version of the ledger. */
export type LedgerMessage =
  | { type: 'snapshot'; version: number; asOf: string; budgets: BudgetView[] }
  | { type: 'update'; version: number; budgets: BudgetView[]; cause: Cause };

export type ServerMessage =
  | LedgerMessage
  | { type: 'error'; code: 'VALIDATION_FAILED' | 'UNAUTHENTICATED' | 'FORBIDDEN' | 'NOT_FOUND' | 'UNAVAILABLE' };

/** Why the server closes a socket. */
export const CLOSE = { signedOut: 4401, forbidden: 4403, gone: 4404 } as const;

/** Who watches, kept on the socket across hibernation. */
export const Watcher = z.object({ userId: z.string(), timeZone: z.string() });
export type Watcher = z.infer<typeof Watcher>;

/** The header by which the Worker hands the watcher to the object; it never comes from outside. */
export const WATCHER_HEADER = 'x-caddy-watcher';
