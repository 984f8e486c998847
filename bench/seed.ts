import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { organizationStatements } from '../scripts/lib/organization.ts';
import { newId } from '../src/ids.ts';
import { person } from './people.ts';
import { DEAR_ITEM, ITEM, type Organization, PLAN, shift, type Target, TIME_ZONE, type World } from './world.ts';

/** How many participants the groups of `World` have. */
const SPREAD = 200;
const ALONE = 24;
const WATCHED = 8;

const ALLOCATED = 1_000_000_000;
/** Less than an hour of the dear item costs: that line refuses. */
const SCARCE = 5_000;
const HOURS = 2;

export interface Sizes {
  participants: number;
  smaller: number;
  servicesEach: number;
}

const CONTACT = { preferredMethod: 'mobile', phone: null };
const ADDRESS = JSON.stringify({
  street: '12 Wattle Street',
  suburb: 'Marrickville',
  state: 'NSW',
  postcode: '2204',
  country: 'AU',
});
const EMERGENCY = JSON.stringify([{ name: 'Sam Doe', relationship: 'sibling', phone: '0400000000', isPrimary: true }]);
const MEDICAL = JSON.stringify({ disabilities: ['autism'], medications: [], allergies: [], dietaryRequirements: [] });
const PREFERENCES = JSON.stringify({
  communicationNeeds: null,
  culturalConsiderations: null,
  interests: ['music'],
  routines: null,
});

type Insert = (...values: SQLInputValue[]) => void;

/** An INSERT of these columns, compiled once. */
function inserter(database: DatabaseSync, table: string, columns: string): Insert {
  const places = columns.split(',').map(() => '?');
  const statement = database.prepare(`INSERT INTO ${table} (${columns}) VALUES (${places.join(', ')})`);
  return (...values) => {
    statement.run(...values);
  };
}

function inserters(database: DatabaseSync) {
  return {
    participant: inserter(
      database,
      'participants',
      `id, organization_id, ndis_number, first_name, last_name, date_of_birth, contact, address, emergency, medical, preferences,
        name_key, plan_end_key, ledger_version, created_by, created_at, updated_at`,
    ),
    word: inserter(database, 'participant_words', 'organization_id, word, participant_id'),
    plan: inserter(
      database,
      'plans',
      'id, organization_id, participant_id, start_date, end_date, management_type, allocated_cents, spent_cents, created_at, updated_at',
    ),
    budget: inserter(
      database,
      'budgets',
      `id, organization_id, participant_id, plan_id, number, category_code, management_type, flexible, pool_id, allocated_cents,
        spent_cents, created_at, updated_at`,
    ),
    period: inserter(database, 'funding_periods', 'budget_id, start_date, end_date, organization_id, amount_cents'),
    boundary: inserter(
      database,
      'pool_boundaries',
      'pool_id, ends_on, organization_id, participant_id, plan_id, released_cents, spent_cents',
    ),
    service: inserter(
      database,
      'services',
      `id, organization_id, participant_id, plan_id, budget_id, support_item_code, support_item_name, unit, service_date, start_time,
        end_time, duration_minutes, unit_price_cents, total_cost_cents, support_worker_id, notes, ledger_version, created_at`,
    ),
    entry: inserter(
      database,
      'ledger_entries',
      'participant_id, version, number, organization_id, budget_id, kind, allocated_delta_cents, spent_delta_cents, service_id, actor_id, at',
    ),
    item: inserter(
      database,
      'support_items',
      `code, start_date, name, registration_group, category_code, pace_category_code, unit, quotable, national_cents, remote_cents,
        very_remote_cents`,
    ),
  };
}

type Inserters = ReturnType<typeof inserters>;

/** Three lines, as a plan has them: two that share a flexible pool, and one on its own. No periods: all is released at once. */
const LINES = [
  { categoryCode: 1, flexible: true, allocated: ALLOCATED },
  { categoryCode: 4, flexible: true, allocated: ALLOCATED },
  { categoryCode: DEAR_ITEM.categoryCode, flexible: false, allocated: SCARCE },
];
const MANAGEMENT = 'ndia_managed';

/** One participant with a plan, its lines, their past services, and the ledger that says so. */
function seedParticipant(into: Inserters, { owner, n }: { owner: Organization; n: number }): Target {
  const { id: organizationId, userId } = owner;
  const servicesEach = owner.services / owner.participants;
  const cost = ITEM.cents * HOURS;
  const spent = cost * servicesEach;
  const at = Date.now() - 300 * 86_400_000 + n * 1000;
  const participantId = newId('par');
  const planId = newId('pln');
  const who = person(n, owner.participants);
  const contact = JSON.stringify({ ...CONTACT, email: who.email, mobile: who.mobile });
  const { ndisNumber, firstName, lastName, nameKey } = who;
  into.participant(participantId, organizationId, ndisNumber, firstName, lastName, '1990-01-01', contact, ADDRESS, EMERGENCY,
    MEDICAL, PREFERENCES, nameKey, PLAN.endDate, 1 + servicesEach, userId, at, at); // biome-ignore format: one row
  for (const word of who.words) into.word(organizationId, word, participantId);

  const lines = LINES.map((line, index) => {
    const id = newId('bud');
    return { ...line, id, number: index + 1, poolId: line.flexible ? `${planId}/${MANAGEMENT}` : id };
  });
  const allocated = lines.reduce((sum, line) => sum + line.allocated, 0);
  into.plan(planId, organizationId, participantId, PLAN.startDate, PLAN.endDate, MANAGEMENT, allocated, spent, at, at);
  const pools = new Map<string, number>();
  for (const line of lines) {
    const ofLine = line.number === 1 ? spent : 0;
    into.budget(line.id, organizationId, participantId, planId, line.number, line.categoryCode, MANAGEMENT,
      Number(line.flexible), line.poolId, line.allocated, ofLine, at, at); // biome-ignore format: one row
    into.period(line.id, PLAN.startDate, PLAN.endDate, organizationId, line.allocated);
    into.entry(
      participantId,
      1,
      line.number,
      organizationId,
      line.id,
      'budget.created',
      line.allocated,
      0,
      null,
      userId,
      at,
    );
    pools.set(line.poolId, (pools.get(line.poolId) ?? 0) + line.allocated);
  }
  const [charged] = lines;
  if (!charged) throw new Error('a plan without lines');
  for (const [poolId, released] of pools) {
    const ofPool = poolId === charged.poolId ? spent : 0;
    into.boundary(poolId, PLAN.endDate, organizationId, participantId, planId, released, ofPool);
  }
  for (let k = 0; k < servicesEach; k++) {
    const serviceId = newId('svc');
    const { serviceDate } = shift(n * 13 + k * 31);
    into.service(serviceId, organizationId, participantId, planId, charged.id, ITEM.code, ITEM.name, ITEM.unit, serviceDate,
      '05:00', '07:00', HOURS * 60, ITEM.cents, cost, userId, 'Weekday support.', 2 + k, at); // biome-ignore format: one row
    into.entry(participantId, 2 + k, 1, organizationId, charged.id, 'service.recorded', 0, cost, serviceId, userId, at);
  }
  return { participantId, planId, budgetId: charged.id, poolId: charged.poolId };
}

function seedOrganization(database: DatabaseSync, sizes: { name: string; participants: number; servicesEach: number }) {
  const { name, participants, servicesEach } = sizes;
  const email = `bench@${name}.caddy.test`;
  const subject = `local_${email}`;
  const user = { email, externalId: subject, firstName: 'Bo', lastName: 'Stopwatch', role: 'admin' as const };
  const organization = {
    name,
    abn: null,
    registrationNumber: null,
    timeZone: TIME_ZONE,
    features: [],
    participantLimit: null,
  };
  for (const statement of organizationStatements({ ...organization, users: [user] }, Date.now()))
    database.exec(statement);
  const row = database.prepare('SELECT id, organization_id FROM users WHERE email_key = ?').get(email);
  const id = String(row?.['organization_id']);
  database.prepare('UPDATE organizations SET participant_count = ? WHERE id = ?').run(participants, id);
  return { id, userId: String(row?.['id']), email, subject, participants, services: participants * servicesEach };
}

/** Fills a migrated database file with two organisations whose balances add up (`npm run check` agrees). */
export function seed(file: string, sizes: Sizes): World {
  const database = new DatabaseSync(file, { enableForeignKeyConstraints: false });
  try {
    database.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -262144; BEGIN');
    const into = inserters(database);
    for (const item of [ITEM, DEAR_ITEM]) {
      into.item(item.code, '2020-07-01', item.name, item.registrationGroup, item.categoryCode, item.categoryCode, item.unit, 0,
        item.cents, item.cents, item.cents); // biome-ignore format: one row
    }
    const targetsOf = (owner: Organization) =>
      Array.from({ length: owner.participants }, (_, n) => seedParticipant(into, { owner, n }));
    const { servicesEach } = sizes;
    const smaller = seedOrganization(database, { name: 'small', participants: sizes.smaller, servicesEach });
    targetsOf(smaller);
    const organization = seedOrganization(database, { name: 'large', participants: sizes.participants, servicesEach });
    const targets = targetsOf(organization);
    database.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)');
    const take = (count: number) => targets.splice(0, count);
    return {
      organization,
      smaller,
      spread: { caddy: take(SPREAD), bare: take(SPREAD) },
      alone: { caddy: take(ALONE), bare: take(ALONE) },
      watched: take(WATCHED),
      spare: take(WATCHED),
    };
  } finally {
    database.close();
  }
}
