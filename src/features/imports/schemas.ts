import * as z from 'zod';
import { EXAMPLE_IDS, id, instant, nextCursor, page, shortText } from '../../http/fields.ts';
import { isTarget } from '../import-runs/targets.ts';
import { IMPORT_KINDS, IMPORT_STATUSES, ROW_ACTIONS, ROW_STATUSES } from './table.ts';
import type { ImportRowView, ImportView } from './view.ts';

const MAX_MAPPING = 500;

const Mapping = z.record(shortText(), z.string().max(100).nullable());

/** A mapping as JSON text, because the options of a file are texts. */
const mapping = z
  .string()
  .transform((text, context): z.output<typeof Mapping> => {
    try {
      const value: unknown = JSON.parse(text);
      const parsed = Mapping.safeParse(value);
      // The one name that the schema would drop without a word.
      const lost = typeof value === 'object' && value !== null && Object.hasOwn(value, '__proto__');
      if (parsed.success && !lost && Object.keys(parsed.data).length <= MAX_MAPPING) return parsed.data;
    } catch {}
    context.addIssue({
      code: 'custom',
      message: 'must be JSON: an object from column names to targets, or null for none',
    });
    return z.NEVER;
  })
  .nullable()
  .default(null);

const flag = z
  .enum(['true', 'false'], 'must be true or false')
  .default('false')
  .transform((text) => text === 'true');

/** What is said beside a file: fields of the form, or the query. */
export const ImportOptions = z
  .strictObject({ kind: z.enum(IMPORT_KINDS), mapping, dryRun: flag })
  .superRefine(({ kind, mapping: asked }, context) => {
    for (const [column, target] of Object.entries(asked ?? {})) {
      if (target !== null && !isTarget(kind, target)) {
        context.addIssue({
          code: 'custom',
          path: ['mapping'],
          message: `has no target "${target.slice(0, 50)}" for "${column.slice(0, 50)}"`,
        });
      }
    }
  });

export const PreviewOptions = ImportOptions;

const Failure = z.object({ code: z.string(), message: z.string() });
const Targets = z
  .record(z.string(), z.string().nullable())
  .meta({ description: 'What each column is read as; null for those left alone.' });

const IMPORT_EXAMPLE = {
  id: EXAMPLE_IDS.imp,
  kind: 'participants' as const,
  fileName: 'clients.csv',
  status: 'running' as const,
  dryRun: false,
  mapping: { 'NDIS Number': 'ndisNumber', 'First Name': 'firstName', Notes: null },
  totalRows: 2_000,
  processedRows: 600,
  created: 590,
  updated: 0,
  unchanged: 4,
  failed: 6,
  warnings: 12,
  progress: 30,
  failure: null,
  createdAt: '2026-11-20T07:00:00.000Z',
  startedAt: '2026-11-20T07:00:01.000Z',
  finishedAt: null,
};

export const Import = z
  .object({
    id: id('imp'),
    kind: z.enum(IMPORT_KINDS),
    fileName: z.string(),
    status: z.enum(IMPORT_STATUSES),
    dryRun: z.boolean(),
    mapping: Targets.nullable(),
    totalRows: z.int().nullable().meta({ description: 'Null until the file has been looked through.' }),
    processedRows: z.int(),
    created: z.int().meta({ description: 'Rows of which anything is new.' }),
    updated: z.int().meta({ description: 'Rows that changed only what was there.' }),
    unchanged: z.int(),
    failed: z.int(),
    warnings: z.int(),
    progress: z.int().meta({ description: 'In percent of the rows.' }),
    failure: Failure.nullable().meta({
      description: 'Why the file as a whole could not be read; nothing was written then.',
    }),
    createdAt: instant(),
    startedAt: instant().nullable(),
    finishedAt: instant().nullable(),
  })
  .meta({ id: 'Import', examples: [IMPORT_EXAMPLE] });
Import satisfies z.ZodType<ImportView>;

export const ImportList = z
  .object({ data: z.array(Import), nextCursor: nextCursor() })
  .meta({ id: 'ImportList', examples: [{ data: [IMPORT_EXAMPLE], nextCursor: null }] });

const RowError = z.object({
  column: z
    .string()
    .nullable()
    .meta({ description: "The file's own name of the column; null for the row as a whole." }),
  value: z.string().nullable(),
  code: z.string(),
  message: z.string(),
});
const RowWarning = z.object({ column: z.string().nullable(), code: z.string(), message: z.string() });

const ROW_EXAMPLE = {
  row: 17,
  status: 'failed' as const,
  action: null,
  entityId: null,
  errors: [
    {
      column: 'NDIS Number',
      value: '4.3E+08',
      code: 'VALIDATION_FAILED',
      message:
        '"4.3E+08" is what Excel makes of a long number: its last digits are lost. Format the column as text or as a number without decimals, and export it again.',
    },
  ],
  warnings: [],
};

export const ImportRowSchema = z
  .object({
    row: z.int().meta({ description: 'The number of the record in the file; the header is 1.' }),
    status: z.enum(ROW_STATUSES),
    action: z.enum(ROW_ACTIONS).nullable(),
    entityId: z.string().nullable(),
    errors: z.array(RowError),
    warnings: z.array(RowWarning),
  })
  .meta({ id: 'ImportRow' });
ImportRowSchema satisfies z.ZodType<ImportRowView>;

export const ImportRowList = z
  .object({ data: z.array(ImportRowSchema), nextCursor: nextCursor() })
  .meta({ id: 'ImportRowList', examples: [{ data: [ROW_EXAMPLE], nextCursor: null }] });

export const Preview = z
  .object({
    encoding: z.string().nullable(),
    delimiter: z.string().nullable(),
    columns: z.array(
      z.object({
        column: z.string(),
        target: z.string().nullable(),
        confidence: z.number().min(0).max(1).meta({ description: '1 where the name says it, or a mapping does.' }),
      }),
    ),
    mapping: Targets,
    remembered: z.boolean().meta({ description: 'Whether this is the mapping last used for these columns.' }),
    rows: z.array(
      z.object({
        row: z.int(),
        understood: z.unknown().meta({ type: ['object', 'null'], description: 'The row as it would be read.' }),
        errors: z.array(RowError),
      }),
    ),
    problems: z.array(Failure).meta({ description: 'What would keep the file as a whole from being read.' }),
  })
  .meta({
    id: 'ImportPreview',
    examples: [
      {
        encoding: 'utf-8',
        delimiter: ',',
        columns: [
          { column: 'NDIS Number', target: 'ndisNumber', confidence: 1 },
          { column: 'Notes', target: null, confidence: 0 },
        ],
        mapping: { 'NDIS Number': 'ndisNumber', Notes: null },
        remembered: false,
        rows: [{ row: 2, understood: { ndisNumber: '430000001' }, errors: [] }],
        problems: [],
      },
    ],
  });

export const ListImports = z.object({
  ...page,
  kind: z.enum(IMPORT_KINDS).optional(),
  status: z.enum(IMPORT_STATUSES).optional(),
});

export const ListImportRows = z.object({ ...page, status: z.enum(ROW_STATUSES).optional() });
