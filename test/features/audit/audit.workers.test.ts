import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, test } from 'vitest';
import { commonItems, newParticipant } from '../../support/workers/care.ts';
import { type Json, newTenant } from '../../support/workers/tenant.ts';

beforeAll(commonItems);

describe('the record of a change', () => {
  test('has the fields that changed, by the names that the API gives them', async () => {
    const { admin } = await newTenant();
    const { id } = await newParticipant(admin, { budgets: [{ categoryCode: 1, allocatedCents: 100 }] });
    const { body: before } = await admin.get(`/v1/participants/${id}`);
    await admin.patch(`/v1/participants/${id}`, { profile: { lastName: 'Okafor' }, tags: ['north'] });
    const [row] = (await admin.get(`/v1/audit-logs?entityId=${id}&action=participant.updated`)).body.data;
    expect(row.before).toEqual({ profile: { lastName: before.profile.lastName }, tags: before.tags });
    expect(row.after).toEqual({ profile: { lastName: 'Okafor' }, tags: ['north'] });
  });

  test("of a participant's first plan is one of its own", async () => {
    const { admin } = await newTenant();
    const { id } = await newParticipant(admin, { budgets: [{ categoryCode: 1, allocatedCents: 100 }] });
    const [plan] = (await admin.get(`/v1/participants/${id}/plans`)).body.data;
    const { data } = (await admin.get(`/v1/audit-logs?entityId=${plan.id}`)).body;
    expect(data.map((row: Json) => row.action)).toEqual(['plan.created']);
    expect(data[0].after).toMatchObject({ id: plan.id, startDate: plan.startDate, allocatedCents: 100 });
  });

  test('is found by its time even when it was committed long after it was begun', async () => {
    const { admin, organizationId } = await newTenant();
    const from = Date.parse('2026-03-01T00:00:00Z');
    const insert =
      env.DB.prepare(`INSERT INTO audit_logs (organization_id, seq, at, action, entity_type, entity_id, actor,
      request_id, change_id) VALUES (?, ?, ?, 'user.updated', 'user', ?, 'a', 'r', ?)`);
    // 1,000 changes, of which every tenth was begun ten minutes before it was committed.
    await env.DB.batch(
      Array.from({ length: 1_000 }, (_, index) => {
        const committed = from + (index - 500) * 1_000;
        const at = index % 10 === 0 ? committed - 600_000 : committed;
        return insert.bind(organizationId, 100 + index, at, `usr_${index}`, `chg_${index}`);
      }),
    );
    const { results } = await env.DB.prepare(
      'SELECT count(*) AS count FROM audit_logs WHERE organization_id = ? AND at >= ?',
    )
      .bind(organizationId, from)
      .all<{ count: number }>();
    const seen = async (query: string): Promise<Json[]> => {
      const rows: Json[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const page: Json = (await admin.get(`/v1/audit-logs?limit=100&${query}${cursor && `&cursor=${cursor}`}`)).body;
        rows.push(...page.data);
        cursor = page.nextCursor;
      }
      return rows;
    };
    const instant = new Date(from).toISOString();
    const later = await seen(`from=${instant}`);
    const earlier = await seen(`to=${instant}`);
    expect(later).toHaveLength(results[0]?.count ?? -1);
    expect(later.every((row) => row.at >= instant)).toBe(true);
    expect(earlier.every((row) => row.at < instant)).toBe(true);
    expect(later.length + earlier.length).toBe((await seen('')).length);
  });
});
