import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { signToken } from '../lib/keys.ts';
import { baseUrl } from '../lib/paths.ts';

/** Something the user can act on: shown without a stack. */
export class DemoError extends Error {}

export interface Answer {
  status: number;
  body: unknown;
  replayed: boolean;
  requestId: string | null;
}

export interface Call {
  method?: 'GET' | 'POST';
  path: string;
  body?: unknown;
  /** Idempotency-Key. */
  key?: string;
  /** Cuts the connection, as a phone in a tunnel does. */
  signal?: AbortSignal;
}

export type Caller = (call: Call) => Promise<Answer>;

const Problem = z.object({ code: z.string(), detail: z.string(), requestId: z.string().optional() });
export type Problem = z.output<typeof Problem>;

/** What a refusal says; null when the answer is no problem document. */
export function problemOf(answer: Answer): Problem | null {
  return Problem.safeParse(answer.body).data ?? null;
}

const TRIES = 5;

/** Speaks to the service as one of its users. What may be tried again, by the contract, is: with the same key. */
export function callAs(user: string): Caller {
  const token = signToken(`local_${user}`);
  return async (call) => {
    for (let tries = 1; ; tries++) {
      const answer = await once(call, token);
      const again = answer.status === 503 || answer.status === 429 || problemOf(answer)?.code === 'IN_PROGRESS';
      if (!again || tries === TRIES) return answer;
      await wait(100 * tries);
    }
  };
}

async function once(call: Call, token: string): Promise<Answer> {
  const headers: Record<string, string> = { Authorization: `Bearer ${token}` };
  if (call.key !== undefined) headers['Idempotency-Key'] = call.key;
  if (call.body !== undefined) headers['Content-Type'] = 'application/json';
  const response = await fetch(baseUrl() + call.path, {
    method: call.method ?? 'GET',
    headers,
    ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    ...(call.signal === undefined ? {} : { signal: call.signal }),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: json(text),
    replayed: response.headers.get('Idempotent-Replayed') === 'true',
    requestId: response.headers.get('X-Request-Id'),
  };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The answer's body, if it is of this status and shape; else an error that names the request. */
export function expectBody<Schema extends z.ZodType>(
  wanted: { status: number; what: string; schema: Schema },
  answer: Answer,
): z.output<Schema> {
  const parsed = wanted.schema.safeParse(answer.body);
  if (answer.status === wanted.status && parsed.success) return parsed.data;
  throw unexpected(wanted.what, answer);
}

export function unexpected(what: string, answer: Answer): DemoError {
  const problem = problemOf(answer);
  const said = problem ? `${problem.code}: ${problem.detail}` : JSON.stringify(answer.body).slice(0, 200);
  return new DemoError(
    `${what} was answered with ${answer.status}, ${said} (request ${answer.requestId ?? 'unknown'})`,
  );
}

/** Every row of a list, page after page. */
export async function readAll<Schema extends z.ZodType>(
  caller: Caller,
  wanted: { path: string; schema: Schema },
): Promise<z.output<Schema>[]> {
  const Page = z.object({ data: z.array(wanted.schema), nextCursor: z.string().nullable() });
  const rows: z.output<Schema>[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const mark = wanted.path.includes('?') ? '&' : '?';
    const path = `${wanted.path}${mark}limit=100${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
    const page: z.output<typeof Page> = expectBody(
      { status: 200, what: `GET ${path}`, schema: Page },
      await caller({ path }),
    );
    rows.push(...page.data);
    cursor = page.nextCursor;
  }
  return rows;
}

/** Refuses to go on when no service answers. */
export async function expectService(): Promise<void> {
  let status: number;
  try {
    const response = await fetch(`${baseUrl()}/readyz`);
    await response.body?.cancel();
    status = response.status;
  } catch {
    throw new DemoError(`No service answers at ${baseUrl()}. Start it first: npm start`);
  }
  if (status !== 200) throw new DemoError(`${baseUrl()}/readyz answers ${status}: is this Caddy, and is it up?`);
}

/** Runs `work` on each, several at a time; in order of `list`. */
export async function inParallel<Item, Result>(
  list: readonly Item[],
  { width, work }: { width: number; work: (item: Item, index: number) => Promise<Result> },
): Promise<Result[]> {
  const results: Result[] = [];
  const rest = list.entries();
  const worker = async () => {
    for (const [index, item] of rest) results[index] = await work(item, index);
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}
