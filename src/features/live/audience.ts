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
 * Who watches, and what each has heard. A few sockets hear every change as it comes. A crowd is told part by part
 * between the writes; what was committed meanwhile is then told as one snapshot.
 */
export interface Audience {
  readonly sockets: () => WebSocket[];
  /** The date where the organisation is. */
  readonly today: () => string;
  /** The version each socket has heard: one that came or asked while a crowd is told must not be told an older one. */
  readonly heard: WeakMap<WebSocket, number>;
  /** Committed, and not told yet. */
  readonly waiting: News[];
  /** Whether it is being told. */
  telling: boolean;
  /** Who waits until what was committed so far has been told. */
  readonly listening: (() => void)[];
}

/** Tells everyone who watches, once whoever wrote has their answer. */
export function tell(audience: Audience, news: News): void {
  audience.waiting.push(news);
  if (!audience.telling) void tellAll(audience);
}

/** Settles once all that was committed before has been told, however much follows. */
export function caughtUp(audience: Audience): Promise<void> {
  if (!audience.telling) return Promise.resolve();
  return new Promise((resolve) => audience.listening.push(resolve));
}

/** Shows one socket the whole. */
export function show(audience: Audience, { socket, state }: { socket: WebSocket; state: LedgerState }): void {
  inform(audience, { sockets: [socket], news: { kind: 'snapshot', state } });
}

async function tellAll(audience: Audience): Promise<void> {
  audience.telling = true;
  try {
    while (audience.waiting.length > 0) {
      await scheduler.wait(0);
      const sockets = audience.sockets();
      const listening = audience.listening.splice(0);
      if (sockets.length > CROWD) await tellCrowd(audience, sockets);
      else for (const news of audience.waiting.splice(0)) inform(audience, { sockets, news });
      for (const resolve of listening) resolve();
      if (sockets.length > CROWD) await scheduler.wait(REST);
    }
  } finally {
    audience.telling = false;
    for (const resolve of audience.listening.splice(0)) resolve();
  }
}

async function tellCrowd(audience: Audience, sockets: readonly WebSocket[]): Promise<void> {
  const news = gather(audience.waiting);
  if (!news) return;
  for (let from = 0; from < sockets.length; from += PART) {
    if (from > 0) await scheduler.wait(0);
    inform(audience, { sockets: sockets.slice(from, from + PART), news });
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

function inform(audience: Audience, { sockets, news }: { sockets: readonly WebSocket[]; news: News }): void {
  const { heard } = audience;
  const { version } = news.state;
  const behind = sockets.filter((socket) => {
    const known = heard.get(socket) ?? -1;
    return known < version || (news.kind === 'snapshot' && known === version);
  });
  if (behind.length === 0) return;
  for (const socket of behind) heard.set(socket, version);
  broadcast(behind, messageOf(news, audience.today()));
}
