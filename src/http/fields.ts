import * as z from 'zod';
import { type IdPrefix, isId } from '../ids.ts';
import { MAX_CENTS } from '../money/rules.ts';
import { isStorable } from '../text/rules.ts';
import { isDate, isTimeOfDay } from '../time/rules.ts';

/**
 * The fields that requests and answers are made of, with the limits of `api.md` §2. What `.meta` says is for the
 * OpenAPI document alone: it accepts what the field accepts, blanks that are dropped included.
 */

const SHORT = 200;
const LONG = 10_000;
export const MAX_LIST = 100;
/** Something other than blanks, as a JSON Schema pattern. */
const NOT_BLANK = '\\S';

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
  z
    .string()
    .trim()
    .pipe(textUpTo(SHORT).min(1, 'must not be empty'))
    .meta({ minLength: 1, maxLength: SHORT, pattern: NOT_BLANK });

/** Why something is done, for the audit. */
export const reason = () =>
  textUpTo(LONG)
    .refine((value) => value.trim() !== '', 'must not be empty')
    .meta({ minLength: 1, pattern: NOT_BLANK, description: 'Kept in the audit log.' });

export const email = () => z.email('must be an e-mail address').max(SHORT);
/** A day of the calendar, 1900 to 2199. */
export const calendarDate = () =>
  z
    .string()
    // Aborting, so that rules over several dates are not asked of one that does not exist.
    .refine(isDate, { message: 'must be a real date, YYYY-MM-DD', abort: true })
    .refine((value) => value >= '1900-01-01' && value <= '2199-12-31', {
      message: 'must be between 1900 and 2199',
      abort: true,
    })
    .meta({ format: 'date' });

export const timeOfDay = () =>
  z
    .string()
    .refine(isTimeOfDay, 'must be a time of day, 00:00 to 23:59')
    .meta({ pattern: '^([01]\\d|2[0-3]):[0-5]\\d$' });

/** An instant of an answer, in UTC. */
export const instant = () =>
  z
    .string()
    .refine((value) => value.endsWith('Z') && !Number.isNaN(Date.parse(value)), 'must be an instant in UTC')
    .meta({ format: 'date-time' });

/** Whole cents, from 0 to A$100 million. */
export const cents = () =>
  z.int('must be a whole number of cents').min(0, 'must not be negative').max(MAX_CENTS, 'is too much');

/** The form of a TypeID: the prefix and 26 digits of Crockford's base 32. */
export const idPattern = (prefix: IdPrefix) => `^${prefix}_[0-7][0-9a-hjkmnp-tv-z]{25}$`;

/** Made up, for the examples of the OpenAPI document. */
export const EXAMPLE_IDS: Record<IdPrefix, string> = {
  org: 'org_01m84aezkffq9vjext3g1fdp6x',
  usr: 'usr_01m84aeznne07sr3h82p8e5mct',
  par: 'par_01m84aezt9fk3r9rvw1f31aj2p',
  pln: 'pln_01m84aezwdf6fsdtj7hna1wdx3',
  bud: 'bud_01m84aezykfvgvcmpqgspdcvvj',
  svc: 'svc_01m84af03me4d8z5mj9w7px9v1',
  imp: 'imp_01m84af0g2eqws0m3pyr0h8v6k',
  doc: 'doc_01m84af0n4f8hvj2c9r6t3k5wq',
  thr: 'thr_01m84af0q7fz0a9w1m5x8k2d3b',
  msg: 'msg_01m84af0s9h2jv6c4t7y0p3n5e',
  alr: 'alr_01m84af0v3k5w8xh2d6q9r4t7z',
  eml: 'eml_01m84af0z4n6xa8yk3e7r0s5t8',
  run: 'run_01m84af10q7m9zb0w4f8s1t6v9',
  inc: 'inc_01m84af12s8p0ac1x5g9t2v7wb',
  met: 'met_01m84af14v9q1bd2y6h0w3x8kc',
  chg: 'chg_01m84af059eh3ajs9etx1gk29k',
};

/** An id that a body or a query names: what is not of its form is an error of the field. */
export const id = (prefix: IdPrefix) =>
  z
    .string()
    .refine((value) => isId(prefix, value), `must be an id that begins with ${prefix}_`)
    .meta({ pattern: idPattern(prefix) });

const SUPPORT_ITEM_CODE = /^(\d{2}_\d{3,9}(_\d{4})+_\d_\d(_[A-Z]{1,2}\d?)?|Bereavement)$/;
export const SUPPORT_ITEM_CODE_PATTERN = SUPPORT_ITEM_CODE.source;

/** A support item's number, as the catalogues write them (`domain.md` §3.1). */
export const supportItemCode = () =>
  z
    .string()
    .trim()
    .regex(SUPPORT_ITEM_CODE, 'must be a support item number such as 01_011_0107_1_1')
    .meta({ pattern: `^\\s*${SUPPORT_ITEM_CODE_PATTERN.slice(1, -1)}\\s*$` });

/** Query lists of one or many: `?limit=` and `&cursor=` (`api.md` §2). */
export const page = {
  limit: z.coerce
    .number<string>('must be a number')
    .int('must be a whole number')
    .min(1)
    .max(100)
    .default(20)
    .meta({ description: 'How many rows a page has at most.' }),
  // No bound here: a cursor that is too long is not one of ours, which `readCursor` says.
  cursor: z.string().meta({ maxLength: 1_000, description: 'The `nextCursor` of the page before.' }).optional(),
};

/** A page's `nextCursor`. */
export const nextCursor = () =>
  z.string().nullable().meta({ description: 'Where the next page begins; null on the last one.' });

const MAX_CUSTOM = 50_000;
const MAX_DEPTH = 32;

/** Whether a value is nested at most `depth` deep. Goes level by level: what is very deep would exhaust the stack. */
function isWithin(value: unknown, depth: number): boolean {
  let level = [value];
  for (let reached = 0; level.length > 0; reached++) {
    if (reached > depth) return false;
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
  }
  return true;
}

function storable(value: unknown): boolean {
  const json = JSON.stringify(value);
  // A lone surrogate or NUL is escaped in JSON: `\ud83d`, `\u0000`.
  return isStorable(json) && !/(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/i.test(json);
}

/** An object of whatever an organisation keeps: any JSON, within reason. */
export const anyFields = () =>
  z
    .record(shortText(), z.unknown())
    .refine((value) => isWithin(value, MAX_DEPTH), {
      message: `must not be nested more than ${MAX_DEPTH} deep`,
      abort: true,
    })
    .refine(storable, 'must not contain NUL or half a surrogate pair')
    .refine((value) => JSON.stringify(value).length <= MAX_CUSTOM, `must have at most ${MAX_CUSTOM} characters of JSON`)
    .meta({
      description: 'Whatever the organisation keeps; at most 50,000 characters of JSON.',
      additionalProperties: true,
    })
    .default({});
