import { configuration } from '../../env.ts';
import type { Request } from '../../http/app-env.ts';
import { AppError } from '../../http/problem.ts';

/** Refuses a socket that a page of a foreign origin opens; no `Origin` passes (`api.md` §4). */
export function requireOrigin(c: Request): void {
  const origin = c.req.header('origin');
  if (origin === undefined || configuration(c.env).ALLOWED_ORIGINS.includes(origin)) return;
  const detail = 'Pages of this origin may not open sockets here.';
  throw new AppError({ code: 'FORBIDDEN', detail, details: { origin } });
}
