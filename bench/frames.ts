/** What of a server's WebSocket frames is needed to time them: where each ends, and which version it tells. */

const TOLD = [
  ...['update', 'snapshot'].map((type) => Buffer.from(`{"type":"${type}","version":`)),
  ...['ready', 'message'].map((type) => Buffer.from(`{"type":"${type}","seq":`)),
];
/** Bytes of a payload that are certain to hold the version, if the frame is long enough to have one. */
const LOOK = 48;
const ZERO = 48;

export interface FrameReader {
  /** Bytes of a frame's beginning that came without enough of it to read. */
  held: Buffer | null;
  /** Bytes of the present frame that are still to come. */
  left: number;
  version: number;
  /** Called with the version that a frame tells, once the frame has ended. */
  readonly complete: (version: number) => void;
}

export function frameReader(complete: (version: number) => void): FrameReader {
  return { held: null, left: 0, version: 0, complete };
}

interface Start {
  header: number;
  length: number;
}

function startOf(bytes: Buffer): Start | null {
  const short = (bytes[1] ?? 0) & 127;
  const header = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (bytes.length < header) return null;
  if (short === 126) return { header, length: bytes.readUInt16BE(2) };
  return { header, length: short === 127 ? Number(bytes.readBigUInt64BE(2)) : short };
}

/** The version of a ledger, or the number of an event, that a frame tells; 0 for any other message. */
function versionOf(payload: Buffer): number {
  const told = TOLD.find((start) => payload.length > start.length && start.compare(payload, 0, start.length) === 0);
  if (!told) return 0;
  let version = 0;
  for (let at = told.length; ; at++) {
    const digit = (payload[at] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return version;
    version = version * 10 + digit;
  }
}

/** Takes a chunk of the stream in, and completes each frame that ends in it. */
export function readFrames(reader: FrameReader, chunk: Buffer): void {
  let bytes = chunk;
  if (reader.held) {
    bytes = Buffer.concat([reader.held, chunk]);
    reader.held = null;
  }
  while (bytes.length > 0) {
    if (reader.left > 0) {
      const taken = Math.min(reader.left, bytes.length);
      reader.left -= taken;
      if (reader.left > 0) return;
      reader.complete(reader.version);
      bytes = bytes.subarray(taken);
      continue;
    }
    const start = bytes.length < 2 ? null : startOf(bytes);
    if (!start || bytes.length < start.header + Math.min(start.length, LOOK)) {
      reader.held = Buffer.from(bytes);
      return;
    }
    reader.version = versionOf(bytes.subarray(start.header, start.header + Math.min(start.length, LOOK)));
    reader.left = start.header + start.length;
  }
}
