import { type CellReader, readDate, readFlag, readMoney, readNdisNumber } from '../../csv/cells.ts';
import { readCategory, readItemCode } from '../import-runs/categories.ts';
import { type Layout, type RowError, type RowReader, rowReader } from '../import-runs/rows.ts';
import { AMOUNT_OF } from '../import-runs/targets.ts';
import type { ManagementType, PlanSystem, PricingZone } from '../ledger/state.ts';

/** A budget line as a row has it; amounts in cents, null where the row says nothing. */
export interface LineRow {
  categoryCode: number;
  supportItemCode: string | null;
  managementType: ManagementType | null;
  flexible: boolean | null;
  allocatedCents: number | null;
  spentCents: number | null;
  releasedCents: number | null;
  remainingCents: number | null;
  /** The funding period that the amount is for; null for all of the plan. */
  period: { startDate: string | null; endDate: string | null } | null;
  /** The target whose column has the amount: what an error of it names. */
  target: string;
}

export interface PlanRow {
  startDate: string;
  endDate: string | null;
  planNumber: string | null;
  planManager: string | null;
  system: PlanSystem | null;
  managementType: ManagementType | null;
}

/** A participant as a row has them: null where the row says nothing, which leaves what is there. */
export interface ParticipantIntent {
  ndisNumber: string;
  profile: {
    firstName: string | null;
    lastName: string | null;
    preferredName: string | null;
    dateOfBirth: string | null;
    gender: string | null;
  };
  contact: { email: string | null; phone: string | null; mobile: string | null };
  address: {
    street: string | null;
    suburb: string | null;
    state: string | null;
    postcode: string | null;
    country: string | null;
  };
  pricingZone: PricingZone | null;
  tags: string[] | null;
  plan: PlanRow | null;
  lines: LineRow[];
}

/** How money is managed, in the words that providers use: "NDIA-managed" is agency-managed (`domain.md` §7.3). */
export const readManagementType: CellReader<ManagementType> = (text) => {
  const plain = text.toLowerCase();
  if (/\bself\b|^self/.test(plain)) return { value: 'self_managed' };
  if (/ndia|agency/.test(plain)) return { value: 'ndia_managed' };
  if (/^plan|\bplan\b|plan_managed|^pm$/.test(plain)) return { value: 'plan_managed' };
  return { wrong: 'must be a management type: Agency (NDIA), Plan or Self' };
};

const readZone: CellReader<PricingZone> = (text) => {
  const plain = text.toLowerCase().replace(/[^a-z0-9]/g, '');
  if (/^(?:national|(?:mmm?)?[1-5])$/.test(plain)) return { value: 'national' };
  if (/^(?:remote|(?:mmm?)?6)$/.test(plain)) return { value: 'remote' };
  if (/^(?:veryremote|(?:mmm?)?7)$/.test(plain)) return { value: 'very_remote' };
  return { wrong: 'must be a pricing zone: national, remote or very remote' };
};

const readSystem: CellReader<PlanSystem> = (text) => {
  if (/^(?:pace|yes|y|true)$/i.test(text)) return { value: 'pace' };
  if (/^(?:legacy|proda|no|n|false)$/i.test(text)) return { value: 'legacy' };
  return { wrong: 'must be pace or legacy' };
};

const readAmount: CellReader<number> = (text) => {
  const read = readMoney(text);
  return 'value' in read && read.value < 0 ? { wrong: 'must not be negative' } : read;
};

/** The first and the last of a period in one cell: `1/7/2026 - 30/9/2026`. */
const readPeriod: CellReader<{ startDate: string | null; endDate: string | null }> = (text) => {
  const [first = '', last, ...more] = text.split(/\s+(?:-|–|to|until)\s+/i);
  const start = readDate(first.trim());
  if (last === undefined) return 'value' in start ? { value: { startDate: start.value, endDate: null } } : start;
  const end = readDate(last.trim());
  if (more.length > 0 || 'wrong' in start || 'wrong' in end)
    return { wrong: 'must be a period such as 01/07/2026 - 30/09/2026' };
  return { value: { startDate: start.value, endDate: end.value } };
};

const MAX_SHORT = 200;

function short(row: RowReader, target: string): string | null {
  const text = row.text(target);
  if (text.length > MAX_SHORT) row.fail(target, { message: `The ${target} has more than ${MAX_SHORT} characters.` });
  return text === '' ? null : text;
}

function some(text: string): string | null {
  return text === '' ? null : text;
}

/** Names from two columns, or from one: `Last, First`, or the family name last. */
function names(row: RowReader): { firstName: string | null; lastName: string | null } {
  const first = some(row.text('firstName'));
  const last = some(row.text('lastName'));
  const full = row.text('fullName').replace(/\s+/g, ' ');
  if (first !== null || last !== null || full === '') return { firstName: first, lastName: last };
  const comma = full.indexOf(',');
  if (comma >= 0) return { firstName: some(full.slice(comma + 1).trim()), lastName: some(full.slice(0, comma).trim()) };
  const blank = full.lastIndexOf(' ');
  if (blank < 0) {
    row.fail('fullName', { message: `"${full}" is one name: a first and a family name are needed.` });
    return { firstName: null, lastName: null };
  }
  return { firstName: full.slice(0, blank), lastName: full.slice(blank + 1) };
}

function planOf(row: RowReader, managementType: ManagementType | null): PlanRow | null {
  const startDate = row.read('planStart', readDate);
  const endDate = row.read('planEnd', readDate);
  const rest = {
    planNumber: short(row, 'planNumber'),
    planManager: short(row, 'planManager'),
    system: row.read('planSystem', readSystem),
    managementType,
  };
  if (startDate === null) {
    if (endDate !== null && row.text('planStart') === '') {
      row.fail('planStart', { message: 'The row has the end of a plan and not its start.' });
    }
    return null;
  }
  if (endDate !== null && endDate < startDate) {
    row.fail('planEnd', {
      code: 'INVALID_DATE',
      message: `The plan ends on ${endDate}, before it starts on ${startDate}.`,
    });
  }
  return { startDate, endDate, ...rest };
}

/** The line of a row of the long layout: its category or item, and its amounts; null where the row has neither. */
function lineOf(row: RowReader, managementType: ManagementType | null): LineRow | null {
  const item = row.read('supportItem', readItemCode);
  if (item === null && row.text('supportItem') !== '') return null;
  const category = row.text('category');
  const allocatedCents = row.read('allocated', readAmount);
  const amounts = {
    allocatedCents,
    spentCents: row.read('spent', readAmount),
    releasedCents: row.read('released', readAmount),
    remainingCents: row.read('remaining', readMoney),
  };
  const flexible = row.read('flexible', readFlag);
  const period = periodOf(row);
  if (item === null && category === '') {
    if (allocatedCents !== null)
      row.fail('category', { message: 'The row has an amount and no category or item that it is for.' });
    return null;
  }
  let categoryCode = item === null ? null : Number(item.slice(0, 2));
  if (category !== '') {
    const read = readCategory(category);
    if (!read)
      row.fail('category', {
        message: `"${category.slice(0, 40)}" is not a support category: a number from 1 to 21, or its name.`,
      });
    categoryCode = read?.code ?? null;
  }
  if (categoryCode === null) return null;
  return { categoryCode, supportItemCode: item, managementType, flexible, ...amounts, period, target: 'allocated' };
}

function periodOf(row: RowReader): LineRow['period'] {
  const first = row.read('periodStart', readPeriod);
  const endDate = row.read('periodEnd', readDate);
  if (!first && endDate === null) return null;
  return { startDate: first?.startDate ?? null, endDate: endDate ?? first?.endDate ?? null };
}

/** The lines of a row of the wide layout: one for each category column with an amount in it. */
function wideLines(
  layout: Layout,
  { row, managementType }: { row: RowReader; managementType: ManagementType | null },
): LineRow[] {
  const lines: LineRow[] = [];
  const flexible = row.read('flexible', readFlag);
  for (const target of layout.places.keys()) {
    const code = AMOUNT_OF.exec(target)?.[1];
    const allocatedCents = code === undefined ? null : row.read(target, readAmount);
    if (allocatedCents === null) continue;
    lines.push({
      categoryCode: Number(code),
      supportItemCode: null,
      managementType,
      flexible,
      allocatedCents,
      spentCents: null,
      releasedCents: null,
      remainingCents: null,
      period: null,
      target,
    });
  }
  return lines;
}

/** Reads a row of participants and plans, either layout; or says everything that is wrong with its cells. */
export function readParticipantRow(
  layout: Layout,
  cells: readonly string[],
): { intent: ParticipantIntent } | { errors: RowError[] } {
  const row = rowReader(layout, cells);
  const ndisNumber = row.read('ndisNumber', readNdisNumber);
  if (ndisNumber === null && row.errors.length === 0)
    row.fail('ndisNumber', { message: 'The NDIS number is missing.' });
  const managementType = row.read('managementType', readManagementType);
  const plan = planOf(row, managementType);
  const long = lineOf(row, managementType);
  const lines = [...(long ? [long] : []), ...wideLines(layout, { row, managementType })];
  if (lines.length > 0 && !plan && row.errors.length === 0) {
    row.fail('planStart', { message: "A budget needs its plan's start date." });
  }
  const text = (target: string) => some(row.text(target));
  const intent: Omit<ParticipantIntent, 'ndisNumber'> = {
    profile: {
      ...names(row),
      preferredName: text('preferredName'),
      dateOfBirth: row.read('dateOfBirth', readDate),
      gender: text('gender'),
    },
    contact: { email: text('email'), phone: text('phone'), mobile: text('mobile') },
    address: {
      street: text('street'),
      suburb: text('suburb'),
      state: text('state'),
      postcode: text('postcode'),
      country: text('country'),
    },
    pricingZone: row.read('pricingZone', readZone),
    tags:
      text('tags')
        ?.split(/[;,|]/)
        .map((tag) => tag.trim())
        .filter((tag) => tag !== '') ?? null,
    plan,
    lines,
  };
  return ndisNumber === null || row.errors.length > 0 ? { errors: row.errors } : { intent: { ndisNumber, ...intent } };
}
