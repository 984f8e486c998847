import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { expectStatus } from '../client.ts';
import type { Finding, Line } from '../report.ts';
import { HOSTS } from '../stage.ts';
import { median } from '../statistics.ts';
import { type Bench, signedIn } from './part.ts';

const MEBIBYTES = 32;
const LEAST = 0.7;

interface Transfer {
  method: 'GET' | 'PUT';
  path: string;
  host: string;
  headers?: Record<string, string>;
  body?: Buffer;
}

/** Seconds that a transfer takes, to the last byte of its answer. */
function transfer(bench: Bench, { method, path, host, headers, body }: Transfer): Promise<number> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const all = { ...headers, host, ...(body && { 'content-length': String(body.length) }) };
    const outgoing = request({ host: '127.0.0.1', port: bench.stage.port, method, path, headers: all }, (incoming) => {
      let bytes = 0;
      incoming.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      incoming.on('error', reject);
      incoming.on('end', () => {
        const whole = method === 'PUT' || bytes === MEBIBYTES * 1024 * 1024;
        if (incoming.statusCode === 200 && whole) resolve((performance.now() - began) / 1000);
        else reject(new Error(`${incoming.statusCode} and ${bytes} bytes of ${path.slice(0, 40)}`));
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

async function announce(bench: Bench): Promise<{ id: string; path: string }> {
  const file = { fileName: 'x.mp4', contentType: 'video/mp4', sizeBytes: MEBIBYTES * 1024 * 1024 };
  const body = JSON.stringify({ type: 'other', title: 'Bench', ...file });
  const made = await bench.send({ method: 'POST', path: '/v1/documents', headers: signedIn(bench), body });
  const { document, upload } = JSON.parse(expectStatus(made, 201).body) as {
    document: { id: string };
    upload: { url: string };
  };
  return { id: document.id, path: new URL(upload.url).pathname };
}

function line(what: string, seconds: { caddy: number[]; bare: number[] }): Line {
  const ratio = median(seconds.bare.map((bare, index) => bare / (seconds.caddy[index] ?? Number.NaN)));
  const rate = (values: number[]) => `${(MEBIBYTES / median(values)).toFixed(0)} MB/s`;
  return {
    what,
    measured: rate(seconds.caddy),
    bare: rate(seconds.bare),
    ratio: ratio.toFixed(2),
    target: `≥ ${LEAST}`,
    ok: ratio >= LEAST,
  };
}

/** Files of 32 MB to R2 and back, through Caddy and through a Worker that does nothing else, in turn. */
export async function files(bench: Bench): Promise<Finding> {
  const body = randomBytes(MEBIBYTES * 1024 * 1024);
  body.set(Buffer.from('\0\0\0\x20ftypisom', 'latin1'), 0);
  const up = { caddy: [] as number[], bare: [] as number[] };
  const down = { caddy: [] as number[], bare: [] as number[] };
  const { caddy: host, bare } = HOSTS;
  const headers = { 'content-type': 'video/mp4' };
  for (let round = 0; round <= bench.pace.rounds / 2; round++) {
    const { id, path } = await announce(bench);
    const ours = async () => {
      const sent = await transfer(bench, { method: 'PUT', path, host, headers, body });
      const confirm = { method: 'POST', path: `/v1/documents/${id}/confirm`, headers: signedIn(bench) } as const;
      expectStatus(await bench.send(confirm), 200);
      const read = { method: 'GET', path: `/v1/documents/${id}/content`, host, headers: signedIn(bench) } as const;
      return { sent, got: await transfer(bench, read) };
    };
    const theirs = async () => ({
      sent: await transfer(bench, { method: 'PUT', path: `/objects/${round}`, host: bare, headers, body }),
      got: await transfer(bench, { method: 'GET', path: `/objects/${round}`, host: bare }),
    });
    const turns: [typeof up.caddy, typeof down.caddy, typeof ours][] = [
      [up.caddy, down.caddy, ours],
      [up.bare, down.bare, theirs],
    ];
    for (const [sent, got, turn] of round % 2 === 0 ? turns : turns.toReversed()) {
      const seconds = await turn();
      // The first round warms up.
      if (round > 0) {
        sent.push(seconds.sent);
        got.push(seconds.got);
      }
    }
  }
  return {
    lines: [
      line(`upload of ${MEBIBYTES} MB through the Worker to R2`, up),
      line(`download of ${MEBIBYTES} MB from R2 through the Worker`, down),
    ],
    figures: { up, down },
    notes: [
      `Files: ${MEBIBYTES} MB, one at a time, the two workers in turn, in one bucket on disk; the ratio is the median of the pairs'. The bare Worker hands the request's body to R2 and R2's to the answer.`,
    ],
  };
}
