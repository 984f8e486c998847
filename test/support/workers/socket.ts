import { exports } from 'cloudflare:workers';
import { expect } from 'vitest';
import type { Caller, Json } from './tenant.ts';

/** How long a test waits for a frame or a close that it expects (ms). */
const PATIENCE = 20_000;

/** A client of one socket: keeps every frame in the order of its arrival. */
export interface Watch {
  /** The JSON frames; a text that is not JSON is kept as it is. */
  frames: Json[];
  /** The close that ended the socket; null while it is open. */
  ended: { code: number; reason: string } | null;
  send: (message: string | ArrayBuffer) => void;
  close: () => void;
  /** The first frame that fits, waited for if it has not come yet. */
  frame: (what: string, fits: (frame: Json) => boolean) => Promise<Json>;
  /** Waits until the socket has been told this version, or a later one. */
  version: (version: number) => Promise<void>;
  /** The close that ends the socket. */
  end: () => Promise<{ code: number; reason: string }>;
  /** Waits for whatever the server had sent before now: it answers a frame that it does not know after it. */
  settle: () => Promise<Json[]>;
}

export interface Opening {
  status: number;
  /** The problem, when the socket was refused. */
  body: Json;
  /** Null when the socket was refused. */
  socket: WebSocket | null;
}

/** Asks for a socket as a client would. */
export async function knock(path: string, headers: Record<string, string> = {}): Promise<Opening> {
  const response = await exports.default.fetch(`https://caddy.test${path}`, {
    headers: { upgrade: 'websocket', ...headers },
  });
  if (response.webSocket) return { status: response.status, body: null, socket: response.webSocket };
  const text = await response.text();
  return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : text, socket: null };
}

/** The path of a participant's live budgets. */
export function livePath(participantId: string): string {
  return `/v1/participants/${participantId}/budgets/live`;
}

/** Watches a participant's budgets as a signed-in user. */
export async function watch(
  watcher: Pick<Caller, 'token'>,
  participantId: string,
  headers: Record<string, string> = {},
): Promise<Watch> {
  const opening = await knock(livePath(participantId), { authorization: `Bearer ${watcher.token}`, ...headers });
  if (!opening.socket) throw new Error(`no socket: ${opening.status} ${JSON.stringify(opening.body)}`);
  return listen(opening.socket);
}

/** Takes a socket's frames from now on. */
export function listen(socket: WebSocket): Watch {
  const frames: Json[] = [];
  let changed = () => {};
  let change = new Promise<void>((resolve) => {
    changed = resolve;
  });
  const stir = () => {
    changed();
    change = new Promise<void>((resolve) => {
      changed = resolve;
    });
  };
  const until = async <Value>(what: string, look: () => Value | undefined): Promise<Value> => {
    // Not Date: a test may have stopped it.
    const deadline = performance.now() + PATIENCE;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      const left = deadline - performance.now();
      if (left <= 0) {
        const tail = JSON.stringify(frames.slice(-3));
        throw new Error(
          `no ${what} in ${PATIENCE} ms; ${frames.length} frames, ended ${JSON.stringify(ended)}: ${tail}`,
        );
      }
      await Promise.race([change, scheduler.wait(Math.min(left, 1_000))]);
    }
  };
  let ended: Watch['ended'] = null;
  socket.addEventListener('message', ({ data }) => {
    frames.push(parse(data));
    stir();
  });
  socket.addEventListener('close', ({ code, reason }) => {
    ended = { code, reason };
    stir();
  });
  socket.addEventListener('error', () => stir());
  socket.accept();
  return {
    frames,
    get ended() {
      return ended;
    },
    send: (message) => socket.send(message),
    close: () => socket.close(1000),
    frame: (what, fits) => until(what, () => frames.find(fits)),
    version: (version) =>
      until(`version ${version}`, () => (lastVersion(frames) >= version ? null : undefined)).then(() => undefined),
    end: () => until('close', () => ended ?? undefined),
    async settle() {
      const before = frames.length;
      socket.send('settle');
      const answer = await until('answer', () =>
        frames.slice(before).find((frame) => frame.code === 'VALIDATION_FAILED'),
      );
      frames.splice(frames.indexOf(answer), 1);
      return frames;
    },
  };
}

function parse(data: string | ArrayBuffer): Json {
  if (typeof data !== 'string') return { type: 'binary', bytes: data.byteLength };
  return data.startsWith('{') ? JSON.parse(data) : data;
}

function lastVersion(frames: readonly Json[]): number {
  return frames.findLast((frame) => frame.version !== undefined)?.version ?? -1;
}

/** The updates among frames. */
export function updates(frames: readonly Json[]): Json[] {
  return frames.filter((frame) => frame.type === 'update');
}

/** The snapshots among frames. */
export function snapshots(frames: readonly Json[]): Json[] {
  return frames.filter((frame) => frame.type === 'snapshot');
}

/**
 * What a client that believes its frames would show in the end. Fails unless they begin with a snapshot, never go
 * back, and pass over a version only by way of a snapshot.
 */
export function believe(frames: readonly Json[]): { version: number; asOf: string; budgets: Json[] } {
  expect(frames[0]?.type, 'the first frame').toBe('snapshot');
  let { version, asOf } = frames[0];
  let budgets: Json[] = [];
  for (const frame of frames) {
    if (frame.type === 'snapshot') {
      expect(frame.version, 'a snapshot does not go back').toBeGreaterThanOrEqual(version);
      ({ version, asOf, budgets } = frame);
    } else if (frame.type === 'update') {
      expect(frame.version, 'an update is of the next version').toBe(version + 1);
      version = frame.version;
      const fresh = new Map<string, Json>(frame.budgets.map((budget: Json) => [budget.id, budget]));
      budgets = budgets.map((budget) => fresh.get(budget.id) ?? budget);
      const ids = new Set(budgets.map((budget) => budget.id));
      budgets.push(...[...fresh.values()].filter((budget) => !ids.has(budget.id)));
    }
  }
  return { version, asOf, budgets };
}
