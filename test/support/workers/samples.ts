import { env } from 'cloudflare:workers';
import { vi } from 'vitest';
import { newId } from '../../../src/ids.ts';
import { EACH, HOURLY, ndisNumber, newParticipant, planBody, tenDollars } from './care.ts';
import { bouncedUser, storedIncident, storedMetric, unnotedService } from './compliance.ts';
import { type Operation, operations } from './contract.ts';
import {
  announce,
  announceVersion,
  comeDocument,
  documentBody,
  fileBody,
  IN_PARTS,
  newDocument,
  PDF,
  PDF_TYPE,
  tokenOf,
} from './documents.ts';
import { storedAlert, storedEmail, storedRun } from './notices.ts';
import { storedMessage, storedThread } from './talk.ts';
import { type Answer, type Caller, type Json, newTenant, type OrganizationOptions, type Tenant } from './tenant.ts';
import { emailNews, signedMessage, signInNews } from './webhooks.ts';

/** An organisation with something of everything. */
export interface World extends Tenant {
  /** A user whom requests change; nobody signs in as them. */
  userId: string;
  participantId: string;
  planId: string;
  budgetId: string;
  serviceId: string;
  /** An import that has ended, with a row that succeeded and one that failed. */
  importId: string;
  /** An import that waits: for cancelling, which may be said again. */
  waitingImportId: string;
  /** A participant for archiving and restoring, so that the other one stays. */
  spareId: string;
  /** A thread about the participant, and a message in it. */
  threadId: string;
  alertId: string;
  emailId: string;
  /** An incident of the participant's; another one is about nobody. */
  incidentId: string;
  messageId: string;
  /** A message for deleting, so that the other one stays. */
  spareMessageId: string;
  /** Whose the messages are; nobody else may change them. */
  authorId: string;
  /** A document that is uploaded. This one and the next two are the participant's. */
  documentId: string;
  /** A document for deleting and restoring. */
  spareDocumentId: string;
  /** A document that waits for its files: one that comes whole, one in parts, and one whose parts are put together. */
  waitingDocumentId: string;
  /** What is signed of the addresses that they go to, and of one that the uploaded document comes from. */
  tokens: { upload: string; part: string; complete: string; content: string };
}

/** An import as it is stored. */
export async function storedImport(
  tenant: Tenant,
  {
    kind = 'participants',
    status = 'completed',
    at = Date.now(),
  }: { kind?: string; status?: string; at?: number } = {},
): Promise<string> {
  const id = newId('imp');
  const ended = status === 'queued' ? null : at;
  await env.DB.prepare(
    `INSERT INTO imports (id, organization_id, kind, file_name, status, dry_run, object_key, size_bytes, sha256, reading, created_by,
      created_at, started_at, finished_at, updated_at) VALUES (?1, ?2, ?3, 'people.csv', ?4, 0, ?5, 80, ?6, ?7, ?8, ?9, ?10, ?10, ?9)`,
  )
    .bind(
      id,
      tenant.organizationId,
      kind,
      status,
      `imports/${tenant.organizationId}/${id}.csv`,
      '0'.repeat(64),
      ended === null ? null : JSON.stringify({ header: ['NDIS Number', 'First Name'] }),
      tenant.admin.userId,
      at,
      ended,
    )
    .run();
  return id;
}

/** A row of an import as it is stored. */
export async function storedImportRow(
  { organizationId, importId }: Pick<World, 'organizationId' | 'importId'>,
  { row, entityId }: { row: number; entityId: string | null },
): Promise<void> {
  const errors = [{ column: 'NDIS Number', value: '1', code: 'VALIDATION_FAILED', message: 'is none' }];
  const failed = { action: null, errors: JSON.stringify(errors), cells: '["1","Mia"]' };
  const { action, errors: why, cells } = entityId ? { action: 'created', errors: null, cells: null } : failed;
  await env.DB.prepare(
    `INSERT INTO import_rows (import_id, row, organization_id, status, action, entity_id, errors, cells)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  )
    .bind(importId, row, organizationId, entityId ? 'succeeded' : 'failed', action, entityId, why, cells)
    .run();
}

const SENT = { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };

/** Imports stay as they are asked for: no message has them worked off while a test looks at what is stored. */
export function holdImports(): void {
  vi.spyOn(env.IMPORTS, 'send').mockResolvedValue(SENT);
  vi.spyOn(env.IMPORTS, 'sendBatch').mockResolvedValue(SENT);
}

/** Nor is anything else done later: nobody's records are looked at anew, and nobody is written to. */
export function holdJobs(): void {
  vi.spyOn(env.JOBS, 'send').mockResolvedValue(SENT);
  vi.spyOn(env.JOBS, 'sendBatch').mockResolvedValue(SENT);
}

async function newDocuments(
  admin: Caller,
  participantId: string,
): Promise<Pick<World, 'documentId' | 'spareDocumentId' | 'waitingDocumentId' | 'tokens'>> {
  const documentId = await newDocument(admin, { participantId });
  const { id: waitingDocumentId, upload } = await announce(admin, { participantId });
  const inParts = await announceVersion(admin, waitingDocumentId, { sizeBytes: IN_PARTS });
  const together = await announceVersion(admin, waitingDocumentId, { sizeBytes: IN_PARTS });
  await env.DB.prepare('UPDATE document_versions SET upload_id = NULL WHERE document_id = ? AND number = 3')
    .bind(waitingDocumentId)
    .run();
  const link = await admin.post(`/v1/documents/${documentId}/links`);
  return {
    documentId,
    spareDocumentId: await newDocument(admin, { participantId }),
    waitingDocumentId,
    tokens: {
      upload: tokenOf(upload.url),
      part: tokenOf(inParts.parts.at(-1).url),
      complete: tokenOf(together.completeUrl),
      content: tokenOf(link.body.url),
    },
  };
}

export async function newWorld(options: OrganizationOptions = {}): Promise<World> {
  holdImports();
  holdJobs();
  const tenant = await newTenant(options);
  const { admin } = tenant;
  const budgets = [{ categoryCode: 1, allocatedCents: 10_000_000 }];
  const participant = await newParticipant(admin, { budgets });
  const spare = await newParticipant(admin, { budgets });
  const { userId } = await tenant.user('viewer');
  const service = await admin.post('/v1/services', tenDollars(participant.id));
  const importId = await storedImport(tenant, { status: 'completed_with_errors' });
  await storedImportRow({ ...tenant, importId }, { row: 2, entityId: participant.id });
  await storedImportRow({ ...tenant, importId }, { row: 3, entityId: null });
  const threadId = await storedThread(tenant, { participantId: participant.id });
  const author = { threadId, authorId: admin.userId };
  for (const place of [0, 1]) await storedRun(tenant, place);
  await storedAlert({ ...tenant, participantId: participant.id }, { status: 'resolved' });
  await storedEmail(tenant);
  await storedIncident(tenant);
  for (const metric of ['shift.sync.seconds', 'shift.sync.failures']) await storedMetric(tenant, { metric });
  // Looked at once, each is in the list.
  for (const { id } of [participant, spare]) await admin.get(`/v1/participants/${id}/compliance`);
  return {
    ...tenant,
    ...author,
    incidentId: await storedIncident(tenant, { participantId: participant.id }),
    alertId: await storedAlert({ ...tenant, participantId: participant.id }),
    emailId: await storedEmail(tenant),
    messageId: await storedMessage(author),
    spareMessageId: await storedMessage(author),
    userId,
    participantId: participant.id,
    planId: participant.planId,
    budgetId: participant.budgetIds[0] ?? '',
    serviceId: service.body.id,
    importId,
    waitingImportId: await storedImport(tenant, { status: 'queued' }),
    spareId: spare.id,
    ...(await newDocuments(admin, participant.id)),
  };
}

/** How to ask an operation for something that it grants, as often as one likes. */
export interface Sample {
  params?: Record<string, string>;
  /** Filters that find something; they carry every id that the operation filters by. */
  query?: Record<string, string>;
  /** The least that is granted to whoever has the operation's own permission. */
  body?: Json;
  /** Every field that the body may have; an administrator is granted it. */
  full?: Json;
  /** Of a body that is no JSON. */
  headers?: Record<string, string>;
  /** What a granted request answers, when it is not a documented success. */
  status?: number;
}

const CSV = { 'content-type': 'text/csv' };

/** A file that no other one equals. */
function csvFile(): string {
  return `NDIS Number,First Name,Last Name,DOB\n${ndisNumber()},Mia,Nguyen,1990-01-01\n`;
}

let numbers = 0;
const next = () => {
  numbers += 1;
  return numbers;
};

/** A day of its own, after every other plan. */
function freshDay(): string {
  return new Date(Date.UTC(2030, 0, 1) + next() * 86_400_000).toISOString().slice(0, 10);
}

function fullLine(dates: { startDate: string; endDate: string }): Json {
  return {
    categoryCode: 1,
    supportItemCode: HOURLY,
    managementType: 'plan_managed',
    flexible: true,
    allocatedCents: 700,
    periods: [{ ...dates, amountCents: 700 }],
  };
}

function fullPlan(world: World): Json {
  const day = freshDay();
  const dates = { startDate: day, endDate: day };
  return {
    ...dates,
    planNumber: 'P-1',
    reviewDate: day,
    planManager: 'Pat',
    supportCoordinatorId: world.userId,
    goals: ['Cook at home'],
    system: 'legacy',
    managementType: 'ndia_managed',
    budgets: [fullLine(dates)],
  };
}

const fullPreferences = () => ({
  notifications: { email: false, inApp: true, sms: false },
  defaultView: 'services',
  shortcuts: ['new-service'],
});

function fullUser(): Json {
  return {
    externalId: `ext_${newId('usr')}`,
    email: `${newId('usr')}@example.com`,
    firstName: 'Kai',
    lastName: 'Brown',
    phone: '0400 000 000',
    preferences: fullPreferences(),
    role: 'viewer',
    permissions: ['audit.read'],
    status: 'inactive',
    screeningCheck: { number: 'WSC0000001', status: 'cleared', expiresOn: '2030-06-30' },
  };
}

function fullParticipant(): Json {
  return {
    ndisNumber: ndisNumber(),
    profile: {
      firstName: 'Mia',
      lastName: 'Nguyen',
      preferredName: 'Mi',
      dateOfBirth: '1990-01-01',
      gender: 'female',
      contact: { email: 'mia@example.com', phone: '02 5550 0000', mobile: '0400 000 001', preferredMethod: 'email' },
      address: { street: '1 High St', suburb: 'Newtown', state: 'NSW', postcode: '2042', country: 'AU' },
      emergency: [{ name: 'Lan', relationship: 'mother', phone: '0400 000 002', isPrimary: true }],
    },
    pricingZone: 'remote',
    medical: {
      disabilities: ['Autism'],
      medications: [{ name: 'Melatonin', dosage: '2 mg', frequency: 'nightly' }],
      allergies: ['Peanuts'],
      dietaryRequirements: ['Vegetarian'],
    },
    preferences: {
      communicationNeeds: 'Short sentences',
      culturalConsiderations: 'Tết',
      interests: ['Trains'],
      routines: 'Walk at nine',
    },
    tags: ['north'],
    customFields: { shirt: 'M' },
  };
}

function fullOrganization(): Json {
  return {
    name: `Provider ${next()}`,
    abn: '51824753556',
    registrationNumber: '4050000001',
    settings: {
      timeZone: 'Australia/Sydney',
      currency: 'AUD',
      dateFormat: 'YYYY-MM-DD',
      businessHours: { start: '08:00', end: '18:00', workDays: [1, 2, 3] },
      claimDuration: 'quantity',
      alerts: { warningPercent: 70, criticalPercent: 95, runOutDays: 30, underspendPercent: 40 },
    },
    contacts: [{ name: 'Ana', role: 'Manager', email: 'ana@example.com', phone: '02 5550 0001', isPrimary: true }],
  };
}

function fullService(world: World): Json {
  const times = { startTime: '09:00', endTime: '10:00' };
  const money = { unitPriceCents: 900, quantity: 1.5, budgetId: world.budgetId };
  return tenDollars(world.participantId, { ...times, ...money, notes: 'Went well.' });
}

function fullIncident({ participantId }: World): Json {
  return {
    participantId,
    category: 'serious_injury',
    causedHarm: true,
    description: `Fell in the bathroom. ${next()}`,
    actionsTaken: 'Taken to hospital.',
    state: 'VIC',
    occurredAt: '2026-11-19T22:00:00.000Z',
    becameAwareAt: '2026-11-19T23:00:00.000Z',
    reportable: true,
    notifiedAt: '2026-11-20T01:00:00.000Z',
    reportedAt: '2026-11-20T02:00:00.000Z',
    status: 'open',
  };
}

function fullDetails(): Json {
  return {
    type: 'service_agreement',
    title: `Agreement ${next()}`,
    validFrom: '2026-07-01',
    validTo: '2027-06-30',
    tags: ['signed'],
  };
}

const fullFile = () => fileBody({ sha256: 'A'.repeat(64) });

function fullBudgetPatch(): Json {
  const allocatedCents = 10_000_000 + next();
  return {
    allocatedCents,
    periods: [{ startDate: '2026-01-01', endDate: '2027-12-31', amountCents: allocatedCents }],
    flexible: false,
  };
}

/** One entry for each operation of the document: a route without one fails the access suite. */
export const SAMPLES: Record<string, (world: World) => Sample> = {
  'GET /healthz': () => ({}),
  'GET /readyz': () => ({}),
  'GET /openapi.json': () => ({}),
  'GET /v1/me': () => ({}),
  'PATCH /v1/me': () => ({
    body: { phone: String(next()) },
    full: { firstName: 'Ada', lastName: 'Lee', phone: String(next()), preferences: fullPreferences() },
  }),
  'GET /v1/organization': () => ({}),
  'PATCH /v1/organization': () => ({ body: { name: `Provider ${next()}` }, full: fullOrganization() }),
  'GET /v1/users': () => ({}),
  'POST /v1/users': () => {
    const { email, firstName, lastName, role, ...more } = fullUser();
    const body = { email, firstName, lastName, role };
    return { body, full: { ...body, ...more } };
  },
  'GET /v1/users/{id}': ({ userId }) => ({ params: { id: userId } }),
  'PATCH /v1/users/{id}': ({ userId }) => ({
    params: { id: userId },
    body: { phone: String(next()) },
    full: fullUser(),
  }),
  'POST /v1/users/{id}/clear-bounce': ({ userId }) => ({ params: { id: userId } }),
  'GET /v1/participants': () => ({}),
  'POST /v1/participants': (world) => {
    const full = fullParticipant();
    const { firstName, lastName, dateOfBirth } = full.profile;
    return {
      body: { ndisNumber: full.ndisNumber, profile: { firstName, lastName, dateOfBirth } },
      full: { ...full, plan: fullPlan(world) },
    };
  },
  'GET /v1/participants/{id}': ({ participantId }) => ({ params: { id: participantId } }),
  'PATCH /v1/participants/{id}': ({ participantId }) => ({
    params: { id: participantId },
    body: { tags: [`tag ${next()}`] },
    full: { ...fullParticipant(), status: 'active' },
  }),
  'DELETE /v1/participants/{id}': ({ spareId }) => ({ params: { id: spareId }, body: { reason: 'Moved away' } }),
  'POST /v1/participants/{id}/restore': ({ spareId }) => ({ params: { id: spareId } }),
  'GET /v1/participants/{id}/plans': ({ participantId }) => ({ params: { id: participantId } }),
  'POST /v1/participants/{id}/plans': (world) => {
    const day = freshDay();
    return {
      params: { id: world.participantId },
      body: planBody([], { startDate: day, endDate: day }),
      full: fullPlan(world),
    };
  },
  'GET /v1/participants/{id}/budgets': ({ participantId, planId }) => ({
    params: { id: participantId },
    query: { planId },
  }),
  'GET /v1/participants/{id}/budgets/live': ({ participantId }) => ({ params: { id: participantId }, status: 426 }),
  'GET /v1/plans/{id}': ({ planId }) => ({ params: { id: planId } }),
  'PATCH /v1/plans/{id}': (world) => {
    const { budgets: _, ...full } = fullPlan(world);
    return {
      params: { id: world.planId },
      body: { planNumber: `P-${next()}` },
      full: { ...full, startDate: '2026-01-01', endDate: '2027-12-31', planNumber: `P-${next()}` },
    };
  },
  'POST /v1/plans/{id}/budgets': ({ planId }) => ({
    params: { id: planId },
    body: { categoryCode: 2, allocatedCents: 100 },
    full: fullLine({ startDate: '2026-01-01', endDate: '2027-12-31' }),
  }),
  'GET /v1/budgets/{id}': ({ budgetId }) => ({ params: { id: budgetId } }),
  'PATCH /v1/budgets/{id}': ({ budgetId }) => ({
    params: { id: budgetId },
    body: { allocatedCents: 10_000_000 + next() },
    full: fullBudgetPatch(),
  }),
  'GET /v1/budgets/{id}/entries': ({ budgetId }) => ({ params: { id: budgetId } }),
  'GET /v1/support-items': () => ({}),
  'GET /v1/support-items/{code}': () => ({ params: { code: EACH } }),
  'GET /v1/services': ({ participantId, admin }) => ({ query: { participantId, supportWorkerId: admin.userId } }),
  'POST /v1/services': (world) => ({ body: tenDollars(world.participantId), full: fullService(world) }),
  'POST /v1/services/quote': (world) => ({ body: tenDollars(world.participantId), full: fullService(world) }),
  'GET /v1/services/{id}': ({ serviceId }) => ({ params: { id: serviceId } }),
  // Always the same note: a note that is there may be said again, and nothing else.
  'PATCH /v1/services/{id}': ({ serviceId }) => ({ params: { id: serviceId }, body: { notes: 'Went well.' } }),
  'POST /v1/services/{id}/cancel': ({ serviceId }) => ({
    params: { id: serviceId },
    body: { reason: 'Did not happen' },
  }),
  'GET /v1/threads': ({ participantId }) => ({ query: { participantId } }),
  'POST /v1/threads': ({ participantId }) => ({
    body: { title: `Handover ${next()}` },
    full: { title: `Handover ${next()}`, participantId },
  }),
  'GET /v1/threads/live': () => ({ status: 426 }),
  'GET /v1/threads/{id}': ({ threadId }) => ({ params: { id: threadId } }),
  'PATCH /v1/threads/{id}': ({ threadId }) => ({
    params: { id: threadId },
    body: { title: `Handover ${next()}` },
    full: { title: `Handover ${next()}`, status: 'open' },
  }),
  'POST /v1/threads/{id}/read': ({ threadId, messageId }) => ({ params: { id: threadId }, query: { messageId } }),
  'GET /v1/threads/{id}/messages': ({ threadId }) => ({ params: { id: threadId } }),
  'POST /v1/threads/{id}/messages': ({ threadId, admin, documentId }) => ({
    params: { id: threadId },
    body: { body: `Went well. ${next()}` },
    full: { body: `Went well. ${next()}`, mentions: [admin.userId], documentIds: [documentId] },
  }),
  'GET /v1/threads/{id}/messages/{messageId}': ({ threadId, messageId }) => ({ params: { id: threadId, messageId } }),
  'PATCH /v1/threads/{id}/messages/{messageId}': ({ threadId, messageId, admin, documentId }) => ({
    params: { id: threadId, messageId },
    body: { body: `Went well. ${next()}` },
    full: { body: `Went well. ${next()}`, mentions: [admin.userId], documentIds: [documentId] },
  }),
  'DELETE /v1/threads/{id}/messages/{messageId}': ({ threadId, spareMessageId }) => ({
    params: { id: threadId, messageId: spareMessageId },
  }),
  'GET /v1/alerts': ({ participantId }) => ({ query: { participantId } }),
  'GET /v1/alerts/{id}': ({ alertId }) => ({ params: { id: alertId } }),
  'POST /v1/alerts/{id}/acknowledge': ({ alertId }) => ({ params: { id: alertId } }),
  'POST /v1/alerts/{id}/resolve': ({ alertId }) => ({ params: { id: alertId } }),
  'GET /v1/incidents': ({ participantId }) => ({ query: { participantId } }),
  'POST /v1/incidents': (world) => {
    const full = fullIncident(world);
    const { category, occurredAt, becameAwareAt, description } = full;
    return { body: { category, occurredAt, becameAwareAt, description }, full };
  },
  'GET /v1/incidents/{id}': ({ incidentId }) => ({ params: { id: incidentId } }),
  'PATCH /v1/incidents/{id}': (world) => ({
    params: { id: world.incidentId },
    body: { actionsTaken: `Found it. ${next()}` },
    full: fullIncident(world),
  }),
  'GET /v1/compliance': () => ({}),
  'GET /v1/participants/{id}/compliance': ({ participantId }) => ({ params: { id: participantId } }),
  'GET /v1/dashboard': () => ({}),
  'GET /v1/metrics': () => ({}),
  'POST /v1/metrics': () => ({
    body: { metric: 'shift.sync.seconds', value: next() },
    full: { metric: 'shift.sync.seconds', value: next() / 10, tags: { app: 'ios', attempts: 2, offline: true } },
  }),
  'GET /v1/jobs': () => ({}),
  'GET /v1/emails': () => ({}),
  'GET /v1/emails/{id}': ({ emailId }) => ({ params: { id: emailId } }),
  'GET /v1/emails/{id}/html': ({ emailId }) => ({ params: { id: emailId } }),
  'GET /v1/live': () => ({ status: 426 }),
  'GET /v1/presence': () => ({}),
  'GET /v1/audit-logs': ({ participantId, admin }) => ({ query: { entityId: participantId, userId: admin.userId } }),
  'POST /v1/live/tickets': () => ({}),
  'POST /v1/imports/preview': () => ({ query: { kind: 'participants' }, body: csvFile(), headers: CSV }),
  'POST /v1/imports': () => ({ query: { kind: 'participants' }, body: csvFile(), headers: CSV }),
  'GET /v1/imports': () => ({}),
  'GET /v1/imports/{id}': ({ importId }) => ({ params: { id: importId } }),
  'GET /v1/imports/{id}/rows': ({ importId }) => ({ params: { id: importId } }),
  'GET /v1/imports/{id}/errors.csv': ({ importId }) => ({ params: { id: importId } }),
  'POST /v1/imports/{id}/cancel': ({ waitingImportId }) => ({ params: { id: waitingImportId } }),
  'GET /v1/imports/{id}/live': ({ importId }) => ({ params: { id: importId }, status: 426 }),
  'GET /v1/documents': ({ participantId, admin }) => ({ query: { participantId, createdBy: admin.userId } }),
  'POST /v1/documents': ({ participantId }) => ({
    body: documentBody(),
    full: { ...fullDetails(), ...fullFile(), participantId },
  }),
  'GET /v1/documents/{id}': ({ documentId }) => ({ params: { id: documentId } }),
  'PATCH /v1/documents/{id}': ({ documentId }) => ({
    params: { id: documentId },
    body: { title: `Report ${next()}` },
    full: fullDetails(),
  }),
  'DELETE /v1/documents/{id}': ({ spareDocumentId }) => ({
    params: { id: spareDocumentId },
    body: { reason: 'Filed twice' },
  }),
  'POST /v1/documents/{id}/restore': ({ spareDocumentId }) => ({ params: { id: spareDocumentId } }),
  'GET /v1/documents/{id}/upload': ({ waitingDocumentId }) => ({ params: { id: waitingDocumentId } }),
  'POST /v1/documents/{id}/confirm': ({ documentId }) => ({ params: { id: documentId }, query: { version: '1' } }),
  'GET /v1/documents/{id}/versions': ({ waitingDocumentId }) => ({ params: { id: waitingDocumentId } }),
  'POST /v1/documents/{id}/versions': ({ waitingDocumentId }) => ({
    params: { id: waitingDocumentId },
    body: fileBody(),
    full: fullFile(),
  }),
  'GET /v1/documents/{id}/content': ({ documentId }) => ({ params: { id: documentId }, query: { version: '1' } }),
  'POST /v1/documents/{id}/links': ({ documentId }) => ({ params: { id: documentId } }),
  'PUT /files/uploads/{token}': ({ tokens }) => ({ params: { token: tokens.upload }, body: PDF, headers: PDF_TYPE }),
  'PUT /files/parts/{token}': ({ tokens }) => ({
    params: { token: tokens.part },
    body: 'x',
    headers: { 'content-type': 'application/octet-stream' },
  }),
  'POST /files/complete/{token}': ({ tokens }) => ({ params: { token: tokens.complete } }),
  'GET /files/content/{token}': ({ tokens }) => ({ params: { token: tokens.content } }),
  'POST /webhooks/resend': ({ emailId }) => signedMessage('resend', emailNews(emailId)),
  'POST /webhooks/clerk': ({ userId }) => signedMessage('clerk', signInNews(`ext_${userId}`)),
};

export function sampleOf(operation: Operation, world: World): Sample {
  const sample = SAMPLES[operation.key];
  if (!sample) throw new Error(`Say in test/support/workers/samples.ts how to ask for ${operation.key}`);
  return sample(world);
}

/** Every field of the body that a sample has. */
export function fullBody(sample: Sample): Json {
  return sample.full ?? sample.body;
}

/** The sample's address. */
export function address(operation: Operation, sample: Sample): string {
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(sample.params?.[name] ?? ''));
  const query = new URLSearchParams(sample.query).toString();
  return query === '' ? path : `${path}?${query}`;
}

/** Sends a sample as the caller. */
export function ask(
  caller: Pick<Caller, 'request'>,
  operation: Operation,
  sample: Sample,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return caller.request(operation.method, address(operation, sample), {
    body: sample.body,
    headers: { ...sample.headers, ...headers },
  });
}

/**
 * A sample that changes something: what is restored is away, what is deleted there, what is cancelled, confirmed, noted or
 * read new, and so is a message, the author's own, and whose mail came back. A plain sample of these may ask for what is so
 * already, or find nothing.
 */
export async function effective(operation: Operation, world: World): Promise<Sample> {
  const { admin, participantId } = world;
  const sample = sampleOf(operation, world);
  const path = address(operation, sample);
  const action = operation.path.slice(operation.path.lastIndexOf('/') + 1);
  if (action === '{messageId}' && operation.method !== 'GET')
    return { ...sample, params: { ...sample.params, messageId: await storedMessage(world) } };
  if (action === 'read') return { ...sample, query: { messageId: await storedMessage(world) } };
  if (action === 'acknowledge' || action === 'resolve') return { ...sample, params: { id: await storedAlert(world) } };
  if (operation.key === 'PATCH /v1/services/{id}') return { ...sample, params: { id: await unnotedService(world) } };
  if (action === 'clear-bounce') return { ...sample, params: { id: await bouncedUser(world) } };
  if (operation.method === 'DELETE') await admin.post(`${path}/restore`);
  if (action === 'restore') await admin.delete(path.replace(/\/restore$/, ''), { reason: 'Moved' });
  if (action === 'confirm') return { ...sample, params: { id: await comeDocument(admin, { participantId }) } };
  if (action !== 'cancel') return sample;
  const create = operations.find(({ key }) => key === `POST ${operation.path.replace('/{id}/cancel', '')}`);
  if (!create) throw new Error(`nothing is created that ${operation.key} could cancel`);
  const { body } = await ask(admin, create, sampleOf(create, world));
  return { ...sample, params: { id: body.id } };
}

/** Whether the answer grants what the sample asked for. */
export function granted(operation: Operation, sample: Sample, status: number): boolean {
  return sample.status === undefined ? operation.successes.includes(status) : status === sample.status;
}

/** The id of a world's own thing with this id's prefix; for another world's worth. */
export function counterpart(world: World, id: string): string {
  const own: Record<string, string> = {
    org: world.organizationId,
    usr: world.userId,
    par: world.participantId,
    pln: world.planId,
    bud: world.budgetId,
    svc: world.serviceId,
    imp: world.importId,
    doc: world.documentId,
    thr: world.threadId,
    msg: world.messageId,
    alr: world.alertId,
    eml: world.emailId,
    inc: world.incidentId,
  };
  return own[id.slice(0, 3)] ?? id;
}

/** A well-formed id, with this id's prefix, of nothing. */
export function unknownId(id: string): string {
  return newId(id.slice(0, 3) as Parameters<typeof newId>[0]);
}

const TYPE_ID = /^[a-z]{3}_[0-7][0-9a-hjkmnp-tv-z]{25}$/;

export function isTypeId(value: unknown): value is string {
  return typeof value === 'string' && TYPE_ID.test(value);
}

/** The value with every id in it replaced, at any depth. */
export function withIds(value: Json, replace: (id: string) => string): Json {
  if (isTypeId(value)) return replace(value);
  if (Array.isArray(value)) return value.map((item) => withIds(item, replace));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withIds(inner, replace)]));
}

/** Where ids are in a value: the path of each. */
export function idPaths(value: Json, path: (string | number)[] = []): (string | number)[][] {
  if (isTypeId(value)) return [path];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => idPaths(inner, [...path, name]));
}
