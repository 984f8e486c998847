import { timestampOf } from '../../time/rules.ts';
import { percentUsed, trafficLight } from '../budgets/rules.ts';
import type { ParticipantFields, ParticipantListItemView, ParticipantView } from './schemas.ts';
import type { ParticipantRow } from './table.ts';

type BaseRow = Omit<
  ParticipantRow,
  | 'medical'
  | 'name_key'
  | 'plan_end_key'
  | 'ledger_version'
  | 'ledger_change_id'
  | 'change_id'
  | 'revision'
  | 'created_by'
  | 'archive_reason'
>;

function base(row: BaseRow): Omit<ParticipantView, 'medical'> {
  return {
    id: row.id,
    ndisNumber: row.ndis_number,
    profile: {
      firstName: row.first_name,
      lastName: row.last_name,
      preferredName: row.preferred_name,
      dateOfBirth: row.date_of_birth,
      gender: row.gender,
      contact: JSON.parse(row.contact),
      address: row.address === null ? null : JSON.parse(row.address),
      emergency: JSON.parse(row.emergency),
    },
    pricingZone: row.pricing_zone,
    preferences: JSON.parse(row.preferences),
    tags: JSON.parse(row.tags),
    customFields: JSON.parse(row.custom_fields),
    status: row.status,
    createdAt: new Date(row.created_at).toISOString(),
    updatedAt: new Date(row.updated_at).toISOString(),
    archivedAt: timestampOf(row.archived_at),
    archivedBy: row.archived_by,
  };
}

/** A participant as a reader sees them; `medical` only for those who may see it. */
export function participantView(row: ParticipantRow, reader: { medical: boolean }): ParticipantView {
  const view = base(row);
  return reader.medical ? { ...view, medical: JSON.parse(row.medical) } : view;
}

/** The fields of a participant as clients write them: what a merge patch is applied to. */
export function participantFields(row: ParticipantRow): ParticipantFields {
  const { ndisNumber, profile, pricingZone, preferences, tags, customFields } = base(row);
  return { ndisNumber, profile, pricingZone, medical: JSON.parse(row.medical), preferences, tags, customFields };
}

/** The columns that clients' fields are kept in. */
export function participantColumns(fields: ParticipantFields) {
  const { profile } = fields;
  return {
    ndis_number: fields.ndisNumber,
    first_name: profile.firstName,
    last_name: profile.lastName,
    preferred_name: profile.preferredName,
    date_of_birth: profile.dateOfBirth,
    gender: profile.gender,
    contact: JSON.stringify(profile.contact),
    address: profile.address === null ? null : JSON.stringify(profile.address),
    emergency: JSON.stringify(profile.emergency),
    medical: JSON.stringify(fields.medical),
    preferences: JSON.stringify(fields.preferences),
    tags: JSON.stringify(fields.tags),
    custom_fields: JSON.stringify(fields.customFields),
    pricing_zone: fields.pricingZone,
  };
}

/** A row of the list query: the participant, the shown plan's totals, and the last services as JSON. */
export type ListRow = BaseRow &
  Pick<ParticipantRow, 'name_key' | 'plan_end_key'> & {
    plan_allocated_cents: number | null;
    plan_spent_cents: number | null;
    recent_services: string;
  };

/** A participant in a list. */
export function listItemView(row: ListRow, reader: { budgets: boolean }): ParticipantListItemView {
  const { plan_allocated_cents: allocatedCents, plan_spent_cents: spentCents } = row;
  const shown = reader.budgets && allocatedCents !== null && spentCents !== null;
  return {
    ...base(row),
    currentBudget: shown
      ? {
          allocatedCents,
          spentCents,
          remainingCents: allocatedCents - spentCents,
          percentUsed: percentUsed(spentCents, allocatedCents),
          status: trafficLight(spentCents, allocatedCents),
        }
      : null,
    recentServices: JSON.parse(row.recent_services),
    complianceScore: row.compliance_score,
  };
}
