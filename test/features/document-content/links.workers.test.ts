import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import { forgetUsers } from '../../../src/features/sign-in/users.ts';
import { sign } from '../../../src/features/uploads/address.ts';
import { type Answer, type Caller, newTenant, send } from '../../support/workers/tenant.ts';
import { actionsOf, announce, kept, sentVersion, tokenOf } from '../../support/workers/uploading.ts';

async function linkOf(caller: Caller, id: string): Promise<{ url: string; expiresAt: string }> {
  const made = await caller.post(`/v1/documents/${id}/links`);
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  return made.body;
}

const open = ({ url }: { url: string }): Promise<Answer> => send('GET', new URL(url).pathname);

describe('a link', () => {
  test('opens the file without a sign-in, for 15 minutes', async () => {
    const { admin, organizationId } = await newTenant();
    const { id } = await kept(admin, 'hello');
    const link = await linkOf(admin, id);
    expect(Math.abs(Date.parse(link.expiresAt) - Date.now() - 15 * 60_000)).toBeLessThan(5_000);
    expect((await open(link)).body).toBe('hello');
    expect((await open(link)).body).toBe('hello');
    const grant = { use: 'content', organizationId, documentId: id, version: 1, userId: admin.userId } as const;
    const at = async (expires: number) => ({
      url: `https://caddy.test/files/content/${await sign(env, { ...grant, expires })}`,
    });
    expect((await open(await at(Date.now() + 1_000))).status).toBe(200);
    const over = await open(await at(Date.now() - 1_000));
    expect([over.status, over.body.code]).toEqual([403, 'FORBIDDEN']);
  });

  test('is refused with one character changed', async () => {
    const { admin } = await newTenant();
    const { url } = await linkOf(admin, (await kept(admin)).id);
    const token = tokenOf(url);
    for (let at = 0; at < token.length; at += 5) {
      const other = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
      expect((await open({ url: `https://caddy.test/files/content/${other}` })).status).toBe(403);
    }
  });

  test('stays with the version that it was asked for', async () => {
    const { admin } = await newTenant();
    const { id } = await kept(admin, 'first');
    const link = await linkOf(admin, id);
    await sentVersion(admin, { id, bytes: 'second' });
    await admin.post(`/v1/documents/${id}/confirm`);
    expect((await open(link)).body).toBe('first');
    expect((await open(await linkOf(admin, id))).body).toBe('second');
  });

  test('stops when its user is suspended, and goes on when they are back', async () => {
    const { admin, user } = await newTenant();
    const reader = await user('finance');
    const { id } = await kept(admin, 'hello');
    const link = await linkOf(reader, id);
    expect((await admin.patch(`/v1/users/${reader.userId}`, { status: 'suspended' })).status).toBe(200);
    const refused = await open(link);
    expect([refused.status, refused.body.code]).toEqual([403, 'USER_SUSPENDED']);
    await admin.patch(`/v1/users/${reader.userId}`, { status: 'active' });
    expect((await open(link)).status).toBe(200);
    expect((await open(await linkOf(admin, id))).status).toBe(200);
  });

  test('stops when its user may no longer read documents', async () => {
    const { admin, user } = await newTenant();
    const reader = await user('finance');
    const { id } = await kept(admin, 'hello');
    const link = await linkOf(reader, id);
    expect((await admin.patch(`/v1/users/${reader.userId}`, { role: 'viewer' })).status).toBe(200);
    const refused = await open(link);
    expect([refused.status, refused.body.code]).toEqual([403, 'FORBIDDEN']);
    forgetUsers();
    expect((await reader.post(`/v1/documents/${id}/links`)).status).toBe(403);
    await admin.patch(`/v1/users/${reader.userId}`, { permissions: ['documents.read'] });
    expect((await open(link)).status).toBe(200);
  });

  test('stops when its document is deleted, until it is restored', async () => {
    const { admin } = await newTenant();
    const { id } = await kept(admin, 'hello');
    const link = await linkOf(admin, id);
    await admin.delete(`/v1/documents/${id}`, { reason: 'A mistake.' });
    const refused = await open(link);
    expect([refused.status, refused.body.code]).toEqual([404, 'NOT_FOUND']);
    expect((await admin.post(`/v1/documents/${id}/links`)).status).toBe(404);
    expect(await actionsOf(admin, id)).not.toContain('document.downloaded');
    await admin.post(`/v1/documents/${id}/restore`);
    expect((await open(link)).status).toBe(200);
  });

  test('is not given for another organisation’s document, nor for one without its file', async () => {
    const [{ admin, organizationId }, other] = [await newTenant(), await newTenant()];
    const { id } = await kept(admin, 'hello');
    const refused = await other.admin.post(`/v1/documents/${id}/links`);
    expect([refused.status, refused.body.code]).toEqual([404, 'NOT_FOUND']);
    const { document } = await announce(admin);
    expect((await admin.post(`/v1/documents/${document.id}/links`)).status).toBe(409);
    // Also not to who could sign one: the user, the document and the organisation belong together.
    const expires = Date.now() + 60_000;
    const about = { use: 'content', documentId: id, version: 1, expires } as const;
    for (const grant of [
      { ...about, organizationId: other.organizationId, userId: other.admin.userId },
      { ...about, organizationId, userId: other.admin.userId },
      { ...about, organizationId: other.organizationId, userId: admin.userId },
    ]) {
      const answer = await open({ url: `https://caddy.test/files/content/${await sign(env, grant)}` });
      expect([answer.status, answer.body.code]).toEqual([404, 'NOT_FOUND']);
    }
  });

  test('takes ranges and tags as the download does', async () => {
    const { admin } = await newTenant();
    const { id, sha256 } = await kept(admin, 'hello');
    const path = new URL((await linkOf(admin, id)).url).pathname;
    const part = await send('GET', path, { headers: { range: 'bytes=1-2' } });
    expect([part.status, part.body, part.headers.get('content-range')]).toEqual([206, 'el', 'bytes 1-2/5']);
    expect((await send('GET', path, { headers: { range: 'bytes=5-' } })).status).toBe(416);
    expect((await send('GET', path, { headers: { 'if-none-match': `"${sha256}"` } })).status).toBe(304);
  });
});
