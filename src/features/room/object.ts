import { DurableObject } from 'cloudflare:workers';
import { openDatabase } from '../../database/database.ts';
import { isId } from '../../ids.ts';
import { dismiss } from '../live/sockets.ts';
import { refusedWatchers } from '../live/watch.ts';
import { type Bounds, canResume, followEvents, type Hearer, readBounds, tellEvents, trySend } from './feed.ts';
import { ClientMessage, Entry, MEMBER_HEADER, Member, type ServerMessage } from './protocol.ts';

/** How often members, and what happened, are looked at while someone is in the room (ms). */
const CHECK_EVERY = 30_000;
/** How often one socket may say that its user types (ms). */
const TYPING_EVERY = 1_000;

/**
 * Where an organisation's people are together: tells each what happens, in one order for all. It remembers only up to
 * which event it has told; D1 has the rest, and losing the object loses nothing.
 */
export class OrganizationRoom extends DurableObject<Env> {
  /** The number of the last event that everyone in the room was told; null while nobody is. */
  private told: number | null = null;
  private turn: Promise<unknown> = Promise.resolve();
  private isPoked = false;
  private readonly typedAt = new WeakMap<WebSocket, number>();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    if (this.members().length === 0) return;
    this.turn = ctx.blockConcurrencyWhile(async () => {
      this.told = (await ctx.storage.get<number>('told')) ?? null;
    });
  }

  /** Something was committed. Several who say so while others are told are one. */
  async poke(): Promise<void> {
    if (this.isPoked || this.members().length === 0) return;
    this.isPoked = true;
    await this.inTurn(async () => {
      this.isPoked = false;
      await this.catchUp();
    });
  }

  /** Lets a member in whom the Worker has let through: tells them what they missed, then what happens. */
  override async fetch(request: Request): Promise<Response> {
    const { since, ...member } = Entry.parse(JSON.parse(request.headers.get(MEMBER_HEADER) ?? 'null'));
    return this.inTurn(async () => {
      const bounds = await this.settled().catch(unreachable);
      if (!bounds) return new Response(null, { status: 503 });
      const { 0: client, 1: server } = new WebSocketPair();
      this.ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'));
      this.ctx.acceptWebSocket(server);
      server.serializeAttachment(member);
      const from = since ?? bounds.last;
      const resumes = canResume(from, bounds);
      say(server, { type: resumes ? 'ready' : 'reset', seq: resumes ? from : bounds.last });
      try {
        if (resumes) await this.retell({ socket: server, userId: member.userId }, { after: from, upTo: bounds.last });
        await this.rest();
      } catch {
        // What it has not heard it would never hear: it comes again.
        server.close(1011, 'come again');
        return new Response(null, { status: 503 });
      }
      return new Response(null, { status: 101, webSocket: client });
    });
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    if (message === 'ping') return socket.send('pong');
    const said = typeof message === 'string' && message.length < 1_000 ? parsed(message) : null;
    if (!said || !isId('thr', said.threadId)) return say(socket, { type: 'error', code: 'VALIDATION_FAILED' });
    const { userId, writes } = memberOf(socket);
    if (!writes) return say(socket, { type: 'error', code: 'FORBIDDEN' });
    const now = Date.now();
    if (now - (this.typedAt.get(socket) ?? 0) < TYPING_EVERY) return;
    this.typedAt.set(socket, now);
    for (const other of this.members()) {
      if (memberOf(other).userId !== userId) say(other, { type: 'typing', threadId: said.threadId, userId });
    }
  }

  override async webSocketClose(socket: WebSocket): Promise<void> {
    socket.close();
    await this.inTurn(async () => {
      if (this.members().length > 0) return;
      this.told = null;
      await this.ctx.storage.deleteAlarm();
      await this.ctx.storage.deleteAll();
    });
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    await this.webSocketClose(socket);
  }

  /** While someone is here: who may still be, and whether something happened that nobody told the room. */
  override async alarm(): Promise<void> {
    if (this.members().length === 0) return;
    await this.inTurn(async () => {
      // The platform gives up an alarm that fails a few times: this one is set again whatever happens.
      try {
        await this.check();
      } catch {
      } finally {
        await this.rest();
      }
    });
  }

  private async check(): Promise<void> {
    const members = this.members().map((socket) => ({ socket, userId: memberOf(socket).userId }));
    const refused = await refusedWatchers(openDatabase(this.env.DB), {
      organizationId: this.organizationId,
      userIds: members.map(({ userId }) => userId),
      permission: 'messages.read',
    });
    for (const { socket, userId } of members) {
      const reason = refused.get(userId);
      if (reason) dismiss(socket, reason);
    }
    await this.catchUp();
  }

  /** Everyone here has been told all there is; where the record begins, and up to where it is told. */
  private async settled(): Promise<Bounds> {
    const isEmpty = this.members().length === 0;
    await this.catchUp();
    const { first, last } = await readBounds(openDatabase(this.env.DB), this.organizationId);
    if (isEmpty || this.told === null) this.told = last;
    return { first, last: this.told };
  }

  /** Tells one who comes in what the others have been told meanwhile. */
  private async retell(newcomer: Hearer, { after, upTo }: { after: number; upTo: number }): Promise<void> {
    await followEvents(openDatabase(this.env.DB), {
      organizationId: this.organizationId,
      after,
      upTo,
      each: (rows) => tellEvents([newcomer], rows),
    });
  }

  /** Tells everyone what happened since they were last told. */
  private async catchUp(): Promise<void> {
    const hearers = this.members().map((socket) => ({ socket, userId: memberOf(socket).userId }));
    if (hearers.length === 0 || this.told === null) return;
    const before = this.told;
    this.told = await followEvents(openDatabase(this.env.DB), {
      organizationId: this.organizationId,
      after: before,
      each: (rows) => {
        tellEvents(hearers, rows);
        // Told is told, should a later page not come.
        this.told = rows.at(-1)?.seq ?? this.told;
      },
    });
    if (this.told !== before) await this.ctx.storage.put('told', this.told);
  }

  private inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const mine = this.turn.then(work);
    this.turn = mine.catch(() => undefined);
    return mine;
  }

  private get organizationId(): string {
    return this.ctx.id.name ?? '';
  }

  private members(): WebSocket[] {
    return this.ctx.getWebSockets().filter((socket) => socket.readyState === WebSocket.OPEN);
  }

  /** Keeps what was told and sets the next look; nothing when nobody is here. */
  private async rest(): Promise<void> {
    if (this.members().length === 0 || this.told === null) return;
    await this.ctx.storage.put('told', this.told);
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now() + CHECK_EVERY);
  }
}

/** D1 does not answer: whoever asks is told to come again. */
function unreachable(): undefined {
  return undefined;
}

function memberOf(socket: WebSocket): Member {
  return Member.parse(socket.deserializeAttachment());
}

function parsed(message: string): ClientMessage | null {
  try {
    return ClientMessage.safeParse(JSON.parse(message)).data ?? null;
  } catch {
    return null;
  }
}

function say(socket: WebSocket, message: ServerMessage): void {
  trySend(socket, JSON.stringify(message));
}
