/**
 * What a participant's ledger knows in memory: plans, lines and boundaries, never the services. Bounded by the plans
 * of one participant. Everything here is plain data that crosses an object's boundary.
 */

export type PricingZone = 'national' | 'remote' | 'very_remote';
export type ManagementType = 'self_managed' | 'plan_managed' | 'ndia_managed';
export type PlanSystem = 'pace' | 'legacy';
export type ParticipantStatus = 'active' | 'inactive' | 'archived';

export interface Period {
  startDate: string;
  endDate: string;
  amountCents: number;
}

export interface Line {
  id: string;
  planId: string;
  /** Place in the plan, from 1: the order in which lines are tried. */
  number: number;
  categoryCode: number;
  supportItemCode: string | null;
  managementType: ManagementType;
  flexible: boolean;
  poolId: string;
  allocatedCents: number;
  spentCents: number;
  revision: number;
  periods: Period[];
}

/** What a pool has released and spent up to and including a day that ends one of its funding periods. */
export interface Boundary {
  endsOn: string;
  releasedCents: number;
  spentCents: number;
}

export interface Plan {
  id: string;
  startDate: string;
  endDate: string;
  system: PlanSystem;
  managementType: ManagementType;
  revision: number;
  /** By number. */
  lines: Line[];
  /** By pool, each by day. */
  boundaries: Map<string, Boundary[]>;
}

/** A line and the plan it is in. */
export interface PlanLine {
  plan: Plan;
  line: Line;
}

export interface LedgerState {
  participantId: string;
  organizationId: string;
  status: ParticipantStatus;
  pricingZone: PricingZone;
  version: number;
  /** By start date; they do not overlap. */
  plans: Plan[];
}

/** The pool of a line: its plan's for its management type when it is flexible, else its own (`api.md` §3). */
export function poolOf(line: {
  id: string;
  planId: string;
  managementType: ManagementType;
  flexible: boolean;
}): string {
  return line.flexible ? `${line.planId}/${line.managementType}` : line.id;
}

/** The plan that contains the date, if there is one. */
export function planOn(state: LedgerState, date: string): Plan | undefined {
  return state.plans.find((plan) => plan.startDate <= date && date <= plan.endDate);
}

/** The plan to show on a date: the one that contains it, else the next, else the last. */
export function planShownOn(state: LedgerState, date: string): Plan | undefined {
  return (
    planOn(state, date) ?? state.plans.find((plan) => plan.startDate > date) ?? state.plans[state.plans.length - 1]
  );
}

/** The line with this id and its plan. */
export function findLine(state: LedgerState, budgetId: string): PlanLine | undefined {
  for (const plan of state.plans) {
    const line = plan.lines.find((candidate) => candidate.id === budgetId);
    if (line) return { plan, line };
  }
  return undefined;
}

/** The lines of a plan that share the pool. */
export function linesOfPool(plan: Plan, poolId: string): Line[] {
  return plan.lines.filter((line) => line.poolId === poolId);
}

/** Whose ledger it is. */
export interface LedgerKey {
  organizationId: string;
  participantId: string;
}

/** The name of a participant's object: the organisation is part of it, so another's id leads to an empty ledger. */
export function ledgerName(key: LedgerKey): string {
  return `${key.organizationId}/${key.participantId}`;
}

/** The key that `ledgerName` made the name from. */
export function ledgerKey(name: string): LedgerKey {
  const [organizationId = '', participantId = ''] = name.split('/');
  return { organizationId, participantId };
}
