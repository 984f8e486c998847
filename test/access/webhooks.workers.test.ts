import { beforeAll, describe, expect, test } from 'vitest';
import { commonItems } from '../support/workers/care.ts';
import { changedBy, few, fieldsOf, misfits, type Operation, operations } from '../support/workers/contract.ts';
import { ask, newWorld, type Sample, sampleOf, type World } from '../support/workers/samples.ts';
import { type Answer, type Json, send } from '../support/workers/tenant.ts';
import { emailNews, type Sender, signedMessage, signInNews, webhookSecret } from '../support/workers/webhooks.ts';

/** The messages of other services: believed by their signature alone, over just what was sent, and taken once. */

const taken = operations.filter(({ message }) => message !== null);
const UNAUTHENTICATED = { status: 401, code: 'UNAUTHENTICATED' };

let world: World;

beforeAll(async () => {
  await commonItems();
  world = await newWorld();
});

const senderOf = (operation: Operation) => operation.path.slice('/webhooks/'.length) as Sender;

/** News that changes something, whichever way it is asked for the first time. */
async function news(operation: Operation): Promise<Json> {
  if (senderOf(operation) === 'resend') return emailNews((await newWorld()).emailId);
  return signInNews(`ext_${(await world.user('viewer')).userId}`);
}

function deliver(operation: Operation, { body, headers }: Sample): Promise<Answer> {
  return ask({ request: send }, operation, { body, headers: headers ?? {} });
}

/** How the answers to messages are other than they must be, and which tables they changed. */
async function tryAll(
  operation: Operation,
  { messages, expected }: { messages: Record<string, Sample>; expected: { status: number; code: string } },
): Promise<Json> {
  let faults: string[] = [];
  const changed = await changedBy(async () => {
    const found = await few(Object.entries(messages), async ([label, message]) => {
      const answer = await deliver(operation, message);
      const challenged = expected.status !== 401 || Boolean(answer.headers.get('www-authenticate'));
      return [...misfits(answer, expected), ...(challenged ? [] : ['no challenge'])].map((one) => `${label} → ${one}`);
    });
    faults = found.flat();
  });
  return { faults, changed };
}

const FINE = { faults: [], changed: [] };

test('the routes of others are the two that are set up', () => {
  expect(taken.map(({ key }) => key)).toEqual(['POST /webhooks/resend', 'POST /webhooks/clerk']);
});

describe.each(taken)('$key', (operation) => {
  const sender = senderOf(operation);
  const other = sender === 'resend' ? 'clerk' : 'resend';

  test('takes a signed message, once however often it comes, and also at once', async () => {
    const message = signedMessage(sender, await news(operation));
    const answers = await Promise.all(Array.from({ length: 5 }, () => deliver(operation, message)));
    expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(200));
    expect(answers.filter(({ body }) => body.changed)).toHaveLength(1);
    let again: Answer | undefined;
    const changed = await changedBy(async () => {
      again = await deliver(operation, message);
    });
    expect(again?.body).toEqual({ changed: false });
    expect(changed).toEqual([]);
  });

  test('does not believe who cannot sign, and stores nothing', async () => {
    const said = await news(operation);
    const good = signedMessage(sender, said);
    const without = (name: string) => ({ ...good, headers: { ...good.headers, [name]: '' } });
    const instead = (headers: Record<string, string>) => ({ ...good, headers: { ...good.headers, ...headers } });
    const signature = good.headers['svix-signature'] ?? '';
    const messages = {
      'no signature at all': { body: good.body, headers: { 'content-type': 'application/json' } },
      'no id': without('svix-id'),
      'no timestamp': without('svix-timestamp'),
      'an empty signature': without('svix-signature'),
      'a signature of another version': instead({ 'svix-signature': signature.replace('v1,', 'v2,') }),
      'a signature without its version': instead({ 'svix-signature': signature.slice(3) }),
      'a shorter signature': instead({ 'svix-signature': signature.slice(0, -4) }),
      'another id': instead({ 'svix-id': 'msg_other' }),
      'another timestamp': instead({ 'svix-timestamp': String(Number(good.headers['svix-timestamp']) + 1) }),
      'no number as its timestamp': instead({ 'svix-timestamp': 'now' }),
      'a body that was changed': { ...good, body: good.body.replace('}', ' }') },
      'nothing as its body': { ...good, body: '' },
      'another secret': signedMessage(sender, said, { secret: 'whsec_bWFkZSB1cCBieSBzb21lb25l' }),
      'the secret of the other webhook': signedMessage(sender, said, { secret: webhookSecret(other) }),
      'six minutes old': signedMessage(sender, said, { at: new Date(Date.now() - 6 * 60_000) }),
      'six minutes ahead': signedMessage(sender, said, { at: new Date(Date.now() + 6 * 60_000) }),
      'a very long id': signedMessage(sender, said, { id: 'x'.repeat(256) }),
    };
    expect(await tryAll(operation, { messages, expected: UNAUTHENTICATED })).toEqual(FINE);
    expect((await deliver(operation, good)).body).toEqual({ changed: true });
  });

  test('does not believe a user of ours, whose token is no signature', async () => {
    const { body, headers } = signedMessage(sender, await news(operation));
    const { 'svix-signature': _, ...unsigned } = headers;
    const answer = await world.admin.request('POST', operation.path, { body, headers: unsigned });
    expect(misfits(answer, UNAUTHENTICATED)).toEqual([]);
  });

  test('believes one good signature among others, as while a secret is replaced', async () => {
    const { body, headers } = signedMessage(sender, await news(operation));
    const both = { ...headers, 'svix-signature': `v1,bm90IG91cnM= ${headers['svix-signature']}` };
    expect((await deliver(operation, { body, headers: both })).body).toEqual({ changed: true });
  });

  test('refuses what is signed and no JSON, and stores nothing', async () => {
    const texts = ['{', '', ' ', "{'a':1}", '{"type":"a",}', 'undefined', '<a/>', '{} {}', '\0'];
    const messages = Object.fromEntries(texts.map((text) => [JSON.stringify(text), signedMessage(sender, text)]));
    const expected = { status: 400, code: 'MALFORMED_JSON' };
    expect(await tryAll(operation, { messages, expected })).toEqual(FINE);
  });

  test('refuses what is signed and no message, and names the field', async () => {
    const needed = fieldsOf(operation.message).filter(({ required, path }) => required && path.length < 2);
    expect(needed.map(({ pointer }) => pointer)).toEqual(['', '/type', '/data']);
    const said = await news(operation);
    for (const { pointer, path } of needed) {
      const wrong = [null, true, 5, [1], pointer === '/type' ? {} : 'text'].map((value) =>
        pointer === '' ? value : { ...said, [String(path[0])]: value },
      );
      const { [String(path[0])]: _, ...lacking } = said;
      if (pointer !== '') wrong.push(lacking);
      const messages = Object.fromEntries(
        wrong.map((value) => [`${pointer} ${JSON.stringify(value)}`, signedMessage(sender, JSON.stringify(value))]),
      );
      const expected = { status: 400, code: 'VALIDATION_FAILED', pointer };
      expect(await tryAll(operation, { messages, expected })).toEqual(FINE);
    }
  });

  test('takes news of what it does not know, and more fields than it knows, and changes nothing by them', async () => {
    const said = await news(operation);
    const answers: Answer[] = [];
    const changed = await changedBy(async () => {
      for (const type of ['unknown.happened', 'constructor', '__proto__', '']) {
        answers.push(await deliver(operation, signedMessage(sender, { ...said, type })));
      }
      answers.push(await deliver(operation, signedMessage(sender, { ...said, data: {} })));
    });
    expect(answers.map(({ status, body }) => [status, body])).toEqual(Array(5).fill([200, { changed: false }]));
    expect(changed).toEqual([]);
    const more = { ...said, object: 'event', data: { ...said.data, surplus: { deep: [1] } } };
    expect((await deliver(operation, signedMessage(sender, more))).body).toEqual({ changed: true });
  });

  test('is PAYLOAD_TOO_LARGE over 1 MiB, whoever signed it', async () => {
    const big = JSON.stringify({ ...(await news(operation)), padding: 'x'.repeat(1024 * 1024) });
    const messages = { signed: signedMessage(sender, big), unsigned: { body: big } };
    const expected = { status: 413, code: 'PAYLOAD_TOO_LARGE' };
    expect(await tryAll(operation, { messages, expected })).toEqual(FINE);
  });

  test('is there for POST alone', async () => {
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
      const { body, headers } = sampleOf(operation, world);
      const answer = await send(method, operation.path, { ...(method !== 'GET' && { body }), headers: headers ?? {} });
      expect(misfits(answer, { status: 404, code: 'NOT_FOUND' }), method).toEqual([]);
    }
  });
});
