import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { openDatabase } from '../../../src/database/database.ts';
import { giveUpImport, sweepImports, workOffImport } from '../../../src/features/import-runs/sweep.ts';
import {
  auditIsGapless,
  commonItems,
  differences,
  EACH,
  ndisNumber,
  newParticipant,
  tenDollars,
} from '../../support/workers/care.ts';
import { importFile, report, rowsOf, upload, workOff } from '../../support/workers/imports.ts';
import { knock, listen } from '../../support/workers/socket.ts';
import { type Caller, type Json, newTenant } from '../../support/workers/tenant.ts';

beforeAll(commonItems);

const WIDE =
  'First Name,Family Name,Date of Birth,NDIS Number,PlanStartDate,PlanReviewDate,Fund management,01 Daily Life,04 Social Participation\n';

function wide(numbers: readonly string[], amount = 100): string {
  return (
    WIDE +
    numbers
      .map((number, index) => `Ana,P${index},1990-01-01,${number},2026-07-01,2027-06-30,Plan,${amount},${index}\n`)
      .join('')
  );
}

/** What an organisation has, without ids and instants: what two runs of one file have in common. */
async function books(organizationId: string): Promise<Json> {
  const all = async (sql: string) => (await env.DB.prepare(sql).bind(organizationId).all<Json>()).results;
  return {
    people: await all(
      'SELECT ndis_number, last_name, ledger_version FROM participants WHERE organization_id = ? ORDER BY 1',
    ),
    lines:
      await all(`SELECT p.ndis_number, b.number, b.category_code, b.allocated_cents, b.spent_cents, pb.released_cents, pb.spent_cents AS spent
      FROM budgets b JOIN participants p ON p.id = b.participant_id JOIN pool_boundaries pb ON pb.pool_id = b.pool_id
      WHERE b.organization_id = ? ORDER BY 1, 2`),
    entries:
      await all(`SELECT p.ndis_number, e.version, e.number, e.kind, e.allocated_delta_cents, e.spent_delta_cents FROM ledger_entries e
      JOIN participants p ON p.id = e.participant_id WHERE e.organization_id = ? ORDER BY 1, 2, 3`),
    services: await all(`SELECT p.ndis_number, s.service_date, s.start_time, s.total_cost_cents FROM services s
      JOIN participants p ON p.id = s.participant_id WHERE s.organization_id = ? ORDER BY 1, 2, 3`),
    words: await all('SELECT count(*) AS n FROM participant_words WHERE organization_id = ?'),
    counted: await all('SELECT participant_count AS n FROM organizations WHERE id = ?'),
  };
}

function shifts(numbers: readonly string[]): string {
  const rows = numbers.flatMap((number) =>
    ['02', '03', '04', '02'].map((day) => `${day}/11/2026,${number},${EACH},,\n`),
  );
  return `Date,NDIS No,Item Code,Start,Finish\n${rows.join('')}`;
}

async function disturbed(caller: Caller, id: string): Promise<void> {
  for (let round = 0; round < 40; round++) {
    const { body } = await caller.get(`/v1/imports/${id}`);
    if (body.finishedAt !== null) return;
    await Promise.all(Array.from({ length: 4 }, () => workOffImport(env, id).catch(() => undefined)));
  }
}

describe('every message delivered several times, and at once', () => {
  test('ends as one undisturbed run does, in books and report', async () => {
    const numbers = Array.from({ length: 450 }, ndisNumber);
    const text = wide(numbers);
    const [calm, wild] = [await newTenant(), await newTenant()];
    const one = await importFile(calm.admin, 'kind=participants', text);
    const other = await upload(wild.admin, 'kind=participants', text);
    await disturbed(wild.admin, other.id);
    expect(await report(wild.admin, other.id)).toEqual(await report(calm.admin, one.id));
    expect(await books(wild.organizationId)).toEqual(await books(calm.organizationId));
    const sheet = shifts(numbers.slice(0, 300));
    const first = await importFile(calm.admin, 'kind=services', sheet);
    const second = await upload(wild.admin, 'kind=services', sheet);
    await disturbed(wild.admin, second.id);
    expect(first).toMatchObject({ totalRows: 1_200, created: 900, failed: 300 });
    expect(await report(wild.admin, second.id)).toEqual(await report(calm.admin, first.id));
    expect(await books(wild.organizationId)).toEqual(await books(calm.organizationId));
    expect(await auditIsGapless(wild.organizationId)).toBe(true);
  }, 60_000);
});

describe('two imports of the same new participants at once', () => {
  test('make each of them once', async () => {
    const { admin, organizationId } = await newTenant();
    const numbers = Array.from({ length: 250 }, ndisNumber);
    const [one, other] = [
      await upload(admin, 'kind=participants', wide(numbers)),
      await upload(admin, 'kind=participants', wide(numbers)),
    ];
    await Promise.all([workOff(admin, one.id), workOff(admin, other.id)]);
    const { people, lines, counted } = await books(organizationId);
    expect([people.length, lines.length, counted[0].n]).toEqual([250, 499, 250]);
    const ended = await Promise.all([one, other].map(async ({ id }) => (await admin.get(`/v1/imports/${id}`)).body));
    expect(ended.map(({ failed }) => failed)).toEqual([0, 0]);
    expect(ended.reduce((sum, { created }) => sum + created, 0)).toBe(250);
    expect(ended.reduce((sum, { unchanged }) => sum + unchanged, 0)).toBe(250);
  }, 60_000);
});

describe('an import beside live recording', () => {
  test('on the same participants loses and doubles no cent', async () => {
    const { admin, organizationId } = await newTenant();
    const people = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const number = ndisNumber();
        return {
          number,
          ...(await newParticipant(admin, {
            fields: { ndisNumber: number },
            budgets: [{ categoryCode: 1, allocatedCents: 6_000 }],
          })),
        };
      }),
    );
    const sheet = `Date,NDIS No,Item Code,Start,Finish\n${people
      .flatMap(({ number }) => ['02', '03', '04', '05'].map((day) => `${day}/11/2026,${number},${EACH},,\n`))
      .join('')}`;
    const begun = await upload(admin, 'kind=services', sheet);
    const record = async () => {
      const statuses: number[] = [];
      for (let round = 0; round < 5; round++) {
        const answers = await Promise.all(people.map(({ id }) => admin.post('/v1/services', tenDollars(id))));
        statuses.push(...answers.map(({ status }) => status));
      }
      return statuses;
    };
    const [statuses] = await Promise.all([record(), workOff(admin, begun.id)]);
    const { body } = await admin.get(`/v1/imports/${begun.id}`);
    const accepted = statuses.filter((status) => status === 201).length + body.created;
    expect(accepted).toBe(36);
    for (const { id } of people) expect(await differences(id)).toEqual([]);
    const { lines } = await books(organizationId);
    expect(lines.every((line: Json) => line.spent_cents === 6_000 && line.spent === 6_000)).toBe(true);
  }, 60_000);
});

describe('a file that cannot be read', () => {
  const table: [string, string, string | Uint8Array][] = [
    ['EMPTY_FILE', 'participants', ''],
    ['NO_ROWS', 'participants', 'NDIS Number,First Name\n'],
    ['NOT_CSV', 'participants', new Uint8Array([0x50, 0x4b, 3, 4, 0, 0, 1])],
    ['MISSING_COLUMNS', 'participants', '{"json": true}\n[1]\n'],
    ['MISSING_COLUMNS', 'services', 'Colour,Shape\nred,round\n'],
    ['AMBIGUOUS_COLUMNS', 'participants', 'NDIS Number,Email,Email\n430000001,a,b\n'],
    ['TOO_MANY_COLUMNS', 'participants', `${'c,'.repeat(600)}\n1\n`],
  ];
  test.each(table)('fails as %s, with nothing written', async (code, kind, text) => {
    const { admin, organizationId } = await newTenant();
    const done = await importFile(admin, `kind=${kind}`, text);
    expect(done).toMatchObject({ status: 'failed', processedRows: 0, failure: { code, message: expect.any(String) } });
    expect((await books(organizationId)).people).toEqual([]);
    expect((await admin.get(`/v1/imports/${done.id}/errors.csv`)).status).toBe(200);
    const preview = await admin.request('POST', `/v1/imports/preview?kind=${kind}`, {
      body: text,
      headers: { 'content-type': 'text/csv' },
    });
    expect(preview.status).toBe(200);
    if (code !== 'TOO_MANY_COLUMNS') expect(preview.body.problems[0].code).toBe(code);
  });

  test('row by row says which rows cannot be, and takes the others', async () => {
    const { admin } = await newTenant();
    const good = ndisNumber();
    const header = 'NDIS Number,First Name,Last Name,DOB';
    const text = `${header},${Array.from({ length: 300 }, (_, index) => `Extra ${index}`).join(',')}\n${header}\n430000001,"lone,Li,1990-01-01\n4.3E+08,A,B,1990-01-01\n430000003,${'x'.repeat(1_000_000)},B,1990-01-01\n${good},Good,Row,1990-01-01\n`;
    const done = await importFile(admin, 'kind=participants', text);
    expect(done).toMatchObject({ status: 'completed_with_errors', created: 1, failed: 4 });
    expect((await rowsOf(admin, done.id, '&status=failed')).map(({ row, errors }) => [row, errors[0].code])).toEqual([
      [2, 'HEADER_REPEATED'],
      [3, 'UNCLOSED_QUOTE'],
      [4, 'VALIDATION_FAILED'],
      [5, 'CELL_TOO_LONG'],
    ]);
  });
});

describe('an import', () => {
  test('asks the database seldom: under 0.05 and 0.1 round trips a row', async () => {
    const { admin } = await newTenant();
    const numbers = Array.from({ length: 1_000 }, ndisNumber);
    const asked = vi.spyOn(env.DB, 'batch');
    const trips = async (query: string, text: string) => {
      const { id } = await upload(admin, query, text);
      const before = asked.mock.calls.length;
      // The first prepares it, the second works it off.
      await workOffImport(env, id);
      await workOffImport(env, id);
      const taken = asked.mock.calls.length - before;
      const { body } = await admin.get(`/v1/imports/${id}`);
      expect(body.processedRows).toBe(body.totalRows);
      return taken / body.totalRows;
    };
    expect(await trips('kind=participants', wide(numbers))).toBeLessThan(0.05);
    expect(await trips('kind=services', shifts(numbers))).toBeLessThan(0.1);
    asked.mockRestore();
  }, 60_000);
});

describe('an import that is', () => {
  test('cancelled goes no further and keeps what it has written', async () => {
    const { admin, organizationId } = await newTenant();
    const { id } = await upload(admin, 'kind=participants', wide(Array.from({ length: 5 }, ndisNumber)));
    const cancelled = await admin.post(`/v1/imports/${id}/cancel`);
    expect([cancelled.status, cancelled.body.status]).toEqual([200, 'cancelled']);
    await workOffImport(env, id);
    expect((await books(organizationId)).people).toEqual([]);
    expect((await admin.post(`/v1/imports/${id}/cancel`)).status).toBe(200);
  });

  test('left lying is queued again by the sweep, and one that is given up says so', async () => {
    const { admin } = await newTenant();
    const { id } = await upload(admin, 'kind=participants', wide([ndisNumber()]));
    await sweepImports(env, openDatabase(env.DB));
    await expect
      .poll(async () => (await admin.get(`/v1/imports/${id}`)).body.status, { timeout: 15_000 })
      .toBe('completed');
    const lost = await upload(admin, 'kind=participants', wide([ndisNumber()]));
    await giveUpImport({ env, database: openDatabase(env.DB) }, lost.id);
    expect((await admin.get(`/v1/imports/${lost.id}`)).body).toMatchObject({
      status: 'failed',
      failure: { code: 'GIVEN_UP' },
    });
  }, 30_000);

  test('watched tells how far it is, and closes at its end', async () => {
    const { admin } = await newTenant();
    const { id } = await upload(admin, 'kind=participants', wide(Array.from({ length: 5 }, ndisNumber)));
    const { body: ticket } = await admin.post('/v1/live/tickets');
    const opening = await knock(`/v1/imports/${id}/live?ticket=${ticket.ticket}`);
    if (!opening.socket) throw new Error(`no socket: ${opening.status}`);
    const socket = listen(opening.socket);
    await workOff(admin, id);
    await socket.frame('the end', (frame) => frame.type === 'progress' && frame.import.status === 'completed');
    expect((await socket.end()).code).toBe(1000);
    const progress = socket.frames.map((frame) => frame.import.processedRows);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
  });

  test('sent again with its key is the same import', async () => {
    const { admin } = await newTenant();
    const headers = { 'content-type': 'text/csv', 'idempotency-key': 'once' };
    const body = wide([ndisNumber()]);
    const [one, other] = await Promise.all(
      [1, 2].map(() => admin.request('POST', '/v1/imports?kind=participants', { body, headers })),
    );
    expect([one?.status, other?.status, one?.body.id]).toEqual([202, 202, other?.body.id]);
    const changed = await admin.request('POST', '/v1/imports?kind=participants', { body: `${body}\n`, headers });
    expect([changed.status, changed.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    const form = new FormData();
    form.set('file', new File([body], 'a.csv', { type: 'text/csv' }));
    form.set('kind', 'participants');
    const request = new Request('https://x.test', { method: 'POST', body: form });
    const sent = await admin.request('POST', '/v1/imports', {
      body: new Uint8Array(await request.arrayBuffer()),
      headers: { 'content-type': request.headers.get('content-type') ?? '' },
    });
    expect(sent.body).toMatchObject({ status: 'queued', fileName: 'a.csv' });
  });
});
