import { env } from 'cloudflare:workers';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { commonItems } from '../support/workers/care.ts';
import { changedBy, misfits, type Operation, operations } from '../support/workers/contract.ts';
import { documentBody, IN_PARTS } from '../support/workers/documents.ts';
import { ask, effective, granted, newWorld, type Sample, sampleOf, type World } from '../support/workers/samples.ts';
import { type Answer, type Caller, send } from '../support/workers/tenant.ts';

/** What state a document and its participant are in, asked of every route that a document has. */

const ofDocuments = operations.filter(({ path }) => path.startsWith('/v1/documents'));
const ofDocument = ofDocuments.filter(({ path }) => path.startsWith('/v1/documents/{id}'));
const ofFiles = operations.filter(({ path }) => path.startsWith('/files/'));
const isRestoring = ({ path }: Operation) => path.endsWith('/restore');

const CLOSED = { status: 404, code: 'NOT_FOUND' };
const ARCHIVED = { status: 409, code: 'PARTICIPANT_ARCHIVED' };

let world: World;

beforeAll(async () => {
  await commonItems();
  world = await newWorld();
});

async function objects(): Promise<string[]> {
  const { objects: found } = await env.FILES.list({ prefix: `documents/${world.organizationId}/` });
  return found.map(({ key }) => key);
}

/** How the answer differs from the refusal that is expected, and what was stored all the same. */
async function refused(
  asked: () => Promise<Answer>,
  expected: { status: number; code: string },
): Promise<{ faults: string[]; changed: string[]; objects: string[] }> {
  const before = await objects();
  let faults: string[] = [];
  const changed = await changedBy(async () => {
    faults = misfits(await asked(), expected);
  });
  return { faults, changed, objects: (await objects()).filter((key) => !before.includes(key)) };
}

const FINE = { faults: [], changed: [], objects: [] };

async function expectGranted(asker: Pick<Caller, 'request'>, operation: Operation, sample: Sample): Promise<Answer> {
  const answer = await ask(asker, operation, sample);
  expect(granted(operation, sample, answer.status), `${answer.status} ${JSON.stringify(answer.body)}`).toBe(true);
  return answer;
}

const idOf = ({ params }: Sample): string => params?.['id'] ?? '';
const remove = (id: string) => world.admin.delete(`/v1/documents/${id}`, { reason: 'Filed twice' });
const restore = (id: string) => world.admin.post(`/v1/documents/${id}/restore`);

test('the routes of a document, and the addresses of its files, are here', () => {
  expect(ofDocument.length).toBeGreaterThan(9);
  expect(ofFiles.length).toBeGreaterThan(3);
  expect(ofDocument.filter(isRestoring)).toHaveLength(1);
});

describe('a deleted document', () => {
  test.each(ofDocument.filter((operation) => !isRestoring(operation)))(
    'is NOT_FOUND to $key, and there again once it is restored',
    async (operation) => {
      const sample = await effective(operation, world);
      const id = idOf(sample);
      await expectGranted(world.admin, operation, sample);
      if (operation.method !== 'DELETE') expect((await remove(id)).status).toBe(200);
      expect(await refused(() => ask(world.admin, operation, sample), CLOSED)).toEqual(FINE);
      expect((await restore(id)).status).toBe(200);
      await expectGranted(world.admin, operation, sample);
    },
  );

  test('comes back as it was, whatever has become of its file', async () => {
    for (const id of [world.documentId, world.waitingDocumentId]) {
      await restore(id);
      const before = await world.admin.get(`/v1/documents/${id}`);
      await remove(id);
      const restored = await restore(id);
      expect(restored.body).toEqual({ ...before.body, updatedAt: restored.body.updatedAt });
      expect((await world.admin.get(`/v1/documents/${id}`)).body).toEqual(restored.body);
    }
  });

  test('is in the list of those that are deleted and in no other', async () => {
    const listed = async (query: string) => {
      const { body } = await world.admin.get(`/v1/documents?limit=100${query}`);
      return body.data.some(({ id }: { id: string }) => id === world.spareDocumentId);
    };
    const own = `&participantId=${world.participantId}`;
    await restore(world.spareDocumentId);
    expect([await listed(''), await listed(own), await listed('&status=deleted')]).toEqual([true, true, false]);
    await remove(world.spareDocumentId);
    expect([await listed(''), await listed(own), await listed('&status=deleted')]).toEqual([false, false, true]);
  });

  test.each(ofFiles)('is NOT_FOUND to whoever has a signed address, to $key', async (operation) => {
    const sample = sampleOf(operation, world);
    const id = operation.path === '/files/content/{token}' ? world.documentId : world.waitingDocumentId;
    await restore(id);
    await expectGranted({ request: send }, operation, sample);
    await remove(id);
    expect(await refused(() => ask({ request: send }, operation, sample), CLOSED)).toEqual(FINE);
    await restore(id);
    await expectGranted({ request: send }, operation, sample);
  });
});

describe('a read of a file', () => {
  const reading = operations.filter(({ document }) => document.responses[200]?.content?.['application/octet-stream']);

  /** How often the file was read, by the record. */
  async function reads(): Promise<number> {
    const row = await env.DB.prepare(
      `SELECT count(*) AS reads FROM audit_logs WHERE organization_id = ? AND entity_id = ? AND action = 'document.downloaded'`,
    )
      .bind(world.organizationId, world.documentId)
      .first<{ reads: number }>();
    return row?.reads ?? -1;
  }

  test('is by token or by a signed address', () => {
    expect(reading.map(({ key }) => key)).toEqual(['GET /v1/documents/{id}/content', 'GET /files/content/{token}']);
  });

  test.each(reading)('by $key is in the record whenever bytes of it are sent, and never else', async (operation) => {
    await restore(world.documentId);
    const sample = sampleOf(operation, world);
    const asker = operation.permission === 'public' ? { request: send } : world.admin;
    const tag = (await ask(asker, operation, sample)).headers.get('etag') ?? '';
    const cases: [headers: Record<string, string>, status: number][] = [
      [{}, 200],
      [{ range: 'bytes=0-0' }, 206],
      [{ range: 'bytes=-4' }, 206],
      [{ range: 'bytes=5-', 'if-range': tag }, 206],
      [{ range: 'bytes=5-', 'if-range': '"other"' }, 200],
      [{ range: 'bytes=999-', 'if-range': '"other"' }, 200],
      [{ range: 'bytes=999-' }, 416],
      [{ range: 'bytes=999-', 'if-range': tag }, 416],
      [{ range: 'lines=1-2' }, 200],
      [{ range: 'bytes=0-1,3-4' }, 200],
      [{ 'if-none-match': tag }, 304],
      [{ 'if-none-match': tag, range: 'bytes=0-0' }, 304],
      [{ 'if-none-match': '"other"' }, 200],
      [{ 'if-none-match': '"other"', range: 'bytes=0-0' }, 206],
    ];
    for (const [headers, status] of cases) {
      const before = await reads();
      const answer = await ask(asker, operation, sample, headers);
      const counted = (await reads()) - before;
      expect([headers, answer.status, counted]).toEqual([headers, status, status < 300 ? 1 : 0]);
    }
  });
});

describe('a document of an archived participant', () => {
  const archive = () => world.admin.delete(`/v1/participants/${world.participantId}`, { reason: 'Moved away' });
  const writing = ofDocument.filter(({ permission }) => permission === 'documents.write');
  const reading = ofDocuments.filter(({ permission }) => permission === 'documents.read');

  beforeEach(async () => {
    await world.admin.post(`/v1/participants/${world.participantId}/restore`);
    for (const id of [world.documentId, world.spareDocumentId, world.waitingDocumentId]) await restore(id);
  });

  test('is only read and written: every route of it is asked here', () => {
    const asked = [...writing, ...reading].map(({ key }) => key);
    const rest = ofDocuments.filter(({ key }) => !asked.includes(key));
    expect(rest.map(({ key }) => key)).toEqual(['POST /v1/documents']);
  });

  test.each(writing)('is closed to $key, and changed by it again once they are restored', async (operation) => {
    const sample = await effective(operation, world);
    expect((await archive()).status).toBe(200);
    expect(await refused(() => ask(world.admin, operation, sample), ARCHIVED)).toEqual(FINE);
    const keyed = { 'idempotency-key': `archived ${operation.key}` };
    expect(await refused(() => ask(world.admin, operation, sample, keyed), ARCHIVED)).toEqual(FINE);
    await world.admin.post(`/v1/participants/${world.participantId}/restore`);
    await expectGranted(world.admin, operation, sample);
  });

  test.each(reading)('is still read by $key', async (operation) => {
    await archive();
    await expectGranted(world.admin, operation, sampleOf(operation, world));
  });

  test('is announced by nobody, whole or in parts', async () => {
    await archive();
    const { participantId } = world;
    for (const more of [{}, { sizeBytes: IN_PARTS }]) {
      const announced = () => world.admin.post('/v1/documents', documentBody({ participantId, ...more }));
      expect(await refused(announced, ARCHIVED)).toEqual(FINE);
    }
    const ofNobody = await world.admin.post('/v1/documents', documentBody());
    expect(ofNobody.status).toBe(201);
  });
});
