import * as z from 'zod';
import {
  calendarDate,
  EXAMPLE_IDS,
  id,
  instant,
  MAX_LIST,
  name,
  nextCursor,
  page,
  reason,
  shortText,
} from '../../http/fields.ts';
import { patchOf } from '../../http/patch.ts';
import { FILE_TYPES, faultOfName } from '../file-types/rules.ts';
import { MAX_FILE } from '../uploads/rules.ts';
import { UPLOAD_EXAMPLE, Upload } from '../uploads/schemas.ts';
import { DOCUMENT_STATUSES, DOCUMENT_TYPES, VERSION_STATUSES } from './table.ts';

const fileName = () =>
  name().superRefine((value, issues) => {
    const fault = faultOfName(value);
    if (fault) issues.addIssue({ code: 'custom', message: fault });
  });

const sha256 = () =>
  z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, 'must be a SHA-256 in hexadecimal')
    .transform((text) => text.toLowerCase())
    .meta({ pattern: '^[0-9a-fA-F]{64}$' });

/** What is announced of a file before it comes. */
const file = {
  fileName: fileName(),
  contentType: shortText()
    .min(1, 'must not be empty')
    .meta({ description: `One of ${FILE_TYPES.map((type) => `\`${type}\``).join(', ')}. Anything else is a 415.` }),
  sizeBytes: z
    .int('must be a whole number of bytes')
    .min(1, 'must not be empty')
    .max(MAX_FILE, 'must be at most 5 GB')
    .meta({ description: 'Above 50 MB the file comes in parts.' }),
  sha256: sha256().nullable().default(null).meta({ description: 'Checked when it is confirmed, if given.' }),
};

const Details = z.strictObject({
  type: z.enum(DOCUMENT_TYPES),
  title: name(),
  validFrom: calendarDate().nullable().default(null),
  validTo: calendarDate().nullable().default(null),
  tags: z.array(name()).max(MAX_LIST).default([]),
});

function checkDates({ validFrom, validTo }: z.output<typeof Details>, issues: z.RefinementCtx): void {
  if (validFrom === null || validTo === null || validFrom <= validTo) return;
  issues.addIssue({ code: 'custom', path: ['validTo'], message: 'must not be before validFrom' });
}

/** What is known of a document, as a patch leaves it. */
export const Updated = Details.superRefine(checkDates);
export type DocumentDetails = z.output<typeof Updated>;

export const NewFile = z.strictObject(file).meta({
  id: 'NewDocumentVersion',
  example: { fileName: 'agreement-2027.pdf', contentType: 'application/pdf', sizeBytes: 51_004 },
});
export type NewFileOutput = z.output<typeof NewFile>;

export const CreateDocument = Details.extend({ participantId: id('par').nullable().default(null), ...file })
  .superRefine(checkDates)
  .meta({
    id: 'CreateDocument',
    example: {
      participantId: EXAMPLE_IDS.par,
      type: 'service_agreement',
      title: 'Service agreement 2026',
      fileName: 'agreement.pdf',
      contentType: 'application/pdf',
      sizeBytes: 48_213,
    },
  });

export const UpdateDocument = patchOf(Details).meta({
  id: 'UpdateDocument',
  description: 'A JSON merge patch: absent leaves, null clears.',
  examples: [{ title: 'Service agreement, signed', validTo: '2027-06-30' }],
});

export const Confirm = z.object({
  version: z.coerce
    .number<string>('must be a number')
    .int('must be a whole number')
    .min(1)
    .optional()
    .meta({ description: 'Which upload is meant; without it, the newest that has come.' }),
});

export const DeleteDocument = z
  .strictObject({ reason: reason() })
  .meta({ id: 'DeleteDocument', examples: [{ reason: 'Filed under the wrong participant.' }] });

export const ListDocuments = z.object({
  ...page,
  participantId: id('par').optional(),
  type: z.enum(DOCUMENT_TYPES).optional(),
  status: z.enum(DOCUMENT_STATUSES).optional().meta({ description: 'All but deleted ones unless asked.' }),
  search: shortText().optional().meta({ description: 'Words of the title, the file name and the tags.' }),
  expiringBefore: calendarDate().optional().meta({ description: '`validTo` is before this day; the soonest first.' }),
  createdBy: id('usr').optional(),
});

export const VersionPage = z.object(page);

const Mismatches = z
  .array(
    z.object({
      field: z.enum(['sizeBytes', 'sha256', 'contentType']),
      expected: z.union([z.string(), z.int()]),
      found: z.union([z.string(), z.int()]).nullable(),
    }),
  )
  .nullable()
  .meta({ description: 'In what the last upload was not what was announced; it was deleted.' });

const DOCUMENT_EXAMPLE = {
  id: EXAMPLE_IDS.doc,
  participantId: EXAMPLE_IDS.par,
  type: 'service_agreement',
  title: 'Service agreement 2026',
  fileName: 'agreement.pdf',
  contentType: 'application/pdf',
  sizeBytes: 48_213,
  sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  validFrom: '2026-07-01',
  validTo: '2027-06-30',
  tags: ['signed'],
  status: 'uploaded',
  version: 1,
  pendingVersion: null,
  mismatch: null,
  createdBy: EXAMPLE_IDS.usr,
  createdAt: '2026-11-23T03:15:00.000Z',
  updatedAt: '2026-11-23T03:16:00.000Z',
  uploadedAt: '2026-11-23T03:16:00.000Z',
  deletedAt: null,
  deletedBy: null,
  deleteReason: null,
};

export const Document = z
  .object({
    id: id('doc'),
    participantId: id('par').nullable().meta({ description: 'Null when it is of the organisation.' }),
    type: z.enum(DOCUMENT_TYPES),
    title: z.string(),
    fileName: z.string(),
    contentType: z.string(),
    sizeBytes: z.int(),
    sha256: z.string().nullable().meta({ description: 'In hexadecimal; known once the file is uploaded.' }),
    validFrom: calendarDate().nullable(),
    validTo: calendarDate().nullable(),
    tags: z.array(z.string()),
    status: z.enum(DOCUMENT_STATUSES).meta({
      description: '`verifying`: above 100 MB, until the file has been hashed whole.',
    }),
    version: z.int().meta({ description: 'Which of its files this is, from 1.' }),
    pendingVersion: z.int().nullable().meta({ description: 'The newest version whose file is on its way, if any.' }),
    mismatch: Mismatches,
    createdBy: id('usr'),
    createdAt: instant(),
    updatedAt: instant(),
    uploadedAt: instant().nullable(),
    deletedAt: instant().nullable(),
    deletedBy: id('usr').nullable(),
    deleteReason: z.string().nullable(),
  })
  .meta({ id: 'Document', examples: [DOCUMENT_EXAMPLE] });
export type DocumentView = z.infer<typeof Document>;

export const DocumentList = z
  .object({ data: z.array(Document), nextCursor: nextCursor() })
  .meta({ id: 'DocumentList', examples: [{ data: [DOCUMENT_EXAMPLE], nextCursor: null }] });

const PENDING = { ...DOCUMENT_EXAMPLE, status: 'pending_upload', pendingVersion: 1, sha256: null, uploadedAt: null };
export const AnnouncedDocument = z
  .object({ document: Document, upload: Upload })
  .meta({ id: 'AnnouncedDocument', examples: [{ document: PENDING, upload: UPLOAD_EXAMPLE }] });

export const Version = z
  .object({
    version: z.int(),
    status: z.enum(VERSION_STATUSES),
    fileName: z.string(),
    contentType: z.string(),
    sizeBytes: z.int(),
    sha256: z.string().nullable(),
    mismatch: Mismatches,
    createdBy: id('usr'),
    createdAt: instant(),
    uploadedAt: instant().nullable(),
  })
  .meta({ id: 'DocumentVersion' });
export type VersionView = z.infer<typeof Version>;

export const VersionList = z.object({ data: z.array(Version), nextCursor: nextCursor() }).meta({
  id: 'DocumentVersionList',
  examples: [
    {
      data: [
        {
          version: 1,
          status: 'uploaded',
          fileName: DOCUMENT_EXAMPLE.fileName,
          contentType: DOCUMENT_EXAMPLE.contentType,
          sizeBytes: DOCUMENT_EXAMPLE.sizeBytes,
          sha256: DOCUMENT_EXAMPLE.sha256,
          mismatch: null,
          createdBy: EXAMPLE_IDS.usr,
          createdAt: DOCUMENT_EXAMPLE.createdAt,
          uploadedAt: DOCUMENT_EXAMPLE.uploadedAt,
        },
      ],
      nextCursor: null,
    },
  ],
});
