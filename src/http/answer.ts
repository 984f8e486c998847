import type { Request } from './app-env.ts';
import { refuse } from './problem.ts';
import { etag, matches, type Revision } from './revision.ts';

/** Whether the client's copy, by If-None-Match, is the present one. */
export function isUnchanged(c: Request, revision: Revision): boolean {
  const header = c.req.header('if-none-match');
  if (header === undefined) return false;
  return header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag(revision) || tag.trim() === '*');
}

/** Refuses a change whose If-Match names another revision. */
export function requireMatch(ifMatch: string | null, revision: Revision): void {
  if (!matches(ifMatch, revision)) refuse('STALE', 'It was changed since you read it: read it again.');
}

/** The request's If-Match, or null. */
export function ifMatch(c: Request): string | null {
  return c.req.header('if-match') ?? null;
}
