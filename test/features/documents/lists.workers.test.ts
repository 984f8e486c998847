import { beforeAll, describe, expect, test } from 'vitest';
import { commonItems, newParticipant } from '../../support/workers/care.ts';
import { type Caller, type Json, newTenant } from '../../support/workers/tenant.ts';
import { announce, kept, sentVersion } from '../../support/workers/uploading.ts';

beforeAll(commonItems);

async function titles(caller: Caller, query = ''): Promise<string[]> {
  const { status, body } = await caller.get(`/v1/documents?${query}`);
  expect(status, JSON.stringify(body)).toBe(200);
  return body.data.map(({ title }: Json) => title);
}

async function add(caller: Caller, title: string, more: Json = {}): Promise<string> {
  return (await announce(caller, { title, ...more })).document.id;
}

describe('the list of documents', () => {
  test('has the organisation’s own, newest first, in one round trip', async () => {
    const [{ admin }, other] = [await newTenant(), await newTenant()];
    await add(other.admin, 'theirs');
    for (const title of ['one', 'two', 'three']) await add(admin, title);
    expect(await titles(admin)).toEqual(['three', 'two', 'one']);
    for (const query of ['', 'search=two', 'status=pending_upload&type=other', `createdBy=${admin.userId}`]) {
      const page = await admin.get(`/v1/documents?${query}`);
      expect(page.headers.get('server-timing')).toContain('trips=1 ');
    }
    const { id } = (await admin.get('/v1/documents')).body.data[0];
    expect((await admin.get(`/v1/documents/${id}`)).headers.get('server-timing')).toContain('trips=1 ');
  });

  test('shows of each document what reading it does', async () => {
    const { admin } = await newTenant();
    const [{ id }, pending] = [await kept(admin), await add(admin, 'pending')];
    const { body } = await admin.get('/v1/documents');
    for (const document of body.data) {
      expect((await admin.get(`/v1/documents/${document.id}`)).body).toEqual(document);
    }
    expect(body.data.map((document: Json) => document.id)).toEqual([pending, id]);
  });

  test('is narrowed by each filter, alone and together', async () => {
    const { admin, user } = await newTenant();
    const worker = await user('support_worker');
    const [{ id: ana }, { id: ben }] = [await newParticipant(admin), await newParticipant(admin)];
    await add(admin, 'ana plan', { participantId: ana, type: 'plan' });
    await add(worker, 'ana report', { participantId: ana, type: 'report' });
    await add(admin, 'ben plan', { participantId: ben, type: 'plan', validTo: '2026-12-31' });
    await kept(worker, 'hello', { title: 'office', type: 'other', validTo: '2027-06-30' });
    const table: [string, string[]][] = [
      [`participantId=${ana}`, ['ana report', 'ana plan']],
      ['type=plan', ['ben plan', 'ana plan']],
      [`createdBy=${worker.userId}`, ['office', 'ana report']],
      ['status=uploaded', ['office']],
      ['status=pending_upload', ['ben plan', 'ana report', 'ana plan']],
      ['status=deleted', []],
      ['expiringBefore=2027-01-01', ['ben plan']],
      ['expiringBefore=2026-12-31', []],
      ['expiringBefore=2027-07-01', ['ben plan', 'office']],
      [`participantId=${ana}&type=plan`, ['ana plan']],
      [`participantId=${ana}&createdBy=${worker.userId}`, ['ana report']],
      [`type=plan&createdBy=${worker.userId}`, []],
      [`expiringBefore=2027-07-01&createdBy=${worker.userId}&type=other&status=uploaded`, ['office']],
      [`participantId=${ben}&search=plan`, ['ben plan']],
    ];
    for (const [query, expected] of table) expect([query, await titles(admin, query)]).toEqual([query, expected]);
  });

  test.each([
    'type=secret',
    'status=gone',
    'expiringBefore=2026-02-30',
    'participantId=x',
    'createdBy=x',
    'limit=0',
    'limit=101',
  ])('refuses %s', async (query) => {
    const { admin } = await newTenant();
    const refused = await admin.get(`/v1/documents?${query}`);
    expect([refused.status, refused.body.errors[0].pointer]).toEqual([400, query.split('=')[0]]);
  });

  test('has deleted ones only when it is asked for them', async () => {
    const { admin } = await newTenant();
    await add(admin, 'here');
    const gone = await add(admin, 'gone', { validTo: '2026-01-01' });
    await admin.delete(`/v1/documents/${gone}`, { reason: 'A mistake.' });
    for (const query of ['', 'type=other', `createdBy=${admin.userId}`, 'status=pending_upload']) {
      expect([query, await titles(admin, query)]).toEqual([query, ['here']]);
    }
    expect(await titles(admin, 'search=gone')).toEqual([]);
    expect(await titles(admin, 'expiringBefore=2027-01-01')).toEqual([]);
    expect(await titles(admin, 'status=deleted')).toEqual(['gone']);
    expect(await titles(admin, 'status=deleted&expiringBefore=2027-01-01&search=go')).toEqual(['gone']);
  });
});

describe('the search', () => {
  test('finds words by their beginning in title, file name and tags, without case or accents', async () => {
    const { admin } = await newTenant();
    await add(admin, 'Ångström’s Réport', { fileName: 'bericht-2026_final.TXT', tags: ['Über alles', 'NDIS'] });
    await add(admin, 'خطة الدعم', { tags: ['計画'] });
    const found: [string, number][] = [
      ['angstrom', 1],
      ['ÅNGSTRÖM', 1],
      ['report', 1],
      ['RÉP', 1],
      ['re', 1],
      ['r', 1],
      ['bericht', 1],
      ['2026', 1],
      ['final', 1],
      ['uber', 1],
      ['alles ndis', 1],
      ['ndis report angstrom', 1],
      ['report خطة', 0],
      ['خطة', 1],
      ['الدعم', 1],
      ['計画', 1],
      ['eport', 0],
      ['notes', 1],
      ['txt', 0],
      ['%', 0],
      ['', 2],
      ['  ', 2],
    ];
    for (const [search, count] of found) {
      const list = await titles(admin, `search=${encodeURIComponent(search)}`);
      expect([search, list.length]).toEqual([search, count]);
    }
  });

  test('finds the file name of the version that is shown, and not of an earlier one', async () => {
    const { admin } = await newTenant();
    const { id } = await kept(admin, 'first', { title: 'Animals', fileName: 'kangaroo.txt' });
    await sentVersion(admin, { id, bytes: 'second', more: { fileName: 'wombat.txt' } });
    expect([await titles(admin, 'search=kangaroo'), await titles(admin, 'search=wombat')]).toEqual([['Animals'], []]);
    await admin.post(`/v1/documents/${id}/confirm`);
    expect([await titles(admin, 'search=kangaroo'), await titles(admin, 'search=wombat')]).toEqual([[], ['Animals']]);
  });

  test('does not find another organisation’s, and refuses more words than any search has', async () => {
    const [{ admin }, other] = [await newTenant(), await newTenant()];
    await add(other.admin, 'wombat');
    expect(await titles(admin, 'search=wombat')).toEqual([]);
    const refused = await admin.get(`/v1/documents?search=${'abcdefghijk'.split('').join('+')}`);
    expect([refused.status, refused.body.errors[0].pointer]).toEqual([400, 'search']);
  });
});

describe('page by page', () => {
  test.each(['', 'type=other', 'search=paged', 'search=p', 'expiringBefore=2030-01-01', 'status=pending_upload'])(
    'the list has every document once while others come and go (%s)',
    async (query) => {
      const { admin } = await newTenant();
      const more = { validTo: '2026-12-31' };
      const ids: string[] = [];
      for (let index = 0; index < 11; index++) ids.push(await add(admin, `paged ${index}`, more));
      const seen: string[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const { body }: Json = await admin.get(`/v1/documents?${query}&limit=3${cursor && `&cursor=${cursor}`}`);
        seen.push(...body.data.map(({ id }: Json) => id));
        cursor = body.nextCursor;
        await add(admin, 'paged later', more);
        // One that was seen goes: nothing behind it moves.
        if (seen.length === 3) await admin.delete(`/v1/documents/${seen[0]}`, { reason: 'A mistake.' });
      }
      // What expires is listed by when it does: those that came later are at the end.
      if (query.startsWith('expiring')) expect(seen.slice(0, ids.length)).toEqual(ids);
      else expect(seen).toEqual(ids.reverse());
    },
  );

  test('a cursor is of this list alone', async () => {
    const { admin } = await newTenant();
    const id = await add(admin, 'one');
    await add(admin, 'two');
    const { body } = await admin.get('/v1/documents?limit=1');
    for (const path of [`/v1/documents/${id}/versions`, '/v1/participants']) {
      const refused = await admin.get(`${path}?cursor=${body.nextCursor}`);
      expect([refused.status, refused.body.code]).toEqual([400, 'INVALID_CURSOR']);
    }
    expect((await admin.get('/v1/documents?cursor=nonsense')).body.code).toBe('INVALID_CURSOR');
  });
});
