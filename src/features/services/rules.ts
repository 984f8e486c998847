import type { Refusal } from '../../http/problem.ts';
import { costOfMinutes, costOfQuantity, dollars, MAX_CENTS } from '../../money/rules.ts';
import { spanBetween } from '../../time/rules.ts';
import { choose } from '../ledger/rules.ts';
import { type LedgerState, type PlanLine, planOn } from '../ledger/state.ts';
import { itemOn, type SupportItem } from '../support-items/rules.ts';

/** A shift as it was asked for. Prices in cents, quantity in hundredths; null where nothing was said. */
export interface ServiceRequest {
  participantId: string;
  supportItemCode: string;
  serviceDate: string;
  startTime: string | null;
  endTime: string | null;
  notes: string;
  unitPriceCents: number | null;
  quantityHundredths: number | null;
  budgetId: string | null;
}

export interface Warning {
  code: 'PARTICIPANT_INACTIVE' | 'POSSIBLE_DUPLICATE';
  serviceId?: string;
}

/** What recording the service would write. */
export interface Charge extends PlanLine {
  item: SupportItem;
  durationMinutes: number | null;
  quantityHundredths: number | null;
  unitPriceCents: number;
  totalCostCents: number;
}

export interface Assessment {
  /** Null when anything is refused. */
  charge: Charge | null;
  /** In the order of `api.md` §3, Services: the first is the answer to recording. */
  refusals: Refusal[];
  warnings: Warning[];
  totalCostCents: number | null;
  unitPriceCents: number | null;
  priceLimitCents: number | null;
  budgetId: string | null;
  availableCents: number | null;
}

export interface Circumstances {
  /** Null when the participant does not exist for this organisation. */
  state: LedgerState | null;
  /** Every row of the asked-for item's number. */
  items: readonly SupportItem[];
  timeZone: string;
  today: string;
}

type Duration = { minutes: number | null } | { refusal: Refusal };

/** The minutes of the shift, by the organisation's clock; null when no times were given. */
function durationOf(request: ServiceRequest, timeZone: string): Duration {
  const { startTime: start, endTime: end, serviceDate: date } = request;
  if (start === null || end === null) return { minutes: null };
  const span = spanBetween(timeZone, { date, start, end });
  if ('minutes' in span) return { minutes: span.minutes };
  const detail =
    'empty' in span
      ? `The shift must end at another time than ${start}, when it starts.`
      : `There is no ${span.missing === 'start' ? start : end} on that day: the clocks go forward over it.`;
  return { refusal: { code: 'INVALID_TIME_RANGE', detail } };
}

/** What is missing or too much in the request, given how the item is charged. */
function misfit(request: ServiceRequest, item: SupportItem | undefined): Refusal | null {
  const invalid = (pointer: string, message: string): Refusal => ({
    code: 'VALIDATION_FAILED',
    detail: message,
    errors: [{ pointer, message }],
  });
  if (request.startTime === null && request.endTime !== null) return invalid('/startTime', 'is needed beside endTime');
  if (request.endTime === null && request.startTime !== null) return invalid('/endTime', 'is needed beside startTime');
  if (item?.unit !== 'H') return null;
  if (request.startTime === null) return invalid('/startTime', 'is needed: the item is charged by the minute');
  if (request.quantityHundredths !== null) {
    return invalid('/quantity', 'must be left out: the item is charged by the minute, from startTime and endTime');
  }
  return null;
}

function priceRefusal(asked: number | null, limit: number | null): Refusal | null {
  if (limit === null && asked === null) {
    return { code: 'PRICE_REQUIRED', detail: 'The item has no price limit: send unitPriceCents.' };
  }
  if (limit !== null && asked !== null && asked > limit) {
    return {
      code: 'PRICE_ABOVE_LIMIT',
      detail: `${dollars(asked)} is above the price limit of ${dollars(limit)} on that date.`,
      details: { unitPriceCents: asked, limitCents: limit },
    };
  }
  return null;
}

/**
 * Judges a service against the ledger, the catalogue and the calendar. Pure: recording and quoting both call it, so
 * that they cannot disagree. The rules and the order of refusals are those of `api.md` §3, Services.
 */
export function assess(request: ServiceRequest, circumstances: Circumstances): Assessment {
  const { state, items, timeZone, today } = circumstances;
  const refusals: Refusal[] = [];
  const item = itemOn(items, request.serviceDate);

  const wrong = misfit(request, item);
  if (wrong) refusals.push(wrong);
  const duration = durationOf(request, timeZone);
  if ('refusal' in duration) refusals.push(duration.refusal);
  if (!state) refusals.push({ code: 'NOT_FOUND', detail: 'There is no such participant.' });
  if (state?.status === 'archived') {
    refusals.push({ code: 'PARTICIPANT_ARCHIVED', detail: 'The participant is archived: restore them first.' });
  }
  if (request.serviceDate > today) {
    refusals.push({ code: 'INVALID_DATE', detail: `The service is on ${request.serviceDate}, after today, ${today}.` });
  }
  if (!item) {
    refusals.push({
      code: 'SUPPORT_ITEM_NOT_FOUND',
      detail: `The catalogue has no item ${request.supportItemCode} on ${request.serviceDate}.`,
    });
  }
  const plan = state ? planOn(state, request.serviceDate) : undefined;
  if (state && !plan) {
    refusals.push({ code: 'NO_PLAN', detail: `The participant has no plan on ${request.serviceDate}.` });
  }

  const minutes = 'minutes' in duration ? duration.minutes : null;
  const hourly = item?.unit === 'H';
  const quantityHundredths = hourly ? null : (request.quantityHundredths ?? 100);
  const limit = item && state ? item.limits[state.pricingZone] : null;
  const unitPriceCents = request.unitPriceCents ?? limit;
  let cost: number | null = null;
  if (item && unitPriceCents !== null && !wrong) {
    if (hourly) cost = minutes === null ? null : costOfMinutes(minutes, unitPriceCents);
    else cost = costOfQuantity(quantityHundredths ?? 100, unitPriceCents);
  }

  const choice =
    plan && item
      ? choose(plan, { item, date: request.serviceDate, costCents: cost, budgetId: request.budgetId })
      : null;
  if (plan && item && !choice) {
    refusals.push({
      code: 'NO_BUDGET',
      detail:
        request.budgetId === null
          ? `The plan of that date has no budget line for ${request.supportItemCode}.`
          : `The named budget line cannot pay for ${request.supportItemCode} on that date.`,
    });
  }
  const price = item && state ? priceRefusal(request.unitPriceCents, limit) : null;
  if (price) refusals.push(price);
  if (cost !== null && cost > MAX_CENTS) {
    const message = 'makes a service of more than $100,000,000.00';
    refusals.unshift({
      code: 'VALIDATION_FAILED',
      detail: message,
      errors: [{ pointer: hourly ? '/unitPriceCents' : '/quantity', message }],
    });
  }
  if (choice && !choice.fits && cost !== null) {
    refusals.push({
      code: 'INSUFFICIENT_BUDGET',
      detail: `The service costs ${dollars(cost)}, and ${dollars(choice.availableCents)} is available on that date.`,
      details: { budgetId: choice.line.id, requiredCents: cost, availableCents: choice.availableCents },
    });
  }

  let charge: Charge | null = null;
  if (refusals.length === 0 && plan && item && choice && cost !== null && unitPriceCents !== null) {
    const { line } = choice;
    charge = { plan, line, item, durationMinutes: minutes, quantityHundredths, unitPriceCents, totalCostCents: cost };
  }
  return {
    charge,
    refusals,
    warnings: state?.status === 'inactive' ? [{ code: 'PARTICIPANT_INACTIVE' }] : [],
    totalCostCents: cost,
    unitPriceCents,
    priceLimitCents: limit,
    budgetId: choice?.line.id ?? null,
    availableCents: choice?.availableCents ?? null,
  };
}
