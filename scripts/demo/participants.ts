import { z } from 'zod';
import { addDays } from '../../src/time/rules.ts';
import { type Caller, expectBody, inParallel, readAll } from './api.ts';
import { type Client, participantBody, planBody, planDates } from './plans.ts';
import type { Week } from './week.ts';

export interface Participant {
  id: string;
  client: Client;
  /** Whether an earlier run, or someone else, had brought them in. */
  found: boolean;
}

const Row = z.object({ id: z.string(), ndisNumber: z.string() });
const Plan = z.object({ startDate: z.string(), endDate: z.string() });
const Created = z.object({ id: z.string() });

/** Brings in whoever the service does not have yet; `onOne` hears of each. */
export async function ensureParticipants(
  caller: Caller,
  wanted: { clients: readonly Client[]; week: Week; onOne: (participant: Participant) => void },
): Promise<Participant[]> {
  const { clients, week, onOne } = wanted;
  const known = await knownParticipants(caller);
  return inParallel(clients, {
    width: 4,
    work: async (client) => {
      const id = known.get(client.ndisNumber);
      if (id !== undefined) await renewPlan(caller, { id, client, week });
      const participant = { id: id ?? (await create(caller, { client, week })), client, found: id !== undefined };
      onOne(participant);
      return participant;
    },
  });
}

/** The ids of the participants whose NDIS numbers are of the examples' range, archived ones included. */
async function knownParticipants(caller: Caller): Promise<Map<string, string>> {
  const lists = await inParallel(['active', 'inactive', 'archived'], {
    width: 3,
    work: (status) => readAll(caller, { path: `/v1/participants?search=4300000&status=${status}`, schema: Row }),
  });
  return new Map(lists.flat().map((row) => [row.ndisNumber, row.id]));
}

async function create(caller: Caller, wanted: { client: Client; week: Week }): Promise<string> {
  const { client, week } = wanted;
  const answer = await caller({
    method: 'POST',
    path: '/v1/participants',
    key: `demo-${week.from}-${client.ndisNumber}`,
    body: participantBody(client, week),
  });
  const what = `Bringing in ${client.firstName} ${client.lastName}`;
  return expectBody({ status: 201, what, schema: Created }, answer).id;
}

/** A database from an earlier run may hold plans that have ended since: whoever's has gets the next. */
async function renewPlan(caller: Caller, wanted: { id: string; client: Client; week: Week }): Promise<void> {
  const { id, client, week } = wanted;
  const plans = await readAll(caller, { path: `/v1/participants/${id}/plans`, schema: Plan });
  const dates = planDates(client, week);
  const lastEnd =
    plans
      .map((plan) => plan.endDate)
      .toSorted()
      .at(-1) ?? '';
  if (lastEnd >= week.to || dates.endDate < week.to) return;
  const startDate = lastEnd >= dates.startDate ? addDays(lastEnd, 1) : dates.startDate;
  const answer = await caller({
    method: 'POST',
    path: `/v1/participants/${id}/plans`,
    key: `demo-plan-${startDate}-${client.ndisNumber}`,
    body: planBody(client, { ...dates, startDate }),
  });
  expectBody({ status: 201, what: `The next plan of ${client.firstName} ${client.lastName}`, schema: Created }, answer);
}
