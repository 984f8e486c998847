import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import { runCron } from '../src/crons.ts';
import { newId } from '../src/ids.ts';
import { runJobs } from '../src/jobs.ts';
import { sha256 } from '../src/text/digest.ts';
import { newParticipant } from './support/workers/care.ts';
import { storedMetric } from './support/workers/compliance.ts';
import { announce, comeDocument, newDocument, PDF } from './support/workers/documents.ts';
import { type Json, newTenant } from './support/workers/tenant.ts';

const DAY = 86_400_000;

describe('the hourly sweep', () => {
  test('takes away keys older than 30 days and tickets that expired, and nothing else', async () => {
    const { admin, organizationId } = await newTenant();
    const age = (days: number) => Date.now() - days * DAY;
    for (const [key, days] of [
      ['old', 31],
      ['young', 29],
    ] as const) {
      await env.DB.prepare(`INSERT INTO idempotency_keys VALUES (?, ?, 'u', 'r', 'f', 201, '{}', '{}', ?)`)
        .bind(organizationId, key, age(days))
        .run();
    }
    await admin.post('/v1/live/tickets');
    await env.DB.prepare(`INSERT INTO live_tickets VALUES ('gone', ?, ?, ?)`)
      .bind(organizationId, admin.userId, age(1))
      .run();
    await runCron('17 * * * *', env);
    await runCron('17 * * * *', env);
    const keys = await env.DB.prepare('SELECT key FROM idempotency_keys WHERE organization_id = ?')
      .bind(organizationId)
      .all();
    expect(keys.results).toEqual([{ key: 'young' }]);
    const tickets = await env.DB.prepare('SELECT count(*) AS count FROM live_tickets WHERE organization_id = ?')
      .bind(organizationId)
      .first('count');
    expect(tickets).toBe(1);
  });

  test('takes away messages of others and own figures that have had their time, but never that a sign-in is gone', async () => {
    const tenant = await newTenant();
    const { organizationId } = tenant;
    const age = (days: number) => Date.now() - days * DAY;
    for (const [id, type, days] of [
      ['old bounce', 'email.bounced', 31],
      ['young bounce', 'email.bounced', 29],
      ['old making', 'user.created', 400],
      ['old end', 'user.deleted', 400],
    ] as const) {
      await env.DB.prepare(
        'INSERT INTO webhook_messages (source, message_id, type, subject, at) VALUES (?, ?, ?, ?, ?)',
      )
        .bind(type.startsWith('user') ? 'clerk' : 'resend', id, type, organizationId, age(days))
        .run();
    }
    await storedMetric(tenant, { metric: 'old', at: age(91) });
    await storedMetric(tenant, { metric: 'young', at: age(89) });
    await runCron('17 * * * *', env);
    await runCron('17 * * * *', env);
    const messages = await env.DB.prepare(
      'SELECT message_id FROM webhook_messages WHERE subject = ? ORDER BY message_id',
    )
      .bind(organizationId)
      .all();
    expect(messages.results.map(({ message_id }) => message_id)).toEqual(['old end', 'young bounce']);
    const metrics = await env.DB.prepare('SELECT metric FROM metrics WHERE organization_id = ?')
      .bind(organizationId)
      .all();
    expect(metrics.results).toEqual([{ metric: 'young' }]);
  });

  test('a key older than 30 days that no sweep has met is free again', async () => {
    const { admin, organizationId } = await newTenant();
    await env.DB.prepare(`INSERT INTO idempotency_keys VALUES (?, 'k', 'u', 'r', 'f', 201, '{}', '{"old":true}', ?)`)
      .bind(organizationId, Date.now() - 31 * DAY)
      .run();
    const user = { email: `${organizationId}@example.com`, firstName: 'Kai', lastName: 'Brown', role: 'viewer' };
    const created = await admin.post('/v1/users', user, { 'idempotency-key': 'k' });
    expect(created.status).toBe(201);
    expect(created.body.firstName).toBe('Kai');
  });

  test('takes away what was announced a day ago and never came or was never confirmed, and nothing else', async () => {
    const { admin } = await newTenant();
    const uploaded = await newDocument(admin);
    const announced = await announce(admin);
    const come = await comeDocument(admin);
    const young = await comeDocument(admin);
    const objectOf = (id: string) =>
      env.DB.prepare('SELECT object_key FROM document_versions WHERE document_id = ?')
        .bind(id)
        .first<string>('object_key');
    const objects = { uploaded: await objectOf(uploaded), come: await objectOf(come), young: await objectOf(young) };
    for (const id of [uploaded, announced.id, come]) {
      for (const [table, key] of [
        ['documents', 'id'],
        ['document_versions', 'document_id'],
        ['upload_objects', 'document_id'],
      ] as const) {
        const changed = table === 'documents' ? ', updated_at = updated_at - ?1' : '';
        await env.DB.prepare(`UPDATE ${table} SET created_at = created_at - ?1 ${changed} WHERE ${key} = ?2`)
          .bind(2 * DAY, id)
          .run();
      }
    }
    await runCron('17 * * * *', env);
    await runCron('17 * * * *', env);
    const statusOf = async (id: string) => (await admin.get(`/v1/documents/${id}`)).status;
    expect([await statusOf(uploaded), await statusOf(young)]).toEqual([200, 200]);
    expect([await statusOf(announced.id), await statusOf(come)]).toEqual([404, 404]);
    const isThere = async (key: string | null) => (await env.FILES.head(key ?? '')) !== null;
    expect([await isThere(objects.uploaded), await isThere(objects.young)]).toEqual([true, true]);
    expect(await isThere(objects.come)).toBe(false);
  });

  test('a schedule without a job is an error, so that a new one cannot be forgotten', async () => {
    await expect(runCron('0 0 1 1 *', env)).rejects.toThrow('No job');
  });
});

describe('the queue', () => {
  const message = (body: unknown) => ({ id: crypto.randomUUID(), timestamp: new Date(), attempts: 1, body });

  test('pokes a ledger, twice without harm, and says of what it does not know only that it is dead', async () => {
    const { admin, organizationId } = await newTenant();
    const { id } = await newParticipant(admin);
    const poke = { type: 'ledger.poke', organizationId, participantId: id };
    const batch = createMessageBatch('caddy-jobs', [message(poke), message(poke), message({ type: 'nonsense' })]);
    await runJobs(batch, env);
    const result = await getQueueResult(batch, createExecutionContext());
    expect(result.explicitAcks).toHaveLength(3);
    expect(result.retryMessages).toHaveLength(0);
  });

  test('hashes a large document, twice without harm, and leaves alone what is none any more', async () => {
    const { admin, organizationId } = await newTenant();
    const id = await comeDocument(admin);
    for (const set of [
      `UPDATE document_versions SET status = 'verifying', confirmed_at = 1 WHERE document_id = ?`,
      `UPDATE documents SET status = 'verifying' WHERE id = ?`,
      'DELETE FROM upload_objects WHERE document_id = ?',
    ]) {
      await env.DB.prepare(set).bind(id).run();
    }
    const verify = { type: 'document.verify', organizationId, documentId: id, version: 1 };
    const gone = { ...verify, documentId: newId('doc') };
    const batch = createMessageBatch('caddy-jobs', [message(verify), message(verify), message(gone)]);
    await runJobs(batch, env);
    const result = await getQueueResult(batch, createExecutionContext());
    expect(result.explicitAcks).toHaveLength(3);
    const { body } = await admin.get(`/v1/documents/${id}`);
    expect(body).toMatchObject({ status: 'uploaded', sha256: await sha256(PDF) });
    const { data } = (await admin.get(`/v1/audit-logs?entityId=${id}`)).body;
    expect(data.map(({ action }: Json) => action)).toEqual(['document.uploaded', 'document.created']);
  });

  test('retries a message whose work fails, by itself', async () => {
    const broken = {
      idFromName: () => 'id',
      get: () => ({ poke: () => Promise.reject(Object.assign(new Error('broken'), { remote: true })) }),
    };
    const unreachable = { ...env, PARTICIPANT_LEDGER: broken } as unknown as Env;
    const batch = createMessageBatch('caddy-jobs', [
      message({ type: 'ledger.poke', organizationId: 'o', participantId: 'p' }),
      message({}),
    ]);
    await runJobs(batch, unreachable);
    const result = await getQueueResult(batch, createExecutionContext());
    expect(result.retryMessages).toHaveLength(1);
    expect(result.explicitAcks).toHaveLength(1);
  });
});
