import { budgetsView, budgetView } from '../budgets/rules.ts';
import type { News } from '../ledger/keeper.ts';
import type { LedgerMessage } from '../ledger/protocol.ts';
import type { LedgerState } from '../ledger/state.ts';
import { broadcast } from './sockets.ts';

/** More sockets than this are a crowd: telling all of them at once would keep whoever writes waiting (30 µs a socket). */
const CROWD = 200;
/** How many of a crowd are told before others have their turn. */
const PART = 250;
/** How long the thread is left to those who write, before a crowd is told what has gathered meanwhile (ms). */
const REST = 40;

/**
 * Who watches, and what each has heard. A few sockets hear every change at once. A crowd is told part by part between
 * the writes; what was committed meanwhile is then told as one snapshot.
 */
export interface Audience {
  readonly sockets: () => WebSocket[];
  /** The date where the organisation is. */
  readonly today: () => string;
  /** The version each socket has heard: one that came or asked while a crowd is told must not be told an older one. */
  readonly heard: WeakMap<WebSocket, number>;
  /** Committed, and not told yet. */
  readonly waiting: News[];
  /** Whether a crowd is being told. */
  telling: boolean;
}

/** Tells everyone who watches. */
export function tell(audience: Audience, news: News): void {
  if (!audience.telling) {
    const sockets = audience.sockets();
    if (sockets.length <= CROWD) {
      inform(audience, { sockets, message: messageOf(news, audience.today()) });
      return;
    }
  }
  audience.waiting.push(news);
  if (!audience.telling) void tellCrowd(audience);
}

/** Shows one socket the whole. */
export function show(audience: Audience, { socket, state }: { socket: WebSocket; state: LedgerState }): void {
  inform(audience, { sockets: [socket], message: messageOf({ kind: 'snapshot', state }, audience.today()) });
}

async function tellCrowd(audience: Audience): Promise<void> {
  audience.telling = true;
  try {
    for (let news = gather(audience.waiting); news; news = gather(audience.waiting)) {
      const sockets = audience.sockets();
      const message = messageOf(news, audience.today());
      for (let from = 0; from < sockets.length; from += PART) {
        await scheduler.wait(0);
        inform(audience, { sockets: sockets.slice(from, from + PART), message });
      }
      await scheduler.wait(REST);
    }
  } finally {
    audience.telling = false;
  }
}

/** Takes what waits as one piece of news: a single change as it is, several as the whole that they led to. */
function gather(waiting: News[]): News | undefined {
  const news = waiting.splice(0);
  const last = news.at(-1);
  return last && news.length > 1 ? { kind: 'snapshot', state: last.state } : last;
}

function messageOf(news: News, today: string): LedgerMessage {
  if (news.kind === 'snapshot') return { type: 'snapshot', ...budgetsView(news.state, { today }) };
  const budgets = news.state.plans.flatMap((plan) =>
    plan.lines.filter((line) => news.budgetIds.includes(line.id)).map((line) => budgetView({ plan, line }, today)),
  );
  return { type: 'update', version: news.state.version, budgets, cause: news.cause };
}

function inform(
  audience: Audience,
  { sockets, message }: { sockets: readonly WebSocket[]; message: LedgerMessage },
): void {
  const { heard } = audience;
  const behind = sockets.filter((socket) => {
    const version = heard.get(socket) ?? -1;
    return version < message.version || (message.type === 'snapshot' && version === message.version);
  });
  for (const socket of behind) heard.set(socket, message.version);
  broadcast(behind, message);
}
