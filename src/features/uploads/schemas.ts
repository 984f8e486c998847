import * as z from 'zod';
import { instant } from '../../http/fields.ts';

const WHOLE = {
  method: 'PUT' as const,
  url: 'https://caddy.example.com/files/uploads/eyJ1c2Ui…',
  headers: { 'Content-Type': 'application/pdf' },
  expiresAt: '2026-11-23T03:30:00.000Z',
};

/** Where a file that comes whole is sent to. */
const WholeUpload = z.object({
  method: z.literal('PUT'),
  url: z.string().meta({ description: 'Needs no other credential. Sending again replaces, until it is confirmed.' }),
  headers: z.record(z.string(), z.string()).meta({ description: 'To be sent as they are.' }),
  expiresAt: instant(),
});

/** Where a file above 50 MB is sent to. */
const PartsUpload = z.object({
  partSizeBytes: z.int().meta({ description: 'Of every part but the last.' }),
  parts: z
    .array(
      z.object({
        number: z.int(),
        url: z.string(),
        received: z.boolean().meta({ description: 'Whether the part is there.' }),
      }),
    )
    .meta({ description: 'Each part is a PUT, in any order and as often as needed.' }),
  completeUrl: z.string().meta({ description: 'POSTed without a body when every part is there.' }),
  expiresAt: instant(),
});

export const Upload = z.union([WholeUpload, PartsUpload]).meta({
  id: 'Upload',
  description: 'Signed addresses, each for one thing, for 15 minutes.',
  examples: [WHOLE],
});
export type UploadView = z.infer<typeof Upload>;
export const UPLOAD_EXAMPLE = WHOLE;

export const Received = z.object({ receivedBytes: z.int() }).meta({
  id: 'Received',
  description: 'How many bytes of the file have come.',
  examples: [{ receivedBytes: 48_213 }],
});
