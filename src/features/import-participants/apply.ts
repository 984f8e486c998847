import { difference } from '../audit/rules.ts';
import { nameKey } from '../participants/rules.ts';
import { Fields, type ParticipantFields } from '../participants/schemas.ts';
import { NO_PLAN_END, type ParticipantRow } from '../participants/table.ts';
import { participantColumns, participantFields } from '../participants/view.ts';
import { applyLine } from './lines.ts';
import { applyPlan } from './plans.ts';
import type { ParticipantIntent } from './rows.ts';
import { type Applied, type Circumstances, given, movesLedger, type Person, Refused, type Work } from './work.ts';

/**
 * Applies a row to a participant (issue rules: matched by NDIS number; a plan by its start date; a line by plan,
 * category or item, and management type). What is new is created, what differs is changed, what is equal is left.
 * Either all of the row is applied or none of it.
 */
export function applyRow(person: Person, { intent, ...world }: Circumstances & { intent: ParticipantIntent }): Applied {
  const work: Work = { ...world, person, changes: [], warnings: [] };
  try {
    applyParticipant(work, intent);
    const plan = intent.plan && applyPlan(work, intent);
    if (plan) for (const line of intent.lines) applyLine(work, { planId: plan.id, line });
    if (work.changes.some(movesLedger)) {
      const { ledger } = work.person;
      work.person = { ...work.person, ledger: { ...ledger, version: ledger.version + 1 } };
    }
    return { person: work.person, changes: work.changes, warnings: work.warnings };
  } catch (error) {
    if (error instanceof Refused) return { errors: error.errors };
    throw error;
  }
}

const TARGET_OF: Record<string, string> = { contact: 'email', emergency: 'fullName', address: 'street' };

/** The column that a field of the participant comes from. */
function targetOf(path: readonly PropertyKey[]): string {
  const [first, second, third] = path.map(String);
  if (first !== 'profile') return first ?? 'ndisNumber';
  return third ?? TARGET_OF[second ?? ''] ?? second ?? 'fullName';
}

function merged(intent: ParticipantIntent, before: ParticipantFields | null): unknown {
  const { profile, contact, address } = intent;
  const old = before?.profile;
  const where = given(address);
  return {
    ...(before ?? {}),
    ndisNumber: intent.ndisNumber,
    profile: {
      ...old,
      ...given(profile),
      contact: { ...old?.contact, ...given(contact) },
      address: Object.keys(where).length === 0 ? (old?.address ?? null) : { ...old?.address, ...where },
    },
    ...given({ pricingZone: intent.pricingZone, tags: intent.tags }),
  };
}

function applyParticipant(work: Work, intent: ParticipantIntent): void {
  const { participant } = work.person;
  if (participant?.status === 'archived') {
    const message = 'The participant is archived: restore them first.';
    throw new Refused({ target: 'ndisNumber', code: 'PARTICIPANT_ARCHIVED', message });
  }
  if (!participant) requireNew(intent);
  const before = participant ? participantFields(participant) : null;
  const parsed = Fields.safeParse(merged(intent, before));
  if (!parsed.success) {
    throw new Refused(
      ...parsed.error.issues.map((issue) => {
        const target = targetOf(issue.path);
        return { target, code: 'VALIDATION_FAILED', message: `The ${target} ${issue.message}.` };
      }),
    );
  }
  const { dateOfBirth } = parsed.data.profile;
  if (dateOfBirth > work.today || dateOfBirth < '1900-01-01') {
    const message = `The date of birth, ${dateOfBirth}, ${dateOfBirth > work.today ? 'is in the future' : 'is before 1900'}.`;
    throw new Refused({ target: 'dateOfBirth', code: 'INVALID_DATE', message });
  }
  if (!participant || !before) {
    create(work, parsed.data);
    return;
  }
  const changed = difference(before, parsed.data);
  if (!changed) return;
  const row: ParticipantRow = {
    ...participant,
    ...participantColumns(parsed.data),
    name_key: nameKey(parsed.data.profile),
    revision: participant.revision + 1,
    updated_at: work.now,
  };
  const ledger = { ...work.person.ledger, pricingZone: row.pricing_zone };
  work.person = { ...work.person, participant: row, ledger };
  work.changes.push({ kind: 'participant.updated', row, ...changed });
}

function requireNew({ profile }: ParticipantIntent): void {
  const missing = (['firstName', 'lastName', 'dateOfBirth'] as const).filter((field) => profile[field] === null);
  if (missing.length === 0) return;
  throw new Refused(
    ...missing.map((target) => ({
      target,
      code: 'VALIDATION_FAILED',
      message: `The participant is new: the ${target} is needed.`,
    })),
  );
}

function create(work: Work, fields: ParticipantFields): void {
  const { ledger } = work.person;
  const row: ParticipantRow = {
    id: ledger.participantId,
    organization_id: work.organizationId,
    ...participantColumns(fields),
    status: 'active',
    name_key: nameKey(fields.profile),
    plan_end_key: NO_PLAN_END,
    compliance_score: null,
    ledger_version: 0,
    ledger_change_id: null,
    change_id: null,
    revision: 1,
    created_by: work.userId,
    created_at: work.now,
    updated_at: work.now,
    archived_at: null,
    archived_by: null,
    archive_reason: null,
  };
  work.person = { ...work.person, participant: row, ledger: { ...ledger, pricingZone: row.pricing_zone } };
  work.changes.push({ kind: 'participant.created', row });
}
