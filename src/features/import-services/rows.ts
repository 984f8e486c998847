import { type CellReader, readDate, readMoney, readNdisNumber, readQuantity, readTime } from '../../csv/cells.ts';
import { readItemCode } from '../import-runs/categories.ts';
import { type Layout, type RowError, type RowReader, rowReader } from '../import-runs/rows.ts';

/** A shift as a row has it: amounts in cents, quantity in hundredths; null where the row says nothing. */
export interface ServiceIntent {
  ndisNumber: string;
  serviceDate: string;
  supportItemCode: string;
  startTime: string | null;
  endTime: string | null;
  quantityHundredths: number | null;
  unitPriceCents: number | null;
  /** An e-mail address, or a name; null is whoever imports. */
  worker: string | null;
  notes: string;
}

const readPrice: CellReader<number> = (text) => {
  const read = readMoney(text);
  return 'value' in read && read.value < 0 ? { wrong: 'must not be negative' } : read;
};

const MAX_NOTES = 10_000;

function needed<Value>(row: RowReader, { target, value }: { target: string; value: Value | null }): Value | null {
  if (value === null && row.text(target) === '') row.fail(target, { message: `The ${target} is missing.` });
  return value;
}

/** Reads a row of a timesheet, or says everything that is wrong with its cells. */
export function readServiceRow(
  layout: Layout,
  cells: readonly string[],
): { intent: ServiceIntent } | { errors: RowError[] } {
  const row = rowReader(layout, cells);
  const need = <Value>(target: string, reader: CellReader<Value>) =>
    needed(row, { target, value: row.read(target, reader) });
  const ndisNumber = need('ndisNumber', readNdisNumber);
  const serviceDate = need('serviceDate', readDate);
  const supportItemCode = need('supportItem', readItemCode);
  const rest = {
    startTime: row.read('startTime', readTime),
    endTime: row.read('endTime', readTime),
    quantityHundredths: row.read('quantity', readQuantity),
    unitPriceCents: row.read('unitPrice', readPrice),
    worker: row.text('workerEmail') || null,
    notes: row.text('notes'),
  };
  if (rest.notes.length > MAX_NOTES)
    row.fail('notes', { message: `The notes have more than ${MAX_NOTES} characters.` });
  if (ndisNumber === null || serviceDate === null || supportItemCode === null || row.errors.length > 0) {
    return { errors: row.errors };
  }
  return { intent: { ndisNumber, serviceDate, supportItemCode, ...rest } };
}
