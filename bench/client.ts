import { Agent, type IncomingHttpHeaders, request } from 'node:http';

/** How many requests are under way at once, each on a connection that is kept. */
export const AT_ONCE = 32;
/** How long an answer may take before the run is given up (ms). */
const PATIENCE = 60_000;

export interface Call {
  method: 'GET' | 'POST';
  path: string;
  host?: string;
  headers?: Record<string, string>;
  body?: string;
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

export type Send = (call: Call) => Promise<Answer>;

/** A client of a local port that keeps its connections. */
export function client(port: number): { send: Send; close: () => void } {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const send: Send = ({ method, path, host, headers, body }) =>
    new Promise((resolve, reject) => {
      const all: Record<string, string | number> = { ...headers };
      if (host !== undefined) all['host'] = host;
      if (body !== undefined) {
        all['content-type'] = 'application/json';
        all['content-length'] = Buffer.byteLength(body);
      }
      const outgoing = request({ agent, host: '127.0.0.1', port, method, path, headers: all }, (incoming) => {
        let text = '';
        incoming.setEncoding('utf8');
        incoming.on('data', (chunk: string) => {
          text += chunk;
        });
        incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: text }));
        incoming.on('error', reject);
      });
      outgoing.on('error', reject);
      outgoing.setTimeout(PATIENCE, () =>
        outgoing.destroy(new Error(`no answer to ${method} ${path} in ${PATIENCE} ms`)),
      );
      outgoing.end(body);
    });
  return { send, close: () => agent.destroy() };
}

/** What a request cost the database, by its Server-Timing header. */
export interface Cost {
  trips: number;
  read: number;
  written: number;
}

/** The cost that an answer states. */
export function costOf({ status, headers, body }: Answer): Cost {
  const match = /trips=(\d+) read=(\d+) written=(\d+)/.exec(String(headers['server-timing'] ?? ''));
  if (!match) throw new Error(`no Server-Timing on a ${status}: ${body.slice(0, 300)}`);
  const [trips = 0, read = 0, written = 0] = match.slice(1).map(Number);
  return { trips, read, written };
}

/** The answer, if it has the status that was hoped for. */
export function expectStatus(answer: Answer, status: number): Answer {
  if (answer.status === status) return answer;
  throw new Error(`${answer.status} instead of ${status}: ${answer.body.slice(0, 500)}`);
}
