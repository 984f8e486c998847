import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { app } from '../../../src/app.ts';
import { sendEmail } from '../../../src/features/emails/send.ts';
import { EMAIL_STATUSES } from '../../../src/features/emails/table.ts';
import { newId } from '../../../src/ids.ts';
import { auditIsGapless } from '../../support/workers/care.ts';
import { changedBy } from '../../support/workers/contract.ts';
import { holdJobs } from '../../support/workers/samples.ts';
import {
  type Answer,
  type Caller,
  caller,
  type Json,
  newTenant,
  send,
  type Tenant,
  token,
} from '../../support/workers/tenant.ts';
import { emailNews, type Sender, signedMessage, signInNews, webhookSecret } from '../../support/workers/webhooks.ts';

// The mail of an invitation is not what is looked at.
beforeEach(() => holdJobs());
afterEach(() => vi.restoreAllMocks());

type Signing = NonNullable<Parameters<typeof signedMessage>[2]>;

/** Sends a message as its sender would. */
function deliver(sender: Sender, message: Json, signing: Signing = {}): Promise<Answer> {
  return send('POST', `/webhooks/${sender}`, signedMessage(sender, message, signing));
}

/** The same to a Worker with other bindings. */
async function deliverTo(bindings: Json, sender: Sender, message: Json, signing: Signing = {}): Promise<Answer> {
  const ctx = createExecutionContext();
  const request = new Request(`https://caddy.test/webhooks/${sender}`, {
    method: 'POST',
    ...signedMessage(sender, message, signing),
  });
  const response = await app.fetch(request, { ...env, ...bindings } as Env, ctx);
  await waitOnExecutionContext(ctx);
  return { status: response.status, headers: response.headers, body: await response.json() };
}

async function changed(answer: Promise<Answer>): Promise<boolean> {
  const { status, body } = await answer;
  expect(status, JSON.stringify(body)).toBe(200);
  return body.changed;
}

const userOf = async (admin: Caller, id: string): Promise<Json> => (await admin.get(`/v1/users/${id}`)).body;

/** What the record has of a user that a sender did: oldest first. */
async function auditOf(admin: Caller, userId: string, actor: Sender): Promise<Json[]> {
  const { data } = (await admin.get(`/v1/audit-logs?entityId=${userId}`)).body;
  return data.filter((entry: Json) => entry.actor === actor).reverse();
}

const messageId = () => `msg_${crypto.randomUUID()}`;

let numbers = 0;

/** An e-mail to a user, as it is stored. */
async function mailTo(
  { organizationId }: Tenant,
  { userId }: Pick<Caller, 'userId'>,
  { status = 'sent', providerId = null, to }: { status?: string; providerId?: string | null; to?: string } = {},
): Promise<string> {
  const id = newId('eml');
  await env.DB.prepare(
    `INSERT INTO email_logs (id, organization_id, template, entity_id, occasion, user_id, to_address, subject, body_text, body_html,
      status, provider_id, at, updated_at)
      SELECT ?1, ?2, 'mention', 'msg', ?1, id, coalesce(?3, email), 'Hello', 'Hello', '<p>Hello</p>', ?4, ?5, ?6, ?6 FROM users WHERE id = ?7`,
  )
    .bind(id, organizationId, to ?? null, status, providerId, Date.now(), userId)
    .run();
  return id;
}

const statusOf = (id: string) =>
  env.DB.prepare('SELECT status FROM email_logs WHERE id = ?').bind(id).first<string>('status');

describe.each(['resend', 'clerk'] as const)('a message of %s', (sender) => {
  /** News that would change something, were it believed; about somebody new each time. */
  async function news(): Promise<Json> {
    const tenant = await newTenant();
    const person = await tenant.user('viewer');
    if (sender === 'clerk') return signInNews(`ext_${person.userId}`, { type: 'user.deleted' });
    return emailNews(await mailTo(tenant, person), 'email.bounced');
  }

  const other = sender === 'resend' ? 'clerk' : 'resend';
  const minutes = (count: number, seconds: number) => new Date(Date.now() + count * 60_000 + seconds * 1000);

  test.each<[string, (message: Json) => { body: string; headers: Record<string, string | undefined> }]>([
    [
      'signed with another secret',
      (message) => signedMessage(sender, message, { secret: `whsec_${btoa('x'.repeat(24))}` }),
    ],
    [
      "signed with the other webhook's secret",
      (message) => signedMessage(sender, message, { secret: webhookSecret(other) }),
    ],
    ['more than five minutes old', (message) => signedMessage(sender, message, { at: minutes(-5, -2) })],
    ['more than five minutes ahead', (message) => signedMessage(sender, message, { at: minutes(5, 2) })],
    [
      'whose body was changed',
      (message) => ({ ...signedMessage(sender, message), body: `${JSON.stringify(message)} ` }),
    ],
    ...(['svix-id', 'svix-timestamp', 'svix-signature'] as const).map(
      (name) =>
        [
          `without ${name}`,
          (message: Json) => {
            const { body, headers } = signedMessage(sender, message);
            return { body, headers: { ...headers, [name]: undefined } };
          },
        ] as [string, (message: Json) => { body: string; headers: Record<string, string | undefined> }],
    ),
    [
      'that takes the id of another',
      (message) => {
        const { body, headers } = signedMessage(sender, message);
        return { body, headers: { ...headers, 'svix-id': messageId() } };
      },
    ],
    [
      'whose id is longer than what is kept of it',
      (message) => signedMessage(sender, message, { id: `msg_${'x'.repeat(252)}` }),
    ],
    [
      'that is old and says that it is new',
      (message) => {
        const { body, headers } = signedMessage(sender, message, { at: minutes(-6, 0) });
        return { body, headers: { ...headers, 'svix-timestamp': String(Math.floor(Date.now() / 1000)) } };
      },
    ],
    [
      'signed in a version that is not ours',
      (message) => {
        const { body, headers } = signedMessage(sender, message);
        return {
          body,
          headers: { ...headers, 'svix-signature': String(headers['svix-signature']).replace('v1,', 'v2,') },
        };
      },
    ],
  ])('%s is not believed and changes nothing', async (_, forge) => {
    const message = await news();
    const { body, headers } = forge(message);
    const sent = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));
    let answer: Answer | undefined;
    const touched = await changedBy(async () => {
      answer = await send('POST', `/webhooks/${sender}`, { body, headers: sent as Record<string, string> });
    });
    expect([answer?.status, answer?.body.code, touched]).toEqual([401, 'UNAUTHENTICATED', []]);
    expect(await changed(deliver(sender, message)), 'as it was meant').toBe(true);
  });

  test('is not believed without a secret to check it by, and changes nothing', async () => {
    const message = await news();
    const none = { RESEND_WEBHOOK_SECRET: undefined, CLERK_WEBHOOK_SECRET: undefined };
    let answer: Answer | undefined;
    const touched = await changedBy(async () => {
      answer = await deliverTo(none, sender, message);
    });
    expect([answer?.status, answer?.body.code, touched]).toEqual([401, 'UNAUTHENTICATED', []]);
    expect(await changed(deliver(sender, message)), 'as it was meant').toBe(true);
  });

  test('is believed when it is nearly five minutes away, and when its secret is being changed', async () => {
    expect(await changed(deliver(sender, await news(), { at: minutes(-5, 5) }))).toBe(true);
    expect(await changed(deliver(sender, await news(), { at: minutes(5, -5) }))).toBe(true);
    const { body, headers } = signedMessage(sender, await news());
    const both = `v1,${btoa('y'.repeat(32))} ${headers['svix-signature']}`;
    const answer = send('POST', `/webhooks/${sender}`, { body, headers: { ...headers, 'svix-signature': both } });
    expect(await changed(answer)).toBe(true);
  });

  test('that is replayed, however it is signed anew, changes nothing', async () => {
    const message = await news();
    const id = messageId();
    expect(await changed(deliver(sender, message, { id }))).toBe(true);
    const touched = await changedBy(async () => {
      for (const at of [minutes(0, 0), minutes(-4, 0), minutes(4, 0)]) {
        expect(await changed(deliver(sender, message, { id, at }))).toBe(false);
      }
    });
    expect(touched).toEqual([]);
  });

  test.each<[string, string, string, number]>([
    ['is no JSON', '{"type": "em', 'MALFORMED_JSON', 400],
    ['is empty', '', 'MALFORMED_JSON', 400],
    ['is a list', '[]', 'VALIDATION_FAILED', 422],
    ['is null', 'null', 'VALIDATION_FAILED', 422],
    ['has no type', '{"data":{}}', 'VALIDATION_FAILED', 422],
    ['has no data', '{"type":"email.bounced"}', 'VALIDATION_FAILED', 422],
    ['has data of another shape', '{"type":"user.created","data":{"id":7,"email_id":7}}', 'VALIDATION_FAILED', 422],
  ])('that %s is refused however well it is signed, and changes nothing', async (_, body, code) => {
    let answer: Answer | undefined;
    const touched = await changedBy(async () => {
      answer = await deliver(sender, body);
    });
    expect([answer?.status, answer?.body.code, touched]).toEqual([400, code, []]);
  });

  test('of more than 1 MiB is not read', async () => {
    const message = await news();
    const long = JSON.stringify({ ...message, more: 'x'.repeat(1024 * 1024) });
    let answer: Answer | undefined;
    const touched = await changedBy(async () => {
      answer = await deliver(sender, long);
    });
    expect([answer?.status, answer?.body.code, touched]).toEqual([413, 'PAYLOAD_TOO_LARGE', []]);
  });

  test('of a kind that we do not know is taken, and changes nothing', async () => {
    const message = await news();
    const touched = await changedBy(async () => {
      for (const type of ['email.opened', 'email.clicked', 'session.created', 'constructor', '__proto__', '']) {
        expect(await changed(deliver(sender, { ...message, type })), type).toBe(false);
      }
    });
    expect(touched).toEqual([]);
  });

  test('about what is not ours is taken, and changes nothing', async () => {
    const strangers =
      sender === 'resend'
        ? [
            emailNews(newId('eml'), 'email.bounced'),
            { type: 'email.bounced', data: { email_id: 're_unknown' } },
            { type: 'email.bounced', data: {} },
          ]
        : [
            signInNews('user_unknown'),
            signInNews('user_gone', { type: 'user.deleted' }),
            { type: 'user.deleted', data: {} },
          ];
    const touched = await changedBy(async () => {
      for (const message of strangers) expect(await changed(deliver(sender, message))).toBe(false);
    });
    // That it came is remembered.
    expect(touched).toEqual(['webhook_messages']);
  });
});

describe('Resend', () => {
  const NEWS = ['delivered', 'bounced', 'complained', 'failed', 'suppressed'] as const;

  test.each(NEWS)('moves an e-mail to %s by our own tag, or by its own name of it', async (status) => {
    const tenant = await newTenant();
    const [byTag, byName] = [
      await mailTo(tenant, await tenant.user('viewer')),
      await mailTo(tenant, await tenant.user('viewer'), { providerId: `re_${newId('eml')}` }),
    ];
    const providerId = await env.DB.prepare('SELECT provider_id FROM email_logs WHERE id = ?')
      .bind(byName)
      .first('provider_id');
    expect(await changed(deliver('resend', emailNews(byTag, `email.${status}`)))).toBe(true);
    const named = { type: `email.${status}`, data: { email_id: providerId, tags: { email: 'not an id of ours' } } };
    expect(await changed(deliver('resend', named))).toBe(true);
    const read = async (id: string) => (await tenant.admin.get(`/v1/emails/${id}`)).body.status;
    expect([await read(byTag), await read(byName)]).toEqual([status, status]);
    const names = await env.DB.prepare('SELECT provider_id FROM email_logs WHERE id = ?')
      .bind(byTag)
      .first('provider_id');
    expect(names, 'its own name is learnt').toBe(`re_${byTag}`);
  });

  test('never moves an e-mail back, whatever comes late', async () => {
    // One that we gave up, or that Resend did, may have been delivered after all.
    const stage = { queued: 0, sent: 1, failed: 1.5, delivered: 2, suppressed: 3, bounced: 3, complained: 4 };
    const tenant = await newTenant();
    const person = await tenant.user('viewer');
    for (const from of EMAIL_STATUSES) {
      for (const to of NEWS) {
        const id = await mailTo(tenant, person, { status: from });
        const moved = await changed(deliver('resend', emailNews(id, `email.${to}`)));
        const now = (await statusOf(id)) as keyof typeof stage;
        expect(now, `${to} after ${from}`).toBe(moved ? to : from);
        if (moved) expect(stage[now], `${to} after ${from}`).toBeGreaterThan(stage[from]);
      }
    }
    const bounced = await mailTo(tenant, person, { status: 'bounced' });
    expect(await changed(deliver('resend', emailNews(bounced, 'email.delivered')))).toBe(false);
    expect(await statusOf(bounced)).toBe('bounced');
  });

  test('has an address that bounced written to no more, until an administrator clears it', async () => {
    const tenant = await newTenant();
    const { admin, organizationId } = tenant;
    const kai = await tenant.user('viewer');
    const before = await userOf(admin, kai.userId);
    expect(before.emailBouncedAt).toBeNull();
    const id = messageId();
    const bounce = emailNews(await mailTo(tenant, kai), 'email.bounced');
    expect(await changed(deliver('resend', bounce, { id }))).toBe(true);
    const marked = await userOf(admin, kai.userId);
    expect(Math.abs(Date.parse(marked.emailBouncedAt) - Date.now())).toBeLessThan(60_000);
    expect(await auditOf(admin, kai.userId, 'resend')).toMatchObject([
      { action: 'user.updated', entityType: 'user', userId: null, after: { emailBouncedAt: marked.emailBouncedAt } },
    ]);

    const mail = async () => {
      const emailId = await mailTo(tenant, kai, { status: 'queued' });
      await sendEmail(env, emailId);
      return statusOf(emailId);
    };
    expect(await mail()).toBe('suppressed');
    const cleared = await admin.post(`/v1/users/${kai.userId}/clear-bounce`);
    expect([cleared.status, cleared.body.emailBouncedAt]).toEqual([200, null]);
    expect(await mail()).toBe('sent');

    const touched = await changedBy(() => deliver('resend', bounce, { id }));
    expect(touched, 'the bounce again').toEqual([]);
    expect(await mail()).toBe('sent');
    const entries = (await admin.get(`/v1/audit-logs?entityId=${kai.userId}`)).body.data;
    expect(entries).toHaveLength(2);
    expect(entries[0]).toMatchObject({
      action: 'user.updated',
      userId: admin.userId,
      before: { emailBouncedAt: marked.emailBouncedAt },
      after: { emailBouncedAt: null },
    });
    expect(await auditIsGapless(organizationId)).toBe(true);
  });

  test('has nobody written to who complained or whom it suppresses, and everybody else', async () => {
    const tenant = await newTenant();
    for (const status of NEWS) {
      const person = await tenant.user('viewer');
      await deliver('resend', emailNews(await mailTo(tenant, person), `email.${status}`));
      const { emailBouncedAt } = await userOf(tenant.admin, person.userId);
      expect(emailBouncedAt !== null, status).toBe(['bounced', 'complained', 'suppressed'].includes(status));
    }
    expect((await userOf(tenant.admin, tenant.admin.userId)).emailBouncedAt).toBeNull();
  });

  test('that bounced has mail flow again once the user has another address', async () => {
    const tenant = await newTenant();
    const kai = await tenant.user('viewer');
    await deliver('resend', emailNews(await mailTo(tenant, kai), 'email.bounced'));
    const path = `/v1/users/${kai.userId}`;
    const { body: renamed } = await tenant.admin.patch(path, { firstName: 'Kai' });
    expect(renamed.emailBouncedAt, 'another name').not.toBeNull();
    const { body } = await tenant.admin.patch(path, { email: `new.${kai.userId}@example.com` });
    expect(body.emailBouncedAt).toBeNull();
    const next = await mailTo(tenant, kai, { status: 'queued' });
    await sendEmail(env, next);
    expect(await statusOf(next)).toBe('sent');
  });

  test('says nothing of an address by the bounce of the one before it, nor of a user by the bounce of another', async () => {
    const tenant = await newTenant();
    const [kai, other] = [await tenant.user('viewer'), await tenant.user('viewer')];
    const old = await mailTo(tenant, kai);
    await tenant.admin.patch(`/v1/users/${kai.userId}`, { email: `new.${kai.userId}@example.com` });
    expect(await changed(deliver('resend', emailNews(old, 'email.bounced')))).toBe(true);
    expect(await statusOf(old)).toBe('bounced');
    for (const { userId } of [kai, other]) expect((await userOf(tenant.admin, userId)).emailBouncedAt).toBeNull();
    expect(await auditOf(tenant.admin, kai.userId, 'resend')).toEqual([]);
    // However its letters are written, it is the same address.
    const now = await mailTo(tenant, kai, { to: `NEW.${kai.userId.toUpperCase()}@example.com` });
    await deliver('resend', emailNews(now, 'email.bounced'));
    expect((await userOf(tenant.admin, kai.userId)).emailBouncedAt).not.toBeNull();
  });

  test('that delivers the same message several times at once has it taken once', async () => {
    const tenant = await newTenant();
    const kai = await tenant.user('viewer');
    const bounce = emailNews(await mailTo(tenant, kai), 'email.bounced');
    const id = messageId();
    const taken = await Promise.all([1, 2, 3, 4].map(() => changed(deliver('resend', bounce, { id }))));
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect(await auditOf(tenant.admin, kai.userId, 'resend')).toHaveLength(1);
    const revision = await env.DB.prepare('SELECT revision FROM users WHERE id = ?').bind(kai.userId).first('revision');
    expect(revision).toBe(2);
    expect(await auditIsGapless(tenant.organizationId)).toBe(true);
  });
});

interface Address {
  email: string;
  status?: string | null;
}

/** News of a sign-in with these addresses, the first of which is the primary one. */
function signIn(
  subject: string,
  {
    type = 'user.created',
    addresses = [],
    primary = 0,
    at = 1_000,
    firstName = 'Kai',
    lastName = 'Brown',
  }: {
    type?: string;
    addresses?: Address[];
    primary?: number | null;
    at?: number;
    firstName?: string | null;
    lastName?: string | null;
  },
): Json {
  return {
    type,
    object: 'event',
    data: {
      id: subject,
      first_name: firstName,
      last_name: lastName,
      email_addresses: addresses.map(({ email, status = 'verified' }, place) => ({
        id: `idn_${place}`,
        email_address: email,
        verification: status === null ? null : { status, strategy: 'email_code' },
      })),
      primary_email_address_id: primary === null ? null : `idn_${primary}`,
      updated_at: at,
    },
  };
}

const gone = (subject: string): Json => ({
  type: 'user.deleted',
  data: { id: subject, deleted: true, object: 'user' },
});

const subjectOf = () => `user_${crypto.randomUUID()}`;
const address = (name = 'ada.lane') => {
  numbers += 1;
  return `${name}.${numbers}.${crypto.randomUUID().slice(0, 8)}@example.com`;
};

/** Somebody who is invited, and has no sign-in yet. */
async function invite({ admin }: Tenant, email = address()): Promise<{ userId: string; email: string }> {
  const body = { email, firstName: 'Ada', lastName: 'Lane', role: 'viewer' };
  const created = await admin.post('/v1/users', body);
  if (created.status !== 201) throw new Error(JSON.stringify(created.body));
  return { userId: created.body.id, email };
}

/** Whether whoever has this sign-in is let in. */
async function signsIn(subject: string): Promise<number> {
  return (await caller('', await token(subject)).get('/v1/me')).status;
}

describe('Clerk', () => {
  test('binds whoever was invited by a verified address, who then signs in', async () => {
    const tenant = await newTenant();
    const { userId, email } = await invite(tenant);
    const subject = subjectOf();
    expect(await signsIn(subject)).toBe(403);
    expect(await changed(deliver('clerk', signIn(subject, { addresses: [{ email }] })))).toBe(true);
    const me = await caller(userId, await token(subject)).get('/v1/me');
    expect([me.status, me.body.user?.id ?? me.body.id]).toEqual([200, userId]);
    const user = await userOf(tenant.admin, userId);
    expect(user).toMatchObject({ externalId: subject, email, firstName: 'Ada', status: 'active', role: 'viewer' });
    expect(await auditOf(tenant.admin, userId, 'clerk')).toMatchObject([
      { action: 'user.updated', userId: null, before: { externalId: null }, after: { externalId: subject } },
    ]);
    expect(await auditIsGapless(tenant.organizationId)).toBe(true);
  });

  test.each([null, 'unverified', 'expired', 'Verified'])(
    'binds nobody by an address whose state is %s',
    async (status) => {
      const tenant = await newTenant();
      const { userId, email } = await invite(tenant);
      const subject = subjectOf();
      const addresses = [{ email, status }, { email: address('other') }];
      for (const type of ['user.created', 'user.updated']) {
        expect(await changed(deliver('clerk', signIn(subject, { type, addresses, at: 2_000 })))).toBe(false);
      }
      expect((await userOf(tenant.admin, userId)).externalId).toBeNull();
      expect(await signsIn(subject)).toBe(403);
      const verified = signIn(subject, { type: 'user.updated', addresses: [{ email }] });
      expect(await changed(deliver('clerk', verified)), 'once it is verified').toBe(true);
      expect(await signsIn(subject)).toBe(200);
    },
  );

  test('knows an address however its letters are written, and takes the primary one before the others', async () => {
    const tenant = await newTenant();
    const [first, second] = [await invite(tenant), await invite(tenant)];
    const addresses = [{ email: first.email.toUpperCase() }, { email: second.email.replace('ada', 'Ada') }];
    const subject = subjectOf();
    expect(await changed(deliver('clerk', signIn(subject, { addresses, primary: 1 })))).toBe(true);
    const bound = async (userId: string) => (await userOf(tenant.admin, userId)).externalId;
    expect([await bound(first.userId), await bound(second.userId)]).toEqual([null, subject]);
    const next = subjectOf();
    const theirs = [{ email: address('unknown') }, { email: first.email.toUpperCase() }];
    expect(await changed(deliver('clerk', signIn(next, { addresses: theirs })))).toBe(true);
    expect([await bound(first.userId), await bound(second.userId)]).toEqual([next, subject]);
  });

  test('never binds anew somebody who has another sign-in', async () => {
    const tenant = await newTenant();
    const { userId, email } = await invite(tenant);
    const [own, other] = [subjectOf(), subjectOf()];
    await deliver('clerk', signIn(own, { addresses: [{ email }] }));
    const before = await userOf(tenant.admin, userId);
    const touched = await changedBy(async () => {
      for (const type of ['user.created', 'user.updated']) {
        expect(await changed(deliver('clerk', signIn(other, { type, addresses: [{ email }], at: 9_000 })))).toBe(false);
      }
    });
    expect(touched).toEqual(['webhook_messages']);
    expect(await userOf(tenant.admin, userId)).toEqual(before);
    expect([await signsIn(own), await signsIn(other)]).toEqual([200, 403]);
  });

  test('is followed in names and primary verified address, and not by what is older than what is known', async () => {
    const tenant = await newTenant();
    const { userId, email } = await invite(tenant);
    const subject = subjectOf();
    await deliver('clerk', signIn(subject, { addresses: [{ email }], at: 1_000 }));
    await deliver('resend', emailNews(await mailTo(tenant, { userId }), 'email.bounced'));
    const later = address('Ada.New');
    const update = (more: Parameters<typeof signIn>[1]) =>
      changed(deliver('clerk', signIn(subject, { type: 'user.updated', ...more })));

    expect(await update({ addresses: [{ email }], at: 1_500, firstName: '  Adelaide ', lastName: null })).toBe(true);
    const named = await userOf(tenant.admin, userId);
    expect(named).toMatchObject({ firstName: 'Adelaide', lastName: 'Lane', email });
    expect(named.emailBouncedAt, 'of the address that is still theirs').not.toBeNull();

    const addresses = [{ email }, { email: later }];
    expect(await update({ addresses, primary: 1, at: 2_000, firstName: '', lastName: 'Ng' })).toBe(true);
    const moved = await userOf(tenant.admin, userId);
    expect(moved).toMatchObject({ firstName: 'Adelaide', lastName: 'Ng', email: later, emailBouncedAt: null });

    const unverified = [{ email: later }, { email: address('unproved'), status: 'unverified' }];
    expect(await update({ addresses: unverified, primary: 1, at: 3_000, firstName: 'Ada', lastName: 'Ng' })).toBe(true);
    expect(await userOf(tenant.admin, userId)).toMatchObject({ firstName: 'Ada', email: later });

    const before = await userOf(tenant.admin, userId);
    for (const at of [3_000, 2_500, 1_000]) {
      expect(await update({ addresses: [{ email }], at, firstName: 'Late' }), String(at)).toBe(false);
    }
    expect(await userOf(tenant.admin, userId)).toEqual(before);
    const [, ...entries] = await auditOf(tenant.admin, userId, 'clerk');
    expect(entries.map((entry) => entry.after)).toEqual([
      { firstName: 'Adelaide' },
      { lastName: 'Ng', email: later },
      { firstName: 'Ada' },
    ]);
    expect(await auditIsGapless(tenant.organizationId)).toBe(true);
  });

  test('leaves a user the address that they have here when another has the new one', async () => {
    const [tenant, elsewhere] = [await newTenant(), await newTenant()];
    const { userId, email } = await invite(tenant);
    const taken = await invite(elsewhere);
    const subject = subjectOf();
    await deliver('clerk', signIn(subject, { addresses: [{ email }] }));
    const addresses = [{ email: taken.email.toUpperCase() }];
    const update = signIn(subject, { type: 'user.updated', addresses, at: 2_000, firstName: 'Adelaide' });
    expect(await changed(deliver('clerk', update))).toBe(true);
    expect(await userOf(tenant.admin, userId)).toMatchObject({ email, firstName: 'Adelaide', externalId: subject });
    expect(await userOf(elsewhere.admin, taken.userId)).toMatchObject({ email: taken.email, externalId: null });
    expect(await auditOf(tenant.admin, userId, 'clerk')).toHaveLength(2);
    expect(await auditOf(elsewhere.admin, taken.userId, 'clerk')).toEqual([]);
    expect(await auditIsGapless(tenant.organizationId)).toBe(true);
  });

  test('whose sign-in is deleted has its user suspended and signed out at once, once', async () => {
    const tenant = await newTenant();
    const { userId, email } = await invite(tenant);
    const subject = subjectOf();
    await deliver('clerk', signIn(subject, { addresses: [{ email }] }));
    expect(await signsIn(subject)).toBe(200);
    const id = messageId();
    const taken = await Promise.all([1, 2, 3].map(() => changed(deliver('clerk', gone(subject), { id }))));
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect(await changed(deliver('clerk', gone(subject)))).toBe(false);
    expect(await signsIn(subject)).toBe(403);
    expect(await userOf(tenant.admin, userId)).toMatchObject({ status: 'suspended', externalId: subject });
    const entries = await auditOf(tenant.admin, userId, 'clerk');
    expect(entries.map((entry) => entry.after)).toEqual([{ externalId: subject }, { status: 'suspended' }]);
    // Whoever lets them in again is not undone by a replay.
    await tenant.admin.patch(`/v1/users/${userId}`, { status: 'active' });
    expect(await changedBy(() => deliver('clerk', gone(subject), { id }))).toEqual([]);
    expect(await signsIn(subject)).toBe(200);
    expect(await auditIsGapless(tenant.organizationId)).toBe(true);
  });

  test('that tells first of the end and then of the beginning has nobody bound', async () => {
    const tenant = await newTenant();
    const { userId, email } = await invite(tenant);
    const subject = subjectOf();
    expect(await changed(deliver('clerk', gone(subject)))).toBe(false);
    for (const type of ['user.created', 'user.updated']) {
      expect(await changed(deliver('clerk', signIn(subject, { type, addresses: [{ email }] }))), type).toBe(false);
    }
    expect(await userOf(tenant.admin, userId)).toMatchObject({ externalId: null, status: 'active' });
    expect(await signsIn(subject)).toBe(403);
    expect(await auditOf(tenant.admin, userId, 'clerk')).toEqual([]);
    const again = signIn(subjectOf(), { addresses: [{ email }] });
    expect(await changed(deliver('clerk', again)), 'a new sign-in of theirs').toBe(true);
  });

  /** Every order of some things. */
  function orders<Item>(items: readonly Item[]): Item[][] {
    if (items.length < 2) return [[...items]];
    return items.flatMap((item) => orders(items.filter((one) => one !== item)).map((rest) => [item, ...rest]));
  }

  /** What is in a user's row once these were delivered in turn, each as often as it stands there. */
  async function delivered(names: readonly string[]): Promise<{ user: Json; subject: string; isGapless: boolean }> {
    const tenant = await newTenant();
    const { userId, email } = await invite(tenant);
    const subject = subjectOf();
    const later = address('ada.new');
    const messages: Record<string, Json> = {
      created: signIn(subject, { addresses: [{ email }], at: 1_000 }),
      updated: signIn(subject, {
        type: 'user.updated',
        addresses: [{ email }, { email: later }],
        primary: 1,
        at: 2_000,
      }),
      deleted: gone(subject),
    };
    const ids = new Map(Object.keys(messages).map((name) => [name, messageId()]));
    for (const name of names) await changed(deliver('clerk', messages[name], { id: ids.get(name) ?? '' }));
    const { status, firstName, externalId, email: now } = await userOf(tenant.admin, userId);
    const user = { status, firstName, isBound: externalId === subject, isMoved: now === later };
    return { user, subject, isGapless: await auditIsGapless(tenant.organizationId) };
  }

  const twice = (names: string[]) => [[...names, ...names], names.flatMap((name) => [name, name])];

  test.each(orders(['created', 'updated', 'deleted']).map((names) => [...names, ...names]))(
    'delivers %s, %s, %s, %s, %s, %s: nobody is let in by what is gone',
    async (...names) => {
      const { user, subject, isGapless } = await delivered(names);
      expect(await signsIn(subject)).toBe(403);
      // Whoever was bound before is suspended; whoever was not stays invited.
      expect(user.status).toBe(user.isBound ? 'suspended' : 'active');
      expect(user.isBound).toBe(names[0] !== 'deleted');
      if (names.indexOf('deleted') === 2) {
        expect(user).toEqual({ status: 'suspended', firstName: 'Kai', isBound: true, isMoved: true });
      }
      expect(isGapless).toBe(true);
    },
  );

  test.each(orders(['created', 'updated']).flatMap(twice))(
    'delivers %s, %s, %s, %s: they are bound',
    async (...names) => {
      const { user, subject, isGapless } = await delivered(names);
      expect(user).toEqual({ status: 'active', firstName: 'Kai', isBound: true, isMoved: true });
      expect(await signsIn(subject)).toBe(200);
      expect(isGapless).toBe(true);
    },
  );

  test('that delivers the same message several times at once has it taken once', async () => {
    const tenant = await newTenant();
    const { userId, email } = await invite(tenant);
    const subject = subjectOf();
    const id = messageId();
    const created = signIn(subject, { addresses: [{ email }] });
    const taken = await Promise.all([1, 2, 3, 4].map(() => changed(deliver('clerk', created, { id }))));
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect(await auditOf(tenant.admin, userId, 'clerk')).toHaveLength(1);
    expect(await auditIsGapless(tenant.organizationId)).toBe(true);
  });

  /** The bindings of a Worker whose first write comes after something else has happened. */
  function interrupted(meanwhile: () => Promise<unknown>): { DB: D1Database } {
    const writes = new WeakSet<object>();
    let isFirst = true;
    const DB = new Proxy(env.DB, {
      get(target, name) {
        if (name === 'prepare') {
          return (sql: string) => {
            const statement = target.prepare(sql);
            const bind = statement.bind.bind(statement);
            statement.bind = (...values: unknown[]) => {
              const bound = bind(...values);
              if (!/^\s*SELECT/i.test(sql)) writes.add(bound);
              return bound;
            };
            return statement;
          };
        }
        if (name !== 'batch') return Reflect.get(target, name);
        return async (statements: D1PreparedStatement[]) => {
          if (isFirst && statements.some((statement) => writes.has(statement))) {
            isFirst = false;
            await meanwhile();
          }
          return target.batch(statements);
        };
      },
    });
    return { DB };
  }

  test('that deletes a sign-in while it is being bound has nobody bound', async () => {
    const tenant = await newTenant();
    const { userId, email } = await invite(tenant);
    const subject = subjectOf();
    const bindings = interrupted(() => deliver('clerk', gone(subject)));
    const created = signIn(subject, { addresses: [{ email }] });
    expect(await changed(deliverTo(bindings, 'clerk', created))).toBe(false);
    expect((await userOf(tenant.admin, userId)).externalId).toBeNull();
    expect(await signsIn(subject)).toBe(403);
  });

  test('is followed though an administrator changes the user at the same moment', async () => {
    const tenant = await newTenant();
    const { userId, email } = await invite(tenant);
    const subject = subjectOf();
    const id = messageId();
    const bindings = interrupted(() => tenant.admin.patch(`/v1/users/${userId}`, { phone: '0491570156' }));
    const created = signIn(subject, { addresses: [{ email }] });
    expect(await changed(deliverTo(bindings, 'clerk', created, { id }))).toBe(true);
    expect(await userOf(tenant.admin, userId)).toMatchObject({ externalId: subject, phone: '0491570156' });
    expect(await changed(deliver('clerk', created, { id }))).toBe(false);
  });

  test('that has nothing to tell changes no user, and leaves nothing in the record', async () => {
    const tenant = await newTenant();
    const { userId, email } = await invite(tenant);
    const subject = subjectOf();
    const news = (at: number) => signIn(subject, { type: 'user.updated', addresses: [{ email }], at });
    await deliver('clerk', signIn(subject, { addresses: [{ email }], at: 500 }));
    await deliver('clerk', news(1_000));
    const before = await tenant.admin.get(`/v1/users/${userId}`);
    expect(await changed(deliver('clerk', news(2_000)))).toBe(false);
    const after = await tenant.admin.get(`/v1/users/${userId}`);
    expect([after.body, after.headers.get('etag')]).toEqual([before.body, before.headers.get('etag')]);
    expect(await auditOf(tenant.admin, userId, 'clerk')).toHaveLength(2);
    const late = signIn(subject, { type: 'user.updated', addresses: [{ email }], at: 1_500, firstName: 'Late' });
    expect(await changed(deliver('clerk', late)), 'older than that').toBe(false);
  });
});
