import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { organizationStatements } from '../scripts/lib/organization.ts';
import { ROOT } from '../scripts/lib/paths.ts';
import { newId } from '../src/ids.ts';
import { person } from './people.ts';
import {
  COST,
  DEAR_ITEM,
  HOURS,
  ITEM,
  type Organization,
  PLAN,
  seededDate,
  type Target,
  TIME_ZONE,
  type World,
} from './world.ts';

/** How many participants the groups of `World` have. */
const SPREAD = 200;
const ALONE = 24;
const FEW = 20;

const PLENTY = 1_000_000_000;
/** Less than an hour of the dear item costs: that line refuses. */
const SCARCE = 5_000;
const MANAGEMENT = 'ndia_managed';

export interface Sizes {
  participants: number;
  smaller: number;
  servicesEach: number;
}

/** 20,000 participants with 200,000 services, and a twentieth of that beside them. */
export const SIZES: Sizes = { participants: 20_000, smaller: 1_000, servicesEach: 10 };

/** A plan as most are: two lines that share a flexible pool, and one on its own. All is released at the start. */
const LINES = [
  { categoryCode: ITEM.categoryCode, flexible: 1 },
  { categoryCode: 4, flexible: 1 },
  { categoryCode: DEAR_ITEM.categoryCode, flexible: 0 },
];

const PROFILE = {
  date_of_birth: '1990-01-01',
  address: JSON.stringify({
    street: '12 Wattle Street',
    suburb: 'Marrickville',
    state: 'NSW',
    postcode: '2204',
    country: 'AU',
  }),
  emergency: JSON.stringify([{ name: 'Sam Doe', relationship: 'sibling', phone: '0400000000', isPrimary: true }]),
  medical: JSON.stringify({ disabilities: ['autism'], medications: [], allergies: [], dietaryRequirements: [] }),
  preferences: JSON.stringify({
    communicationNeeds: null,
    culturalConsiderations: null,
    interests: ['music'],
    routines: null,
  }),
};

type Insert = (table: string, row: Record<string, SQLInputValue>) => void;

/** Inserts rows; every row of a table has the same columns in the same order, so each is compiled once. */
function inserter(database: DatabaseSync): Insert {
  const statements = new Map<string, StatementSync>();
  return (table, row) => {
    let statement = statements.get(table);
    if (!statement) {
      const columns = Object.keys(row);
      const places = columns.map(() => '?').join(', ');
      statement = database.prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places})`);
      statements.set(table, statement);
    }
    statement.run(...Object.values(row));
  };
}

interface Place {
  owner: Organization;
  n: number;
  /** Of each of the three lines. */
  allocated: Allocated;
}

type Allocated = readonly [number, number, number];

/** One participant with a plan, its lines, their past services, and the ledger that says so. */
function seedParticipant(insert: Insert, { owner, n, allocated }: Place): Target {
  const { id: organization_id, userId } = owner;
  const servicesEach = owner.services / owner.participants;
  const spent = COST * servicesEach;
  const at = Date.now() - 300 * 86_400_000 + n * 1000;
  const dates = { created_at: at, updated_at: at };
  const participant_id = newId('par');
  const plan_id = newId('pln');
  const owned = { organization_id, participant_id };
  const who = person(n, owner.participants);
  insert('participants', {
    id: participant_id,
    organization_id,
    ndis_number: who.ndisNumber,
    first_name: who.firstName,
    last_name: who.lastName,
    contact: JSON.stringify({ email: who.email, phone: null, mobile: who.mobile, preferredMethod: 'mobile' }),
    ...PROFILE,
    name_key: who.nameKey,
    plan_end_key: PLAN.endDate,
    ledger_version: 1 + servicesEach,
    created_by: userId,
    ...dates,
  });
  for (const word of who.words) insert('participant_words', { organization_id, word, participant_id });
  const lines = LINES.map((line, index) => {
    const id = newId('bud');
    return {
      ...line,
      id,
      allocated: allocated[index] ?? 0,
      number: index + 1,
      poolId: line.flexible ? `${plan_id}/${MANAGEMENT}` : id,
    };
  });
  const [charged] = lines;
  if (!charged) throw new Error('a plan needs a line to charge');
  insert('plans', {
    id: plan_id,
    ...owned,
    start_date: PLAN.startDate,
    end_date: PLAN.endDate,
    management_type: MANAGEMENT,
    allocated_cents: lines.reduce((sum, line) => sum + line.allocated, 0),
    spent_cents: spent,
    ...dates,
  });
  const entry = { ...owned, actor_id: userId, at };
  for (const line of lines) {
    insert('budgets', {
      id: line.id,
      ...owned,
      plan_id,
      number: line.number,
      category_code: line.categoryCode,
      management_type: MANAGEMENT,
      flexible: line.flexible,
      pool_id: line.poolId,
      allocated_cents: line.allocated,
      spent_cents: line === charged ? spent : 0,
      ...dates,
    });
    insert('funding_periods', {
      budget_id: line.id,
      start_date: PLAN.startDate,
      end_date: PLAN.endDate,
      organization_id,
      amount_cents: line.allocated,
    });
    insert('ledger_entries', {
      ...entry,
      version: 1,
      number: line.number,
      budget_id: line.id,
      kind: 'budget.created',
      allocated_delta_cents: line.allocated,
      spent_delta_cents: 0,
      service_id: null,
    });
  }
  for (const [pool_id, shared] of Map.groupBy(lines, (line) => line.poolId)) {
    insert('pool_boundaries', {
      pool_id,
      ends_on: PLAN.endDate,
      ...owned,
      plan_id,
      released_cents: shared.reduce((sum, line) => sum + line.allocated, 0),
      spent_cents: pool_id === charged.poolId ? spent : 0,
    });
  }
  for (let k = 0; k < servicesEach; k++) {
    const serviceId = newId('svc');
    const ledger_version = 2 + k;
    insert('services', {
      id: serviceId,
      ...owned,
      plan_id,
      budget_id: charged.id,
      support_item_code: ITEM.code,
      support_item_name: ITEM.name,
      unit: ITEM.unit,
      service_date: seededDate(n * 13 + k * 31),
      start_time: '05:00',
      end_time: '07:00',
      duration_minutes: HOURS * 60,
      unit_price_cents: ITEM.cents,
      total_cost_cents: COST,
      support_worker_id: userId,
      notes: 'Weekday support.',
      ledger_version,
      created_at: at,
    });
    insert('ledger_entries', {
      ...entry,
      version: ledger_version,
      number: 1,
      budget_id: charged.id,
      kind: 'service.recorded',
      allocated_delta_cents: 0,
      spent_delta_cents: COST,
      service_id: serviceId,
    });
  }
  return { participantId: participant_id, planId: plan_id, budgetId: charged.id, poolId: charged.poolId };
}

function seedOrganization(
  database: DatabaseSync,
  { name, participants, servicesEach }: { name: string; participants: number; servicesEach: number },
): Organization {
  const email = `bench@${name}.caddy.test`;
  const subject = `local_${email}`;
  const user = { email, externalId: subject, firstName: 'Bo', lastName: 'Stopwatch', role: 'admin' as const };
  const details = {
    abn: null,
    registrationNumber: null,
    timeZone: TIME_ZONE,
    features: ['imports', 'messages'],
    participantLimit: null,
  };
  const statements = organizationStatements({ name, ...details, users: [user] }, Date.now());
  for (const statement of statements) database.exec(statement);
  const row = database.prepare('SELECT id, organization_id FROM users WHERE email_key = ?').get(email);
  const id = String(row?.['organization_id']);
  database.prepare('UPDATE organizations SET participant_count = ? WHERE id = ?').run(participants, id);
  return { id, userId: String(row?.['id']), email, subject, participants, services: participants * servicesEach };
}

function seedItem(insert: Insert, item: typeof ITEM | typeof DEAR_ITEM): void {
  insert('support_items', {
    code: item.code,
    start_date: '2020-07-01',
    name: item.name,
    registration_group: item.registrationGroup,
    category_code: item.categoryCode,
    pace_category_code: item.categoryCode,
    unit: item.unit,
    quotable: 0,
    national_cents: item.cents,
    remote_cents: item.cents,
    very_remote_cents: item.cents,
  });
}

interface Asked {
  name: string;
  participants: number;
  servicesEach: number;
  /** What each of them has; more than anyone spends unless said otherwise. */
  allocated?: (n: number) => Allocated;
}

interface Filled {
  owner: Organization;
  targets: Target[];
}

function fillOne({ database, insert }: { database: DatabaseSync; insert: Insert }, asked: Asked): Filled {
  const owner = seedOrganization(database, asked);
  const allocated = asked.allocated ?? ((): Allocated => [PLENTY, PLENTY, SCARCE]);
  const targets = Array.from({ length: asked.participants }, (_, n) =>
    seedParticipant(insert, { owner, n, allocated: allocated(n) }),
  );
  return { owner, targets };
}

/** Adds organisations to a database that is served, each in one transaction. */
export function filler(database: DatabaseSync): (asked: Asked) => void {
  const insert = inserter(database);
  return (asked) => {
    database.exec('BEGIN IMMEDIATE');
    fillOne({ database, insert }, asked);
    database.exec('COMMIT');
  };
}

/** Counts what is there for the dashboard, as the migration does that brought it; again, it is the same. */
export function countSeeded(database: DatabaseSync): void {
  const counting = readFileSync(join(ROOT, 'migrations/0006_dashboard_counts.sql'), 'utf8');
  database.exec(
    `DELETE FROM service_days; DELETE FROM plan_days; ${counting.replaceAll('--> statement-breakpoint', '')}`,
  );
}

/** Fills a migrated database file with two organisations whose balances add up (`npm run check` agrees). */
export function seed(file: string, { participants, smaller, servicesEach }: Sizes): World {
  const database = new DatabaseSync(file, { enableForeignKeyConstraints: false });
  try {
    database.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -262144; BEGIN');
    const insert = inserter(database);
    seedItem(insert, ITEM);
    seedItem(insert, DEAR_ITEM);
    const small = fillOne({ database, insert }, { name: 'small', participants: smaller, servicesEach });
    const { owner, targets } = fillOne({ database, insert }, { name: 'large', participants, servicesEach });
    countSeeded(database);
    database.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)');
    const take = (count: number) => targets.splice(0, count);
    return {
      organization: owner,
      smaller: small.owner,
      spread: { caddy: take(SPREAD), bare: take(SPREAD) },
      alone: { caddy: take(ALONE), bare: take(ALONE) },
      watched: take(FEW),
      spare: take(FEW),
    };
  } finally {
    database.close();
  }
}
