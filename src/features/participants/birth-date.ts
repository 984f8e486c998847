import type { Context } from '../../context.ts';
import { refuse } from '../../http/problem.ts';

/** Refuses a birth date in the future or before 1900 (`api.md` §3). */
export function requireBirthDate(ctx: Context, date: string): void {
  if (date >= '1900-01-01' && date <= ctx.today) return;
  const message = date > ctx.today ? 'must not be in the future' : 'must not be before 1900';
  refuse('INVALID_DATE', `The date of birth ${message}.`, { errors: [{ pointer: '/profile/dateOfBirth', message }] });
}
