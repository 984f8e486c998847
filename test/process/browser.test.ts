import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEMONSTRATION } from '../../scripts/lib/demonstration.ts';
import { signToken } from '../../scripts/lib/keys.ts';
import { jpeg, pdf, png } from '../support/files.ts';
import { everyMessage, LONGEST } from '../support/mail.ts';
import { hasBrowser, openSite, type Site, visit } from '../support/node/browser.ts';
import { cleanUp, firstAnswer, launch, newPlace, type Service } from '../support/node/service.ts';
import { joined } from '../support/zip.ts';

const [{ users = [] } = {}] = DEMONSTRATION;
const headers = { authorization: `Bearer ${signToken(users.find(({ role }) => role === 'admin')?.externalId ?? '')}` };

interface Polyglot {
  name: string;
  contentType: string;
  extension: string;
  /** What a page of another site would have it taken for. */
  as: 'page' | 'script' | 'style';
  bytes: (beacon: string) => Uint8Array;
}

const inPage = (beacon: string) => `<script>new Image().src = '${beacon}'</script>`;
const inScript = (beacon: string) => `new Image().src = '${beacon}';\n`;

/** Files that pass for what they are called, and are something else beside it. */
const POLYGLOTS: Polyglot[] = [
  { name: 'pdf', contentType: 'application/pdf', extension: 'pdf', as: 'page', bytes: (url) => pdf(inPage(url)) },
  {
    name: 'text',
    contentType: 'text/plain',
    extension: 'txt',
    as: 'page',
    bytes: (url) => joined('Notes\n', inPage(url)),
  },
  {
    name: 'csv',
    contentType: 'text/csv',
    extension: 'csv',
    as: 'page',
    bytes: (url) => joined('Name,', `<img src=x onerror="this.src='${url}'">`, '\n'),
  },
  { name: 'png', contentType: 'image/png', extension: 'png', as: 'page', bytes: (url) => joined(png(), inPage(url)) },
  {
    name: 'jpeg',
    contentType: 'image/jpeg',
    extension: 'jpg',
    as: 'page',
    bytes: (url) => joined(jpeg(), inPage(url)),
  },
  { name: 'script', contentType: 'text/plain', extension: 'txt', as: 'script', bytes: (url) => joined(inScript(url)) },
  { name: 'table', contentType: 'text/csv', extension: 'csv', as: 'script', bytes: (url) => joined(inScript(url)) },
  {
    name: 'style',
    contentType: 'text/plain',
    extension: 'txt',
    as: 'style',
    bytes: (url) => joined(`html { background: url(${url}) }`),
  },
];

const WAYS: Record<string, (link: string) => string> = {
  iframe: (link) => `<iframe src="${link}"></iframe>`,
  sandboxed: (link) => `<iframe sandbox="allow-scripts allow-same-origin" src="${link}"></iframe>`,
  object: (link) => `<object data="${link}"></object>`,
  typed: (link) => `<object type="text/html" data="${link}"></object>`,
  embed: (link) => `<embed src="${link}">`,
  script: (link) => `<script src="${link}"></script>`,
  module: (link) => `<script type="module" src="${link}"></script>`,
  style: (link) => `<link rel="stylesheet" href="${link}">`,
  image: (link) => `<img src="${link}">`,
};

/** A page that uses links in every way, then goes to each of them, and says when it is done. */
function attack(links: readonly string[]): string {
  const elements = links.flatMap((link) => Object.values(WAYS).map((way) => way(link)));
  return `<body>${elements.join('\n')}<script>
    const wait = (time) => new Promise((resolve) => setTimeout(resolve, time));
    addEventListener('load', async () => {
      await wait(1000);
      for (const link of ${JSON.stringify(links)}) {
        open(link);
        await wait(150);
        location.href = link;
        await wait(300);
      }
      await fetch('/beacon/done');
    });
  </script>`;
}

/** A page that opens others in frames as wide as a phone, and says how wide each has become: its frame, then itself. */
function measure(paths: readonly string[]): string {
  const frames = paths.map((path) => `<iframe width="320" height="600" style="border:0" src="${path}"></iframe>`);
  return `<body>${frames.join('\n')}<script>
    addEventListener('load', async () => {
      for (const [at, frame] of [...document.querySelectorAll('iframe')].entries()) {
        const { scrollWidth, clientWidth } = frame.contentDocument.documentElement;
        await fetch('/beacon/width-' + at + '-' + clientWidth + '-' + scrollWidth);
      }
      await fetch('/beacon/measured');
    });
  </script>`;
}

async function json<Body>(service: Service, path: string, init: RequestInit = {}): Promise<Body> {
  const type = { 'content-type': 'application/json' };
  const response = await fetch(`${service.url}${path}`, { ...init, headers: { ...headers, ...type } });
  const text = await response.text();
  expect(response.ok, `${path}: ${text}`).toBe(true);
  return JSON.parse(text) as Body;
}

/** Keeps a file as a document; its id and an address for a viewer. */
async function keep(service: Service, { name, contentType, extension, bytes }: Polyglot, beacon: string) {
  const content = new Uint8Array(bytes(beacon));
  const fileName = `${name}.${extension}`;
  const body = JSON.stringify({ type: 'other', title: name, fileName, contentType, sizeBytes: content.length });
  const { document, upload } = await json<{
    document: { id: string };
    upload: { url: string; headers: Record<string, string> };
  }>(service, '/v1/documents', { method: 'POST', body });
  const sent = await fetch(upload.url, { method: 'PUT', headers: upload.headers, body: content });
  expect(sent.status).toBe(200);
  const confirmed = await json<{ status: string }>(service, `/v1/documents/${document.id}/confirm`, { method: 'POST' });
  expect([name, confirmed.status]).toEqual([name, 'uploaded']);
  const { url } = await json<{ url: string }>(service, `/v1/documents/${document.id}/links`, { method: 'POST' });
  return { id: document.id, name, url };
}

describe.skipIf(!hasBrowser)('in a browser', () => {
  let service: Service;
  let site: Site;

  beforeAll(async () => {
    site = await openSite();
    service = launch(await newPlace());
    await firstAnswer(service, { path: '/v1/me', headers });
  }, 60_000);

  afterAll(async () => {
    site.close();
    await cleanUp();
  }, 30_000);

  test('every one of these files is dangerous where it is served as what it also is', async () => {
    const types = { page: 'text/html', script: 'text/javascript', style: 'text/css' };
    const links = POLYGLOTS.map(({ name, as, bytes }) => {
      const path = `/control/${name}`;
      site.serve(path, { contentType: types[as], body: bytes(`${site.url}/beacon/control-${name}`) });
      return `${site.url}${path}`;
    });
    const uses = POLYGLOTS.map(({ as }, at) => WAYS[as === 'page' ? 'iframe' : as]?.(links[at] ?? ''));
    site.serve('/control', { contentType: 'text/html', body: `<body>${uses.join('')}` });
    const expected = POLYGLOTS.map(({ name }) => `control-${name}`);
    const all = Promise.all(expected.map((name) => site.called(name, 20_000)));
    await visit(`${site.url}/control`, all);
    expect([...site.beacons].sort()).toEqual(expected.sort());
  }, 60_000);

  test('nothing in them runs from a link of ours, however a page of another site uses it', async () => {
    const kept: { id: string; name: string; url: string }[] = [];
    for (const polyglot of POLYGLOTS) {
      kept.push(await keep(service, polyglot, `${site.url}/beacon/ours-${polyglot.name}`));
    }
    site.serve('/attack', { contentType: 'text/html', body: attack(kept.map(({ url }) => url)) });
    const done = site.called('done', 40_000);
    await visit(`${site.url}/attack`, done);
    const ours = [...site.beacons].filter((name) => name.startsWith('ours-'));
    expect({ done: await done, ours }).toEqual({ done: true, ours: [] });
    // The browser did ask for each of them, again and again: each read is in the record.
    for (const { id, name } of kept) {
      const path = `/v1/audit-logs?entityId=${id}&action=document.downloaded&limit=100`;
      const { data } = await json<{ data: { userAgent: string }[] }>(service, path);
      const reads = data.filter(({ userAgent }) => userAgent.includes('Chrome')).length;
      expect(reads, name).toBeGreaterThanOrEqual(Object.keys(WAYS).length);
    }
  }, 90_000);

  test('every e-mail fits a screen of 320 pixels, with the longest that can be in it', async () => {
    const emails = Object.entries(everyMessage(LONGEST)).map(([name, { html }]) => ({ name, html }));
    const wide = { name: 'too wide, to see it told', html: '<!doctype html><div style="width:400px">x</div>' };
    const paths = [...emails, wide].map(({ html }, at) => {
      site.serve(`/email/${at}`, { contentType: 'text/html', body: html });
      return `/email/${at}`;
    });
    site.serve('/measure', { contentType: 'text/html', body: measure(paths) });
    const done = site.called('measured', 40_000);
    await visit(`${site.url}/measure`, done);
    const widths = new Map<number, { width: number; needs: number }>();
    for (const beacon of site.beacons) {
      const [, at, width, needs] = /^width-(\d+)-(\d+)-(\d+)$/.exec(beacon) ?? [];
      if (at !== undefined) widths.set(Number(at), { width: Number(width), needs: Number(needs) });
    }
    expect(widths.get(emails.length)?.needs).toBeGreaterThanOrEqual(400);
    for (const [at, { name }] of emails.entries()) {
      const { width, needs } = widths.get(at) ?? { width: 0, needs: Number.NaN };
      expect(width, name).toBeLessThanOrEqual(320);
      expect(width, name).toBeGreaterThan(290);
      expect(needs, name).toBeLessThanOrEqual(width);
    }
  }, 60_000);
});
