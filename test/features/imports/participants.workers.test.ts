import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, test } from 'vitest';
import { auditIsGapless, commonItems, ndisNumber, newParticipant } from '../../support/workers/care.ts';
import { importFile, report, rowsOf } from '../../support/workers/imports.ts';
import { type Caller, type Json, newTenant } from '../../support/workers/tenant.ts';

beforeAll(commonItems);

const WIDE =
  'First Name,Family Name,Date of Birth,NDIS Number,Email,PlanStartDate,PlanReviewDate,Fund management,01 Daily Life,04 Social Participation\r\n';
const LONG =
  '\uFEFFClient Full Name,Client NDIS Number,DOB,Plan Start,Reassessment Date,Support Category,Type (Agency / Plan / Self),Full Budget Amount,Available Budget,Utilised,Notes\n';

async function find(caller: Caller, number: string): Promise<Json> {
  const { body } = await caller.get(`/v1/participants?search=${number}`);
  return body.data[0];
}

async function plansOf(caller: Caller, participantId: string): Promise<Json[]> {
  return (await caller.get(`/v1/participants/${participantId}/plans`)).body.data;
}

const lines = (plan: Json) =>
  plan.budgets.map((line: Json) => [line.categoryCode, line.managementType, line.allocatedCents, line.spentCents]);

describe('a wide sheet', () => {
  test('makes participants with a plan and a line for each amount, and is unchanged the second time', async () => {
    const { admin, organizationId } = await newTenant();
    const [one, two] = [ndisNumber(), ndisNumber()];
    const text = `${WIDE}Tāne,Murphy,2006-03-15,${one},tane@example.com,2026-07-16,2027-07-15,Plan,13765.36,\r\nMia,O'Brien,15/3/1986,${two.slice(0, 3)} ${two.slice(3, 6)} ${two.slice(6)},,1/7/2026,30/6/2027,NDIA-managed,"$1,000.50",2000\r\n,,,,,,,,,\r\n`;
    const first = await importFile(admin, 'kind=participants&fileName=wide.csv', text);
    expect(first).toMatchObject({
      status: 'completed',
      totalRows: 2,
      created: 2,
      failed: 0,
      progress: 100,
      fileName: 'wide.csv',
    });
    const tane = await find(admin, one);
    expect(tane).toMatchObject({
      profile: { firstName: 'Tāne', contact: { email: 'tane@example.com' } },
      pricingZone: 'national',
    });
    const [plan] = await plansOf(admin, tane.id);
    expect(plan).toMatchObject({
      startDate: '2026-07-16',
      endDate: '2027-07-15',
      managementType: 'plan_managed',
      system: 'pace',
    });
    expect(lines(plan)).toEqual([[1, 'plan_managed', 1_376_536, 0]]);
    const [other] = await plansOf(admin, (await find(admin, two)).id);
    expect(lines(other)).toEqual([
      [1, 'ndia_managed', 100_050, 0],
      [4, 'ndia_managed', 200_000, 0],
    ]);
    expect(other.budgets.every((line: Json) => line.flexible === false)).toBe(true);
    const again = await importFile(admin, 'kind=participants', text);
    expect(again).toMatchObject({ status: 'completed', created: 0, updated: 0, unchanged: 2 });
    expect(await auditIsGapless(organizationId)).toBe(true);
    const audit = (await admin.get(`/v1/audit-logs?entityId=${tane.id}`)).body.data;
    expect(audit.map((row: Json) => [row.action, row.metadata])).toEqual([
      ['participant.created', { importId: first.id, row: 2 }],
    ]);
  });

  test('changes what differs, through the rules of the ledger', async () => {
    const { admin } = await newTenant();
    const number = ndisNumber();
    const row = (email: string, daily: string, end = '2027-06-30') =>
      `${WIDE}Ana,Li,1990-01-01,${number},${email},2026-07-01,${end},Self,${daily},500\n`;
    await importFile(admin, 'kind=participants', row('a@example.com', '100'));
    const { id } = await find(admin, number);
    await admin.post('/v1/services', {
      participantId: id,
      supportItemCode: '01_799_0107_1_1',
      serviceDate: '2026-11-20',
      quantity: 8,
    });
    expect(await importFile(admin, 'kind=participants', row('b@example.com', '120', '2027-07-31'))).toMatchObject({
      updated: 1,
    });
    const [plan] = await plansOf(admin, id);
    expect([plan.endDate, plan.datesHistory.length, ...lines(plan)]).toEqual([
      '2027-07-31',
      1,
      [1, 'self_managed', 12_000, 8_000],
      [4, 'self_managed', 50_000, 0],
    ]);
    expect((await find(admin, number)).profile.contact.email).toBe('b@example.com');
    const below = await importFile(admin, 'kind=participants', row('c@example.com', '79.99', '2027-07-31'));
    expect(below).toMatchObject({ status: 'completed_with_errors', failed: 1 });
    expect((await rowsOf(admin, below.id))[0].errors[0]).toMatchObject({
      column: '01 Daily Life',
      value: '79.99',
      code: 'ALLOCATION_BELOW_SPENT',
    });
    // A row is atomic: the new address of the failed one is not there either.
    expect((await find(admin, number)).profile.contact.email).toBe('b@example.com');
    const { results } = await env.DB.prepare('SELECT count(*) AS n FROM pool_boundaries WHERE participant_id = ?')
      .bind(id)
      .all<Json>();
    expect(results[0].n).toBe(2);
  });
});

describe('a long sheet', () => {
  test('makes one line a row, opens what was spent before, and warns of what differs', async () => {
    const { admin } = await newTenant();
    const number = ndisNumber();
    const row = (category: string, type: string, amount: string, rest = ',,') =>
      `"Haddad, Linh",${number},25/03/1987,01/09/2026,31/08/2027,${category},${type},${amount},${rest}\n`;
    const text = `${LONG}${row('03 Consumables', 'Plan Managed', '"$46,114.21"', '"$11,528.55",,"Prefers ""mornings"",\ncalls first"')}${row('1', 'Plan', '"$24,459.28"', ',"$1,000.10",')}${row('Support Coordination', 'Agency', '100', ',100.01,')}${row('Gardening', 'Self', '5')}`;
    const done = await importFile(admin, 'kind=participants', text);
    expect(done).toMatchObject({ totalRows: 4, created: 2, failed: 2, warnings: 1 });
    const rows = await rowsOf(admin, done.id);
    expect(rows.map(({ row: number, status }) => [number, status])).toEqual([
      [2, 'succeeded'],
      [3, 'succeeded'],
      [4, 'failed'],
      [5, 'failed'],
    ]);
    expect(rows[0].warnings[0].code).toBe('RELEASED_DIFFERS');
    expect(rows[2].errors[0]).toMatchObject({ column: 'Utilised', code: 'INSUFFICIENT_BUDGET' });
    expect(rows[3].errors[0]).toMatchObject({ column: 'Support Category', value: 'Gardening' });
    const person = await find(admin, number);
    expect([person.profile.firstName, person.profile.lastName]).toEqual(['Linh', 'Haddad']);
    const [plan] = await plansOf(admin, person.id);
    expect(lines(plan)).toEqual([
      [3, 'plan_managed', 4_611_421, 0],
      [1, 'plan_managed', 2_445_928, 100_010],
    ]);
    const opened = plan.budgets[1];
    const { data } = (await admin.get(`/v1/budgets/${opened.id}/entries`)).body;
    expect(data.map((entry: Json) => [entry.kind, entry.spentDeltaCents])).toEqual([
      ['opening', 100_010],
      ['budget.created', 0],
    ]);
    const { results } = await env.DB.prepare('SELECT spent_cents FROM pool_boundaries WHERE pool_id = ?')
      .bind(opened.id)
      .all<Json>();
    expect(results).toEqual([{ spent_cents: 100_010 }]);
    expect(await importFile(admin, 'kind=participants', text)).toMatchObject({ unchanged: 2, failed: 2, created: 0 });
  });

  test('makes a plan of dates without an amount, and funding periods of rows that name them', async () => {
    const { admin } = await newTenant();
    const [one, two] = [ndisNumber(), ndisNumber()];
    await importFile(
      admin,
      'kind=participants',
      `Name,NDIS,DOB,Plan Start,Plan End\nAnn Lee,${one},1/1/1990,1/7/2026,30/6/2027\n`,
    );
    const [bare] = await plansOf(admin, (await find(admin, one)).id);
    expect([bare.startDate, bare.budgets]).toEqual(['2026-07-01', []]);
    const header = 'Name,NDIS,DOB,Plan Start,Plan End,Type,Category,Budget,Funding Period Start,Funding Period End\n';
    const row = (amount: string, from: string, to: string) =>
      `Bo Lee,${two},1/1/1990,1/7/2026,30/6/2027,Plan,1,${amount},${from},${to}\n`;
    const text = `${header}${row('300', '1/7/2026', '30/9/2026')}${row('200', '1/10/2026', '31/12/2026')}`;
    expect(await importFile(admin, 'kind=participants', text)).toMatchObject({ created: 1, updated: 1 });
    const [plan] = await plansOf(admin, (await find(admin, two)).id);
    expect(plan.budgets[0]).toMatchObject({
      allocatedCents: 50_000,
      periods: [
        { startDate: '2026-07-01', endDate: '2026-09-30', amountCents: 30_000 },
        { startDate: '2026-10-01', endDate: '2026-12-31', amountCents: 20_000 },
        { startDate: '2027-01-01', endDate: '2027-06-30', amountCents: 0 },
      ],
    });
    expect(await importFile(admin, 'kind=participants', text)).toMatchObject({ unchanged: 2 });
  });
});

describe('a dry run', () => {
  test('answers what the run then answers, and changes nothing', async () => {
    const { admin, organizationId } = await newTenant({ participantLimit: 3 });
    const numbers = Array.from({ length: 5 }, ndisNumber);
    const row = (index: number, amount = '100') =>
      `Ana,P${index},1990-01-01,${numbers[index]},,2026-07-01,2027-06-30,Plan,${amount},\n`;
    const text = `${WIDE}${row(0)}${row(1)}${row(0, '50')}${row(2)}${row(3)}${row(4, 'x')}`;
    const dry = await importFile(admin, 'kind=participants&dryRun=true', text);
    const count = async () =>
      (
        await env.DB.prepare('SELECT count(*) AS n FROM participants WHERE organization_id = ?')
          .bind(organizationId)
          .first<Json>()
      ).n;
    expect(await count()).toBe(0);
    const wet = await importFile(admin, 'kind=participants', text);
    const figures = ({ status, totalRows, created, updated, unchanged, failed, warnings }: Json) => ({
      status,
      totalRows,
      created,
      updated,
      unchanged,
      failed,
      warnings,
    });
    expect(figures(dry)).toEqual(figures(wet));
    expect(figures(wet)).toMatchObject({ created: 3, updated: 1, failed: 2 });
    expect(await report(admin, dry.id)).toEqual(await report(admin, wet.id));
    expect(await count()).toBe(3);
    const drafts = await env.DB.prepare('SELECT count(*) AS n FROM import_drafts WHERE import_id = ?')
      .bind(dry.id)
      .first<Json>();
    expect(drafts.n).toBe(0);
  });
});

describe('the errors of an import', () => {
  test('come back as a file that mended is the next import, and that no spreadsheet runs', async () => {
    const { admin } = await newTenant();
    const number = ndisNumber();
    const text = `First Name,Last Name,DOB,NDIS Number,Note\n=cmd|' /C calc'!A0,Li,31/02/1990,${number},"@SUM(1), -2+3"\n`;
    const { id } = await importFile(admin, 'kind=participants&fileName=cl%C3%AFents.csv', text);
    const answer = await admin.get(`/v1/imports/${id}/errors.csv`);
    expect(answer.headers.get('content-disposition')).toContain("filename*=UTF-8''cl%C3%AFents-errors.csv");
    expect(answer.body).toContain("'=cmd|");
    expect(answer.body).toContain(`"'@SUM(1), -2+3"`);
    expect(answer.body).toContain('31/02/1990');
    for (const line of answer.body.split('\r\n').slice(1)) expect(line).not.toMatch(/(?:^|,)"?[=+@]/);
    const mended = answer.body.replaceAll('31/02/1990', '28/02/1990');
    const next = await importFile(admin, 'kind=participants', mended);
    expect(await rowsOf(admin, next.id)).toMatchObject([{ status: 'succeeded', errors: [] }]);
    expect((await find(admin, number)).profile.firstName).toBe("=cmd|' /C calc'!A0");
  });
});

describe('other organisations', () => {
  test('keep their participant of the same NDIS number as it is', async () => {
    const [mine, theirs] = [await newTenant(), await newTenant()];
    const number = ndisNumber();
    await newParticipant(theirs.admin, { fields: { ndisNumber: number } });
    const before = await find(theirs.admin, number);
    await importFile(
      mine.admin,
      'kind=participants',
      `${WIDE}Own,Name,1990-01-01,${number},,2026-07-01,2027-06-30,Plan,5,\n`,
    );
    expect(await find(theirs.admin, number)).toEqual(before);
    expect((await find(mine.admin, number)).profile.firstName).toBe('Own');
  });
});

describe('a cell that is no text or far too much', () => {
  test('costs its row, and its neighbours come in', async () => {
    const { admin } = await newTenant();
    const numbers = Array.from({ length: 4 }, ndisNumber);
    const header = `NDIS Number,First Name,Last Name,DOB,Plan Start,Plan End,Plan Number,Support Item Number,Budget\n${',,,,,,,,\n'.repeat(2)}`;
    const row = (index: number, more: string) =>
      `${numbers[index]},Ana,P${index},1990-01-01,2026-07-01,2027-06-30,${more}\n`;
    const filler = Array.from({ length: 9_000 }, () => 'x,x')
      .join('\n')
      .replaceAll('\n', ' ');
    const text = `${header}${row(0, 'A,,')}${`${row(0, '').trim()}"${filler}",,\n`}${row(1, `${'9'.repeat(300)},,`)}${row(2, 'B,99_011_0107_1_1,5')}${row(3, 'C\u0000D,,')}`;
    const done = await importFile(admin, 'kind=participants', text);
    const rows = await rowsOf(admin, done.id);
    expect(rows.map(({ row: at, errors }) => [at, errors[0]?.code ?? 'fine'])).toEqual([
      [4, 'fine'],
      [5, 'CELL_TOO_LONG'],
      [6, 'VALIDATION_FAILED'],
      [7, 'VALIDATION_FAILED'],
      [8, 'INVALID_CHARACTER'],
    ]);
    expect((await admin.get(`/v1/imports/${done.id}/errors.csv`)).body).toContain('99_011_0107_1_1');
  });
});

describe('what a dry run and a run agree on', () => {
  test.each([
    ['a plan cut short over its services', 'Ana,Li,1990-01-01,NUMBER,,2026-07-01,2026-10-31,Self,,', 'CONFLICT'],
    [
      'an item of no category',
      'Ana,Li,1990-01-01,NUMBER,99_011_0107_1_1,2026-07-01,2027-06-30,Self,5,',
      'VALIDATION_FAILED',
    ],
  ])('%s', async (_, second, code) => {
    const { admin } = await newTenant();
    const number = ndisNumber();
    const header =
      'First Name,Family Name,Date of Birth,NDIS Number,Item Code,PlanStartDate,PlanReviewDate,Fund management,Budget,Category\n';
    await importFile(
      admin,
      'kind=participants',
      `${header}Ana,Li,1990-01-01,${number},,2026-07-01,2027-06-30,Self,100,1\n`,
    );
    const { id } = await find(admin, number);
    await admin.post('/v1/services', {
      participantId: id,
      supportItemCode: '01_799_0107_1_1',
      serviceDate: '2026-11-20',
    });
    const text = `${header}${second.replace('NUMBER', number)}\n`;
    const dry = await importFile(admin, 'kind=participants&dryRun=true', text);
    const wet = await importFile(admin, 'kind=participants', text);
    expect(await report(admin, dry.id)).toEqual(await report(admin, wet.id));
    expect((await rowsOf(admin, wet.id))[0].errors[0].code).toBe(code);
  });

  test('a line that leaves a pool whose money is spent', async () => {
    const { admin } = await newTenant();
    const number = ndisNumber();
    const header = 'Name,NDIS,DOB,Plan Start,Plan End,Type,Category,Budget,Flexible\n';
    const row = (category: number, flexible: string) =>
      `Bo Lee,${number},1/1/1990,1/7/2026,30/6/2027,Plan,${category},100,${flexible}\n`;
    await importFile(admin, 'kind=participants', `${header}${row(1, 'Yes')}${row(4, 'Yes')}`);
    const { id } = await find(admin, number);
    await admin.post('/v1/services', {
      participantId: id,
      supportItemCode: '01_799_0107_1_1',
      serviceDate: '2026-11-20',
      quantity: 15,
    });
    const text = `${header}${row(4, 'No')}`;
    const dry = await importFile(admin, 'kind=participants&dryRun=true', text);
    const wet = await importFile(admin, 'kind=participants', text);
    expect(await report(admin, dry.id)).toEqual(await report(admin, wet.id));
    expect((await rowsOf(admin, wet.id))[0].errors[0].code).toBe('ALLOCATION_BELOW_SPENT');
  });

  test('own items that come twice, in any part of the file', async () => {
    const { admin } = await newTenant();
    const item = (n: number) => `01_${String(n).padStart(3, '0')}_0107_1_1,Visit ${n},E,2026-07-01,5\n`;
    const text = `Item Code,Name,Unit,Start Date,Price\n${Array.from({ length: 600 }, (_, n) => item(n + 100)).join('')}${item(100)}05_001_0107_1_1,Odd,constructor,2026-07-01,5\n`;
    const dry = await importFile(admin, 'kind=support_catalogue&dryRun=true', text);
    const wet = await importFile(admin, 'kind=support_catalogue', text);
    expect(wet).toMatchObject({ created: 600, unchanged: 1, failed: 1 });
    expect(dry).toMatchObject({ created: 600, unchanged: 1, failed: 1 });
  });
});

describe('funding periods of nothing', () => {
  test('are unchanged the second time', async () => {
    const { admin } = await newTenant();
    const number = ndisNumber();
    const quarters = [
      ['1/7/2026', '30/9/2026', 0],
      ['1/10/2026', '31/12/2026', 0],
      ['1/1/2027', '31/3/2027', 100],
      ['1/4/2027', '30/6/2027', 100],
    ];
    const rows = quarters.map(
      ([from, to, amount]) => `Bo Lee,${number},1/1/1990,1/7/2026,30/6/2027,Plan,1,${amount},${from},${to}\n`,
    );
    const text = `Name,NDIS,DOB,Plan Start,Plan End,Type,Category,Budget,Funding Period Start,Funding Period End\n${rows.join('')}`;
    await importFile(admin, 'kind=participants', text);
    expect(await importFile(admin, 'kind=participants', text)).toMatchObject({ unchanged: 4, updated: 0, created: 0 });
  });
});

describe('a mended file of errors', () => {
  test('is read by the mapping that the first file had', async () => {
    const { admin } = await newTenant();
    const number = ndisNumber();
    const mapping = encodeURIComponent(
      JSON.stringify({ Kunde: 'ndisNumber', Vorname: 'firstName', Nachname: 'lastName', Tag: 'dateOfBirth' }),
    );
    const { id } = await importFile(
      admin,
      `kind=participants&mapping=${mapping}`,
      `Kunde,Vorname,Nachname,Tag\n${number},Ana,Li,31/02/1990\n`,
    );
    const { body } = await admin.get(`/v1/imports/${id}/errors.csv`);
    expect(await importFile(admin, 'kind=participants', body.replaceAll('31/02/1990', '28/02/1990'))).toMatchObject({
      created: 1,
    });
  });
});

test('trailing empty columns and rows are nothing, and bytes that are no UTF-8 under its mark are said', async () => {
  const { admin } = await newTenant();
  const commas = ','.repeat(600);
  const text = `NDIS Number,First Name,Last Name,DOB${commas}\n${ndisNumber()},Ana,Li,1990-01-01${commas}\n${`${commas}\n`.repeat(2_000)}`;
  expect(await importFile(admin, 'kind=participants', text)).toMatchObject({ totalRows: 1, created: 1 });
  const marked = new Uint8Array([
    0xef,
    0xbb,
    0xbf,
    ...new TextEncoder().encode('NDIS Number,First Name\n430000001,Andr'),
    0xe9,
    0x0a,
  ]);
  expect(await importFile(admin, 'kind=participants', marked)).toMatchObject({
    status: 'failed',
    failure: { code: 'NOT_UTF8' },
  });
});
