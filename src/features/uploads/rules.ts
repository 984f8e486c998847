import * as z from 'zod';

/** A file up to this many bytes comes whole; a larger one in parts. */
export const MAX_WHOLE = 50 * 1024 * 1024;
/** The largest file there may be, in bytes. */
export const MAX_FILE = 5 * 1024 * 1024 * 1024;
/** The bytes of each part but the last. R2 wants at least 5 MiB; a phone would rather repeat less. */
export const PART_BYTES = 8 * 1024 * 1024;
/** How long an address is good (ms). */
export const ADDRESS_LIFE = 15 * 60_000;

/** Whether a file of so many bytes comes in parts. */
export function isInParts(sizeBytes: number): boolean {
  return sizeBytes > MAX_WHOLE;
}

/** How many parts a file of so many bytes has. */
export function partCount(sizeBytes: number): number {
  return Math.ceil(sizeBytes / PART_BYTES);
}

/** How many bytes the part with this number, from 1, has. */
export function partSize(sizeBytes: number, number: number): number {
  return number < partCount(sizeBytes) ? PART_BYTES : sizeBytes - PART_BYTES * (partCount(sizeBytes) - 1);
}

/** Which version of which document an address is about. */
const OfVersion = { organizationId: z.string(), documentId: z.string(), version: z.int() };

/** What an address permits: one thing, with one object, until an instant (ms). */
export const Grant = z.discriminatedUnion('use', [
  z.strictObject({
    use: z.literal('upload'),
    ...OfVersion,
    contentType: z.string(),
    sizeBytes: z.int(),
    expires: z.int(),
  }),
  z.strictObject({
    use: z.literal('part'),
    ...OfVersion,
    number: z.int(),
    sizeBytes: z.int(),
    expires: z.int(),
  }),
  z.strictObject({ use: z.literal('complete'), ...OfVersion, expires: z.int() }),
  z.strictObject({ use: z.literal('content'), ...OfVersion, userId: z.string(), expires: z.int() }),
]);
export type Grant = z.infer<typeof Grant>;
export type GrantOf<Use extends Grant['use']> = Extract<Grant, { use: Use }>;
