import { createHash, createPrivateKey, generateKeyPairSync, type JsonWebKey, randomUUID, sign } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT } from './paths.ts';

export interface LocalKeys {
  issuer: string;
  publicJwk: JsonWebKey & { kid: string; alg: string; use: string };
  privateJwk: JsonWebKey;
}

const FILE = join(ROOT, '.local/keys.json');
const HOURS = 12;

let known: LocalKeys | undefined;

/** The keys of the local service, made on first use in a file that git ignores. A deployed Worker never has them. */
export function localKeys(): LocalKeys {
  if (known) return known;
  if (!existsSync(FILE)) {
    mkdirSync(dirname(FILE), { recursive: true });
    try {
      // `wx`: of two first starts at once, the second takes the first one's keys.
      writeFileSync(FILE, JSON.stringify(newKeys()), { mode: 0o600, flag: 'wx' });
    } catch (error) {
      if (!existsSync(FILE)) throw error;
    }
  }
  known = JSON.parse(readFileSync(FILE, 'utf8')) as LocalKeys;
  return known;
}

/** A fresh key pair and its issuer. */
export function newKeys(): LocalKeys {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const publicJwk = { ...publicKey.export({ format: 'jwk' }), kid: randomUUID(), alg: 'RS256', use: 'sig' };
  return { issuer: 'https://local.caddy.test', publicJwk, privateJwk: privateKey.export({ format: 'jwk' }) };
}

/** What the local service signs the addresses of files with: as secret as the key pair that it is made of. */
export function fileSigningKey(keys: Pick<LocalKeys, 'privateJwk'>): string {
  return createHash('sha256')
    .update(`files ${JSON.stringify(keys.privateJwk)}`)
    .digest('hex');
}

function base64Url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** A token for the user with this external id, good for 12 hours. */
export function signToken(subject: string): string {
  const keys = localKeys();
  const now = Math.floor(Date.now() / 1000);
  const payload = { iss: keys.issuer, sub: subject, iat: now, nbf: now - 5, exp: now + HOURS * 3600 };
  const unsigned = `${base64Url({ alg: 'RS256', typ: 'JWT', kid: keys.publicJwk.kid })}.${base64Url(payload)}`;
  const key = createPrivateKey({ key: keys.privateJwk, format: 'jwk' });
  return `${unsigned}.${sign('RSA-SHA256', Buffer.from(unsigned), key).toString('base64url')}`;
}
