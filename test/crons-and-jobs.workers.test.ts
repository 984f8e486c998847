import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import { runCron } from '../src/crons.ts';
import { runJobs } from '../src/jobs.ts';
import { newParticipant } from './support/workers/care.ts';
import { newTenant } from './support/workers/tenant.ts';

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
