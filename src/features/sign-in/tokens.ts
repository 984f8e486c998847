import { createLocalJWKSet, createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { type Configuration, configuration } from '../../env.ts';
import { Unavailable } from '../../http/problem.ts';

/** Asymmetric only: a key set can never be used as a shared secret. */
const ALGORITHMS = ['RS256', 'ES256', 'EdDSA'];
/** How long a verified token is taken as read (ms): a key that is withdrawn works no longer than this. */
const REMEMBERED = 30_000;
const MAX_REMEMBERED = 5_000;
const CLOCK_TOLERANCE = 5;

export interface VerifiedToken {
  subject: string;
}

interface Verifier {
  keys: JWTVerifyGetKey;
  remembered: Map<string, { token: VerifiedToken; until: number }>;
}

const verifiers = new WeakMap<Configuration, Verifier>();

function verifierFor(settings: Configuration): Verifier {
  const known = verifiers.get(settings);
  if (known) return known;
  const keys = settings.AUTH_JWKS_URL
    ? createRemoteJWKSet(new URL(settings.AUTH_JWKS_URL))
    : createLocalJWKSet(JSON.parse(settings.AUTH_JWKS ?? '{"keys":[]}'));
  const verifier = { keys, remembered: new Map() };
  verifiers.set(settings, verifier);
  return verifier;
}

/** The token's user, or null when it is not one of ours, has expired, or is for another party. */
export async function verifyToken(
  env: Env,
  { token, now }: { token: string; now: number },
): Promise<VerifiedToken | null> {
  const settings = configuration(env);
  const { keys, remembered } = verifierFor(settings);
  const known = remembered.get(token);
  if (known && now < known.until) return known.token;
  const payload = await verifiedPayload(token, { keys, issuer: settings.AUTH_ISSUER, now });
  if (!payload?.sub || payload.exp === undefined || !isForUs(payload, settings.AUTH_AUTHORIZED_PARTIES)) return null;
  const verified = { subject: payload.sub };
  if (remembered.size >= MAX_REMEMBERED) remembered.clear();
  remembered.set(token, { token: verified, until: Math.min(payload.exp * 1000, now + REMEMBERED) });
  return verified;
}

async function verifiedPayload(
  token: string,
  options: { keys: JWTVerifyGetKey; issuer: string; now: number },
): Promise<JWTPayload | null> {
  try {
    const { payload } = await jwtVerify(token, options.keys, {
      algorithms: ALGORITHMS,
      issuer: options.issuer,
      requiredClaims: ['sub', 'exp'],
      clockTolerance: CLOCK_TOLERANCE,
      currentDate: new Date(options.now),
    });
    return payload;
  } catch (error) {
    // The key server's failure says nothing about the token.
    if (
      error instanceof errors.JWKSTimeout ||
      (error instanceof errors.JOSEError && error.code === 'ERR_JOSE_GENERIC')
    ) {
      throw new Unavailable();
    }
    if (error instanceof errors.JOSEError) return null;
    if (error instanceof TypeError) throw new Unavailable();
    return null;
  }
}

/** Clerk names the origin that asked for the token in `azp`; when parties are set, it must be one of them. */
function isForUs(payload: JWTPayload, parties: readonly string[]): boolean {
  if (parties.length === 0) return true;
  const azp = payload['azp'];
  return typeof azp === 'string' && parties.includes(azp);
}
