import sql, { type Sql } from 'sql-template-tag';
import { newId } from '../../ids.ts';
import { fold } from '../../text/rules.ts';
import {
  knownParticipants,
  type ManyLedgers,
  manyLedgersStatements,
  restoredLedger,
  storedLedger,
} from '../import-runs/ledgers.ts';
import { type RowError, shapeErrors } from '../import-runs/rows.ts';
import {
  draftsStatement,
  type FileRow,
  failed,
  keepDrafts,
  located,
  type Planner,
  type RowOutcome,
  type Step,
  type Work,
} from '../import-runs/step.ts';
import { afterSpending } from '../ledger/rules.ts';
import type { LedgerState } from '../ledger/state.ts';
import type { ParticipantRow } from '../participants/table.ts';
import { assess } from '../services/rules.ts';
import { itemsStatement, type KnownItemRow, supportItem } from '../support-items/cache.ts';
import type { SupportItem } from '../support-items/rules.ts';
import type { UserRow } from '../users/table.ts';
import { readServiceRow, type ServiceIntent } from './rows.ts';
import { guardsOf, type Recorded, writeAll } from './write.ts';

/** Names are looked for among so many users at most. */
const MAX_WORKERS = 5_000;

type WorkerRow = Pick<UserRow, 'id' | 'email_key' | 'first_name' | 'last_name'>;

interface EqualRow {
  id: string;
  ndis_number: string;
  service_date: string;
  support_item_code: string;
  start_time: string | null;
  support_worker_id: string;
  /** 1 when an earlier row of this import is this service. */
  own: number;
}

/** A participant's ledger as the rows so far leave it, and the shifts of this file that were accepted. */
interface Account {
  row: Pick<ParticipantRow, 'id' | 'ledger_version' | 'revision'>;
  ledger: LedgerState;
  accepted: Set<string>;
}

interface World {
  accounts: Map<string, Account>;
  items: Map<string, SupportItem[]>;
  workers: Map<string, string>;
  standing: Map<string, { id: string; own: boolean }>;
}

/** Works out rows of shifts in the file's order, by the rules that recording one has: one read, then `assess` for each. */
export const planServices: Planner = async (work, rows) => {
  const read = rows.map((row) => ({ row, read: intentOf(work, row) }));
  const intents = read.flatMap((one) => ('intent' in one.read ? [one.read.intent] : []));
  const world = await readWorld(work, intents);
  const recorded: Recorded[] = [];
  const outcomes = read.map((one) =>
    'errors' in one.read
      ? failed(one.row, one.read.errors)
      : record(work, { row: one.row, intent: one.read.intent, world, recorded }),
  );
  return stepOf(work, { outcomes, recorded, world });
};

function intentOf(work: Work, row: FileRow): { intent: ServiceIntent } | { errors: RowError[] } {
  const errors = shapeErrors(work.layout, row);
  return errors.length > 0 ? { errors } : readServiceRow(work.layout, row.cells);
}

/** Two rows are the same shift when worker, participant, item, date and start are equal. */
function shiftKey(shift: { worker: string; item: string; date: string; start: string | null }): string {
  return [shift.worker, shift.item, shift.date, shift.start ?? ''].join(' ');
}

async function readWorld(work: Work, intents: readonly ServiceIntent[]): Promise<World> {
  const numbers = [...new Set(intents.map((intent) => intent.ndisNumber))];
  const codes = [...new Set(intents.map((intent) => intent.supportItemCode))];
  const names = [...new Set(intents.flatMap((intent) => (intent.worker === null ? [] : [workerKey(intent.worker)])))];
  const rows = await work.database.read<
    [...ManyLedgers, KnownItemRow, WorkerRow, EqualRow, { key: string; value: string }]
  >(
    ...manyLedgersStatements(work.organizationId, numbers),
    itemsStatement({ codes, organizationId: work.organizationId }),
    workersStatement(work, names),
    equalStatement(work, intents),
    draftsStatement(work, work.dryRun ? numbers : []),
  );
  const [participants, plans, budgets, periods, boundaries, items, workers, equal, drafts] = rows;
  const world: World = {
    accounts: new Map(),
    items: Map.groupBy(items.map(supportItem), (item) => item.code),
    workers: new Map(),
    standing: new Map(),
  };
  for (const [number, { row, ledger }] of knownParticipants([participants, plans, budgets, periods, boundaries])) {
    world.accounts.set(number, { row, ledger, accepted: new Set() });
  }
  for (const { key, value } of drafts) {
    const { ledger, accepted } = JSON.parse(value);
    const account = world.accounts.get(key);
    if (account) world.accounts.set(key, { ...account, ledger: restoredLedger(ledger), accepted: new Set(accepted) });
  }
  for (const worker of workers) {
    world.workers.set(worker.email_key, worker.id);
    const name = fold(`${worker.first_name} ${worker.last_name}`);
    // Two of one name are nobody in particular.
    world.workers.set(name, world.workers.has(name) ? '' : worker.id);
  }
  for (const row of equal) {
    const shift = {
      worker: row.support_worker_id,
      item: row.support_item_code,
      date: row.service_date,
      start: row.start_time,
    };
    const key = `${row.ndis_number} ${shiftKey(shift)}`;
    world.standing.set(key, { id: row.id, own: row.own === 1 || world.standing.get(key)?.own === true });
  }
  return world;
}

function workerKey(worker: string): string {
  return worker.includes('@') ? worker.toLowerCase() : fold(worker);
}

/** Users by e-mail; by name only where a file has names, among all of the organisation's users. */
function workersStatement(work: Work, names: readonly string[]): Sql {
  if (names.every((name) => name.includes('@'))) {
    return sql`SELECT users.id, users.email_key, users.first_name, users.last_name FROM json_each(${JSON.stringify(names)}) wanted
      CROSS JOIN users INDEXED BY users_email_key ON users.email_key = wanted.value
      WHERE users.organization_id = ${work.organizationId}`;
  }
  return sql`SELECT id, email_key, first_name, last_name FROM users INDEXED BY users_organization
    WHERE organization_id = ${work.organizationId} LIMIT ${MAX_WORKERS}`;
}

function equalStatement(work: Work, intents: readonly ServiceIntent[]): Sql {
  const shifts = intents.map(({ ndisNumber, serviceDate, supportItemCode, startTime }) => ({
    number: ndisNumber,
    date: serviceDate,
    item: supportItemCode,
    start: startTime,
  }));
  return sql`SELECT DISTINCT service.id, participants.ndis_number, service.service_date, service.support_item_code, service.start_time,
      service.support_worker_id, EXISTS (SELECT 1 FROM import_rows INDEXED BY import_rows_services
        WHERE import_id = ${work.importId} AND entity_id = service.id AND entity_id >= 'svc_' AND entity_id < 'svd') AS own
    FROM json_each(${JSON.stringify(shifts)}) wanted
    CROSS JOIN participants INDEXED BY participants_ndis_number
      ON participants.organization_id = ${work.organizationId} AND participants.ndis_number = wanted.value ->> 'number'
    CROSS JOIN services service INDEXED BY services_by_participant ON service.participant_id = participants.id
      AND service.service_date = wanted.value ->> 'date' AND service.support_item_code = wanted.value ->> 'item'
      AND service.start_time IS wanted.value ->> 'start'
    WHERE service.status = 'completed'`;
}

/** The column that a refusal is about. */
const TARGET_OF: Record<string, string> = {
  NOT_FOUND: 'ndisNumber',
  PARTICIPANT_ARCHIVED: 'ndisNumber',
  INVALID_DATE: 'serviceDate',
  NO_PLAN: 'serviceDate',
  INVALID_TIME_RANGE: 'startTime',
  SUPPORT_ITEM_NOT_FOUND: 'supportItem',
  NO_BUDGET: 'supportItem',
  PRICE_REQUIRED: 'unitPrice',
  PRICE_ABOVE_LIMIT: 'unitPrice',
};

interface Recording {
  row: FileRow;
  intent: ServiceIntent;
  world: World;
  recorded: Recorded[];
}

function record(work: Work, { row, intent, world, recorded }: Recording): RowOutcome {
  const refuse = (error: { target: string; code: string; message: string }) =>
    failed(row, [located({ layout: work.layout, cells: row.cells }, error)]);
  const worker = intent.worker === null ? work.userId : world.workers.get(workerKey(intent.worker));
  if (!worker) {
    const message = `"${intent.worker?.slice(0, 60)}" is nobody, or more than one, of the organisation's users.`;
    return refuse({ target: 'workerEmail', code: 'VALIDATION_FAILED', message });
  }
  const account = world.accounts.get(intent.ndisNumber);
  const request = {
    participantId: account?.row.id ?? '',
    supportItemCode: intent.supportItemCode,
    serviceDate: intent.serviceDate,
    startTime: intent.startTime,
    endTime: intent.endTime,
    notes: intent.notes,
    unitPriceCents: intent.unitPriceCents,
    quantityHundredths: intent.quantityHundredths,
    budgetId: null,
  };
  const assessment = assess(request, {
    state: account?.ledger ?? null,
    items: world.items.get(intent.supportItemCode) ?? [],
    timeZone: work.timeZone,
    today: work.today,
  });
  const earlier = assessment.refusals.find(({ code }) => code !== 'INSUFFICIENT_BUDGET');
  if (earlier || !account) {
    const { code = 'NOT_FOUND', detail = 'There is no such participant.', errors = [] } = earlier ?? {};
    const pointer = errors[0]?.pointer.slice(1);
    const message = errors[0] ? `The ${pointer} ${errors[0].message}.` : detail;
    return refuse({ target: pointer ?? TARGET_OF[code] ?? '', code, message });
  }
  const key = shiftKey({ worker, item: intent.supportItemCode, date: intent.serviceDate, start: intent.startTime });
  const standing = world.standing.get(`${intent.ndisNumber} ${key}`);
  if (account.accepted.has(key) || standing?.own) {
    const message =
      'An earlier row of the file is the same shift: worker, participant, item, date and start are equal.';
    return refuse({ target: '', code: 'DUPLICATE', message });
  }
  if (standing) {
    account.accepted.add(key);
    return { row: row.row, action: 'unchanged', entityId: standing.id, errors: [], warnings: [], cells: row.cells };
  }
  const [refusal] = assessment.refusals;
  const { charge } = assessment;
  if (refusal || !charge) {
    return refuse({
      target: '',
      code: refusal?.code ?? 'CONFLICT',
      message: refusal?.detail ?? 'It cannot be charged.',
    });
  }
  account.accepted.add(key);
  const { plan, line, totalCostCents: cents } = charge;
  account.ledger = afterSpending(account.ledger, { plan, line, date: intent.serviceDate, cents }).state;
  const serviceId = newId('svc');
  const { version } = account.ledger;
  recorded.push({ row: row.row, serviceId, participant: account.row, request, charge, worker, version });
  const warnings = assessment.warnings.map(({ code }) => ({
    column: null,
    code,
    message: 'The participant is inactive.',
  }));
  return {
    row: row.row,
    action: 'created',
    entityId: work.dryRun ? null : serviceId,
    errors: [],
    warnings,
    cells: row.cells,
  };
}

function stepOf(
  work: Work,
  { outcomes, recorded, world }: { outcomes: RowOutcome[]; recorded: Recorded[]; world: World },
): Step {
  if (work.dryRun) {
    const drafts = new Map<string, unknown>();
    for (const [number, { ledger, accepted }] of world.accounts) {
      if (accepted.size > 0) drafts.set(number, { ledger: storedLedger(ledger), accepted: [...accepted] });
    }
    return { outcomes, guards: [], statements: (proof) => keepDrafts(work, { drafts, proof }), participantIds: [] };
  }
  return {
    outcomes,
    guards: guardsOf(work, recorded),
    statements: (proof) => writeAll(work, { recorded, proof }),
    participantIds: [...new Set(recorded.map(({ participant }) => participant.id))],
  };
}
