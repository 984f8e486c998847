import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { localFile, openLocal } from '../../scripts/lib/database.ts';
import { DEMONSTRATION } from '../../scripts/lib/demonstration.ts';
import { signToken } from '../../scripts/lib/keys.ts';
import {
  cleanUp,
  command,
  descendants,
  firstAnswer,
  gone,
  launch,
  newPlace,
  type Process,
  type Service,
  signal,
} from '../support/node/service.ts';

const USERS = DEMONSTRATION.flatMap((organization) => organization.users);
const ADMIN = 'admin@demo.caddy.test';

function bearer(email: string): { authorization: string } {
  const user = USERS.find((candidate) => candidate.email === email);
  return { authorization: `Bearer ${signToken(user?.externalId ?? '')}` };
}

let service: Service;
let first: { status: number; body: string };
const strays: Process[] = [];

beforeAll(async () => {
  service = launch(await newPlace());
  const looking = setInterval(() => {
    strays.push(...descendants(service.group).filter((entry) => entry.group !== service.group));
  }, 100);
  first = await firstAnswer(service, '/v1/me', bearer(ADMIN)).finally(() => clearInterval(looking));
}, 60_000);

afterAll(cleanUp, 30_000);

async function me(token: string): Promise<{ status: number; email: string }> {
  const response = await fetch(`${service.url}/v1/me`, { headers: { authorization: `Bearer ${token}` } });
  const body = (await response.json()) as { user?: { email: string } };
  return { status: response.status, email: body.user?.email ?? '' };
}

describe('npm start on an empty folder', () => {
  test('answers nothing before it knows the demonstration’s users', async () => {
    expect(first.status, first.body).toBe(200);
    expect(JSON.parse(first.body).user.email).toBe(ADMIN);
    for (const { email } of USERS) {
      const response = await fetch(`${service.url}/v1/me`, { headers: bearer(email) });
      expect([email, response.status]).toEqual([email, 200]);
    }
  });

  test('keeps its data in STATE_DIR', async () => {
    expect(existsSync(localFile(service.directory) ?? '')).toBe(true);
    const database = openLocal(service.directory);
    const rows = await database.query<{ email: string }>('SELECT email FROM users ORDER BY email');
    database.close();
    expect(rows.map(({ email }) => email)).toEqual(USERS.map(({ email }) => email).sort());
  });

  test('says where it listens', async () => {
    await expect.poll(service.output).toContain(service.url);
  });

  test('keeps everything that it begins in its process group', () => {
    expect(strays).toEqual([]);
    const began = descendants(service.group);
    expect(began.length).toBeGreaterThan(0);
    expect(began.filter((entry) => entry.group !== service.group)).toEqual([]);
  });
});

describe('npm run token', () => {
  test('prints one line that /v1/me accepts, for a demonstration user and for one that was added by the API', async () => {
    const added = 'new.person@example.com';
    const created = await fetch(`${service.url}/v1/users`, {
      method: 'POST',
      headers: { ...bearer(ADMIN), 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'New.Person@example.com', firstName: 'New', lastName: 'Person', role: 'viewer' }),
    });
    expect(created.status, await created.text()).toBe(201);
    const emails = [ADMIN, added];
    const printed = await Promise.all(emails.map((email) => command('token.ts', [email], service)));
    for (const [index, { code, stdout, stderr }] of printed.entries()) {
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
      const { status, email } = await me(stdout.trim());
      expect([status, email.toLowerCase()]).toEqual([200, emails[index]]);
    }
  });

  test('names a user that the service does not have, and prints no token', async () => {
    const { code, stdout, stderr } = await command('token.ts', ['nobody@example.com'], service);
    expect(code).not.toBe(0);
    expect(stdout).toBe('');
    expect(stderr).toContain('nobody@example.com');
    expect(stderr).not.toContain('node_modules');
  });
});

describe('a second npm start on the same port', () => {
  test('fails with a line that names the port, and the first goes on', async () => {
    const second = launch({ port: service.port, directory: service.directory });
    expect(await second.ended).not.toBe(0);
    await gone(second.group);
    expect(second.output()).toContain(String(service.port));
    expect(second.output(), 'a message, not a stack').not.toContain('node_modules');
    expect((await fetch(`${service.url}/v1/me`, { headers: bearer(ADMIN) })).status).toBe(200);
  });
});

describe('a signal', () => {
  test('to the leader ends everything, and the next start has the data and loads the demonstration no second time', async () => {
    signal(service, 'SIGTERM', 'leader');
    await service.ended;
    await gone(service.group);
    await expect(fetch(service.url)).rejects.toThrow();

    service = launch(service);
    const again = await firstAnswer(service, '/v1/users?limit=100', bearer(ADMIN));
    expect(again.status, again.body).toBe(200);
    expect(JSON.parse(again.body).data).toHaveLength(6);
    signal(service, 'SIGINT', 'group');
    await service.ended;
    await gone(service.group);
  });

  test('during the start ends everything too', async () => {
    const early = launch(await newPlace());
    await expect.poll(() => descendants(early.group).length, { timeout: 30_000 }).toBeGreaterThan(0);
    signal(early, 'SIGTERM', 'leader');
    await early.ended;
    await gone(early.group);
  });
});
