import { timestampOf } from '../../time/rules.ts';
import type { OrganizationFieldsOutput, OrganizationView } from './schemas.ts';
import type { OrganizationRow } from './table.ts';

/** The fields of an organisation as its administrators write them. */
export function organizationFields(row: OrganizationRow): OrganizationFieldsOutput {
  return {
    name: row.name,
    abn: row.abn,
    registrationNumber: row.registration_number,
    settings: {
      timeZone: row.time_zone,
      currency: 'AUD',
      dateFormat: row.date_format,
      businessHours: JSON.parse(row.business_hours),
      claimDuration: row.claim_duration,
      alerts: JSON.parse(row.alert_settings),
    },
    contacts: JSON.parse(row.contacts),
  };
}

/** An organisation as its users see it. */
export function organizationView(row: OrganizationRow): OrganizationView {
  const { contacts, ...fields } = organizationFields(row);
  return {
    id: row.id,
    ...fields,
    subscription: {
      plan: row.subscription_plan,
      status: row.subscription_status,
      currentPeriodEnd: timestampOf(row.current_period_end),
      participantLimit: row.participant_limit,
      features: JSON.parse(row.features),
    },
    contacts,
    createdAt: new Date(row.created_at).toISOString(),
    updatedAt: new Date(row.updated_at).toISOString(),
  };
}

/** The columns that an organisation's fields are kept in. */
export function organizationColumns(fields: OrganizationFieldsOutput) {
  const { settings } = fields;
  return {
    name: fields.name,
    abn: fields.abn,
    registration_number: fields.registrationNumber,
    time_zone: settings.timeZone,
    currency: settings.currency,
    date_format: settings.dateFormat,
    business_hours: JSON.stringify(settings.businessHours),
    claim_duration: settings.claimDuration,
    alert_settings: JSON.stringify(settings.alerts),
    contacts: JSON.stringify(fields.contacts),
  };
}
