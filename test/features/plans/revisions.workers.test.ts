import { beforeAll, describe, expect, test } from 'vitest';
import { commonItems, newParticipant, tenDollars } from '../../support/workers/care.ts';
import { newTenant } from '../../support/workers/tenant.ts';

beforeAll(commonItems);

describe("a plan's ETag", () => {
  test('moves with its lines as they are agreed, and not with what is spent of them', async () => {
    const { admin } = await newTenant();
    const { id } = await newParticipant(admin, { budgets: [{ categoryCode: 1, allocatedCents: 100_000 }] });
    const [plan] = (await admin.get(`/v1/participants/${id}/plans`)).body.data;
    const path = `/v1/plans/${plan.id}`;
    const tag = async () => (await admin.get(path)).headers.get('etag') ?? '';
    const first = await tag();
    await admin.post('/v1/services', tenDollars(id));
    expect(await tag()).toBe(first);
    const line = await admin.post(`${path}/budgets`, { categoryCode: 4, allocatedCents: 500 });
    expect(line.status).toBe(201);
    const fresh = await admin.get(path, { 'if-none-match': first });
    expect([fresh.status, fresh.body.budgets.length]).toEqual([200, 2]);
    const second = await tag();
    await admin.patch(`/v1/budgets/${line.body.id}`, { allocatedCents: 700 });
    expect(await tag()).not.toBe(second);
    expect((await admin.patch(path, { planNumber: 'X' }, { 'if-match': first })).status).toBe(412);
  });
});

describe('a participant who becomes inactive past the ledger', () => {
  test('is warned of by recording as by quoting', async () => {
    const { admin } = await newTenant();
    const { id } = await newParticipant(admin, { budgets: [{ categoryCode: 1, allocatedCents: 100_000 }] });
    await admin.post('/v1/services', tenDollars(id));
    const { env } = await import('cloudflare:workers');
    await env.DB.prepare("UPDATE participants SET status = 'inactive' WHERE id = ?").bind(id).run();
    const quoted = await admin.post('/v1/services/quote', tenDollars(id));
    const recorded = await admin.post('/v1/services', tenDollars(id));
    const codes = (body: { warnings: { code: string }[] }) =>
      body.warnings.map(({ code }) => code).filter((code) => code !== 'POSSIBLE_DUPLICATE');
    expect(codes(quoted.body)).toEqual(['PARTICIPANT_INACTIVE']);
    expect(codes(recorded.body)).toEqual(['PARTICIPANT_INACTIVE']);
  });
});
