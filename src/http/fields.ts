import { z } from 'zod';
import { type IdPrefix, isId } from '../ids.ts';
import { MAX_CENTS } from '../money/rules.ts';
import { isStorable } from '../text/rules.ts';
import { isDate, isTimeOfDay } from '../time/rules.ts';

/** The fields that requests are made of, with the limits of `api.md` §2. */

const SHORT = 200;
const LONG = 10_000;
export const MAX_LIST = 100;

function characters(value: string): number {
  let count = 0;
  for (const _ of value) count++;
  return count;
}

/** Text of at most `limit` characters (code points), without NUL and lone surrogates. */
function textUpTo(limit: number) {
  return z
    .string()
    .refine(isStorable, { message: 'must not contain NUL or half a surrogate pair', abort: true })
    .refine((value) => value.length <= limit || characters(value) <= limit, `must have at most ${limit} characters`)
    .meta({ maxLength: limit });
}

export const shortText = () => textUpTo(SHORT);
export const longText = () => textUpTo(LONG);

/** A short text with something in it; blanks around it are dropped. */
export const name = () =>
  z.string().trim().pipe(textUpTo(SHORT).min(1, 'must not be empty')).meta({ minLength: 1, maxLength: SHORT });

/** Why something is done, for the audit. */
export const reason = () =>
  textUpTo(LONG)
    .refine((value) => value.trim() !== '', 'must not be empty')
    .meta({ minLength: 1 });

/** An optional text: left out, null or empty, it is null. */
export const optionalText = () =>
  shortText()
    .nullish()
    .transform((value) => (value === '' || value === undefined ? null : value));

export const email = () => z.email('must be an e-mail address').max(SHORT);
export const optionalEmail = () => email().nullable().default(null);
export const optional = <Schema extends z.ZodType>(schema: Schema) =>
  schema.nullable().default(null as z.output<Schema> & null);

/** A day of the calendar, 1900 to 2199. */
export const calendarDate = () =>
  z
    .string()
    .refine(isDate, 'must be a real date, YYYY-MM-DD')
    .refine(
      (value) => !isDate(value) || (value >= '1900-01-01' && value <= '2199-12-31'),
      'must be between 1900 and 2199',
    )
    .meta({ format: 'date' });

export const timeOfDay = () =>
  z
    .string()
    .refine(isTimeOfDay, 'must be a time of day, 00:00 to 23:59')
    .meta({ pattern: '^([01]\\d|2[0-3]):[0-5]\\d$' });

/** Whole cents, from 0 to A$100 million. */
export const cents = () =>
  z.int('must be a whole number of cents').min(0, 'must not be negative').max(MAX_CENTS, 'is too much');

const PATTERN: Record<IdPrefix, string> = Object.fromEntries(
  (['org', 'usr', 'par', 'pln', 'bud', 'svc', 'chg'] as const).map((prefix) => [
    prefix,
    `^${prefix}_[0-7][0-9a-z]{25}$`,
  ]),
) as Record<IdPrefix, string>;

/** An id that a body or a query names: what is not of its form is an error of the field. */
export const id = (prefix: IdPrefix) =>
  z
    .string()
    .refine((value) => isId(prefix, value), `must be an id that begins with ${prefix}_`)
    .meta({ pattern: PATTERN[prefix] });

/** A support item's number, as the catalogues write them (`domain.md` §3.1). */
export const supportItemCode = () =>
  z
    .string()
    .trim()
    .regex(
      /^(\d{2}_\d{3,9}(_\d{4})+_\d_\d(_[A-Z]{1,2}\d?)?|Bereavement)$/,
      'must be a support item number such as 01_011_0107_1_1',
    );

/** Query lists of one or many: `?limit=` and `&cursor=` (`api.md` §2). */
export const page = {
  limit: z.coerce.number<string>('must be a number').int('must be a whole number').min(1).max(100).default(20),
  cursor: z.string().max(1_000).optional(),
};
