import { STATES } from '../../business-days/rules.ts';
import type { Context } from '../../context.ts';
import { AppError, type FieldError } from '../../http/problem.ts';
import { clocksOf, isReportableKind, stateOfZone } from './rules.ts';
import type { IncidentFieldsOutput } from './schemas.ts';
import type { IncidentRow } from './table.ts';

/** How far a client's clock may be ahead of ours (ms). */
const AHEAD = 5 * 60_000;

export type IncidentColumns = Omit<
  IncidentRow,
  'id' | 'organization_id' | 'created_by' | 'created_at' | 'updated_at' | 'revision' | 'change_id'
>;

/** The columns of an incident, its clocks counted; refused when its times do not fit together. */
export function incidentColumns(
  ctx: Pick<Context, 'now' | 'tenant'>,
  { fields, home }: { fields: IncidentFieldsOutput; home: string | null },
): IncidentColumns {
  const times = timesOf(ctx, fields);
  const state =
    fields.state ?? STATES.find((known) => known === home?.trim().toUpperCase()) ?? stateOfZone(ctx.tenant.timeZone);
  const reportable = fields.reportable ?? isReportableKind(fields.category);
  const { category, causedHarm } = fields;
  const clocks = reportable ? clocksOf({ category, causedHarm, state, becameAwareAt: times.became_aware_at }) : null;
  if (fields.status === 'closed' && reportable && times.notified_at === null) {
    throw misfit([{ pointer: '/status', message: 'must stay open until the Commission was notified' }]);
  }
  return {
    participant_id: fields.participantId,
    category,
    caused_harm: Number(causedHarm),
    description: fields.description,
    actions_taken: fields.actionsTaken,
    state,
    ...times,
    reportable: Number(reportable),
    notify_by: clocks?.notifyBy ?? null,
    report_by: clocks?.reportBy ?? null,
    status: fields.status,
  };
}

function timesOf({ now }: Pick<Context, 'now'>, fields: IncidentFieldsOutput) {
  const occurred_at = Date.parse(fields.occurredAt);
  const became_aware_at = Date.parse(fields.becameAwareAt);
  const notified_at = fields.notifiedAt === null ? null : Date.parse(fields.notifiedAt);
  const reported_at = fields.reportedAt === null ? null : Date.parse(fields.reportedAt);
  const errors: FieldError[] = [];
  const must = (pointer: string, { be, message }: { be: boolean; message: string }) => {
    if (!be) errors.push({ pointer, message });
  };
  must('/becameAwareAt', { be: became_aware_at >= occurred_at, message: 'must not be before occurredAt' });
  for (const [pointer, at] of [
    ['/occurredAt', occurred_at],
    ['/becameAwareAt', became_aware_at],
    ['/notifiedAt', notified_at],
    ['/reportedAt', reported_at],
  ] as const) {
    must(pointer, { be: at === null || at <= now + AHEAD, message: 'must not be in the future' });
  }
  must('/notifiedAt', {
    be: (notified_at ?? became_aware_at) >= became_aware_at,
    message: 'must not be before becameAwareAt',
  });
  must('/reportedAt', {
    be: (reported_at ?? became_aware_at) >= became_aware_at,
    message: 'must not be before becameAwareAt',
  });
  if (errors.length > 0) throw misfit(errors);
  return { occurred_at, became_aware_at, notified_at, reported_at };
}

function misfit(errors: FieldError[]): AppError {
  const [first] = errors;
  return new AppError({ code: 'VALIDATION_FAILED', detail: `${first?.pointer} ${first?.message}.`, errors });
}
