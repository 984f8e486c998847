import { DurableObject } from 'cloudflare:workers';
import { type Database, noUsage, openDatabase } from '../../database/database.ts';
import { dateAt } from '../../time/rules.ts';
import { complianceAsker } from '../compliance/ask.ts';
import { sendMailingsMessage } from '../emails/mailing.ts';
import { type Audience, caughtUp, show, tell } from '../live/audience.ts';
import { dismiss, isResync, send, watcherOf } from '../live/sockets.ts';
import { checkWatchers, nextCheck } from '../live/watch.ts';
import { emit, timedAlarm } from '../metrics/events.ts';
import { change } from '../structure/change.ts';
import type { CancelCommand, RecordCommand, StructureCommand } from './commands.ts';
import { commandInTurn, inTurn, type Keeper, type News, reload, UNTRUE, unreachable } from './keeper.ts';
import { WATCHER_HEADER, Watcher } from './protocol.ts';
import { cancel, record } from './services.ts';
import { ledgerKey } from './state.ts';

/** What watchers had been told when the object was last at rest, kept over hibernation. */
interface Told {
  version: number;
  asOf: string;
  /** The organisation's zone as last read: the sockets' own may be older. */
  timeZone: string;
}

/** How often a resync reads D1 (ms). */
const RESYNC_EVERY = 1_000;

/**
 * One participant's ledger: chooses from memory, commits to D1, tells whoever watches. It remembers nothing that D1
 * does not have; losing it loses nothing.
 */
export class ParticipantLedger extends DurableObject<Env> {
  private readonly keeper: Keeper;
  private readonly audience: Audience = {
    sockets: () => this.ctx.getWebSockets(),
    today: () => this.today(),
    heard: new WeakMap(),
    waiting: [],
    telling: false,
    listening: [],
  };
  private timeZone = 'UTC';
  private toldDate: string | null = null;
  private resyncedAt = 0;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const key = ledgerKey(ctx.id.name ?? '');
    const ask = complianceAsker(env, key);
    this.keeper = {
      key,
      state: null,
      told: null,
      openDatabase: (usage) => openDatabase(this.env.DB, usage),
      alerted: () => ctx.waitUntil(sendMailingsMessage(env, key.organizationId).catch(() => undefined)),
      moved: () => ctx.waitUntil(ask()),
      tell: (news) => this.tell(news),
      turn: Promise.resolve(),
      failedAt: 0,
    };
    const [first] = this.watchers();
    if (!first) return;
    this.timeZone = watcherOf(first).timeZone;
    this.keeper.turn = ctx.blockConcurrencyWhile(async () => {
      const told = await ctx.storage.get<Told>('told');
      this.keeper.told = told?.version ?? UNTRUE;
      this.toldDate = told?.asOf ?? null;
      this.timeZone = told?.timeZone ?? this.timeZone;
    });
  }

  record(command: RecordCommand) {
    return commandInTurn(this.keeper, () => record(this.keeper, this.known(command)));
  }

  cancel(command: CancelCommand) {
    return commandInTurn(this.keeper, () => cancel(this.keeper, this.known(command)));
  }

  change(command: StructureCommand) {
    return commandInTurn(this.keeper, () => change(this.keeper, this.known(command)));
  }

  /** Someone wrote to the participant without passing here. */
  async poke(): Promise<void> {
    await inTurn(this.keeper, async () => {
      this.keeper.state = null;
      this.keeper.moved();
      if (this.watchers().length > 0) await reload(this.keeper, this.keeper.openDatabase(noUsage()));
    });
  }

  /** Opens a socket for a watcher that the Worker has let in. */
  override async fetch(request: Request): Promise<Response> {
    const watcher = Watcher.parse(JSON.parse(request.headers.get(WATCHER_HEADER) ?? 'null'));
    return inTurn(this.keeper, async () => {
      const { state } = await reload(this.keeper, this.keeper.openDatabase(noUsage())).catch(unreachable);
      if (state === undefined) return new Response(null, { status: 503 });
      if (state === null) return new Response(null, { status: 404 });
      // What the others are owed is not the newcomer's.
      await caughtUp(this.audience);
      this.timeZone = watcher.timeZone;
      const { 0: client, 1: server } = new WebSocketPair();
      this.ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'));
      this.ctx.acceptWebSocket(server);
      server.serializeAttachment(watcher);
      this.countSocket('opened');
      this.keeper.told = state.version;
      show(this.audience, { socket: server, state });
      await this.rest();
      return new Response(null, { status: 101, webSocket: client });
    });
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    if (message === 'ping') return socket.send('pong');
    await caughtUp(this.audience);
    if (!isResync(message)) return send(socket, { type: 'error', code: 'VALIDATION_FAILED' });
    await inTurn(this.keeper, async () => {
      // A client that asks again and again is answered from memory, not at everyone's expense.
      const recent = Date.now() - this.resyncedAt < RESYNC_EVERY ? this.keeper.state : null;
      const state = recent ?? (await reload(this.keeper, this.keeper.openDatabase(noUsage())).catch(unreachable)).state;
      if (!recent) this.resyncedAt = Date.now();
      if (state) show(this.audience, { socket, state });
      else send(socket, { type: 'error', code: 'UNAVAILABLE' });
    });
  }

  override async webSocketClose(socket: WebSocket): Promise<void> {
    socket.close();
    this.countSocket('closed');
    await inTurn(this.keeper, async () => {
      if (this.watchers().length > 0) return;
      this.keeper.told = null;
      await this.ctx.storage.deleteAlarm();
      await this.ctx.storage.deleteAll();
    });
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    await this.webSocketClose(socket);
  }

  /** While someone watches: who may still watch, whether anyone wrote past the object, whether a new day began. */
  override async alarm(): Promise<void> {
    if (this.watchers().length === 0) return;
    await timedAlarm(this.env, { object: 'ledger', work: () => this.look() });
  }

  private async look(): Promise<void> {
    await inTurn(this.keeper, async () => {
      // The platform gives up an alarm that fails a few times: this one is set again whatever happens.
      try {
        await this.check(this.keeper.openDatabase(noUsage())).catch(unreachable);
      } finally {
        await this.rest();
      }
    });
  }

  private async check(database: Database): Promise<void> {
    const sockets = this.watchers().map((socket) => ({ socket, userId: watcherOf(socket).userId }));
    const userIds = sockets.map(({ userId }) => userId);
    const seen = await checkWatchers(database, { key: this.keeper.key, userIds });
    this.timeZone = seen.timeZone ?? this.timeZone;
    for (const { socket, userId } of sockets) {
      const reason = seen.timeZone === null ? 'gone' : seen.refused.get(userId);
      if (reason) dismiss(socket, reason);
    }
    const newDay = this.toldDate !== this.today();
    if (this.watchers().length > 0 && (seen.version !== this.keeper.told || newDay)) {
      this.keeper.told = UNTRUE;
      await reload(this.keeper, database);
    }
  }

  private countSocket(change: 'opened' | 'closed'): void {
    emit(this.env, { event: 'socket', object: 'ledger', change, open: this.watchers().length });
  }

  private known<Command extends { timeZone: string }>(command: Command): Command {
    this.timeZone = command.timeZone;
    return command;
  }

  private watchers(): WebSocket[] {
    return this.ctx.getWebSockets().filter((socket) => socket.readyState === WebSocket.OPEN);
  }

  private tell(news: News): void {
    if (news.kind === 'snapshot') this.toldDate = this.today();
    tell(this.audience, news);
  }

  private today(): string {
    return dateAt(this.timeZone, Date.now());
  }

  /** Keeps what watchers were told and sets the next check; nothing when nobody watches. */
  private async rest(): Promise<void> {
    if (this.watchers().length === 0 || this.keeper.told === null) return;
    await caughtUp(this.audience);
    const now = Date.now();
    this.toldDate ??= dateAt(this.timeZone, now);
    const told: Told = { version: this.keeper.told, asOf: this.toldDate, timeZone: this.timeZone };
    await this.ctx.storage.put('told', told);
    const next = nextCheck(this.timeZone, now);
    const set = await this.ctx.storage.getAlarm();
    // Never later than it is set: those who keep coming must not put the check off.
    if (set === null || set > next) await this.ctx.storage.setAlarm(next);
  }
}
