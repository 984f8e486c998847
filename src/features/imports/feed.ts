import { DurableObject } from 'cloudflare:workers';
import { openDatabase } from '../../database/database.ts';
import { CLOSE } from '../ledger/protocol.ts';
import { dismiss } from '../live/sockets.ts';
import { refusedWatchers } from '../live/watch.ts';
import { emit, timedAlarm } from '../metrics/events.ts';
import { IMPORT_WATCHER_HEADER } from './feed-client.ts';
import { importStatement } from './queries.ts';
import type { ImportRow } from './table.ts';
import { type ImportView, importView } from './view.ts';

/** What crosses the socket of an import. */
type ServerMessage = { type: 'progress'; import: ImportView } | { type: 'error'; code: 'VALIDATION_FAILED' };

/** How often watchers, and how far the import is, are looked at while someone watches (ms). */
const CHECK_EVERY = 30_000;

/** Who watches one import: tells them how far it is. It remembers nothing; D1 does. */
export class ImportFeed extends DurableObject<Env> {
  private last = '';

  isWatched(): boolean {
    return this.watchers().length > 0;
  }

  tell(view: ImportView): void {
    const text = JSON.stringify({ type: 'progress', import: view } satisfies ServerMessage);
    if (text === this.last) return;
    this.last = text;
    for (const socket of this.watchers()) {
      socket.send(text);
      if (view.finishedAt !== null) socket.close(1000, 'the import has ended');
    }
  }

  override async fetch(request: Request): Promise<Response> {
    const userId = request.headers.get(IMPORT_WATCHER_HEADER) ?? '';
    const view = await this.look();
    if (!view) return new Response(null, { status: 404 });
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'));
    this.ctx.acceptWebSocket(server);
    this.countSocket('opened');
    server.serializeAttachment({ userId });
    server.send(JSON.stringify({ type: 'progress', import: view } satisfies ServerMessage));
    if (view.finishedAt !== null) server.close(1000, 'the import has ended');
    else await this.ctx.storage.setAlarm(Date.now() + CHECK_EVERY);
    return new Response(null, { status: 101, webSocket: client });
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    if (message === 'ping') return socket.send('pong');
    socket.send(JSON.stringify({ type: 'error', code: 'VALIDATION_FAILED' } satisfies ServerMessage));
  }

  override async webSocketClose(socket: WebSocket): Promise<void> {
    socket.close();
    this.countSocket('closed');
    if (this.watchers().length === 0) await this.ctx.storage.deleteAlarm();
  }

  /** While someone watches: who may still, and how far it is. */
  override alarm(): Promise<void> {
    return timedAlarm(this.env, { object: 'import', work: () => this.check() });
  }

  private async check(): Promise<void> {
    const sockets = this.watchers();
    if (sockets.length === 0) return;
    await this.ctx.storage.setAlarm(Date.now() + CHECK_EVERY);
    const [organizationId = ''] = (this.ctx.id.name ?? '').split('/');
    const who = sockets.map((socket) => ({ socket, userId: String(socket.deserializeAttachment()?.userId) }));
    const refused = await refusedWatchers(openDatabase(this.env.DB), {
      organizationId,
      userIds: who.map(({ userId }) => userId),
      permission: 'imports.read',
    });
    for (const { socket, userId } of who) {
      const reason = refused.get(userId);
      if (reason) dismiss(socket, reason);
    }
    const view = await this.look();
    if (view) this.tell(view);
    else for (const socket of this.watchers()) socket.close(CLOSE.gone);
  }

  private async look(): Promise<ImportView | null> {
    const [organizationId = '', importId = ''] = (this.ctx.id.name ?? '').split('/');
    const [[row]] = await openDatabase(this.env.DB).read<[ImportRow]>(importStatement(importId, organizationId));
    return row ? importView(row) : null;
  }

  private countSocket(change: 'opened' | 'closed'): void {
    emit(this.env, { event: 'socket', object: 'import', change, open: this.watchers().length });
  }

  private watchers(): WebSocket[] {
    return this.ctx.getWebSockets().filter((socket) => socket.readyState === WebSocket.OPEN);
  }
}
