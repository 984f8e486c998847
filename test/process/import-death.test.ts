import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { openLocal } from '../../scripts/lib/database.ts';
import { DEMONSTRATION } from '../../scripts/lib/demonstration.ts';
import { signToken } from '../../scripts/lib/keys.ts';
import { chance } from '../support/node/load.ts';
import {
  cleanUp,
  command,
  firstAnswer,
  kill,
  launch,
  newPlace,
  type Place,
  type Service,
} from '../support/node/service.ts';

const KILLS = Number(process.env['KILLS'] ?? 2);
const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1_000_000));
const ROWS = Number(process.env['ROWS'] ?? 3_000);

afterAll(cleanUp, 30_000);

function administrators(): Record<string, string>[] {
  return DEMONSTRATION.map(({ users }) => {
    const admin = users.find((user) => user.role === 'admin');
    return { authorization: `Bearer ${signToken(admin?.externalId ?? '')}` };
  });
}

/** Participants with two lines each, every hundredth of them with something wrong. */
function file(): string {
  const header =
    'First Name,Family Name,Date of Birth,NDIS Number,PlanStartDate,PlanReviewDate,Fund management,01 Daily Life,04 Social Participation';
  const rows = Array.from({ length: ROWS }, (_, index) => {
    const birth = index % 100 === 99 ? '31/02/1990' : '1/2/1990';
    return `Ana,P${index},${birth},${438_000_000 + index},2026-07-01,2027-06-30,Plan,${1000 + index}.25,500`;
  });
  return `${[header, ...rows].join('\n')}\n`;
}

async function begin(service: Service, headers: Record<string, string>): Promise<string> {
  const response = await fetch(`${service.url}/v1/imports?kind=participants`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'text/csv' },
    body: file(),
  });
  expect(response.status).toBe(202);
  return ((await response.json()) as { id: string }).id;
}

async function ended(
  service: Service,
  { id, headers }: { id: string; headers: Record<string, string> },
): Promise<Record<string, unknown>> {
  for (;;) {
    const response = await fetch(`${service.url}/v1/imports/${id}`, { headers });
    const found = (await response.json()) as Record<string, unknown>;
    if (found['finishedAt'] !== null) return found;
    await wait(200);
  }
}

async function query(place: Place, sql: string): Promise<unknown[]> {
  const database = openLocal(place.directory);
  const rows = await database.query(sql);
  database.close();
  return rows;
}

/** What an import has left, without ids and instants. */
async function left(place: Place, id: string): Promise<unknown[]> {
  const organization = `(SELECT organization_id FROM imports WHERE id = '${id}')`;
  return [
    await query(
      place,
      `SELECT row, status, action, errors, warnings FROM import_rows WHERE import_id = '${id}' ORDER BY row`,
    ),
    await query(
      place,
      `SELECT person.ndis_number, person.ledger_version, line.category_code, line.allocated_cents, boundary.released_cents,
         (SELECT count(*) FROM ledger_entries WHERE budget_id = line.id) AS entries,
         (SELECT count(*) FROM participant_words WHERE participant_id = person.id) AS words,
         (SELECT count(*) FROM audit_logs WHERE organization_id = person.organization_id AND entity_id = person.id) AS records
       FROM participants person JOIN budgets line ON line.participant_id = person.id
       JOIN pool_boundaries boundary ON boundary.pool_id = line.pool_id
       WHERE person.organization_id = ${organization} AND person.ndis_number >= '438000000' ORDER BY 1, 3`,
    ),
  ];
}

test(
  `an import killed ${KILLS} times (seed ${SEED}) ends as an undisturbed one does, in report and books`,
  async () => {
    const random = chance(SEED);
    const [headers = {}, others = {}] = administrators();
    let service = launch(await newPlace());
    await firstAnswer(service, { path: '/v1/me', headers });
    const calm = await begin(service, others);
    const undisturbed = await ended(service, { id: calm, headers: others });
    expect(undisturbed).toMatchObject({
      status: 'completed_with_errors',
      totalRows: ROWS,
      created: ROWS - ROWS / 100,
      failed: ROWS / 100,
    });

    const id = await begin(service, headers);
    for (let round = 0; round < KILLS; round++) {
      await wait(random() * 1_000);
      await kill(service);
      service = launch(service);
      await firstAnswer(service, { path: '/v1/me', headers });
    }
    const { created, updated, unchanged, failed, warnings, processedRows } = await ended(service, { id, headers });
    expect({ created, updated, unchanged, failed, warnings, processedRows }, `seed ${SEED}`).toEqual({
      created: undisturbed['created'],
      updated: undisturbed['updated'],
      unchanged: undisturbed['unchanged'],
      failed: undisturbed['failed'],
      warnings: undisturbed['warnings'],
      processedRows: ROWS,
    });
    expect(await left(service, id)).toEqual(await left(service, calm));
    const proof = await command(['check.ts'], service);
    expect([proof.code, proof.stderr]).toEqual([0, '']);
  },
  90_000 + KILLS * 20_000,
);
