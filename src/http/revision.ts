/** What a resource's ETag is made of: its revision, or for what has none of its own, something that stands for it. */
export type Revision = number | string;

/** The ETag of a resource's revision. */
export function etag(revision: Revision): string {
  return `"${revision}"`;
}

/** Whether an If-Match allows a change of this revision; without one, everything does. */
export function matches(ifMatch: string | null, revision: Revision): boolean {
  if (ifMatch === null || ifMatch.trim() === '*') return true;
  return ifMatch.split(',').some((tag) => tag.trim() === etag(revision));
}
