import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, test } from 'vitest';
import { app } from '../../../src/app.ts';
import {
  auditIsGapless,
  commonItems,
  differences,
  newParticipant,
  planBody,
  tenDollars,
} from '../../support/workers/care.ts';
import { breakLedger, type Fault, faultyD1 } from '../../support/workers/faults.ts';
import { newTenant } from '../../support/workers/tenant.ts';

beforeAll(commonItems);

async function servicesOf(participantId: string): Promise<number> {
  const row = await env.DB.prepare('SELECT count(*) AS count FROM services WHERE participant_id = ?')
    .bind(participantId)
    .first('count');
  return Number(row);
}

describe('a failure of D1 around the batch', () => {
  const histories: Fault[][] = [
    ['before'],
    ['during'],
    ['after'],
    ['before', 'during'],
    ['during', 'before'],
    ['before', 'after'],
    ['during', 'after'],
  ];
  test.each(histories.map((faults) => ({ faults })))(
    '$faults ends in exactly one service, with and without a retry by key',
    async ({ faults }) => {
      const { admin, organizationId } = await newTenant();
      const { id } = await newParticipant(admin);
      const key = { organizationId, participantId: id };
      await admin.post('/v1/services', tenDollars(id));
      await breakLedger(key, [...faults]);
      const headers = { 'idempotency-key': 'shift-1' };
      const first = await admin.post('/v1/services', tenDollars(id), headers);
      const second = await admin.post('/v1/services', tenDollars(id), headers);
      expect(first.status).toBe(201);
      expect(second.status).toBe(201);
      expect(second.body.id).toBe(first.body.id);
      expect(second.headers.get('idempotent-replayed')).toBe('true');
      expect(await servicesOf(id)).toBe(2);
      expect(await differences(id)).toEqual([]);
      expect(await auditIsGapless(organizationId)).toBe(true);
    },
  );

  test.each(histories.map((faults) => ({ faults })))(
    '$faults cancels once and gives the money back once',
    async ({ faults }) => {
      const { admin, organizationId } = await newTenant();
      const { id } = await newParticipant(admin);
      const recorded = await admin.post('/v1/services', tenDollars(id));
      await breakLedger({ organizationId, participantId: id }, [...faults]);
      const cancelled = await admin.post(
        `/v1/services/${recorded.body.id}/cancel`,
        { reason: 'sent twice' },
        { 'idempotency-key': 'c' },
      );
      expect(cancelled.status).toBe(200);
      expect(cancelled.body.status).toBe('cancelled');
      const again = await admin.post(
        `/v1/services/${recorded.body.id}/cancel`,
        { reason: 'sent twice' },
        { 'idempotency-key': 'c' },
      );
      expect(again.body).toEqual(cancelled.body);
      const audit = await admin.get(`/v1/audit-logs?entityId=${recorded.body.id}&action=service.cancelled`);
      expect(audit.body.data).toHaveLength(1);
      expect(await differences(id)).toEqual([]);
    },
  );

  test.each(histories.map((faults) => ({ faults })))('$faults changes plans and lines once', async ({ faults }) => {
    const { admin, organizationId } = await newTenant();
    const { id, planId, budgetIds } = await newParticipant(admin);
    await breakLedger({ organizationId, participantId: id }, [...faults]);
    const line = await admin.post(
      `/v1/plans/${planId}/budgets`,
      { categoryCode: 4, allocatedCents: 5_000 },
      { 'idempotency-key': 'l' },
    );
    expect(line.status).toBe(201);
    await breakLedger({ organizationId, participantId: id }, [...faults]);
    const next = {
      ...planBody([{ categoryCode: 1, allocatedCents: 4_000 }]),
      startDate: '2028-07-01',
      endDate: '2029-06-30',
    };
    const plan = await admin.post(`/v1/participants/${id}/plans`, next, { 'idempotency-key': 'p' });
    expect(plan.status).toBe(201);
    const replayed = await admin.post(`/v1/participants/${id}/plans`, next, { 'idempotency-key': 'p' });
    expect(replayed.body).toEqual(plan.body);
    await breakLedger({ organizationId, participantId: id }, [...faults]);
    const adjusted = await admin.patch(`/v1/budgets/${budgetIds[0]}`, { allocatedCents: 70_000 });
    expect(adjusted.body.allocatedCents).toBe(70_000);
    await breakLedger({ organizationId, participantId: id }, [...faults]);
    const extended = await admin.patch(`/v1/plans/${planId}`, { endDate: '2028-03-31' });
    expect(extended.body.datesHistory).toHaveLength(1);
    const budgets = await admin.get(`/v1/participants/${id}/budgets`);
    expect(budgets.body.budgets).toHaveLength(2);
    expect(budgets.body.version).toBe(5);
    expect(await differences(id)).toEqual([]);
    expect(await auditIsGapless(organizationId)).toBe(true);
  });
});

describe('D1 gone for longer than a request waits', () => {
  test('a recording answers 503 UNAVAILABLE, leaves nothing half done, and succeeds with the same key afterwards', async () => {
    const { admin, organizationId } = await newTenant();
    const { id } = await newParticipant(admin);
    await breakLedger({ organizationId, participantId: id }, Array<Fault>(1000).fill('before'), { writesOnly: false });
    const refused = await admin.post('/v1/services', tenDollars(id), { 'idempotency-key': 'k' });
    expect(refused.status).toBe(503);
    expect(refused.body.code).toBe('UNAVAILABLE');
    expect(refused.headers.get('retry-after')).toBeTruthy();
    expect(await servicesOf(id)).toBe(0);
    await breakLedger({ organizationId, participantId: id }, []);
    const recorded = await admin.post('/v1/services', tenDollars(id), { 'idempotency-key': 'k' });
    expect(recorded.status).toBe(201);
    expect(await servicesOf(id)).toBe(1);
    expect(await differences(id)).toEqual([]);
  });

  test('a read answers 503 UNAVAILABLE and its log has nothing of the request in it', async () => {
    const { admin } = await newTenant();
    const broken = faultyD1({ faults: Array<Fault>(1000).fill('before'), writesOnly: false });
    const ctx = createExecutionContext();
    await admin.get('/v1/me');
    const request = new Request('https://caddy.test/v1/users', { headers: { authorization: `Bearer ${admin.token}` } });
    const response = await app.fetch(request, { ...env, DB: broken }, ctx);
    await waitOnExecutionContext(ctx);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: 'UNAVAILABLE' });
  });
});

describe('a lost answer outside the ledger', () => {
  test.each([['before'], ['during']] as Fault[][])(
    'a participant is created once when the batch fails %s',
    async (fault) => {
      const { admin, organizationId } = await newTenant();
      await admin.get('/v1/me');
      const broken = faultyD1({ faults: [fault as Fault], writesOnly: true });
      const send = () =>
        app.fetch(
          new Request('https://caddy.test/v1/participants', {
            method: 'POST',
            headers: {
              authorization: `Bearer ${admin.token}`,
              'content-type': 'application/json',
              'idempotency-key': 'p',
            },
            body: JSON.stringify({
              ndisNumber: '439999999',
              profile: { firstName: 'A', lastName: 'B', dateOfBirth: '1990-01-01' },
            }),
          }),
          { ...env, DB: broken },
          createExecutionContext(),
        );
      const first = await send();
      const second = await send();
      expect(first.status).toBe(201);
      expect(second.headers.get('idempotent-replayed')).toBe('true');
      expect(await second.json()).toEqual(await first.json());
      const rows = await env.DB.prepare('SELECT participant_count FROM organizations WHERE id = ?')
        .bind(organizationId)
        .first('participant_count');
      expect(rows).toBe(1);
      expect(await auditIsGapless(organizationId)).toBe(true);
    },
  );
});
