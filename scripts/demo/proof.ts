import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { dollars } from '../../src/money/rules.ts';
import { type Caller, expectBody, inParallel, readAll } from './api.ts';
import type { Board } from './board.ts';

const Line = z.object({ id: z.string(), categoryName: z.string(), allocatedCents: z.int(), spentCents: z.int() });
type Line = z.output<typeof Line>;
const Plan = z.object({ budgets: z.array(Line) });
const Budgets = z.object({ version: z.int(), budgets: z.array(Line) });
const Entry = z.object({
  kind: z.string(),
  allocatedDeltaCents: z.int(),
  spentDeltaCents: z.int(),
  serviceId: z.string().nullable(),
});
type Entry = z.output<typeof Entry>;

export interface Proof {
  lines: number;
  entries: number;
  spentCents: number;
  /** What does not agree, in words; empty when everything does. */
  differences: string[];
}

const TRIES = 3;

/**
 * Reads the ledger of every line that the board's participants have and sets it against the totals, the services that
 * were answered, and the live screens. Someone may be at work beside the demo, so a difference is looked at again.
 */
export async function proveLedger(caller: Caller, board: Board): Promise<Proof> {
  for (let tries = 1; ; tries++) {
    const proof = await compare(caller, board);
    if (proof.differences.length === 0 || tries === TRIES) return proof;
    await wait(500);
  }
}

async function compare(caller: Caller, board: Board): Promise<Proof> {
  const ledgers = await inParallel([...board.rows.keys()], { width: 8, work: (id) => readLedger(caller, id) });
  const lines = ledgers.flatMap((ledger) => ledger.lines);
  const entries = lines.flatMap((line) => line.entries);
  const differences = lines.flatMap(({ line, entries }) => lineDifferences(line, entries));
  differences.push(...serviceDifferences(board.recorded, entries));
  for (const { id, version, shown } of ledgers) {
    const row = board.rows.get(id);
    const name = `${row?.firstName} ${row?.lastName}`;
    if (row?.version !== version) differences.push(`${name}: live version ${row?.version}, ledger version ${version}`);
    for (const line of shown) {
      const live = row?.lines.get(line.id)?.spentCents;
      if (live !== line.spentCents) {
        differences.push(`${name}, ${line.categoryName}: live ${money(live)}, ledger ${money(line.spentCents)}`);
      }
    }
  }
  const spentCents = lines.reduce((sum, { line }) => sum + line.spentCents, 0);
  return { lines: lines.length, entries: entries.length, spentCents, differences };
}

const money = (cents: number | undefined) => (cents === undefined ? 'nothing' : dollars(cents));

async function readLedger(caller: Caller, id: string) {
  const path = `/v1/participants/${id}/budgets`;
  const { version, budgets: shown } = expectBody(
    { status: 200, what: `GET ${path}`, schema: Budgets },
    await caller({ path }),
  );
  const plans = await readAll(caller, { path: `/v1/participants/${id}/plans`, schema: Plan });
  const lines: { line: Line; entries: Entry[] }[] = [];
  for (const line of plans.flatMap((plan) => plan.budgets)) {
    lines.push({ line, entries: await readAll(caller, { path: `/v1/budgets/${line.id}/entries`, schema: Entry }) });
  }
  return { id, version, shown, lines };
}

/** Where a line's entries do not add up to its totals. */
export function lineDifferences(line: Line, entries: readonly Entry[]): string[] {
  const allocated = entries.reduce((sum, entry) => sum + entry.allocatedDeltaCents, 0);
  const spent = entries.reduce((sum, entry) => sum + entry.spentDeltaCents, 0);
  const differences: string[] = [];
  if (allocated !== line.allocatedCents) {
    differences.push(`${line.id}: allocated ${money(line.allocatedCents)}, entries make ${money(allocated)}`);
  }
  if (spent !== line.spentCents) {
    differences.push(`${line.id}: spent ${money(line.spentCents)}, entries make ${money(spent)}`);
  }
  return differences;
}

/** Which answered services are not on the ledger exactly once, at their cost. */
export function serviceDifferences(recorded: ReadonlyMap<string, number>, entries: readonly Entry[]): string[] {
  const charges = new Map<string, number[]>();
  for (const { kind, serviceId, spentDeltaCents } of entries) {
    if (kind !== 'service.recorded' || serviceId === null) continue;
    charges.set(serviceId, [...(charges.get(serviceId) ?? []), spentDeltaCents]);
  }
  return [...recorded].flatMap(([serviceId, cents]) => {
    const found = charges.get(serviceId) ?? [];
    if (found.length === 1 && found[0] === cents) return [];
    return [
      `${serviceId}: answered as ${money(cents)}, on the ledger as ${found.map(money).join(' and ') || 'nothing'}`,
    ];
  });
}
