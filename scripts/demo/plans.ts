// Not from 'date-fns' itself: loading all of it takes longer than all else here.
import { addMonths } from 'date-fns/addMonths';
import { formatISO } from 'date-fns/formatISO';
import { parseISO } from 'date-fns/parseISO';
import { addDays } from '../../src/time/rules.ts';
import type { BudgetRow } from './spreadsheets.ts';
import { moved, type Week } from './week.ts';

export interface Client {
  ndisNumber: string;
  firstName: string;
  lastName: string;
  /** The sheet's rows, one a budget line. */
  rows: readonly [BudgetRow, ...BudgetRow[]];
}

/** The sheet's rows by participant, in the sheet's order. */
export function clientsOf(rows: readonly BudgetRow[]): Client[] {
  const clients = new Map<string, Client>();
  for (const row of rows) {
    const ndisNumber = row['NDIS No'];
    const known = clients.get(ndisNumber);
    clients.set(ndisNumber, { ndisNumber, ...row.Client, rows: known ? [...known.rows, row] : [row] });
  }
  return [...clients.values()];
}

export interface Period {
  startDate: string;
  endDate: string;
  amountCents: number;
}

const MONTHS = { monthly: 1, quarterly: 3 };

/** Funding periods that tile the plan, the money in equal parts and the odd cents in the last. */
export function periodsOf(
  plan: { startDate: string; endDate: string },
  funding: { released: BudgetRow['Released']; cents: number },
): Period[] | null {
  if (funding.released === 'upfront') return null;
  const starts: string[] = [];
  for (let start = plan.startDate; start <= plan.endDate; ) {
    starts.push(start);
    // Counted from the plan's start, so that a plan from the 31st does not creep forward month by month.
    start = formatISO(addMonths(parseISO(plan.startDate), starts.length * MONTHS[funding.released]), {
      representation: 'date',
    });
  }
  const part = Math.floor(funding.cents / starts.length);
  return starts.map((startDate, index) => {
    const next = starts[index + 1];
    return {
      startDate,
      endDate: next === undefined ? plan.endDate : addDays(next, -1),
      amountCents: next === undefined ? funding.cents - part * index : part,
    };
  });
}

/** When a participant's plan runs, moved to the week. */
export function planDates(client: Client, week: Week): { startDate: string; endDate: string } {
  const [row] = client.rows;
  return { startDate: moved(row['Plan Start'], week), endDate: moved(row['Plan End'], week) };
}

/** The body of `POST /v1/participants/{id}/plans`. */
export function planBody(client: Client, dates: { startDate: string; endDate: string }) {
  const [row] = client.rows;
  return {
    ...dates,
    managementType: row['Managed By'],
    budgets: client.rows.map((line) => ({
      categoryCode: line['Support Category'],
      flexible: line.Funding,
      allocatedCents: line['Agreed Amount'],
      periods: periodsOf(dates, { released: line.Released, cents: line['Agreed Amount'] }),
    })),
  };
}

/** The body of `POST /v1/participants`, plan included. */
export function participantBody(client: Client, week: Week) {
  const [row] = client.rows;
  return {
    ndisNumber: client.ndisNumber,
    profile: {
      firstName: client.firstName,
      lastName: client.lastName,
      dateOfBirth: row['Date of Birth'],
      address: { suburb: row.Suburb, state: row.State, postcode: row.Postcode },
    },
    pricingZone: row['Price Zone'],
    tags: ['demo'],
    plan: planBody(client, planDates(client, week)),
  };
}
