import { type CellReader, readDate, readMoney } from '../../csv/cells.ts';
import { readItemCode } from '../import-runs/categories.ts';
import { type Layout, type RowError, rowReader } from '../import-runs/rows.ts';
import type { Unit } from '../support-items/rules.ts';
import { UNITS } from '../support-items/table.ts';

/** An item that an organisation has agreed on for itself. Prices in cents; null is no limit. */
export interface ItemIntent {
  code: string;
  name: string;
  unit: Unit;
  startDate: string;
  endDate: string | null;
  limits: { national: number | null; remote: number | null; veryRemote: number | null };
}

const UNIT_NAMES: ReadonlyMap<string, Unit> = new Map(
  Object.entries({
    hour: 'H',
    hours: 'H',
    hourly: 'H',
    each: 'E',
    day: 'D',
    daily: 'D',
    week: 'WK',
    weekly: 'WK',
    month: 'MON',
    monthly: 'MON',
    year: 'YR',
    yearly: 'YR',
  } as const),
);

const readUnit: CellReader<Unit> = (text) => {
  const unit = UNITS.find((known) => known === text.toUpperCase()) ?? UNIT_NAMES.get(text.toLowerCase());
  return unit ? { value: unit } : { wrong: `must be one of ${UNITS.join(', ')}` };
};

const readPrice: CellReader<number> = (text) => {
  const read = readMoney(text);
  return 'value' in read && read.value < 0 ? { wrong: 'must not be negative' } : read;
};

const readEnd: CellReader<string | null> = (text) => (/^9999-?12-?31$/.test(text) ? { value: null } : readDate(text));

const MAX_NAME = 500;

/** Reads a row of agreed own items, or says everything that is wrong with its cells. */
export function readItemRow(layout: Layout, cells: readonly string[]): { intent: ItemIntent } | { errors: RowError[] } {
  const row = rowReader(layout, cells);
  const code = row.read('code', readItemCode);
  const unit = row.read('unit', readUnit);
  const startDate = row.read('startDate', readDate);
  const endDate = row.read('endDate', readEnd);
  const name = row.text('name').replace(/\s+/g, ' ');
  for (const target of ['code', 'name', 'unit', 'startDate']) {
    if (row.text(target) === '') row.fail(target, { message: `The ${target} is missing.` });
  }
  if (name.length > MAX_NAME) row.fail('name', { message: `The name has more than ${MAX_NAME} characters.` });
  if (startDate !== null && endDate !== null && endDate < startDate) {
    row.fail('endDate', { code: 'INVALID_DATE', message: `The end, ${endDate}, is before the start, ${startDate}.` });
  }
  const national = row.read('nationalPrice', readPrice);
  const limits = {
    national,
    // An agreed price is the same everywhere unless a column says otherwise.
    remote: row.has('remotePrice') ? row.read('remotePrice', readPrice) : national,
    veryRemote: row.has('veryRemotePrice') ? row.read('veryRemotePrice', readPrice) : national,
  };
  if (code === 'Bereavement') row.fail('code', { message: 'The item has no category in its number.' });
  if (code === null || unit === null || startDate === null || row.errors.length > 0) return { errors: row.errors };
  return { intent: { code, name, unit, startDate, endDate, limits } };
}
