import type { IdempotencyRequest } from '../../context.ts';
import type { Usage } from '../../database/database.ts';
import type { Refusal } from '../../http/problem.ts';
import type { AlertSettings } from '../alerts/rules.ts';
import type { Origin } from '../audit/entry.ts';
import type { BudgetInput, BudgetPatch, PlanInput, PlanPatch } from '../plans/rules.ts';
import type { ServiceRequest } from '../services/rules.ts';
import type { ServiceRow } from '../services/table.ts';

/** What crosses from the Worker into a ledger object. Only ever added to: versions overlap in a deploy. */

export interface Circumstance {
  origin: Origin & { userId: string };
  timeZone: string;
  /** When the organisation wants to be told of its budgets. */
  alerts: AlertSettings;
  /** The instant of the request, in ms. */
  now: number;
  idempotency: IdempotencyRequest | null;
}

export interface RecordCommand extends Circumstance {
  serviceId: string;
  request: ServiceRequest;
}

export interface CancelCommand extends Circumstance {
  /** The service as the caller read it; read again when that turns out to be old. */
  service: ServiceRow;
  reason: string;
  changeId: string;
}

/** A change of the structure: what money there is and when. `changeId` is the change's own id. */
export type StructureCommand = Circumstance & { changeId: string; ifMatch: string | null } & (
    | { kind: 'create-plan'; planId: string; budgetIds: string[]; input: PlanInput }
    | { kind: 'update-plan'; planId: string; patch: PlanPatch }
    | { kind: 'create-budget'; planId: string; budgetId: string; input: BudgetInput }
    | { kind: 'update-budget'; planId: string; budgetId: string; patch: BudgetPatch }
  );

/** An answer from the object: refusals are values, because an exception loses its class on the way. */
export type Reply<Value> =
  | { ok: true; value: Value; usage: Usage }
  /** The idempotency key is in the record already: the caller answers from there. */
  | { ok: false; keyTaken: true; usage: Usage }
  | { ok: false; keyTaken: false; refusal: Refusal; usage: Usage };
