import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Papa from 'papaparse';
import { z } from 'zod';
import { isDate } from '../../src/time/rules.ts';
import { ROOT } from '../lib/paths.ts';

/** `16/11/2026`, as Australian spreadsheets write it. */
const australianDate = z
  .string()
  .transform((text) => text.replace(/^(\d\d)\/(\d\d)\/(\d{4})$/, '$3-$2-$1'))
  .refine(isDate, 'must be a date, DD/MM/YYYY');

/** `$1,234.56` or `68.00`, in cents. */
const cents = z
  .string()
  .regex(/^\$?(\d+|\d{1,3}(,\d{3})+)\.\d\d$/, 'must be dollars and cents')
  .transform((text) => Number(text.replaceAll(/\D/g, '')));

const ndisNumber = z
  .string()
  .transform((text) => text.replaceAll(' ', ''))
  .refine((text) => /^43\d{7}$/.test(text), 'must be nine digits beginning with 43');

/** `Surname, Given`. */
const client = z
  .string()
  .regex(/^[^,]+, [^,]+$/, 'must be "Surname, Given"')
  .transform((text) => {
    const [lastName = '', firstName = ''] = text.split(', ');
    return { firstName, lastName };
  });

/** A word of the sheet, as the API says it. */
function oneOf<Value extends string | boolean>(words: Record<string, Value>) {
  return z.string().transform((text, context): Value => {
    const value = words[text];
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: `must be one of ${Object.keys(words).join(', ')}` });
    return z.NEVER;
  });
}

const blankAsNull = <Schema extends z.ZodType>(schema: Schema) =>
  z.union([z.literal('').transform(() => null), schema]);
const timeOfDay = z.string().regex(/^\d\d:\d\d$/, 'must be HH:MM');

const BudgetRow = z.object({
  Client: client,
  'NDIS No': ndisNumber,
  'Date of Birth': australianDate,
  Suburb: z.string(),
  State: z.string(),
  Postcode: z.string(),
  'Price Zone': oneOf({ National: 'national', Remote: 'remote', 'Very Remote': 'very_remote' }),
  'Plan Start': australianDate,
  'Plan End': australianDate,
  'Managed By': oneOf({ Agency: 'ndia_managed', Plan: 'plan_managed', Self: 'self_managed' }),
  'Support Category': z
    .string()
    .regex(/^\d\d /, 'must begin with its number')
    .transform((text) => Number(text.slice(0, 2))),
  Funding: oneOf({ Flexible: true, Stated: false }),
  Released: oneOf({ Quarterly: 'quarterly', Monthly: 'monthly', Upfront: 'upfront' }),
  'Agreed Amount': cents,
});
export type BudgetRow = z.output<typeof BudgetRow>;

const ShiftRow = z.object({
  'Shift ID': z.string().min(1),
  Date: australianDate,
  Client: client,
  'NDIS No': ndisNumber,
  'Item Code': z.string().min(1),
  Start: blankAsNull(timeOfDay),
  Finish: blankAsNull(timeOfDay),
  Quantity: blankAsNull(z.coerce.number<string>().positive()),
  Rate: blankAsNull(cents),
  'Worker Email': z.email(),
  Notes: z.string(),
});
export type ShiftRow = z.output<typeof ShiftRow>;

const ItemRow = z.object({ 'Support Item Number': z.string().min(1) });

/** Reads a sheet's text row by row; throws with the row, counted as spreadsheets count, and the column at fault. */
function readSheet<Schema extends z.ZodType>(text: string, schema: Schema): z.output<Schema>[] {
  const { data, errors } = Papa.parse<Record<string, string>>(text, { header: true, skipEmptyLines: true });
  const [broken] = errors;
  if (broken) throw new Error(`Row ${(broken.row ?? 0) + 2}: ${broken.message}`);
  return data.map((row, index) => {
    const parsed = schema.safeParse(row);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw new Error(`Row ${index + 2}, ${issue?.path.join('.') || 'the row'}: ${issue?.message ?? 'is not readable'}`);
  });
}

export const readBudgetRows = (text: string): BudgetRow[] => readSheet(text, BudgetRow);
export const readShiftRows = (text: string): ShiftRow[] => readSheet(text, ShiftRow);
export const readItemCodes = (text: string): string[] =>
  readSheet(text, ItemRow).map((row) => row['Support Item Number']);

/** A sheet of `examples/`, its name in any complaint. */
export function fromExamples<Row>(name: string, read: (text: string) => Row[]): Row[] {
  const text = readFileSync(join(ROOT, 'examples', name), 'utf8');
  try {
    return read(text);
  } catch (error) {
    throw new Error(`examples/${name}: ${error instanceof Error ? error.message : error}`);
  }
}
