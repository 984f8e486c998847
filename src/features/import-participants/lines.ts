import { dollars } from '../../money/rules.ts';
import { availableOn, spend } from '../ledger/rules.ts';
import type { Line, Plan } from '../ledger/state.ts';
import { newLine } from '../plans/build.ts';
import { wholePeriod } from '../plans/rules.ts';
import { releasedOn, sumOf, withPeriod } from './periods.ts';
import type { LineRow } from './rows.ts';
import { Refused, replacePlan, type Work, withBoundaries } from './work.ts';

/** The period that a row's amount is for; null for all of the plan. */
function periodOf(line: LineRow, plan: Plan) {
  if (!line.period) return null;
  const startDate = line.period.startDate ?? plan.startDate;
  const endDate = line.period.endDate ?? plan.endDate;
  if (startDate === plan.startDate && endDate === plan.endDate) return null;
  if (startDate < plan.startDate || endDate > plan.endDate || endDate < startDate) {
    const message = `The funding period ${startDate} to ${endDate} is not within the plan, ${plan.startDate} to ${plan.endDate}.`;
    throw new Refused({ target: 'periodStart', code: 'VALIDATION_FAILED', message });
  }
  return { startDate, endDate, amountCents: line.allocatedCents ?? 0 };
}

/** Finds the line that a row is about by category or item and management type; makes or changes it. */
export function applyLine(work: Work, { planId, line }: { planId: string; line: LineRow }): void {
  const plan = work.person.ledger.plans.find((candidate) => candidate.id === planId);
  if (!plan) throw new Error('the plan is there');
  const managementType = line.managementType ?? plan.managementType;
  const known = plan.lines.find(
    (other) =>
      other.managementType === managementType &&
      (line.supportItemCode === null
        ? other.supportItemCode === null && other.categoryCode === line.categoryCode
        : other.supportItemCode === line.supportItemCode),
  );
  const present = known ? adjust(work, { plan, known, line }) : add(work, { plan, line, managementType });
  if (present) compare(work, { plan, present, line, isNew: !known });
}

/** The day of the plan that is nearest to a date. */
function dayWithin(plan: Plan, date: string): string {
  if (date < plan.startDate) return plan.startDate;
  return date > plan.endDate ? plan.endDate : date;
}

function add(work: Work, asked: { plan: Plan; line: LineRow; managementType: Line['managementType'] }): Line | null {
  const { plan, line, managementType } = asked;
  // An empty or zero amount is no agreement about money.
  if (line.allocatedCents === null || (line.allocatedCents === 0 && (line.spentCents ?? 0) === 0)) return null;
  if (plan.lines.length >= 100) {
    throw new Refused({ target: line.target, code: 'CONFLICT', message: 'A plan has at most 100 budget lines.' });
  }
  const period = periodOf(line, plan);
  const zero = wholePeriod(plan, 0);
  const made = newLine(
    {
      categoryCode: line.categoryCode,
      supportItemCode: line.supportItemCode,
      managementType,
      flexible: line.flexible ?? false,
      allocatedCents: line.allocatedCents,
      periods: period ? withPeriod(zero, period) : null,
    },
    { id: work.newId('bud'), number: Math.max(0, ...plan.lines.map((other) => other.number)) + 1, plan },
  );
  const cents = line.spentCents ?? 0;
  const on = dayWithin(plan, work.today);
  const opened: Line = { ...made, spentCents: cents };
  const grown = withBoundaries({ ...plan, lines: [...plan.lines, opened] }, [made.poolId]);
  const boundaries = grown.boundaries.get(made.poolId) ?? [];
  const availableCents = availableOn(boundaries, on);
  if (cents > availableCents) {
    const message = `${dollars(cents)} is said to be spent, and ${dollars(availableCents)} is released by ${on}.`;
    throw new Refused({ target: 'spent', code: 'INSUFFICIENT_BUDGET', message });
  }
  const opening = cents === 0 ? null : { cents, on };
  const spent = opening
    ? new Map(grown.boundaries).set(made.poolId, spend(boundaries, { date: on, cents }))
    : grown.boundaries;
  replacePlan(work, { plan: { ...grown, boundaries: spent } });
  work.changes.push({ kind: 'budget.created', line: opened, opening });
  return opened;
}

function adjust(work: Work, { plan, known, line }: { plan: Plan; known: Line; line: LineRow }): Line {
  if (line.allocatedCents === null && line.flexible === null) return known;
  const flexible = line.flexible ?? known.flexible;
  const period = periodOf(line, plan);
  const allocated = line.allocatedCents ?? known.allocatedCents;
  let periods = known.periods;
  if (period) {
    const placed = withPeriod(known.periods, period);
    if (!placed) {
      const message = `The line has other funding periods than ${period.startDate} to ${period.endDate}.`;
      throw new Refused({ target: 'periodStart', code: 'CONFLICT', message });
    }
    periods = placed;
  } else if (allocated !== known.allocatedCents) {
    if (known.periods.length > 1) {
      const message = 'The line has funding periods of its own: say the amount of each, or change it there.';
      throw new Refused({ target: line.target, code: 'CONFLICT', message });
    }
    periods = wholePeriod(plan, allocated);
  }
  if (flexible !== known.flexible && known.spentCents > 0) {
    const message = 'Something is spent of the line: whether it is flexible can only be changed there.';
    throw new Refused({ target: 'flexible', code: 'CONFLICT', message });
  }
  const poolId = flexible ? `${plan.id}/${known.managementType}` : known.id;
  const next: Line = { ...known, flexible, poolId, periods, allocatedCents: sumOf(periods) };
  if (JSON.stringify(next) === JSON.stringify(known)) return known;
  next.revision = known.revision + 1;
  const lines = plan.lines.map((other) => (other.id === known.id ? next : other));
  const adjusted = withBoundaries({ ...plan, lines }, [...new Set([known.poolId, poolId])]);
  const pools = [known.poolId, poolId].flatMap((id) => adjusted.boundaries.get(id) ?? []);
  if (pools.some((boundary) => boundary.spentCents > boundary.releasedCents)) {
    const message = `${dollars(known.spentCents)} of the line is spent: with ${dollars(next.allocatedCents)} some day would have more spent than released.`;
    throw new Refused({ target: line.target, code: 'ALLOCATION_BELOW_SPENT', message });
  }
  replacePlan(work, { plan: adjusted });
  work.changes.push({ kind: 'budget.adjusted', before: known, line: next });
  return next;
}

/** Compares what the file says of a line's money with ours: warned about, never taken. */
function compare(
  work: Work,
  { plan, present, line, isNew }: { plan: Plan; present: Line; line: LineRow; isNew: boolean },
): void {
  const ours = {
    RELEASED_DIFFERS: [line.releasedCents, releasedOn(present, dayWithin(plan, work.today)), 'released'],
    REMAINING_DIFFERS: [line.remainingCents, present.allocatedCents - present.spentCents, 'remaining'],
    SPENT_DIFFERS: [isNew ? null : line.spentCents, present.spentCents, 'spent'],
  } as const;
  for (const [code, [said, is, word]] of Object.entries(ours)) {
    if (said === null || said === is) continue;
    work.warnings.push({ code, message: `The file says ${dollars(said)} ${word}; it is ${dollars(is)} here.` });
  }
}
