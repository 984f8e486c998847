import { beforeAll, describe, expect, test } from 'vitest';
import { commonItems } from '../../support/workers/care.ts';
import { newTenant } from '../../support/workers/tenant.ts';

beforeAll(commonItems);

let count = 0;
function userBody(fields: Record<string, unknown>) {
  count += 1;
  return { email: `user${count}.${Math.random()}@example.com`, firstName: 'Ada', lastName: 'Lane', ...fields };
}

describe('who may write users without being an administrator', () => {
  test('gives only what they have themselves', async () => {
    const { user } = await newTenant();
    const manager = await user('viewer', { permissions: ['users.write', 'users.read'] });
    const refused = await manager.post('/v1/users', userBody({ role: 'admin' }));
    expect([refused.status, refused.body.code]).toEqual([403, 'FORBIDDEN']);
    const extra = await manager.post('/v1/users', userBody({ role: 'viewer', permissions: ['claims.write'] }));
    expect([extra.status, extra.body.details]).toEqual([403, { permission: 'claims.write' }]);
    expect((await manager.post('/v1/users', userBody({ role: 'viewer' }))).status).toBe(201);
  });

  test('cannot take over or raise a user who has more', async () => {
    const { admin, user } = await newTenant();
    const manager = await user('viewer', { permissions: ['users.write', 'users.read'] });
    const other = await user('viewer');
    for (const patch of [{ email: 'mine@example.com' }, { externalId: 'mine' }, { role: 'viewer' }]) {
      expect((await manager.patch(`/v1/users/${admin.userId}`, patch)).status, JSON.stringify(patch)).toBe(403);
    }
    expect((await manager.patch(`/v1/users/${other.userId}`, { role: 'finance' })).status).toBe(403);
    expect((await manager.patch(`/v1/users/${admin.userId}`, { phone: '0491570156' })).status).toBe(200);
  });
});

describe('an organisation', () => {
  test('keeps an administrator when two take it from each other at once', async () => {
    for (let round = 0; round < 5; round++) {
      const { admin, user } = await newTenant();
      const other = await user('admin');
      const answers = await Promise.all([
        admin.patch(`/v1/users/${other.userId}`, { role: 'viewer' }),
        other.patch(`/v1/users/${admin.userId}`, { status: 'suspended' }),
      ]);
      expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
    }
  });
});
