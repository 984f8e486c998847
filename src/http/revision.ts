/** The ETag of a resource's revision. */
export function etag(revision: number): string {
  return `"${revision}"`;
}

/** Whether an If-Match allows a change of this revision; without one, everything does. */
export function matches(ifMatch: string | null, revision: number): boolean {
  if (ifMatch === null || ifMatch.trim() === '*') return true;
  return ifMatch.split(',').some((tag) => tag.trim() === etag(revision));
}
