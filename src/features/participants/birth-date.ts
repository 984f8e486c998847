import type { Context } from '../../context.ts';
import { AppError } from '../../http/problem.ts';

/** Refuses a birth date in the future or before 1900 (`api.md` §3). */
export function requireBirthDate(ctx: Context, date: string): void {
  if (date >= '1900-01-01' && date <= ctx.today) return;
  const message = date > ctx.today ? 'must not be in the future' : 'must not be before 1900';
  const errors = [{ pointer: '/profile/dateOfBirth', message }];
  throw new AppError({ code: 'INVALID_DATE', detail: `The date of birth ${message}.`, errors });
}
