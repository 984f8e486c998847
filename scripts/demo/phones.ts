import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { baseUrl } from '../lib/paths.ts';
import { type Answer, type Caller, DemoError, inParallel, problemOf, unexpected } from './api.ts';
import type { Sending } from './shifts.ts';

const Service = z.object({
  id: z.string(),
  totalCostCents: z.int(),
  createdAt: z.iso.datetime(),
  warnings: z.array(z.object({ code: z.string() })),
});

export type Outcome =
  | { kind: 'recorded'; serviceId: string; cents: number; createdAt: string; replayed: boolean; duplicate: boolean }
  | { kind: 'refused'; code: string; detail: string }
  /** The connection went before the answer came. */
  | { kind: 'lost' }
  | { kind: 'unexpected'; what: string };

export interface Heard {
  sending: Sending;
  outcome: Outcome;
  /** When it was sent and when the answer was there, on the clock of `performance.now()`. */
  sentAt: number;
  answeredAt: number;
}

/** Sends shifts from several phones at once, at most `perSecond` in all; `onHeard` gets each outcome. */
export async function sendShifts(
  sendings: readonly Sending[],
  run: { phones: number; perSecond: number; callers: ReadonlyMap<string, Caller>; onHeard: (heard: Heard) => void },
): Promise<void> {
  const start = performance.now();
  await inParallel(sendings, {
    width: run.phones,
    work: async (sending, index) => {
      const early = start + (index * 1000) / run.perSecond - performance.now();
      if (early > 0) await wait(early);
      const caller = run.callers.get(sending.worker);
      if (!caller) throw new DemoError(`${sending.worker} is nobody here`);
      const sentAt = performance.now();
      const outcome = await send(caller, sending);
      run.onHeard({ sending, outcome, sentAt, answeredAt: performance.now() });
    },
  });
}

async function send(caller: Caller, sending: Sending): Promise<Outcome> {
  const { key, body, cutAfter } = sending;
  const signal = cutAfter === null ? null : AbortSignal.timeout(cutAfter);
  try {
    const call = { method: 'POST' as const, path: '/v1/services', key, body };
    return outcomeOf(await caller(signal ? { ...call, signal } : call));
  } catch (error) {
    if (signal?.aborted) return { kind: 'lost' };
    if (error instanceof TypeError) throw new DemoError(`The service at ${baseUrl()} stopped answering.`);
    throw error;
  }
}

/** What an answer to recording a shift means. */
export function outcomeOf(answer: Answer): Outcome {
  if (answer.status === 201) {
    const service = Service.safeParse(answer.body).data;
    if (service) {
      return {
        kind: 'recorded',
        serviceId: service.id,
        cents: service.totalCostCents,
        createdAt: service.createdAt,
        replayed: answer.replayed,
        duplicate: service.warnings.some((warning) => warning.code === 'POSSIBLE_DUPLICATE'),
      };
    }
  }
  const problem = problemOf(answer);
  const decided = [400, 409, 422].includes(answer.status) && problem?.code !== 'IDEMPOTENCY_KEY_REUSED';
  if (decided && problem) return { kind: 'refused', code: problem.code, detail: problem.detail };
  return { kind: 'unexpected', what: unexpected('POST /v1/services', answer).message };
}
