import { configuration } from '../../env.ts';
import { refuse } from '../../http/problem.ts';
import { Grant, type GrantOf } from './rules.ts';

const text = new TextEncoder();

function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

/** The grant that a payload says; null when it says none. */
function grantOf(payload: string): Grant | null {
  try {
    const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (one) => one.charCodeAt(0));
    return Grant.safeParse(JSON.parse(new TextDecoder().decode(bytes))).data ?? null;
  } catch {
    return null;
  }
}

const keys = new WeakMap<object, Promise<CryptoKey>>();

function signingKey(env: Env): Promise<CryptoKey> {
  const known = keys.get(env);
  if (known) return known;
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = crypto.subtle.importKey('raw', text.encode(configuration(env).FILE_SIGNING_KEY), algorithm, false, [
    'sign',
  ]);
  keys.set(env, key);
  return key;
}

async function signatureOf(env: Env, payload: string): Promise<string> {
  return base64Url(new Uint8Array(await crypto.subtle.sign('HMAC', await signingKey(env), text.encode(payload))));
}

/** The last part of an address that permits just this: what is permitted, and a signature over it. */
export async function sign(env: Env, grant: Grant): Promise<string> {
  const payload = base64Url(text.encode(JSON.stringify(grant)));
  return `${payload}.${await signatureOf(env, payload)}`;
}

/** What a signed address permits; refused when it is not one of ours, is for something else, or is over. */
export async function permitted<Use extends Grant['use']>(
  env: Env,
  { token, use, now }: { token: string; use: Use; now: number },
): Promise<GrantOf<Use>> {
  const [payload = '', signature = '', ...rest] = token.split('.');
  const expected = text.encode(await signatureOf(env, payload));
  const given = text.encode(signature);
  // As texts: several endings of a base64 text are the same bytes.
  const genuine =
    rest.length === 0 && given.length === expected.length && crypto.subtle.timingSafeEqual(given, expected);
  const grant = genuine ? grantOf(payload) : null;
  if (!grant || !isFor(grant, use)) refuse('FORBIDDEN', 'This is not an address that we gave for this.');
  if (grant.expires < now) refuse('FORBIDDEN', 'The address is over: ask for a new one.');
  return grant;
}

function isFor<Use extends Grant['use']>(grant: Grant, use: Use): grant is GrantOf<Use> {
  return grant.use === use;
}
