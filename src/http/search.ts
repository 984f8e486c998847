import { searchTerms } from '../text/rules.ts';
import { AppError } from './problem.ts';

const MAX_WORDS = 10;

/** The words of a search, longest first; more of them than any search has use for are refused. */
export function searchWords(search: string | undefined): string[] {
  const terms = search === undefined ? [] : searchTerms(search);
  if (terms.length <= MAX_WORDS) return terms;
  const message = `must have at most ${MAX_WORDS} words`;
  throw new AppError({
    code: 'VALIDATION_FAILED',
    detail: `search ${message}.`,
    errors: [{ pointer: 'search', message }],
  });
}
