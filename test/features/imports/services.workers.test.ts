import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  auditIsGapless,
  commonItems,
  differences,
  EACH,
  HOURLY,
  ndisNumber,
  newParticipant,
  supportItem,
} from '../../support/workers/care.ts';
import { importFile, report, rowsOf } from '../../support/workers/imports.ts';
import { type Json, newTenant } from '../../support/workers/tenant.ts';

beforeAll(commonItems);

const HEADER = 'Date,Client,NDIS No,Item Code,Start,Finish,Worker Email,Shift Notes\r\n';

async function setUp(dollars = 1_000) {
  const tenant = await newTenant();
  const number = ndisNumber();
  const { id } = await newParticipant(tenant.admin, {
    fields: { ndisNumber: number },
    budgets: [{ categoryCode: 1, allocatedCents: dollars * 100 }],
  });
  const worker = await tenant.user('support_worker');
  const email = `${worker.userId}@example.com`;
  const row = (date: string, item: string, times = ',', who = email) =>
    `${date},Test Person,${number},${item},${times},${who},Done.\r\n`;
  return { ...tenant, number, id, worker, email, row };
}

describe('a timesheet', () => {
  test('records each shift by the rules of recording, or says why not, in the order of the API', async () => {
    const { admin, worker, id, number, row, organizationId } = await setUp();
    const text = [
      HEADER,
      row('20/11/2026', HOURLY, '09:00,11:30'),
      row('19/11/2026', HOURLY, '22:00,6:00'),
      row('20/11/2026', EACH),
      row('20/11/2026', HOURLY, '09:00,12:30'),
      row('31/02/2026', EACH),
      row('20/11/2026', 'nonsense'),
      row('20/11/2025', EACH),
      row('20/11/2026', '15_056_0128_1_3'),
      row('4/10/2026', HOURLY, '02:30,04:00'),
      row('20/11/2026', EACH, ',', 'stranger@example.com'),
      `20/11/2026,Nobody,${ndisNumber()},${EACH},,,,\r\n`,
      row('18/11/2026', HOURLY, '00:00,23:00'),
      row('21/11/2999', EACH),
    ].join('');
    await supportItem('15_056_0128_1_3', { categoryCode: 15 });
    const done = await importFile(admin, 'kind=services', text);
    const rows = await rowsOf(admin, done.id);
    expect(rows.map(({ row: at, action, errors }) => [at, action ?? errors[0].code])).toEqual([
      [2, 'created'],
      [3, 'created'],
      [4, 'created'],
      [5, 'DUPLICATE'],
      [6, 'VALIDATION_FAILED'],
      [7, 'VALIDATION_FAILED'],
      [8, 'NO_PLAN'],
      [9, 'NO_BUDGET'],
      [10, 'INVALID_TIME_RANGE'],
      [11, 'VALIDATION_FAILED'],
      [12, 'NOT_FOUND'],
      [13, 'INSUFFICIENT_BUDGET'],
      [14, 'VALIDATION_FAILED'],
    ]);
    expect(done).toMatchObject({ status: 'completed_with_errors', totalRows: 13, created: 3, failed: 10 });
    const { data } = (await admin.get(`/v1/services?participantId=${id}`)).body;
    expect(
      data.map((service: Json) => [
        service.serviceDate,
        service.totalCostCents,
        service.supportWorkerId,
        service.notes,
      ]),
    ).toEqual([
      ['2026-11-20', 1_000, worker.userId, 'Done.'],
      ['2026-11-20', 15_000, worker.userId, 'Done.'],
      ['2026-11-19', 48_000, worker.userId, 'Done.'],
    ]);
    expect(await differences(id)).toEqual([]);
    expect(await auditIsGapless(organizationId)).toBe(true);
    const [audit] = (await admin.get(`/v1/audit-logs?entityId=${rows[0].entityId}`)).body.data;
    expect([audit.action, audit.metadata]).toEqual(['service.created', { importId: done.id, row: 2 }]);
    const again = await importFile(admin, 'kind=services', text);
    expect(again).toMatchObject({ created: 0, unchanged: 3, failed: 10 });
    expect((await rowsOf(admin, again.id)).map(({ action, errors }) => action ?? errors[0].code).slice(0, 4)).toEqual([
      'unchanged',
      'unchanged',
      'unchanged',
      'DUPLICATE',
    ]);
    expect(number).toHaveLength(9);
  });

  test('spends a line to the cent and no further, in the order of the file, dry or not', async () => {
    const { admin, id, row } = await setUp(30);
    const text = HEADER + ['16', '17', '18', '19', '20'].map((day) => row(`${day}/11/2026`, EACH)).join('');
    const dry = await importFile(admin, 'kind=services&dryRun=true', text);
    expect((await admin.get(`/v1/services?participantId=${id}`)).body.data).toEqual([]);
    const wet = await importFile(admin, 'kind=services', text);
    expect(wet).toMatchObject({ created: 3, failed: 2 });
    expect(await report(admin, dry.id)).toEqual(await report(admin, wet.id));
    expect((await rowsOf(admin, wet.id))[3].errors[0]).toMatchObject({
      code: 'INSUFFICIENT_BUDGET',
      message: expect.stringContaining('$0.00'),
    });
    expect(await differences(id)).toEqual([]);
  });

  test('names workers by their names too, when only one has it', async () => {
    const { admin, row, organizationId } = await setUp();
    await env.DB.prepare(
      "UPDATE users SET first_name = 'Zoë', last_name = 'Baker' WHERE organization_id = ? AND role = 'support_worker'",
    )
      .bind(organizationId)
      .run();
    const text = HEADER + row('20/11/2026', EACH, ',', 'zoe baker') + row('19/11/2026', EACH, ',', 'Nobody Else');
    expect(await importFile(admin, 'kind=services', text)).toMatchObject({ created: 1, failed: 1 });
  });
});

describe("an organisation's own items", () => {
  test('are what it charges by, over the NDIA’s, and nobody else’s', async () => {
    const { admin, id } = await setUp();
    const other = await setUp();
    const text = `Support Item Number,Support Item Name,Unit,Start Date,Price\n${EACH},Agreed visit,E,2026-07-01,$7.50\n`;
    expect(await importFile(admin, 'kind=support_catalogue', text)).toMatchObject({ status: 'completed', created: 1 });
    expect(await importFile(admin, 'kind=support_catalogue', text)).toMatchObject({ unchanged: 1 });
    const quote = (caller: typeof admin, participantId: string) =>
      caller.post('/v1/services/quote', { participantId, supportItemCode: EACH, serviceDate: '2026-11-20' });
    expect((await quote(admin, id)).body).toMatchObject({ totalCostCents: 750 });
    expect((await quote(other.admin, other.id)).body).toMatchObject({ totalCostCents: 1_000 });
    const recorded = await admin.post('/v1/services', {
      participantId: id,
      supportItemCode: EACH,
      serviceDate: '2026-11-20',
    });
    expect(recorded.body).toMatchObject({ totalCostCents: 750, supportItemName: 'Agreed visit' });
    const listed = async (caller: typeof admin, query = '') =>
      (await caller.get(`/v1/support-items?limit=100${query}`)).body.data.filter(({ code }: Json) => code === EACH);
    expect(await listed(admin)).toMatchObject([{ name: 'Agreed visit' }]);
    expect(await listed(admin, '&search=agreed')).toHaveLength(1);
    expect(await listed(other.admin)).toMatchObject([{ name: `Item ${EACH}` }]);
    expect((await admin.get(`/v1/support-items/${EACH}`)).body).toMatchObject({
      name: 'Agreed visit',
      priceLimitCents: 750,
    });
  });
});
