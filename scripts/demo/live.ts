import { z } from 'zod';
import { baseUrl } from '../lib/paths.ts';
import { type Caller, DemoError, expectBody } from './api.ts';

/** The part of a BudgetView that the demo shows. */
const Line = z.object({
  id: z.string(),
  allocatedCents: z.int(),
  releasedCents: z.int(),
  spentCents: z.int(),
  status: z.enum(['green', 'amber', 'red']),
});
export type Line = z.output<typeof Line>;

const Message = z.discriminatedUnion('type', [
  z.object({ type: z.literal('snapshot'), version: z.int(), budgets: z.array(Line) }),
  z.object({
    type: z.literal('update'),
    version: z.int(),
    budgets: z.array(Line),
    cause: z.object({ kind: z.string(), serviceId: z.string().optional() }),
  }),
  z.object({ type: z.literal('error'), code: z.string() }),
]);
export type LiveMessage = z.output<typeof Message>;

const Ticket = z.object({ ticket: z.string() });

/** How long a socket may take to say its first word (ms). */
const PATIENCE = 15_000;

export interface Watch {
  participantId: string;
  onMessage: (message: LiveMessage) => void;
  /** What went wrong once it was open, in words. */
  onTrouble: (what: string) => void;
}

/** Watches a participant's budgets, as a browser does: a ticket, then a socket. Resolves to what ends it. */
export async function watchBudgets(caller: Caller, watch: Watch): Promise<() => void> {
  const answer = await caller({ method: 'POST', path: '/v1/live/tickets' });
  const { ticket } = expectBody({ status: 201, what: 'POST /v1/live/tickets', schema: Ticket }, answer);
  const address = `${baseUrl().replace('http', 'ws')}/v1/participants/${watch.participantId}/budgets/live`;
  const socket = new WebSocket(`${address}?ticket=${encodeURIComponent(ticket)}`);
  let closing = false;
  const close = () => {
    closing = true;
    socket.close();
  };
  return new Promise((resolve, reject) => {
    let open = false;
    const fail = (why: string) => {
      const what = `The live budgets of ${watch.participantId} ${why}`;
      if (open) watch.onTrouble(what);
      else reject(new DemoError(what));
    };
    const late = setTimeout(() => fail(`sent no snapshot within ${PATIENCE / 1000} s`), PATIENCE);
    socket.addEventListener('message', (event) => {
      const parsed = Message.safeParse(JSON.parse(String(event.data)));
      if (!parsed.success) return fail(`sent what the contract does not know: ${String(event.data).slice(0, 200)}`);
      watch.onMessage(parsed.data);
      if (parsed.data.type !== 'snapshot') return;
      clearTimeout(late);
      open = true;
      resolve(close);
    });
    socket.addEventListener('close', (event) => {
      clearTimeout(late);
      if (!closing) fail(`closed with ${event.code}`);
    });
  });
}
