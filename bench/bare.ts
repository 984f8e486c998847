/**
 * The bare Worker that Caddy is measured against: the same statements in one batch, and nothing else. No sign-in, no
 * validation, no permissions, no object.
 */
import { raw, Sql } from 'sql-template-tag';
import type { Context } from '../src/context.ts';
import { recordStatements, serviceRow } from '../src/features/ledger/record.ts';
import type { LedgerState, Line, Plan } from '../src/features/ledger/state.ts';
import { listStatement } from '../src/features/participants/queries.ts';
import { serviceView } from '../src/features/services/view.ts';
import { newId } from '../src/ids.ts';

/** What the stage tells this Worker once, so that it looks nothing up. */
export interface Setting {
  organizationId: string;
  userId: string;
  email: string;
  timeZone: string;
  today: string;
  item: { code: string; name: string; registrationGroup: string; categoryCode: number; unit: 'H'; cents: number };
}

interface Bindings {
  DB: D1Database;
  FILES: R2Bucket;
  SETTING: Setting;
}

interface Asked {
  participantId: string;
  planId: string;
  budgetId: string;
  poolId: string;
  serviceDate: string;
  startTime: string;
  endTime: string;
  notes: string;
}

/**
 * Stands for the ledger's present version, which this Worker does not know: it has no turn-taking, so with 32 requests
 * at once on one participant a number would be stale, and the batch would rightly write nothing. Not a whole number,
 * so that no other value is equal to it.
 */
const PRESENT = 0.5;

/** The same statement, where the version is read inside the batch: the same rows, under the same constraints. */
function unguarded(statement: Sql, place: { first: boolean; serviceId: string }): Sql {
  const next = place.first
    ? raw('participant.ledger_version + 1')
    : new Sql(['(SELECT ledger_version FROM services WHERE id = ', ')'], [place.serviceId]);
  const values = statement.values.map((value) => {
    if (value === PRESENT) return raw('participant.ledger_version');
    return value === PRESENT + 1 ? next : value;
  });
  return new Sql(statement.strings, values);
}

function usageHeader(results: readonly D1Result[]): Record<string, string> {
  const read = results.reduce((sum, { meta }) => sum + meta.rows_read, 0);
  const written = results.reduce((sum, { meta }) => sum + meta.rows_written, 0);
  return { 'Server-Timing': `d1;desc="trips=1 read=${read} written=${written}"` };
}

async function record(request: Request, { DB, SETTING }: Bindings): Promise<Response> {
  const asked = await request.json<Asked>();
  const { item, organizationId, userId } = SETTING;
  const line: Line = {
    id: asked.budgetId,
    planId: asked.planId,
    number: 1,
    categoryCode: item.categoryCode,
    supportItemCode: null,
    managementType: 'ndia_managed',
    flexible: true,
    poolId: asked.poolId,
    allocatedCents: 0,
    spentCents: 0,
    revision: 1,
    periods: [],
  };
  const plan: Plan = {
    id: asked.planId,
    startDate: '',
    endDate: '',
    system: 'pace',
    managementType: 'ndia_managed',
    revision: 1,
    lines: [line],
    boundaries: new Map(),
  };
  const state: LedgerState = {
    participantId: asked.participantId,
    organizationId,
    status: 'active',
    pricingZone: 'national',
    version: PRESENT,
    plans: [plan],
  };
  const limits = { national: item.cents, remote: item.cents, very_remote: item.cents };
  const charge = {
    plan,
    line,
    item: {
      ...item,
      paceCategoryCode: item.categoryCode,
      quotable: false,
      limits,
      startDate: '',
      endDate: null,
      flags: {
        nonFaceToFace: null,
        providerTravel: null,
        shortNoticeCancellation: null,
        ndiaRequestedReports: null,
        irregularSil: null,
      },
    },
    durationMinutes: 60,
    quantityHundredths: null,
    unitPriceCents: item.cents,
    totalCostCents: item.cents,
  };
  const recording = {
    serviceId: newId('svc'),
    origin: { organizationId, userId, label: SETTING.email, ip: null, userAgent: null, requestId: crypto.randomUUID() },
    request: {
      participantId: asked.participantId,
      supportItemCode: item.code,
      serviceDate: asked.serviceDate,
      startTime: asked.startTime,
      endTime: asked.endTime,
      notes: asked.notes,
      unitPriceCents: null,
      quantityHundredths: null,
      budgetId: null,
    },
    idempotency: {
      key: request.headers.get('idempotency-key') ?? '',
      route: 'POST /v1/services',
      fingerprint: 'f'.repeat(64),
    },
    at: Date.now(),
  };
  const chosen = { charge, state, warnings: [] };
  const statements = recordStatements(recording, chosen).map((statement, index) =>
    unguarded(statement, { first: index === 0, serviceId: recording.serviceId }),
  );
  const results = await DB.batch(statements.map(({ sql, values }) => DB.prepare(sql).bind(...values)));
  if (results[0]?.results.length !== 1) return new Response('nothing was written', { status: 500 });
  const row = serviceRow(recording, chosen);
  return Response.json(serviceView(row), { status: 201, headers: usageHeader(results) });
}

/** All that the list's statement reads of a context: nothing else of it is ever looked at. */
function listContext({ organizationId, today }: Setting): Context {
  return { tenant: { id: organizationId }, today } as Context;
}

async function list(url: URL, { DB, SETTING }: Bindings): Promise<Response> {
  const cursor = url.searchParams.get('cursor') ?? undefined;
  const query = { status: 'active', sort: 'name', limit: 20, cursor } as const;
  const statement = listStatement(listContext(SETTING), query);
  const result = await DB.prepare(statement.sql)
    .bind(...statement.values)
    .all();
  return Response.json({ data: result.results }, { headers: usageHeader([result]) });
}

/** Streams a body to R2, or an object from it, and nothing else. */
async function object(request: Request, { FILES }: Bindings): Promise<Response> {
  const key = `bench${new URL(request.url).pathname}`;
  if (request.method === 'PUT') {
    await FILES.put(key, request.body);
    return Response.json({});
  }
  const found = await FILES.get(key);
  return new Response(found?.body ?? null, { status: found ? 200 : 404 });
}

export default {
  fetch(request, bindings) {
    const url = new URL(request.url);
    if (url.pathname.startsWith('/objects/')) return object(request, bindings);
    return request.method === 'POST' ? record(request, bindings) : list(url, bindings);
  },
} satisfies ExportedHandler<Bindings>;
