import type { ContentfulStatusCode } from 'hono/utils/http-status';

/** Every error code a client may see (`api.md` §2), with its status and what it says in general. */
const CODES = {
  MALFORMED_JSON: [400, 'The body is not JSON'],
  VALIDATION_FAILED: [400, 'The request does not fit'],
  INVALID_DATE: [400, 'The date is not possible here'],
  INVALID_TIME_RANGE: [400, 'The times do not make a shift'],
  INVALID_CURSOR: [400, 'The cursor is not one of ours'],
  UNAUTHENTICATED: [401, 'Not signed in'],
  FORBIDDEN: [403, 'Not permitted'],
  USER_NOT_PROVISIONED: [403, 'No user here for this sign-in'],
  USER_SUSPENDED: [403, 'The user is not active'],
  PARTICIPANT_LIMIT: [403, 'The participant limit is reached'],
  SUBSCRIPTION_INACTIVE: [403, 'The subscription is cancelled'],
  FEATURE_DISABLED: [403, 'The feature is not in the subscription'],
  NOT_FOUND: [404, 'Not found'],
  CONFLICT: [409, 'In conflict with what is there'],
  NDIS_NUMBER_TAKEN: [409, 'The NDIS number is taken'],
  PARTICIPANT_ARCHIVED: [409, 'The participant is archived'],
  INSUFFICIENT_BUDGET: [409, 'Not enough budget'],
  ALLOCATION_BELOW_SPENT: [409, 'Less than is already spent'],
  IN_PROGRESS: [409, 'The same request is still running'],
  STALE: [412, 'Changed since it was read'],
  PAYLOAD_TOO_LARGE: [413, 'The body is too large'],
  UNSUPPORTED_MEDIA_TYPE: [415, 'The body has the wrong type'],
  RANGE_NOT_SATISFIABLE: [416, 'The file has no such range'],
  NO_PLAN: [422, 'No plan on that date'],
  NO_BUDGET: [422, 'No budget line can pay for it'],
  SUPPORT_ITEM_NOT_FOUND: [422, 'No such support item on that date'],
  PRICE_REQUIRED: [422, 'The item has no price limit: send a price'],
  PRICE_ABOVE_LIMIT: [422, 'The price is above the price limit'],
  UPLOAD_MISMATCH: [422, 'The file is not what was announced'],
  IDEMPOTENCY_KEY_REUSED: [422, 'The idempotency key was used for something else'],
  UPGRADE_REQUIRED: [426, 'A WebSocket is needed here'],
  RATE_LIMITED: [429, 'Too many requests'],
  INTERNAL: [500, 'Something went wrong'],
  UNAVAILABLE: [503, 'Not available at the moment'],
} as const satisfies Record<string, readonly [ContentfulStatusCode, string]>;

export type ErrorCode = keyof typeof CODES;
export const ERROR_CODES = Object.keys(CODES).filter((code): code is ErrorCode => code in CODES);

export function statusOf(code: ErrorCode): (typeof CODES)[ErrorCode][0] {
  return CODES[code][0];
}

export function titleOf(code: ErrorCode): string {
  return CODES[code][1];
}

export interface FieldError {
  /** A JSON pointer to the field, or the parameter's name. */
  pointer: string;
  message: string;
}

/** A refusal inside the service: a value, not an exception, so that it crosses an object's boundary whole. */
export interface Refusal {
  code: ErrorCode;
  detail: string;
  details?: Record<string, unknown>;
  errors?: FieldError[];
}

/** A refusal on its way out of a request. */
export class AppError extends Error {
  readonly refusal: Refusal;
  readonly headers: Record<string, string>;

  constructor(refusal: Refusal, headers: Record<string, string> = {}) {
    super(refusal.code);
    this.refusal = refusal;
    this.headers = headers;
  }
}

/** The database or an object cannot be reached; asking again later, with the same idempotency key, is safe. */
export class Unavailable extends AppError {
  constructor() {
    super(
      { code: 'UNAVAILABLE', detail: 'A part of the service does not answer. Nothing is half done: try again.' },
      { 'Retry-After': '2' },
    );
  }
}

/** Throws a refusal as the request's answer; one that has more to say is thrown as an `AppError` of its own. */
export function refuse(code: ErrorCode, detail: string): never {
  throw new AppError({ code, detail });
}

/** The same answer for an unknown id and for another organisation's. */
export function notFound(what: string): never {
  refuse('NOT_FOUND', `There is no such ${what}.`);
}

export interface Problem extends Refusal {
  type: string;
  title: string;
  status: number;
  requestId: string;
}

/** The body of an error answer (RFC 9457). */
export function problem(refusal: Refusal, requestId: string): Problem {
  return {
    type: `urn:caddy:problem:${refusal.code.toLowerCase().replaceAll('_', '-')}`,
    title: titleOf(refusal.code),
    status: statusOf(refusal.code),
    detail: refusal.detail,
    code: refusal.code,
    requestId,
    ...(refusal.errors && { errors: refusal.errors }),
    ...(refusal.details && { details: refusal.details }),
  };
}
