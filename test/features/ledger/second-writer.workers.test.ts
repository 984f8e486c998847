import { evictDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, test } from 'vitest';
import { ledgerStub } from '../../../src/features/ledger/client.ts';
import { newId } from '../../../src/ids.ts';
import { commonItems, differences, newParticipant, tenDollars } from '../../support/workers/care.ts';
import { newTenant } from '../../support/workers/tenant.ts';

beforeAll(commonItems);

interface Target {
  organizationId: string;
  participantId: string;
  planId: string;
  budgetId: string;
  userId: string;
}

/** What another program would write for one service, without any of our code. */
function ownBatch(target: Target, cents: number, options: { bumpsVersion: boolean }): D1PreparedStatement[] {
  const id = newId('svc');
  const { organizationId, participantId, planId, budgetId, userId } = target;
  const next = '(SELECT ledger_version + 1 FROM participants WHERE id = ?)';
  const statements = [
    env.DB.prepare(
      `INSERT INTO services (id, organization_id, participant_id, plan_id, budget_id, support_item_code, support_item_name, unit,
        service_date, unit_price_cents, total_cost_cents, support_worker_id, ledger_version, created_at)
      VALUES (?, ?, ?, ?, ?, 'X', 'X', 'E', '2026-11-20', ?, ?, ?, 0, 0)`,
    ).bind(id, organizationId, participantId, planId, budgetId, cents, cents, userId),
    env.DB.prepare(
      `UPDATE pool_boundaries SET spent_cents = spent_cents + ? WHERE pool_id = ? AND ends_on >= '2026-11-20'`,
    ).bind(cents, budgetId),
    env.DB.prepare('UPDATE budgets SET spent_cents = spent_cents + ? WHERE id = ?').bind(cents, budgetId),
    env.DB.prepare('UPDATE plans SET spent_cents = spent_cents + ? WHERE id = ?').bind(cents, planId),
    env.DB.prepare(
      `INSERT INTO ledger_entries (participant_id, version, number, organization_id, budget_id, kind, allocated_delta_cents,
        spent_delta_cents, service_id, at)
      SELECT ?, ${options.bumpsVersion ? next : '(SELECT ledger_version FROM participants WHERE id = ?)'},
        ${options.bumpsVersion ? 1 : '(SELECT 1000 + count(*) FROM ledger_entries WHERE participant_id = ?)'}, ?, ?, 'service.recorded', 0, ?, ?, 0`,
    ).bind(
      ...[participantId, participantId, ...(options.bumpsVersion ? [] : [participantId])],
      organizationId,
      budgetId,
      cents,
      id,
    ),
  ];
  if (options.bumpsVersion) {
    statements.push(
      env.DB.prepare('UPDATE participants SET ledger_version = ledger_version + 1 WHERE id = ?').bind(participantId),
    );
  }
  return statements;
}

async function setUp() {
  const { admin, organizationId } = await newTenant();
  const participant = await newParticipant(admin);
  const [budgetId = ''] = participant.budgetIds;
  const target = {
    organizationId,
    participantId: participant.id,
    planId: participant.planId,
    budgetId,
    userId: admin.userId,
  };
  await admin.post('/v1/services', tenDollars(participant.id));
  return { admin, organizationId, participant, target };
}

describe('the constraint alone', () => {
  test('refuses a batch that would overspend, by its name, and keeps nothing of it', async () => {
    const { target, participant } = await setUp();
    await expect(env.DB.batch(ownBatch(target, 99_001, { bumpsVersion: true }))).rejects.toThrow(/budget_available/);
    await env.DB.batch(ownBatch(target, 99_000, { bumpsVersion: true }));
    expect(await differences(participant.id)).toEqual([]);
  });
});

describe('a second writer that goes round the object', () => {
  test.each([{ bumpsVersion: true }, { bumpsVersion: false }])(
    'takes the last money, and the object answers with the true numbers (%o)',
    async (options) => {
      const { admin, target, participant } = await setUp();
      await env.DB.batch(ownBatch(target, 98_500, options));
      const refused = await admin.post('/v1/services', tenDollars(participant.id));
      expect(refused.status).toBe(409);
      expect(refused.body.details).toEqual({ budgetId: target.budgetId, requiredCents: 1000, availableCents: 500 });
      expect(await differences(participant.id)).toEqual([]);
    },
  );

  test.each([{ bumpsVersion: true }, { bumpsVersion: false }])(
    'gives money back, and the object sees it before it refuses (%o)',
    async (options) => {
      const { admin, target, participant } = await setUp();
      await env.DB.batch(ownBatch(target, 98_500, options));
      expect((await admin.post('/v1/services', tenDollars(participant.id))).status).toBe(409);
      await env.DB.batch([
        env.DB.prepare(
          `UPDATE services SET status = 'cancelled' WHERE participant_id = ? AND total_cost_cents = 98500`,
        ).bind(participant.id),
        env.DB.prepare('UPDATE pool_boundaries SET spent_cents = spent_cents - 98500 WHERE pool_id = ?').bind(
          target.budgetId,
        ),
        env.DB.prepare('UPDATE budgets SET spent_cents = spent_cents - 98500 WHERE id = ?').bind(target.budgetId),
        env.DB.prepare('UPDATE plans SET spent_cents = spent_cents - 98500 WHERE id = ?').bind(target.planId),
        env.DB.prepare(
          `INSERT INTO ledger_entries (participant_id, version, number, organization_id, budget_id, kind, allocated_delta_cents, spent_delta_cents, at)
        SELECT id, ledger_version, 5000, organization_id, ?, 'service.cancelled', 0, -98500, 0 FROM participants WHERE id = ?`,
        ).bind(target.budgetId, participant.id),
      ]);
      expect((await admin.post('/v1/services', tenDollars(participant.id))).status).toBe(201);
      expect(await differences(participant.id)).toEqual([]);
    },
  );

  test.each([{ bumpsVersion: true }, { bumpsVersion: false }])(
    'races with 90 recordings without a lost, doubled or overspent cent (%o)',
    async (options) => {
      const { admin, target, participant } = await setUp();
      const rogue = async () => {
        let accepted = 0;
        for (let round = 0; round < 25; round++) {
          await env.DB.batch(ownBatch(target, 1_500, options)).then(
            () => accepted++,
            () => undefined,
          );
          if (round % 8 === 3) {
            // Not running yet, or no more: then there is nothing to evict.
            await evictDurableObject(
              ledgerStub(env, { organizationId: target.organizationId, participantId: target.participantId }),
            ).catch(() => undefined);
          }
        }
        return accepted;
      };
      const [accepted, answers] = await Promise.all([
        rogue(),
        Promise.all(Array.from({ length: 90 }, () => admin.post('/v1/services', tenDollars(participant.id)))),
      ]);
      const ours = answers.filter(({ status }) => status === 201).length;
      expect(answers.every(({ status }) => status === 201 || status === 409)).toBe(true);
      const budgets = await admin.get(`/v1/participants/${participant.id}/budgets`);
      expect(budgets.body.budgets[0].spentCents).toBe(1_000 + accepted * 1_500 + ours * 1_000);
      expect(budgets.body.budgets[0].spentCents).toBeLessThanOrEqual(100_000);
      expect(budgets.body.budgets[0].spentCents).toBeGreaterThan(98_500);
      expect(await differences(participant.id)).toEqual([]);
    },
  );
});

describe('a structure that changes under the object', () => {
  test('an archived participant is refused although memory says active', async () => {
    const { admin, participant } = await setUp();
    await env.DB.prepare(`UPDATE participants SET status = 'archived' WHERE id = ?`).bind(participant.id).run();
    expect((await admin.post('/v1/services', tenDollars(participant.id))).body.code).toBe('PARTICIPANT_ARCHIVED');
  });

  test('a plan that no longer contains the day is refused with NO_PLAN', async () => {
    const { admin, participant, target } = await setUp();
    await env.DB.prepare(`UPDATE plans SET start_date = '2026-11-21' WHERE id = ?`).bind(target.planId).run();
    expect((await admin.post('/v1/services', tenDollars(participant.id))).body.code).toBe('NO_PLAN');
  });

  test('a line of another category is refused with NO_BUDGET', async () => {
    const { admin, participant, target } = await setUp();
    await env.DB.prepare('UPDATE budgets SET category_code = 4 WHERE id = ?').bind(target.budgetId).run();
    expect((await admin.post('/v1/services', tenDollars(participant.id))).body.code).toBe('NO_BUDGET');
  });

  test('a stated line that appears is paid from, and a line that moves to another pool spends from that', async () => {
    const { admin, participant, target } = await setUp();
    const stated = await admin.post(`/v1/plans/${target.planId}/budgets`, {
      categoryCode: 1,
      supportItemCode: '01_799_0107_1_1',
      allocatedCents: 2_000,
    });
    expect((await admin.post('/v1/services', tenDollars(participant.id))).body.budgetId).toBe(stated.body.id);
    await admin.patch(`/v1/budgets/${stated.body.id}`, { flexible: true });
    expect((await admin.post('/v1/services', tenDollars(participant.id))).body.budgetId).toBe(stated.body.id);
    expect((await admin.post('/v1/services', tenDollars(participant.id))).body.code).toBe('INSUFFICIENT_BUDGET');
    await admin.patch(`/v1/budgets/${target.budgetId}`, { flexible: true });
    expect((await admin.post('/v1/services', tenDollars(participant.id))).body.budgetId).toBe(stated.body.id);
    expect(await differences(participant.id)).toEqual([]);
  });
});
