import { DurableObject } from 'cloudflare:workers';
import { openDatabase } from '../../database/database.ts';
import { emit, timedAlarm } from '../metrics/events.ts';
import { type Bounds, canResume, follow, readBounds } from './feed.ts';
import { checkMembers, keepMember, memberOf } from './members.ts';
import {
  CHANNELS,
  type Channel,
  Entry,
  MEMBER_HEADER,
  type Member,
  type Presence,
  type ServerMessage,
} from './protocol.ts';
import { type Hearer, readMessage, say, trySend } from './sockets.ts';
import { presenceChanges, presenceOf } from './state.ts';
import { tellTyping } from './typing.ts';

/** How often members, and what happened, are looked at while someone is in the room (ms). */
const CHECK_EVERY = 30_000;
/** How long what people say of themselves is gathered (ms). */
const TOGETHER = 100;

type Told = Record<Channel, number | null>;
const NOBODY: Told = { threads: null, changes: null };

/**
 * Where an organisation's people are together: tells each what happens, in one order for all, and who is here. It keeps
 * only up to which event it has told; D1 has the rest, and losing the object loses nothing.
 */
export class OrganizationRoom extends DurableObject<Env> {
  /** The number of the last event that everyone on a channel was told; null while nobody is. */
  private told: Told = { ...NOBODY };
  private turn: Promise<unknown> = Promise.resolve();
  private isPoked = false;
  private isTelling = false;
  private here: Presence[] = [];

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    if (this.hearers().length === 0) return;
    this.here = this.presence();
    this.turn = ctx.blockConcurrencyWhile(async () => {
      this.told = (await ctx.storage.get<Told>('told')) ?? { ...NOBODY };
    });
  }

  /** Something was committed. Several who say so while others are told are one. */
  async poke(): Promise<void> {
    if (this.isPoked || this.hearers().length === 0) return;
    this.isPoked = true;
    await this.inTurn(async () => {
      this.isPoked = false;
      await this.catchUp();
    });
  }

  /** Who is here. */
  presence(): Presence[] {
    return presenceOf(
      this.hearers().map(({ member }) => member),
      Date.now(),
    );
  }

  /** How many sockets are open. */
  connections(): number {
    return this.hearers().length;
  }

  /** Lets a member in whom the Worker has let through: tells them what they missed, then what happens. */
  override async fetch(request: Request): Promise<Response> {
    const { since, ...entry } = Entry.parse(JSON.parse(request.headers.get(MEMBER_HEADER) ?? 'null'));
    const member: Member = { ...entry, status: 'online', page: null, at: Date.now() };
    return this.inTurn(async () => {
      const bounds = await this.settled(member.channel).catch(unreachable);
      if (!bounds) return new Response(null, { status: 503 });
      const { 0: client, 1: server } = new WebSocketPair();
      this.ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'));
      this.ctx.acceptWebSocket(server);
      keepMember(server, member);
      this.countSocket('opened');
      const after = since ?? bounds.last;
      const resumes = canResume(after, bounds);
      say(server, { type: resumes ? 'ready' : 'reset', seq: resumes ? after : bounds.last });
      const missed = { hearers: [{ socket: server, member }], after, upTo: bounds.last };
      try {
        if (resumes && after < bounds.last) await this.follow(member.channel, missed);
        await this.rest();
      } catch {
        // What it has not heard it would never hear: it comes again.
        server.close(1011, 'come again');
        return new Response(null, { status: 503 });
      }
      void this.tellPresence();
      return new Response(null, { status: 101, webSocket: client });
    });
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    if (message === 'ping') return socket.send('pong');
    const said = readMessage(message);
    if (!said) return say(socket, { type: 'error', code: 'VALIDATION_FAILED' });
    const member = memberOf(socket);
    if (said.type === 'typing') {
      return tellTyping({ socket, member }, { threadId: said.threadId, hearers: this.hearers('threads') });
    }
    const { status, page = null } = said;
    keepMember(socket, { ...member, status, page, at: Date.now() });
    await this.tellPresence();
  }

  override async webSocketClose(socket: WebSocket): Promise<void> {
    socket.close();
    this.countSocket('closed');
    await this.inTurn(async () => {
      void this.tellPresence();
      if (this.hearers().length > 0) return;
      this.told = { ...NOBODY };
      await this.ctx.storage.deleteAlarm();
      await this.ctx.storage.deleteAll();
    });
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    await this.webSocketClose(socket);
  }

  /** While someone is here: who may still be, who is away, and whether something happened that nobody told the room. */
  override async alarm(): Promise<void> {
    if (this.hearers().length === 0) return;
    await timedAlarm(this.env, { object: 'room', work: () => this.look() });
  }

  private async look(): Promise<void> {
    await this.inTurn(async () => {
      // The platform gives up an alarm that fails a few times: this one is set again whatever happens.
      try {
        await checkMembers(openDatabase(this.env.DB), {
          organizationId: this.ctx.id.name ?? '',
          hearers: this.hearers(),
        });
        await this.catchUp();
      } catch {
      } finally {
        await this.tellPresence();
        await this.rest();
      }
    });
  }

  private countSocket(change: 'opened' | 'closed'): void {
    emit(this.env, { event: 'socket', object: 'room', change, open: this.connections() });
  }

  /** Tells whose presence has changed to those who watch the organisation: what many say at once is one frame. */
  private async tellPresence(): Promise<void> {
    if (this.isTelling) return;
    this.isTelling = true;
    await scheduler.wait(TOGETHER);
    this.isTelling = false;
    const now = this.presence();
    const data = presenceChanges(this.here, now);
    this.here = now;
    if (data.length === 0) return;
    const text = JSON.stringify({ type: 'presence', data } satisfies ServerMessage);
    for (const { socket } of this.hearers('changes')) trySend(socket, text);
  }

  /** Everyone on a channel has been told all there is; where the record begins, and up to where it is told. */
  private async settled(channel: Channel): Promise<Bounds> {
    await this.catchUp();
    const bounds = await readBounds(openDatabase(this.env.DB), { channel, organizationId: this.ctx.id.name ?? '' });
    if (this.hearers(channel).length === 0) this.told[channel] = null;
    const last = this.told[channel] ?? bounds.last;
    this.told[channel] = last;
    return { first: bounds.first, last };
  }

  /** Tells everyone what happened since they were last told. */
  private async catchUp(): Promise<void> {
    for (const channel of CHANNELS) {
      const hearers = this.hearers(channel);
      const after = this.told[channel];
      if (hearers.length === 0 || after === null) continue;
      await this.follow(channel, { hearers, after, told: (seq) => (this.told[channel] = seq) });
      if (this.told[channel] !== after) await this.ctx.storage.put('told', this.told);
    }
  }

  private follow(channel: Channel, what: Pick<Parameters<typeof follow>[1], 'hearers' | 'after' | 'upTo' | 'told'>) {
    return follow(openDatabase(this.env.DB), { channel, organizationId: this.ctx.id.name ?? '', ...what });
  }

  private inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const mine = this.turn.then(work);
    this.turn = mine.catch(() => undefined);
    return mine;
  }

  private hearers(channel?: Channel): Hearer[] {
    const sockets = this.ctx.getWebSockets().filter((socket) => socket.readyState === WebSocket.OPEN);
    const all = sockets.map((socket) => ({ socket, member: memberOf(socket) }));
    return channel === undefined ? all : all.filter(({ member }) => member.channel === channel);
  }

  /** Keeps what was told and sets the next look; nothing when nobody is here. */
  private async rest(): Promise<void> {
    if (this.hearers().length === 0) return;
    await this.ctx.storage.put('told', this.told);
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now() + CHECK_EVERY);
  }
}

/** D1 does not answer: whoever asks is told to come again. */
function unreachable(): undefined {
  return undefined;
}
