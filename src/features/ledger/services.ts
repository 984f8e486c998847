import sql, { type Sql } from 'sql-template-tag';
import { type Database, rowsAs } from '../../database/database.ts';
import { newId } from '../../ids.ts';
import { dateAt } from '../../time/rules.ts';
import { poolAlertStatements } from '../alerts/raise.ts';
import { crosses, currentBoundary, endsProjection, levelsOf } from '../alerts/rules.ts';
import { auditStatement } from '../audit/entry.ts';
import { trafficLight } from '../budgets/rules.ts';
import type { BudgetRow } from '../budgets/table.ts';
import { countPlans, countService } from '../dashboard/count.ts';
import { idempotencyStatement } from '../idempotency/record.ts';
import { ARCHIVED } from '../participants/open.ts';
import { serviceStatement } from '../services/columns.ts';
import { assess, type Warning } from '../services/rules.ts';
import type { ServiceRow } from '../services/table.ts';
import { type ServiceView, serviceView } from '../services/view.ts';
import { claimProof, claimStatement, insertEntries } from '../structure/statements.ts';
import { itemStatement, type KnownItemRow, knownItems, rememberItems } from '../support-items/cache.ts';
import type { CancelCommand, RecordCommand, Reply } from './commands.ts';
import {
  type Attempt,
  advance,
  type Cause,
  distrust,
  isDistrusted,
  type Keeper,
  persevere,
  reload,
  reloadWith,
} from './keeper.ts';
import { recordStatements, serviceRow } from './record.ts';
import { afterSpending } from './rules.ts';
import { findLine, type LedgerState, linesOfPool, type PlanLine } from './state.ts';
import type { PoolBoundaryRow } from './table.ts';

export interface Recorded {
  service: ServiceView;
  warnings: Warning[];
}

/** Records a service, or says why not. Its id makes a second try the same service. */
export function record(keeper: Keeper, command: RecordCommand): Promise<Reply<Recorded>> {
  const { request } = command;
  const today = dateAt(command.timeZone, command.now);
  const wanted = { code: request.supportItemCode, organizationId: keeper.key.organizationId };
  const attempt = async (database: Database): Promise<Attempt<Recorded>> => {
    let { state } = keeper;
    let items = knownItems(wanted, command.now);
    const fresh = !state || !items;
    if (fresh) {
      const seen = await reloadWith<[KnownItemRow, ServiceRow]>(keeper, {
        database,
        more: [itemStatement(wanted), serviceStatement(command.serviceId, keeper.key.organizationId)],
      });
      const landed = seen.more[1][0];
      if (landed)
        return { done: recorded(landed, seen.state?.status === 'inactive' ? [{ code: 'PARTICIPANT_INACTIVE' }] : []) };
      state = seen.state;
      items = rememberItems(wanted, { rows: seen.more[0], now: command.now });
    }
    const assessment = assess(request, { state, items: items ?? [], timeZone: command.timeZone, today });
    const { charge } = assessment;
    if (!charge || !state) {
      const [refusal] = assessment.refusals;
      // Memory alone never refuses: someone may have given money back without passing here.
      return fresh && refusal ? { refused: refusal } : 'again';
    }
    const recording = { ...command, at: command.now };
    const chosen = { charge, state, warnings: assessment.warnings };
    const { plan, line: charged, totalCostCents: cents } = charge;
    const proof = sql`EXISTS (SELECT 1 FROM services WHERE id = ${command.serviceId} AND organization_id = ${state.organizationId})`;
    const alerts = alertsOf(command, { plan, line: charged, date: request.serviceDate, cents, proof });
    const [inserted, boundaries, line] = await database.write([
      ...recordStatements(recording, chosen),
      ...alerts,
      ...recoloured(charge, cents),
    ]);
    const [service] = rowsAs<Pick<ServiceRow, 'possible_duplicate_of'>>(inserted);
    if (!service) return 'again';
    if (alerts.length > 0) keeper.alerted();
    const row = { ...serviceRow(recording, chosen), possible_duplicate_of: service.possible_duplicate_of };
    settle(keeper, {
      state,
      plan: charge.plan,
      line: charge.line,
      date: row.service_date,
      cents: row.total_cost_cents,
      answered: { boundaries: rowsAs(boundaries), line: rowsAs(line) },
      cause: { kind: 'service.recorded', serviceId: row.id },
    });
    if (isDistrusted(keeper)) await reload(keeper, database);
    return { done: recorded(row, assessment.warnings) };
  };
  return persevere(keeper, { requestId: command.origin.requestId, attempt });
}

function recorded(row: ServiceRow, warnings: Warning[]): Recorded {
  const duplicate: Warning[] =
    row.possible_duplicate_of === null ? [] : [{ code: 'POSSIBLE_DUPLICATE', serviceId: row.possible_duplicate_of }];
  return { service: serviceView(row), warnings: [...warnings, ...duplicate] };
}

interface Movement extends PlanLine {
  /** As it was chosen from; `plan` and `line` are of it. */
  state: LedgerState;
  date: string;
  /** What the line's spending went up by; negative when money came back. */
  cents: number;
  /** The rows that the batch moved, as D1 has them now. */
  answered: {
    boundaries: Pick<PoolBoundaryRow, 'ends_on' | 'spent_cents'>[];
    line: Pick<BudgetRow, 'spent_cents'>[];
  };
  cause: Cause;
}

/**
 * Moves memory on by what a batch did to one line, and tells it. Where D1 answers other sums than memory expected,
 * someone wrote without passing here: memory is dropped, and watchers get the whole anew.
 */
function settle(keeper: Keeper, { state, plan, line, date, cents, answered, cause }: Movement): void {
  const moved = afterSpending(state, { plan, line, date, cents });
  const boundaries = moved.plan.boundaries.get(line.poolId) ?? [];
  const expected = boundaries.filter((boundary) => boundary.endsOn >= date);
  const agrees =
    answered.line[0]?.spent_cents === line.spentCents + cents &&
    answered.boundaries.length === expected.length &&
    expected.every((boundary) =>
      answered.boundaries.some((row) => row.ends_on === boundary.endsOn && row.spent_cents === boundary.spentCents),
    );
  if (!agrees) {
    distrust(keeper);
    return;
  }
  advance(keeper, {
    state: moved.state,
    budgetIds: linesOfPool(moved.plan, line.poolId).map((other) => other.id),
    cause,
  });
}

export interface Cancelled {
  view: ServiceView;
  revision: number;
  /** False when it was cancelled already, so that nothing was written, a key's record neither. */
  written: boolean;
}

/** What a change of spending means for alerts, for its own batch: nothing, unless it crosses a level or ends one. */
function alertsOf(
  command: RecordCommand | CancelCommand,
  { plan, line, date, cents, proof }: PlanLine & { date: string; cents: number; proof: Sql },
): Sql[] {
  const { now: at, alerts: settings, origin } = command;
  const today = dateAt(command.timeZone, at);
  const boundaries = plan.boundaries.get(line.poolId) ?? [];
  const period = currentBoundary(boundaries, today);
  const whole = boundaries.at(-1);
  if (!period || !whole || plan.startDate > today) return [];
  // Money of an earlier period counts in every later boundary; of a later period, in the plan's alone.
  const isCrossed = period.endsOn >= date && crosses(period, { cents, levels: levelsOf(settings) });
  if (!isCrossed && !endsProjection({ today, plan, period, whole }, { cents, settings })) return [];
  const pools = sql`SELECT ${line.poolId} AS pool_id, ${plan.id} AS plan_id`;
  const { organizationId, requestId } = origin;
  const looking = { organizationId, today, at, settings, requestId };
  return poolAlertStatements(looking, { pools, proof, raise: 'thresholds' });
}

/** Counts the plan's lines anew, if spending `cents` more gives the line another colour. */
function recoloured({ plan, line }: PlanLine, cents: number): Sql[] {
  const { spentCents, allocatedCents } = line;
  const isSame = trafficLight(spentCents, allocatedCents) === trafficLight(spentCents + cents, allocatedCents);
  return isSame ? [] : countPlans(sql`SELECT ${plan.id}`);
}

/** Cancels a service and gives its money back; a second time answers the same. */
export function cancel(keeper: Keeper, command: CancelCommand): Promise<Reply<Cancelled>> {
  const { key } = keeper;
  let known: ServiceRow | null = command.service;
  const attempt = async (database: Database): Promise<Attempt<Cancelled>> => {
    const fresh = !keeper.state || !known;
    if (fresh) {
      const seen = await reloadWith<[ServiceRow]>(keeper, {
        database,
        more: [serviceStatement(command.service.id, key.organizationId)],
      });
      known = seen.more[0][0] ?? null;
    }
    const { state } = keeper;
    const service = known;
    // Whatever comes of this attempt, the next one looks at the service again.
    known = null;
    if (!state || !service) return { refused: { code: 'NOT_FOUND', detail: 'There is no such service.' } };
    if (service.status === 'cancelled')
      return { done: { view: serviceView(service), revision: service.revision, written: false } };
    if (state.status === 'archived') {
      // As in recording, memory alone never refuses.
      if (!fresh) return 'again';
      return { refused: ARCHIVED };
    }
    const found = findLine(state, service.budget_id);
    if (!found) return 'again';
    const cancelled: ServiceRow = {
      ...service,
      status: 'cancelled',
      revision: service.revision + 1,
      cancelled_at: command.now,
      cancelled_by: command.origin.userId,
      cancel_reason: command.reason,
    };
    const statements = cancelStatements(command, {
      state,
      ...found,
      cancelled,
      token: newId('chg'),
    });
    const [claimed, , boundaries, line] = await database.write(statements);
    if (!claimed?.rows[0]) return 'again';
    settle(keeper, {
      ...found,
      state,
      date: service.service_date,
      cents: -service.total_cost_cents,
      answered: { boundaries: rowsAs(boundaries), line: rowsAs(line) },
      cause: { kind: 'service.cancelled', serviceId: service.id },
    });
    if (isDistrusted(keeper)) await reload(keeper, database);
    return { done: { view: serviceView(cancelled), revision: cancelled.revision, written: true } };
  };
  return persevere(keeper, { requestId: command.origin.requestId, attempt });
}

interface Cancelling extends PlanLine {
  state: LedgerState;
  /** The service as it will stand. */
  cancelled: ServiceRow;
  token: string;
}

function cancelStatements(command: CancelCommand, { state, plan, line, cancelled, token }: Cancelling): Sql[] {
  const key = { organizationId: state.organizationId, participantId: state.participantId };
  const { organizationId } = key;
  const { userId } = command.origin;
  const cost = cancelled.total_cost_cents;
  const proof = claimProof(key, token);
  const version = state.version + 1;
  const commit = { ...key, userId, actorId: userId, at: command.now, version, proof };
  const guard = sql`EXISTS (SELECT 1 FROM services WHERE id = ${cancelled.id} AND organization_id = ${organizationId} AND status = 'completed'
      AND revision = ${cancelled.revision - 1})
    AND EXISTS (SELECT 1 FROM budgets WHERE id = ${line.id} AND organization_id = ${organizationId} AND pool_id = ${line.poolId})`;
  const statements = [
    claimStatement(key, { from: state.version, to: version, token, guard }),
    sql`UPDATE services SET status = 'cancelled', revision = ${cancelled.revision}, cancelled_at = ${cancelled.cancelled_at},
        cancelled_by = ${userId}, cancel_reason = ${command.reason}
      WHERE id = ${cancelled.id} AND organization_id = ${organizationId} AND ${proof}`,
    sql`UPDATE pool_boundaries SET spent_cents = spent_cents - ${cost}
      WHERE pool_id = ${line.poolId} AND ends_on >= ${cancelled.service_date} AND organization_id = ${organizationId} AND ${proof}
      RETURNING ends_on, spent_cents`,
    sql`UPDATE budgets SET spent_cents = spent_cents - ${cost}
      WHERE id = ${line.id} AND organization_id = ${organizationId} AND ${proof} RETURNING spent_cents`,
    sql`UPDATE plans SET spent_cents = spent_cents - ${cost}
      WHERE id = ${cancelled.plan_id} AND organization_id = ${organizationId} AND ${proof}`,
    ...insertEntries(
      [
        {
          budgetId: line.id,
          kind: 'service.cancelled',
          allocatedDeltaCents: 0,
          spentDeltaCents: -cost,
          serviceId: cancelled.id,
        },
      ],
      commit,
    ),
    auditStatement(
      {
        origin: command.origin,
        action: 'service.cancelled',
        entityId: cancelled.id,
        changeId: command.changeId,
        before: { status: 'completed' },
        after: { status: 'cancelled' },
        metadata: { reason: command.reason, totalCostCents: cost },
      },
      commit,
    ),
  ];
  statements.push(
    ...alertsOf(command, { plan, line, date: cancelled.service_date, cents: -cost, proof }),
    countService({ organizationId, date: cancelled.service_date, cents: cost }, { by: -1, proof }),
    ...recoloured({ plan, line }, -cost),
  );
  if (command.idempotency) {
    const headers = { ETag: `"${cancelled.revision}"` };
    const answer = { status: 200 as const, headers, body: JSON.stringify(serviceView(cancelled)) };
    statements.push(idempotencyStatement({ request: command.idempotency, answer }, commit));
  }
  return statements;
}
