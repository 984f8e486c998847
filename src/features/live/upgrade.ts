import type { Request } from '../../http/app-env.ts';
import type { Parameter } from '../../http/operation.ts';
import { refuse } from '../../http/problem.ts';

/** How a socket's route is called, for its documentation. */
export const UPGRADE: Parameter = {
  name: 'Upgrade',
  in: 'header',
  required: true,
  description: 'Without it, 426.',
  schema: { type: 'string', enum: ['websocket'] },
  example: 'websocket',
};

/** What every socket's documentation begins with. */
export const ABOUT_SOCKETS =
  'A WebSocket: call it with `Upgrade: websocket`, and `Authorization` or `?ticket=`. An `Origin` must be one of the allowed ones. Frames are JSON texts.';

/** Whether a socket is asked for. */
export function isUpgrade(c: Request): boolean {
  return c.req.header('upgrade')?.toLowerCase() === 'websocket';
}

/** Refuses a socket's route that is called without asking for one. */
export function requireUpgrade(c: Request): void {
  if (!isUpgrade(c)) refuse('UPGRADE_REQUIRED', 'Open this address as a WebSocket.');
}

/** The answer that hands a client the socket that an object has opened for them. */
export function socketAnswer(c: Request, webSocket: WebSocket): Response {
  return new Response(null, { status: 101, webSocket, headers: { 'X-Request-Id': c.var.requestId } });
}
