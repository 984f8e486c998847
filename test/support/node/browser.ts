import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PATH = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** Whether there is a browser to try things in. */
export const hasBrowser = existsSync(PATH);

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-popup-blocking',
];

/** Has a browser of its own open a page, and ends it once `until` is there. */
export async function visit(url: string, until: Promise<unknown>): Promise<void> {
  const profile = mkdtempSync(join(tmpdir(), 'caddy-browser-'));
  const browser = spawn(PATH, [...FLAGS, `--user-data-dir=${profile}`, url], { detached: true, stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => browser.on('close', () => resolve()));
  const early = ended.then(() => Promise.reject(new Error('the browser ended by itself')));
  try {
    await Promise.race([until, early]);
  } finally {
    if (browser.pid !== undefined && browser.exitCode === null) process.kill(-browser.pid, 'SIGKILL');
    await ended;
    early.catch(() => undefined);
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

export interface Served {
  contentType: string;
  body: string | Uint8Array;
}

/** A site on this machine that serves pages and counts the calls at `/beacon/…`. */
export interface Site {
  url: string;
  /** What was called, each name once. */
  beacons: Set<string>;
  /** Serves something at a path from now on. */
  serve: (path: string, served: Served) => void;
  /** Waits until a beacon is called; false when it is not within the time (ms). */
  called: (name: string, patience: number) => Promise<boolean>;
  close: () => void;
}

export async function openSite(): Promise<Site> {
  const pages = new Map<string, Served>();
  const beacons = new Set<string>();
  const waiting = new Map<string, () => void>();
  const server: Server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://site');
    const [, name] = /^\/beacon\/(.+)$/.exec(pathname) ?? [];
    const page = pages.get(pathname);
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Cache-Control', 'no-store');
    if (name !== undefined) {
      beacons.add(name);
      waiting.get(name)?.();
      response.writeHead(204).end();
    } else if (page) response.writeHead(200, { 'Content-Type': page.contentType }).end(page.body);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    beacons,
    serve: (path, served) => pages.set(path, served),
    called: (name, patience) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => resolve(beacons.has(name)), patience);
        const come = () => {
          clearTimeout(timer);
          resolve(true);
        };
        if (beacons.has(name)) come();
        else waiting.set(name, come);
      }),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
