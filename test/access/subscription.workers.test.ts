import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, test } from 'vitest';
import { auditIsGapless, commonItems, ndisNumber } from '../support/workers/care.ts';
import { changedBy, changing, misfits, type Operation, signedIn } from '../support/workers/contract.ts';
import { ask, effective, granted, newWorld, sampleOf, type World } from '../support/workers/samples.ts';
import { type Answer, type Caller, type Json, newTenant } from '../support/workers/tenant.ts';

beforeAll(commonItems);

/** An organisation whose subscription came to this after all was made; its administrator signs in afterwards. */
async function worldWith(status: string): Promise<{ world: World; admin: Caller }> {
  const world = await newWorld();
  // Archived and deleted, so that restoring would change something.
  await world.admin.delete(`/v1/participants/${world.spareId}`, { reason: 'Moved' });
  await world.admin.delete(`/v1/documents/${world.spareDocumentId}`, { reason: 'Moved' });
  await env.DB.prepare('UPDATE organizations SET subscription_status = ? WHERE id = ?')
    .bind(status, world.organizationId)
    .run();
  return { world, admin: await world.user('admin') };
}

describe('a cancelled subscription', () => {
  let world: World;
  let admin: Caller;

  beforeAll(async () => {
    ({ world, admin } = await worldWith('cancelled'));
  });

  test.each(changing)('refuses $key and changes nothing', async (operation) => {
    let answer: Answer | undefined;
    const changed = await changedBy(async () => {
      answer = await ask(admin, operation, sampleOf(operation, world));
    });
    if (!answer) throw new Error('no answer');
    expect(misfits(answer, { status: 403, code: 'SUBSCRIPTION_INACTIVE' })).toEqual([]);
    expect(changed).toEqual([]);
  });

  test.each(changing)('refuses $key to users without the permission for that reason', async (operation) => {
    const viewer = await world.user('viewer');
    const answer = await ask(viewer, operation, sampleOf(operation, world));
    const code = operation.permission === 'authenticated' ? 'SUBSCRIPTION_INACTIVE' : 'FORBIDDEN';
    expect(misfits(answer, { status: 403, code })).toEqual([]);
  });

  const others: Operation[] = signedIn.filter((operation) => !changing.includes(operation));
  test.each(others)('grants $key, which changes no record', async (operation) => {
    const sample = sampleOf(operation, world);
    const answer = await ask(admin, operation, sample);
    expect(granted(operation, sample, answer.status), `${answer.status} ${JSON.stringify(answer.body)}`).toBe(true);
  });
});

describe('a subscription past due', () => {
  test('still allows every change', async () => {
    const { world, admin } = await worldWith('past_due');
    for (const operation of changing) {
      const sample = await effective(operation, { ...world, authorId: admin.userId });
      const answer = await ask(admin, operation, sample);
      expect(granted(operation, sample, answer.status), `${operation.key} ${answer.status}`).toBe(true);
    }
  });
});

describe('a subscription without a feature', () => {
  /** `api.md` §2: what a subscription may lack; the permissions of a part begin with its name. */
  const FEATURES = ['imports', 'claims', 'messages'];

  test('refuses the routes of that part, and grants all others', async () => {
    const world = await newWorld({ features: [] });
    for (const operation of signedIn) {
      const sample = sampleOf(operation, world);
      const answer = await ask(world.admin, operation, sample);
      const lacks = FEATURES.some((feature) => operation.permission.startsWith(`${feature}.`));
      if (lacks) expect(misfits(answer, { status: 403, code: 'FEATURE_DISABLED' }), operation.key).toEqual([]);
      else expect(granted(operation, sample, answer.status), operation.key).toBe(true);
    }
  });
});

describe('a participant limit', () => {
  const person = (): Json => ({
    ndisNumber: ndisNumber(),
    profile: { firstName: 'Test', lastName: 'Person', dateOfBirth: '1990-01-01' },
  });
  const create = (admin: Caller) => admin.post('/v1/participants', person());
  const full = { status: 403, code: 'PARTICIPANT_LIMIT' };

  async function counts(organizationId: string): Promise<Json> {
    return env.DB.prepare(
      `SELECT participant_count AS counted, (SELECT count(*) FROM participants
        WHERE organization_id = organizations.id AND status <> 'archived') AS present FROM organizations WHERE id = ?`,
    )
      .bind(organizationId)
      .first();
  }

  const accepted = (answers: Answer[]) => answers.filter(({ status }) => status < 300);
  const refused = (answers: Answer[]) => answers.filter(({ status }) => status >= 300);

  test('lets in as many as it says, and refuses the next one without a trace', async () => {
    const { admin, organizationId } = await newTenant({ participantLimit: 2 });
    await create(admin);
    await create(admin);
    let third: Answer | undefined;
    const changed = await changedBy(async () => {
      third = await create(admin);
    });
    if (!third) throw new Error('no answer');
    expect(misfits(third, full)).toEqual([]);
    expect(changed).toEqual([]);
    expect(await counts(organizationId)).toEqual({ counted: 2, present: 2 });
  });

  test('of none lets nobody in, and without one there is no limit', async () => {
    const none = await newTenant({ participantLimit: 0 });
    expect(misfits(await create(none.admin), full)).toEqual([]);
    const unlimited = await newTenant({ participantLimit: null });
    expect((await create(unlimited.admin)).status).toBe(201);
  });

  test('is kept when twelve come at once for five places', async () => {
    const { admin, organizationId } = await newTenant({ participantLimit: 5 });
    const answers = await Promise.all(Array.from({ length: 12 }, () => create(admin)));
    expect(accepted(answers)).toHaveLength(5);
    expect(refused(answers).flatMap((answer) => misfits(answer, full))).toEqual([]);
    expect(await counts(organizationId)).toEqual({ counted: 5, present: 5 });
    expect(await auditIsGapless(organizationId)).toBe(true);
  });

  test('does not count the archived, and holds against restoring them', async () => {
    const { admin, organizationId } = await newTenant({ participantLimit: 1 });
    const first = (await create(admin)).body.id;
    await admin.delete(`/v1/participants/${first}`, { reason: 'Moved' });
    expect((await create(admin)).status).toBe(201);
    let restored: Answer | undefined;
    const changed = await changedBy(async () => {
      restored = await admin.post(`/v1/participants/${first}/restore`);
    });
    if (!restored) throw new Error('no answer');
    expect(misfits(restored, full)).toEqual([]);
    expect(changed).toEqual([]);
    expect(await counts(organizationId)).toEqual({ counted: 1, present: 1 });
  });

  test('is kept when the archived and the new come back at once', async () => {
    const { admin, organizationId } = await newTenant({ participantLimit: 4 });
    const ids: string[] = [];
    for (let made = 0; made < 4; made++) ids.push((await create(admin)).body.id);
    for (const id of ids) await admin.delete(`/v1/participants/${id}`, { reason: 'Moved' });
    await create(admin);
    await create(admin);
    const answers = await Promise.all([
      ...ids.map((id) => admin.post(`/v1/participants/${id}/restore`)),
      ...Array.from({ length: 4 }, () => create(admin)),
    ]);
    expect(accepted(answers)).toHaveLength(2);
    expect(refused(answers).flatMap((answer) => misfits(answer, full))).toEqual([]);
    expect(await counts(organizationId)).toEqual({ counted: 4, present: 4 });
    expect(await auditIsGapless(organizationId)).toBe(true);
  });

  test('counts a participant once, however often they are archived and restored at once', async () => {
    const { admin, organizationId } = await newTenant({ participantLimit: 3 });
    const { id } = (await create(admin)).body;
    const path = `/v1/participants/${id}`;
    await Promise.all(Array.from({ length: 5 }, () => admin.delete(path, { reason: 'Moved' })));
    expect(await counts(organizationId)).toEqual({ counted: 0, present: 0 });
    await Promise.all(Array.from({ length: 5 }, () => admin.post(`${path}/restore`)));
    expect(await counts(organizationId)).toEqual({ counted: 1, present: 1 });
    expect(await auditIsGapless(organizationId)).toBe(true);
  });
});
