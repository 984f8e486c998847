import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { ledgerStub } from '../../../src/features/ledger/client.ts';
import { commonItems, newParticipant } from '../../support/workers/care.ts';
import { knock, listen, livePath } from '../../support/workers/socket.ts';
import { type Caller, newTenant, send } from '../../support/workers/tenant.ts';

beforeAll(commonItems);
afterEach(() => vi.useRealTimers());

async function ticketOf(caller: Caller): Promise<string> {
  const { status, body } = await caller.post('/v1/live/tickets');
  if (status !== 201) throw new Error(`no ticket: ${status} ${JSON.stringify(body)}`);
  return body.ticket;
}

function withTicket(participantId: string, ticket: string): string {
  return `${livePath(participantId)}?ticket=${encodeURIComponent(ticket)}`;
}

async function setUp() {
  const tenant = await newTenant();
  return { ...tenant, ...(await newParticipant(tenant.admin)) };
}

describe('a ticket', () => {
  test('is good for 60 seconds, says so, and is kept only as a hash', async () => {
    const { admin } = await setUp();
    const before = Date.now();
    const { status, body } = await admin.post('/v1/live/tickets');
    expect(status).toBe(201);
    expect(Object.keys(body).sort()).toEqual(['expiresAt', 'ticket']);
    expect(body.ticket.length).toBeGreaterThanOrEqual(32);
    expect(Date.parse(body.expiresAt)).toBeGreaterThanOrEqual(before + 60_000);
    expect(Date.parse(body.expiresAt)).toBeLessThanOrEqual(Date.now() + 60_000);
    const { results } = await env.DB.prepare('SELECT * FROM live_tickets WHERE user_id = ?').bind(admin.userId).all();
    expect(results).toHaveLength(1);
    expect(JSON.stringify(results)).not.toContain(body.ticket);
  });

  test('opens one socket, and a second use is 401', async () => {
    const { admin, id } = await setUp();
    const ticket = await ticketOf(admin);
    const first = await knock(withTicket(id, ticket));
    expect(first.status).toBe(101);
    if (first.socket) await listen(first.socket).version(1);
    const second = await knock(withTicket(id, ticket));
    expect([second.status, second.body.code]).toEqual([401, 'UNAUTHENTICATED']);
  });

  test('opens one socket when it is used ten times at once', async () => {
    const { admin, id } = await setUp();
    const ticket = await ticketOf(admin);
    const openings = await Promise.all(Array.from({ length: 10 }, () => knock(withTicket(id, ticket))));
    expect(openings.map(({ status }) => status).sort()).toEqual([101, ...Array(9).fill(401)]);
    for (const { socket } of openings) if (socket) await listen(socket).version(1);
  });

  test('opens nothing after 60 seconds, and opens a socket just before', async () => {
    const { admin, id } = await setUp();
    vi.useFakeTimers({ toFake: ['Date'] });
    const issued = Date.now();
    const [early, late] = [await ticketOf(admin), await ticketOf(admin)];
    vi.setSystemTime(issued + 59_999);
    const opened = await knock(withTicket(id, early));
    expect(opened.status).toBe(101);
    if (opened.socket) await listen(opened.socket).version(1);
    vi.setSystemTime(issued + 60_001);
    const refused = await knock(withTicket(id, late));
    expect([refused.status, refused.body.code]).toEqual([401, 'UNAUTHENTICATED']);
  });

  test('opens nothing once its row has expired', async () => {
    const { admin, id } = await setUp();
    const ticket = await ticketOf(admin);
    await env.DB.prepare('UPDATE live_tickets SET expires_at = ? WHERE user_id = ?')
      .bind(Date.now() - 1, admin.userId)
      .run();
    expect((await knock(withTicket(id, ticket))).status).toBe(401);
  });

  test.each(['', 'x', '0'.repeat(64), 'a'.repeat(10_000), '\u0000'])('nobody gave out is 401 (%#)', async (ticket) => {
    const { id } = await setUp();
    const { status, body } = await knock(withTicket(id, ticket));
    expect([status, body.code]).toEqual([401, 'UNAUTHENTICATED']);
  });

  test('is not given out without signing in', async () => {
    expect((await send('POST', '/v1/live/tickets')).status).toBe(401);
  });

  test('of a user without budgets.read is given out, and its socket is 403', async () => {
    const { user, id } = await setUp();
    const { status, body } = await knock(withTicket(id, await ticketOf(await user('support_worker'))));
    expect([status, body.code, body.details]).toEqual([403, 'FORBIDDEN', { permission: 'budgets.read' }]);
  });

  test.each(['suspended', 'inactive'])('of a user who was %s since is 403', async (fate) => {
    const { user, id } = await setUp();
    const viewer = await user('viewer');
    const ticket = await ticketOf(viewer);
    await env.DB.prepare('UPDATE users SET status = ? WHERE id = ?').bind(fate, viewer.userId).run();
    const { status, body } = await knock(withTicket(id, ticket));
    expect([status, body.code]).toEqual([403, 'USER_SUSPENDED']);
  });

  test('of a user who lost budgets.read since is 403, although their token was just used', async () => {
    const { user, id } = await setUp();
    const viewer = await user('viewer');
    const ticket = await ticketOf(viewer);
    await env.DB.prepare(`UPDATE users SET role = 'support_worker' WHERE id = ?`).bind(viewer.userId).run();
    expect((await knock(withTicket(id, ticket))).status).toBe(403);
  });

  test('of another organisation does not find the participant', async () => {
    const { id } = await setUp();
    const { admin } = await newTenant();
    const { status, body } = await knock(withTicket(id, await ticketOf(admin)));
    expect([status, body.code]).toEqual([404, 'NOT_FOUND']);
  });

  test.each([
    { method: 'GET', path: '/v1/me' },
    { method: 'GET', path: '/v1/participants' },
    { method: 'POST', path: '/v1/live/tickets' },
  ])('does not sign in to $method $path, whatever Upgrade says', async ({ method, path }) => {
    const { admin } = await setUp();
    const statuses: Record<string, number> = {};
    for (const upgrade of ['', 'h2c', 'websocket']) {
      const headers: Record<string, string> = upgrade === '' ? {} : { upgrade };
      const { status } = await send(method, `${path}?ticket=${await ticketOf(admin)}`, { headers });
      statuses[upgrade] = status;
    }
    expect(statuses).toEqual({ '': 401, h2c: 401, websocket: 401 });
  });
});

describe('who may open a socket', () => {
  test('a token in Authorization opens it as a ticket does', async () => {
    const { user, id } = await setUp();
    const { token } = await user('finance');
    const { status, socket } = await knock(livePath(id), { authorization: `Bearer ${token}` });
    expect(status).toBe(101);
    if (socket) await listen(socket).version(1);
  });

  test('401, 403 and 404 come before 426, with and without Upgrade', async () => {
    const { admin, user, id } = await setUp();
    const worker = await user('support_worker');
    const elsewhere = await newTenant();
    const cases = [
      { headers: {}, code: 'UNAUTHENTICATED', path: livePath(id) },
      { headers: { authorization: 'Bearer nonsense' }, code: 'UNAUTHENTICATED', path: livePath(id) },
      { headers: { authorization: `Bearer ${worker.token}` }, code: 'FORBIDDEN', path: livePath(id) },
      {
        headers: { authorization: `Bearer ${admin.token}`, origin: 'https://evil.test' },
        code: 'FORBIDDEN',
        path: livePath(id),
      },
      { headers: { authorization: `Bearer ${elsewhere.admin.token}` }, code: 'NOT_FOUND', path: livePath(id) },
      { headers: { authorization: `Bearer ${admin.token}` }, code: 'NOT_FOUND', path: livePath('par_nobody') },
    ];
    for (const { headers, code, path } of cases) {
      expect((await knock(path, headers)).body.code).toBe(code);
      expect((await send('GET', path, { headers })).body.code).toBe(code);
    }
  });

  test.each([undefined, 'h2c', 'websockets'])('without a WebSocket’s Upgrade it is 426 (%s)', async (upgrade) => {
    const { admin, id } = await setUp();
    const { status, body } = await admin.get(livePath(id), upgrade === undefined ? {} : { upgrade });
    expect([status, body.code]).toEqual([426, 'UPGRADE_REQUIRED']);
  });

  test.each([
    { origin: 'https://app.caddy.test', status: 101 },
    { origin: undefined, status: 101 },
    { origin: 'https://evil.test', status: 403 },
    { origin: 'https://app.caddy.test.evil.test', status: 403 },
    { origin: 'http://app.caddy.test', status: 403 },
    { origin: 'https://app.caddy.test:8443', status: 403 },
    { origin: 'null', status: 403 },
  ])('a page of origin $origin gets $status, by token and by ticket', async ({ origin, status }) => {
    const { admin, id } = await setUp();
    const headers: Record<string, string> = origin === undefined ? {} : { origin };
    const openings = [
      await knock(livePath(id), { authorization: `Bearer ${admin.token}`, ...headers }),
      await knock(withTicket(id, await ticketOf(admin)), headers),
    ];
    expect(openings.map((opening) => opening.status)).toEqual([status, status]);
    for (const { socket } of openings) if (socket) await listen(socket).version(1);
  });

  test('nobody says who they are by the object’s own header', async () => {
    const { admin, user, organizationId, id } = await setUp();
    const viewer = await user('viewer');
    const worker = await user('support_worker');
    const forged = { 'x-caddy-watcher': JSON.stringify({ userId: admin.userId, timeZone: 'Pacific/Kiritimati' }) };
    expect((await knock(livePath(id), forged)).status).toBe(401);
    expect((await knock(livePath(id), { ...forged, authorization: `Bearer ${worker.token}` })).status).toBe(403);
    const opened = await knock(livePath(id), { ...forged, authorization: `Bearer ${viewer.token}` });
    expect(opened.status).toBe(101);
    if (opened.socket) await listen(opened.socket).version(1);
    const watchers = await runInDurableObject(ledgerStub(env, { organizationId, participantId: id }), (_, state) =>
      state.getWebSockets().map((socket) => socket.deserializeAttachment()),
    );
    expect(watchers).toEqual([{ userId: viewer.userId, timeZone: 'Australia/Sydney' }]);
  });
});
