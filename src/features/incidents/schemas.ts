import * as z from 'zod';
import { STATES } from '../../business-days/rules.ts';
import { EXAMPLE_IDS, id, instant, longText, nextCursor, page } from '../../http/fields.ts';
import { patchOf } from '../../http/patch.ts';
import { INCIDENT_CATEGORIES, INCIDENT_STATUSES } from './table.ts';

const happened = (description: string) =>
  z.iso.datetime({ offset: true, error: 'must be an instant (RFC 3339)' }).meta({ description });

/** What is said of an incident; how these fit together is looked at when they are all known. */
export const IncidentFields = z.strictObject({
  participantId: id('par').nullable().default(null),
  category: z.enum(INCIDENT_CATEGORIES),
  causedHarm: z.boolean().default(false),
  description: longText().default(''),
  actionsTaken: longText().default(''),
  state: z
    .enum(STATES)
    .nullable()
    .default(null)
    .meta({ description: "Whose public holidays count: the participant's, else by the organisation's time zone." }),
  occurredAt: happened('When it happened.'),
  becameAwareAt: happened('When someone of the organisation first knew: the clocks begin here.'),
  reportable: z
    .boolean()
    .nullable()
    .default(null)
    .meta({ description: 'Whether the Commission is to be told; by the category when left out.' }),
  notifiedAt: happened('When the Commission was notified.').nullable().default(null),
  reportedAt: happened('When the five-day form went in.').nullable().default(null),
  status: z.enum(INCIDENT_STATUSES).default('open'),
});
export type IncidentFieldsOutput = z.output<typeof IncidentFields>;

export const CreateIncident = IncidentFields.meta({
  id: 'CreateIncident',
  examples: [
    {
      participantId: EXAMPLE_IDS.par,
      category: 'serious_injury',
      description: 'Fell in the bathroom; taken to hospital.',
      occurredAt: '2026-11-20T01:30:00Z',
      becameAwareAt: '2026-11-20T02:00:00Z',
    },
  ],
});
export const UpdateIncident = patchOf(IncidentFields).meta({
  id: 'UpdateIncident',
  description: 'A JSON merge patch: absent leaves, null clears.',
  examples: [{ notifiedAt: '2026-11-20T05:00:00Z' }],
});

export const ListIncidents = z.object({
  ...page,
  participantId: id('par').optional(),
  status: z.enum(INCIDENT_STATUSES).optional(),
  category: z.enum(INCIDENT_CATEGORIES).optional(),
});

const clock = () =>
  z
    .enum(['not_needed', 'due', 'overdue', 'on_time', 'late'])
    .meta({ description: 'How the clock stands now; `late` is done, but after its end.' });

const EXAMPLE = {
  id: EXAMPLE_IDS.inc,
  participantId: EXAMPLE_IDS.par,
  category: 'serious_injury',
  causedHarm: true,
  description: 'Fell in the bathroom; taken to hospital.',
  actionsTaken: '',
  state: 'NSW',
  occurredAt: '2026-11-20T01:30:00.000Z',
  becameAwareAt: '2026-11-20T02:00:00.000Z',
  reportable: true,
  notifiedAt: '2026-11-20T05:00:00.000Z',
  notifyBy: '2026-11-21T02:00:00.000Z',
  notification: 'on_time',
  reportedAt: null,
  reportBy: '2026-11-27T13:00:00.000Z',
  report: 'due',
  status: 'open',
  createdBy: EXAMPLE_IDS.usr,
  createdAt: '2026-11-20T02:10:00.000Z',
  updatedAt: '2026-11-20T05:01:00.000Z',
};

export const Incident = z
  .object({
    id: id('inc'),
    participantId: id('par').nullable(),
    category: z.enum(INCIDENT_CATEGORIES),
    causedHarm: z.boolean(),
    description: z.string(),
    actionsTaken: z.string(),
    state: z.enum(STATES),
    occurredAt: instant(),
    becameAwareAt: instant(),
    reportable: z.boolean(),
    notifiedAt: instant().nullable(),
    notifyBy: instant().nullable().meta({ description: 'Null when it is not reportable.' }),
    notification: clock(),
    reportedAt: instant().nullable(),
    reportBy: instant().nullable().meta({ description: 'The end of the fifth business day of the state.' }),
    report: clock(),
    status: z.enum(INCIDENT_STATUSES),
    createdBy: id('usr'),
    createdAt: instant(),
    updatedAt: instant(),
  })
  .meta({ id: 'Incident', examples: [EXAMPLE] });
export type IncidentView = z.infer<typeof Incident>;

export const IncidentList = z
  .object({ data: z.array(Incident), nextCursor: nextCursor() })
  .meta({ id: 'IncidentList', examples: [{ data: [EXAMPLE], nextCursor: null }] });
