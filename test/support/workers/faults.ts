import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { openDatabase } from '../../../src/database/database.ts';
import { ledgerStub } from '../../../src/features/ledger/client.ts';
import type { Keeper } from '../../../src/features/ledger/keeper.ts';
import type { LedgerKey } from '../../../src/features/ledger/state.ts';

/**
 * Where a batch fails: `before` D1 has it, `during`, when it is applied and its answer is lost, or `after`, when the
 * object dies with the answer in its hands.
 */
export type Fault = 'none' | 'before' | 'during' | 'after';

/** D1 with the next batches failing as told; reads are batches too, so `writesOnly` lets them through. */
export function faultyD1(options: { faults: Fault[]; writesOnly: boolean; onAfter?: () => void }): D1Database {
  const { faults } = options;
  const writes = new WeakSet<object>();
  return new Proxy(env.DB, {
    get(target, name) {
      if (name === 'prepare') {
        return (sql: string) => {
          const statement = target.prepare(sql);
          const isWrite = !/^\s*SELECT/i.test(sql);
          const bind = statement.bind.bind(statement);
          statement.bind = (...values: unknown[]) => {
            const bound = bind(...values);
            if (isWrite) writes.add(bound);
            return bound;
          };
          return statement;
        };
      }
      if (name !== 'batch') return Reflect.get(target, name);
      return async (statements: D1PreparedStatement[]) => {
        const counts = !options.writesOnly || statements.some((statement) => writes.has(statement));
        const fault = counts ? (faults.shift() ?? 'none') : 'none';
        if (fault === 'before') throw new Error('D1_ERROR: Network connection lost.');
        const results = await target.batch(statements);
        if (fault === 'during') throw new Error('D1_ERROR: Network connection lost.');
        if (fault === 'after') {
          options.onAfter?.();
          await new Promise(() => undefined);
        }
        return results;
      };
    },
  });
}

/** Puts a faulty database under a participant's object, until the object is gone. */
export async function breakLedger(
  key: LedgerKey,
  faults: Fault[],
  options: { writesOnly?: boolean } = {},
): Promise<void> {
  await runInDurableObject(ledgerStub(env, key), (instance, state) => {
    const { keeper } = instance as unknown as { keeper: { -readonly [Name in keyof Keeper]: Keeper[Name] } };
    const d1 = faultyD1({
      faults,
      writesOnly: options.writesOnly ?? true,
      onAfter: () => state.abort('died in the middle'),
    });
    keeper.openDatabase = (usage) => openDatabase(d1, usage);
  });
}
