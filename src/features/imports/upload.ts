import type { Request } from '../../http/app-env.ts';
import { AppError, refuse } from '../../http/problem.ts';
import { MAX_BYTES } from '../import-runs/file.ts';

/** A form is held in memory while it is parted, so that it may have less than a file alone. */
const MAX_FORM = 10 * 1024 * 1024;
/** R2 takes files of unknown length in parts, all but the last of the same length and at least this. */
const PART = 5 * 1024 * 1024;

/** A file on its way in, and what was said beside it. */
export interface Sent {
  options: Record<string, string>;
  fileName: string | null;
  stream: ReadableStream<Uint8Array>;
  /** Null when the client does not say. */
  length: number | null;
}

function tooLarge(limit: number): never {
  refuse(
    'PAYLOAD_TOO_LARGE',
    `The file may have at most ${limit / 1024 / 1024} MB${limit === MAX_FORM ? ' in a form; send it alone, as text/csv' : ''}.`,
  );
}

/** The file of a request: a form's field `file`, or the body itself as `text/csv` with the rest in the query. */
export async function sentFile(c: Request): Promise<Sent> {
  const type = c.req.header('content-type') ?? '';
  const header = c.req.header('content-length');
  const length = header === undefined ? null : Number(header);
  if (/^multipart\/form-data\s*;/i.test(type)) return sentForm(c, length);
  if (!/^text\/csv\s*(?:;|$)/i.test(type)) {
    refuse('UNSUPPORTED_MEDIA_TYPE', 'Send the file as text/csv, or in the field "file" of a form.');
  }
  if (length !== null && length > MAX_BYTES) tooLarge(MAX_BYTES);
  const stream = c.req.raw.body ?? new Blob([]).stream();
  for (const [name, values] of Object.entries(c.req.queries())) {
    if (values.length === 1) continue;
    const errors = [{ pointer: name, message: 'must be given once' }];
    throw new AppError({ code: 'VALIDATION_FAILED', detail: `${name} must be given once.`, errors });
  }
  const { fileName = null, ...options } = c.req.query();
  return { options, fileName, stream, length: c.req.raw.body ? length : 0 };
}

async function sentForm(c: Request, length: number | null): Promise<Sent> {
  if (length === null || length > MAX_FORM + 64 * 1024) tooLarge(MAX_FORM);
  let form: FormData;
  try {
    form = await c.req.raw.formData();
  } catch {
    refuse('VALIDATION_FAILED', 'The body is not a form.');
  }
  const file = form.get('file');
  if (file === null || typeof file === 'string') {
    const errors = [{ pointer: 'file', message: 'is required, as a file' }];
    throw new AppError({
      code: 'VALIDATION_FAILED',
      detail: 'The form has no field "file" with a file in it.',
      errors,
    });
  }
  if (file.size > MAX_FORM) tooLarge(MAX_FORM);
  const fields = [...form].flatMap(([name, value]) => (typeof value === 'string' ? [[name, value] as const] : []));
  const { fileName = file.name, ...options } = Object.fromEntries(fields);
  return { options, fileName, stream: file.stream(), length: file.size };
}

/** Streams a file to R2 while it is hashed; never more of it in memory than one part. */
export async function store(
  bucket: R2Bucket,
  { key, sent }: { key: string; sent: Sent },
): Promise<{ size: number; sha256: string }> {
  const digest = new crypto.DigestStream('SHA-256');
  const hash = digest.getWriter();
  const sink = sent.length === null ? await partsSink(bucket, key) : wholeSink(bucket, { key, length: sent.length });
  const reader = sent.stream.getReader();
  let size = 0;
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      size += read.value.length;
      if (size > MAX_BYTES) tooLarge(MAX_BYTES);
      await Promise.all([hash.write(read.value), sink.write(read.value)]);
    }
    await hash.close();
    await sink.close();
  } catch (error) {
    await sink.abort();
    throw error;
  }
  const sha256 = Array.from(new Uint8Array(await digest.digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return { size, sha256 };
}

interface Sink {
  write: (bytes: Uint8Array) => Promise<void>;
  close: () => Promise<void>;
  abort: () => Promise<void>;
}

function wholeSink(bucket: R2Bucket, { key, length }: { key: string; length: number }): Sink {
  const pipe = new FixedLengthStream(length);
  const put = bucket.put(key, pipe.readable);
  put.catch(() => undefined);
  const writer = pipe.writable.getWriter();
  return {
    write: (bytes) => writer.write(bytes),
    async close() {
      await writer.close();
      await put;
    },
    async abort() {
      await writer.abort().catch(() => undefined);
      await put.catch(() => undefined);
    },
  };
}

async function partsSink(bucket: R2Bucket, key: string): Promise<Sink> {
  const upload = await bucket.createMultipartUpload(key);
  const parts: R2UploadedPart[] = [];
  const part = new Uint8Array(PART);
  let filled = 0;
  const flush = async () => {
    parts.push(await upload.uploadPart(parts.length + 1, part.slice(0, filled)));
    filled = 0;
  };
  return {
    async write(bytes) {
      for (let from = 0; from < bytes.length; ) {
        const some = bytes.subarray(from, from + PART - filled);
        part.set(some, filled);
        filled += some.length;
        from += some.length;
        if (filled === PART) await flush();
      }
    },
    async close() {
      if (filled > 0 || parts.length === 0) await flush();
      await upload.complete(parts);
    },
    abort: () => upload.abort().catch(() => undefined),
  };
}
