import { HTTPException } from 'hono/http-exception';
import { OutcomeUnknown } from '../database/database.ts';
import { ConfigurationError } from '../env.ts';
import type { Request } from './app-env.ts';
import { AppError, problem, type Refusal, statusOf, Unavailable } from './problem.ts';

/** What a thrown thing says to the client. Nothing internal leaves: no stack, no SQL, no parameters. */
function refusalOf(thrown: unknown): Refusal {
  const error = thrown instanceof OutcomeUnknown ? new Unavailable() : thrown;
  if (error instanceof AppError) return error.refusal;
  if (error instanceof HTTPException && error.status === 400) {
    return { code: 'MALFORMED_JSON', detail: 'The body is not JSON.' };
  }
  return { code: 'INTERNAL', detail: 'Something went wrong on our side. Tell us the request id.' };
}

/** Where in the code an error comes from: what of it may be logged. */
export function placesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const lines = (error.stack ?? '').split('\n').map((line) => line.trim());
  return lines.filter((line) => /^at .+:\d+:\d+\)?$/.test(line)).slice(0, 4);
}

/** The answer to a request that ended in an error. */
export function answerProblem(c: Request, error: unknown): Response {
  const refusal = refusalOf(error);
  const { requestId } = c.var;
  const body = problem(refusal, requestId);
  if (body.status >= 500) {
    // The name of the error's class alone: messages of the database carry what was bound.
    const name =
      error instanceof ConfigurationError
        ? error.message
        : error instanceof Error
          ? error.constructor.name
          : typeof error;
    const at = placesOf(error);
    console.error(JSON.stringify({ level: 'error', requestId, code: refusal.code, error: name, at }));
  }
  const headers =
    error instanceof AppError ? error.headers : refusal.code === 'UNAVAILABLE' ? new Unavailable().headers : {};
  return c.newResponse(JSON.stringify(body), statusOf(refusal.code), {
    'Content-Type': 'application/problem+json',
    ...headers,
  });
}
