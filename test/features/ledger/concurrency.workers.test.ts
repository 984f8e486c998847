import { abortAllDurableObjects, evictDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, test } from 'vitest';
import { ledgerStub } from '../../../src/features/ledger/client.ts';
import { auditIsGapless, commonItems, differences, newParticipant, tenDollars } from '../../support/workers/care.ts';
import { newTenant } from '../../support/workers/tenant.ts';

beforeAll(commonItems);

function tally(answers: { status: number }[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

const times = <Value>(count: number, make: (index: number) => Value): Value[] =>
  Array.from({ length: count }, (_, index) => make(index));

describe('200 concurrent $10 services on a $1,000 line', () => {
  test('exactly 100 are accepted and 100 refused with the numbers', async () => {
    const { admin, organizationId } = await newTenant();
    const participant = await newParticipant(admin);
    const answers = await Promise.all(times(200, () => admin.post('/v1/services', tenDollars(participant.id))));
    expect(tally(answers)).toEqual({ 201: 100, 409: 100 });
    for (const { body } of answers.filter(({ status }) => status === 409)) {
      expect(body.code).toBe('INSUFFICIENT_BUDGET');
      expect(body.details).toEqual({
        budgetId: participant.budgetIds[0],
        requiredCents: 1000,
        availableCents: expect.any(Number),
      });
      expect(body.details.availableCents).toBeLessThan(1000);
    }
    const budgets = await admin.get(`/v1/participants/${participant.id}/budgets`);
    expect(budgets.body.budgets[0]).toMatchObject({
      spentCents: 100_000,
      remainingCents: 0,
      availableCents: 0,
      status: 'red',
    });
    expect(await differences(participant.id)).toEqual([]);
    expect(await auditIsGapless(organizationId)).toBe(true);
  });

  test('with 20 participants at once and each request sent twice under its key, each still has exactly 100', async () => {
    const { admin, organizationId } = await newTenant();
    const people = await Promise.all(
      times(20, () => newParticipant(admin, { budgets: [{ categoryCode: 1, allocatedCents: 10_000 }] })),
    );
    const requests = people.flatMap(({ id }) => times(20, (index) => ({ id, key: `${id}-${index}` })));
    const twice = [...requests, ...requests].sort(() => Math.random() - 0.5);
    const answers = await Promise.all(
      twice.map(({ id, key }) => admin.post('/v1/services', tenDollars(id), { 'idempotency-key': key })),
    );
    const accepted = new Set(answers.filter(({ status }) => status === 201).map(({ body }) => body.id));
    expect(accepted.size).toBe(200);
    expect(Object.keys(tally(answers)).sort()).toEqual(['201', '409']);
    for (const { id } of people) {
      const budgets = await admin.get(`/v1/participants/${id}/budgets`);
      expect(budgets.body.budgets[0].spentCents).toBe(10_000);
      expect(await differences(id)).toEqual([]);
    }
    expect(await auditIsGapless(organizationId)).toBe(true);
  });

  test('with the object evicted and aborted in the middle, nothing is lost or doubled', async () => {
    const { admin, organizationId } = await newTenant();
    const participant = await newParticipant(admin);
    const work = times(200, (index) =>
      admin.post('/v1/services', tenDollars(participant.id), { 'idempotency-key': `${participant.id}-${index}` }),
    );
    const disturb = async () => {
      for (let round = 0; round < 6; round++) {
        await scheduler.wait(25);
        // An object that an abort has just ended cannot be evicted as well.
        if (round % 2 === 0)
          await evictDurableObject(ledgerStub(env, { organizationId, participantId: participant.id })).catch(
            () => undefined,
          );
        else await abortAllDurableObjects();
      }
    };
    const [answers] = await Promise.all([Promise.all(work), disturb()]);
    // Whoever was cut off asks again with the same key, as a client would.
    const final = await Promise.all(
      answers.map((answer, index) =>
        answer.status < 500
          ? answer
          : admin.post('/v1/services', tenDollars(participant.id), { 'idempotency-key': `${participant.id}-${index}` }),
      ),
    );
    expect(tally(final)).toEqual({ 201: 100, 409: 100 });
    const services = await admin.get(`/v1/services?participantId=${participant.id}&limit=100`);
    expect(services.body.data).toHaveLength(100);
    expect(services.body.nextCursor).toBeNull();
    expect(new Set(final.filter(({ status }) => status === 201).map(({ body }) => body.id)).size).toBe(100);
    expect(await differences(participant.id)).toEqual([]);
    expect(await auditIsGapless(organizationId)).toBe(true);
  });
});
