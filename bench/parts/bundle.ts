import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { Finding } from '../report.ts';
import type { Bench } from './part.ts';

const MOST = 250;

/** The Worker's size as it is uploaded. */
export async function bundle(bench: Bench): Promise<Finding> {
  const script = readFileSync(bench.stage.script);
  const kilobytes = gzipSync(script).length / 1000;
  return {
    lines: [
      {
        what: 'Worker bundle, gzipped',
        measured: `${kilobytes.toFixed(0)} KB`,
        target: `≤ ${MOST} KB`,
        ok: kilobytes <= MOST,
      },
    ],
    figures: { kilobytes, plainKilobytes: script.length / 1000 },
    notes: [],
  };
}
