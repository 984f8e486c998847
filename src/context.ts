import type { Database } from './database/database.ts';
import type { AlertSettings } from './features/alerts/rules.ts';
import type { Permission, Role } from './features/sign-in/rules.ts';

/** Who does something, as permissions and the audit see them. */
export interface Actor {
  userId: string;
  role: Role;
  /** The effective permissions: the role's and the user's own. */
  permissions: readonly Permission[];
  /** How the audit names them. */
  label: string;
  ip: string | null;
  userAgent: string | null;
}

/** What of the organisation's settings every request needs. */
export interface Tenant {
  id: string;
  timeZone: string;
  subscriptionStatus: 'active' | 'past_due' | 'cancelled';
  features: readonly string[];
  /** When they want to be told of their budgets. */
  alerts: AlertSettings;
}

/** A keyed POST: where its answer is kept. */
export interface IdempotencyRequest {
  key: string;
  route: string;
  fingerprint: string;
}

/** What one request knows: handed to every verb and query. */
export interface Context {
  database: Database;
  env: Env;
  tenant: Tenant;
  actor: Actor;
  /** The request's instant, in ms; and the organisation's date at it. */
  now: number;
  today: string;
  requestId: string;
  idempotency: IdempotencyRequest | null;
  /** Lets best-effort work go on after the answer; its failure is nobody's. */
  later: (work: Promise<unknown>) => void;
}
