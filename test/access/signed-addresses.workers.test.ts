import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, test } from 'vitest';
import { sign } from '../../src/features/uploads/address.ts';
import { Grant } from '../../src/features/uploads/rules.ts';
import { commonItems } from '../support/workers/care.ts';
import { changedBy, few, misfits, type Operation, operations } from '../support/workers/contract.ts';
import { ask, granted, newWorld, sampleOf, type World } from '../support/workers/samples.ts';
import { type Answer, type Caller, type Json, send } from '../support/workers/tenant.ts';

/** The addresses that are their own credential: asked with what is not ours, is for something else, or is over. */

const signed = operations.filter(({ path }) => path.includes('{token}'));
const withBytes = signed.filter(({ document }) => document.requestBody?.content['*/*']);
const anyone: Pick<Caller, 'request'> = { request: send };
const FORBIDDEN = { status: 403, code: 'FORBIDDEN' };

let world: World;

beforeAll(async () => {
  await commonItems();
  world = await newWorld();
});

const tokenFor = (operation: Operation): string => sampleOf(operation, world).params?.['token'] ?? '';

const withToken = (operation: Operation, token: string) =>
  ask(anyone, operation, { ...sampleOf(operation, world), params: { token } });

const encoded = (value: Json): string =>
  btoa(JSON.stringify(value)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');

function granting(token: string): Json {
  const [payload = ''] = token.split('.');
  return JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')));
}

/** What becomes of the sample with each of the tokens: what is not refused as it should be, and what was stored. */
async function tryAll(operation: Operation, tokens: Record<string, string>): Promise<Json> {
  let faults: string[] = [];
  const changed = await changedBy(async () => {
    const found = await few(Object.entries(tokens), async ([label, token]) =>
      misfits(await withToken(operation, token), FORBIDDEN).map((fault) => `${label} → ${fault}`),
    );
    faults = found.flat();
  });
  return { faults, changed };
}

const FINE = { faults: [], changed: [] };

describe.each(signed)('$key', (operation) => {
  test('is opened by its address to whoever has it', async () => {
    const sample = sampleOf(operation, world);
    const answer = await ask(anyone, operation, sample);
    expect(granted(operation, sample, answer.status), JSON.stringify(answer.body)).toBe(true);
  });

  test('is FORBIDDEN with an address that we did not give, and nothing is stored', async () => {
    const token = tokenFor(operation);
    const [payload = '', signature = ''] = token.split('.');
    const last = signature.at(-1) === 'A' ? 'B' : 'A';
    const longer = { ...granting(token), expires: Date.now() + 10 * 3_600_000 };
    const elsewhere = { ...granting(token), documentId: world.spareDocumentId };
    const tokens = {
      'no token': 'nonsense',
      'without its signature': payload,
      'with an empty signature': `${payload}.`,
      'the signature alone': `.${signature}`,
      'with another signature': `${payload}.${signature.slice(0, -1)}${last}`,
      'with a shorter signature': `${payload}.${signature.slice(0, -1)}`,
      'with more behind it': `${token}.${signature}`,
      padded: `${token}=`,
      'made longer': `${encoded(longer)}.${signature}`,
      'made another document’s': `${encoded(elsewhere)}.${signature}`,
      long: `${'A'.repeat(5_000)}.${signature}`,
      'of odd letters': `💥\0.${signature}`,
    };
    expect(await tryAll(operation, tokens)).toEqual(FINE);
  });

  test('is FORBIDDEN with an address for something else', async () => {
    const others = signed.filter((other) => other !== operation);
    const tokens = Object.fromEntries(others.map((other) => [other.key, tokenFor(other)]));
    expect(await tryAll(operation, tokens)).toEqual(FINE);
  });

  test('is FORBIDDEN once the address is over, or says less or more than it must', async () => {
    const grant: Json = granting(tokenFor(operation));
    const tokens = {
      over: await sign(env, { ...grant, expires: Date.now() - 1_000 }),
      'lacking all else': await sign(env, { use: grant.use, expires: grant.expires } as Json),
      surplus: await sign(env, { ...grant, more: 1 }),
    };
    expect(await tryAll(operation, tokens)).toEqual(FINE);
  });

  test('is NOT_FOUND for a document that there is not, and for one of another organisation', async () => {
    const other = await newWorld();
    const grant = Grant.parse(granting(tokenFor(operation)));
    const grants: Grant[] = [
      { ...grant, documentId: other.documentId },
      { ...grant, organizationId: other.organizationId },
      { ...grant, version: 999 },
    ];
    const answers: Answer[] = [];
    const changed = await changedBy(async () => {
      for (const one of grants) answers.push(await withToken(operation, await sign(env, one)));
    });
    expect(answers.flatMap((answer) => misfits(answer, { status: 404, code: 'NOT_FOUND' }))).toEqual([]);
    expect(changed).toEqual([]);
  });
});

describe.each(withBytes)('the bytes of $key', (operation) => {
  const sent = (body: Json) => ask(anyone, operation, { ...sampleOf(operation, world), body });

  test.each([
    ['more than announced', 'x', { status: 413, code: 'PAYLOAD_TOO_LARGE' }],
    ['none', undefined, { status: 400, code: 'VALIDATION_FAILED' }],
    ['an empty body', '', { status: 400, code: 'VALIDATION_FAILED' }],
  ])('are refused when they are %s', async (_, more, expected) => {
    const { body } = sampleOf(operation, world);
    let answer: Answer | undefined;
    const changed = await changedBy(async () => {
      answer = await sent(more ? `${body}${more}` : more);
    });
    if (!answer) throw new Error('no answer');
    expect(misfits(answer, expected)).toEqual([]);
    expect(changed).toEqual([]);
  });
});
