import { exports } from 'cloudflare:workers';
import { hc } from 'hono/client';
import { beforeAll, expect, test } from 'vitest';
import type { AppType } from '../../src/worker.ts';
import { commonItems, HOURLY, newParticipant } from '../support/workers/care.ts';
import { newTenant } from '../support/workers/tenant.ts';

beforeAll(commonItems);

test("Hono's typed client records a service and reads the budget that it moved", async () => {
  const { admin } = await newTenant();
  const { id } = await newParticipant(admin);
  const client = hc<AppType>('https://caddy.test', {
    fetch: (input: RequestInfo | URL, init?: RequestInit) => exports.default.fetch(new Request(input, init)),
    headers: { authorization: `Bearer ${admin.token}` },
  });

  const recorded = await client.v1.services.$post({
    json: {
      participantId: id,
      supportItemCode: HOURLY,
      serviceDate: '2026-11-20',
      startTime: '09:00',
      endTime: '10:30',
    },
  });
  expect(recorded.status).toBe(201);
  const service = await recorded.json();
  const cost: number = service.totalCostCents;
  expect(cost).toBe(9_000);
  expect(service.warnings).toEqual([]);

  const budgets = await client.v1.participants[':id'].budgets.$get({ param: { id }, query: {} });
  const { version, budgets: lines } = await budgets.json();
  expect(version).toBe(2);
  expect(lines.map((line) => line.spentCents)).toEqual([9_000]);
});
