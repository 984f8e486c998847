import sql from 'sql-template-tag';
import { newId } from '../../ids.ts';
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
import type { ParticipantRow } from '../participants/table.ts';
import type { PlanRow } from '../plans/table.ts';
import { applyRow } from './apply.ts';
import type { Touched } from './parts.ts';
import { type ParticipantIntent, readParticipantRow } from './rows.ts';
import type { Person } from './work.ts';
import { guardsOf, writeAll } from './write.ts';

/** The draft that counts the participants a dry run would have created. */
const COUNT = '#created';

interface Draft {
  participant: ParticipantRow;
  ledger: unknown;
  plans: [string, PlanRow][];
}

interface World {
  people: Map<string, Person>;
  /** How many more participants the subscription has room for. */
  room: number;
  counted: number;
  lastUsed: ReadonlyMap<string, string>;
}

/** Works out rows of participants and plans: one read, then `applyRow` for each in the file's order. */
export const planParticipants: Planner = async (work, rows) => {
  const intents = rows.map((row) => ({ row, read: intentOf(work, row) }));
  const numbers = [...new Set(intents.flatMap(({ read }) => ('intent' in read ? [read.intent.ndisNumber] : [])))];
  const world = await readWorld(work, numbers);
  world.lastUsed = await readLastUsed(work, {
    world,
    intents: intents.flatMap(({ read }) => ('intent' in read ? [read.intent] : [])),
  });
  const touched = new Map<string, Touched>();
  const outcomes = intents.map(({ row, read }) =>
    'errors' in read ? failed(row, read.errors) : apply(work, { row, intent: read.intent, world, touched }),
  );
  return stepOf(work, { outcomes, touched: [...touched.values()], world });
};

function intentOf(work: Work, row: FileRow): { intent: ParticipantIntent } | { errors: RowError[] } {
  const errors = shapeErrors(work.layout, row);
  return errors.length > 0 ? { errors } : readParticipantRow(work.layout, row.cells);
}

async function readWorld(work: Work, numbers: readonly string[]): Promise<World> {
  const rows = await work.database.read<[...ManyLedgers, { room: number | null }, { key: string; value: string }]>(
    ...manyLedgersStatements(work.organizationId, numbers),
    sql`SELECT participant_limit - participant_count AS room FROM organizations WHERE id = ${work.organizationId}`,
    draftsStatement(work, work.dryRun ? [COUNT, ...numbers] : []),
  );
  const [participants, plans, budgets, periods, boundaries, [limit], drafts] = rows;
  const people = new Map<string, Person>();
  for (const [number, known] of knownParticipants([participants, plans, budgets, periods, boundaries])) {
    people.set(number, { participant: known.row, ledger: known.ledger, plans: known.plans });
  }
  let counted = 0;
  for (const { key, value } of drafts) {
    if (key === COUNT) counted = JSON.parse(value);
    else people.set(key, restored(JSON.parse(value)));
  }
  return { people, room: (limit?.room ?? Number.POSITIVE_INFINITY) - counted, counted, lastUsed: new Map() };
}

/** The last used days of the plans that some row ends earlier; no read where none does. */
async function readLastUsed(
  work: Work,
  { world, intents }: { world: World; intents: readonly ParticipantIntent[] },
): Promise<ReadonlyMap<string, string>> {
  const plans = intents.flatMap(({ ndisNumber, plan: asked }) => {
    const plan = world.people.get(ndisNumber)?.ledger.plans.find(({ startDate }) => startDate === asked?.startDate);
    return plan && asked?.endDate && asked.endDate < plan.endDate ? [plan] : [];
  });
  if (plans.length === 0) return new Map();
  const lines = plans.flatMap((plan) => plan.lines.map((line) => ({ line: line.id, plan: plan.id })));
  const [days] = await work.database.read<[{ plan: string; day: string | null }]>(
    sql`SELECT used.value ->> 'plan' AS plan, max(coalesce(
        (SELECT max(service_date) FROM services INDEXED BY services_by_budget WHERE budget_id = used.value ->> 'line'
          AND status = 'completed' AND organization_id = ${work.organizationId}), ''),
        coalesce((SELECT max(effective_on) FROM ledger_entries INDEXED BY ledger_entries_budget
          WHERE budget_id = used.value ->> 'line' AND kind = 'opening' AND organization_id = ${work.organizationId}), '')) AS day
      FROM json_each(${JSON.stringify(lines)}) used`,
  );
  const last = new Map<string, string>();
  for (const { plan, day } of days) if (day && day > (last.get(plan) ?? '')) last.set(plan, day);
  return last;
}

function restored({ participant, ledger, plans }: Draft): Person {
  return { participant, ledger: restoredLedger(ledger), plans: new Map(plans) };
}

function nobody(work: Work): Person {
  const ledger = {
    participantId: newId('par'),
    organizationId: work.organizationId,
    status: 'active' as const,
    pricingZone: 'national' as const,
    version: 0,
    plans: [],
  };
  return { participant: null, ledger, plans: new Map() };
}

interface Applying {
  row: FileRow;
  intent: ParticipantIntent;
  world: World;
  touched: Map<string, Touched>;
}

function apply(work: Work, { row, intent, world, touched }: Applying): RowOutcome {
  const { ndisNumber } = intent;
  const person = touched.get(ndisNumber)?.after ?? world.people.get(ndisNumber) ?? nobody(work);
  const { layout } = work;
  const applied = applyRow(person, { ...work, newId, lastUsed: world.lastUsed, intent });
  if ('errors' in applied) {
    return failed(
      row,
      applied.errors.map((error) => located({ layout, cells: row.cells }, error)),
    );
  }
  const isNew = person.participant === null;
  if (isNew && world.room < 1) {
    const message = 'The subscription has no room for another participant.';
    return failed(row, [
      located({ layout, cells: row.cells }, { target: 'ndisNumber', code: 'PARTICIPANT_LIMIT', message }),
    ]);
  }
  if (isNew) {
    world.room -= 1;
    world.counted += 1;
  }
  const { changes } = applied;
  const known = touched.get(ndisNumber) ?? { before: person, after: person, rows: [] };
  touched.set(ndisNumber, {
    before: known.before,
    after: applied.person,
    rows: [...known.rows, { row: row.row, changes, version: applied.person.ledger.version }],
  });
  return {
    row: row.row,
    action: actionOf(changes.map((change) => change.kind)),
    // What a dry run would have made has no id yet.
    entityId: work.dryRun && isNew ? null : applied.person.ledger.participantId,
    errors: [],
    warnings: applied.warnings.map((warning) => ({ column: null, ...warning })),
    cells: row.cells,
  };
}

/** A row created something, if anything of it is new; else it changed something, or nothing. */
function actionOf(kinds: readonly string[]): RowOutcome['action'] {
  if (kinds.some((kind) => kind.endsWith('.created'))) return 'created';
  return kinds.length > 0 ? 'updated' : 'unchanged';
}

function stepOf(
  work: Work,
  { outcomes, touched, world }: { outcomes: RowOutcome[]; touched: Touched[]; world: World },
): Step {
  const changed = touched.filter(({ rows }) => rows.some(({ changes }) => changes.length > 0));
  if (work.dryRun) {
    const drafts = new Map<string, unknown>(
      changed.map(({ after }) => [after.participant?.ndis_number ?? '', draftOf(after)]),
    );
    if (world.counted > 0) drafts.set(COUNT, world.counted);
    return { outcomes, guards: [], statements: (proof) => keepDrafts(work, { drafts, proof }), participantIds: [] };
  }
  return {
    outcomes,
    guards: guardsOf(work, changed),
    statements: (proof) => writeAll(work, { touched: changed, proof }),
    participantIds: changed.flatMap(({ before }) => (before.participant ? [before.participant.id] : [])),
  };
}

function draftOf({ participant, ledger, plans }: Person): unknown {
  return { participant, ledger: storedLedger(ledger), plans: [...plans] };
}
