import * as z from 'zod';
import { calendarDate, EXAMPLE_IDS, id, instant, nextCursor, page } from '../../http/fields.ts';
import { ALERT_KINDS, ALERT_SEVERITIES, ALERT_STATUSES } from './table.ts';

export const ListAlerts = z.object({
  ...page,
  status: z.enum(ALERT_STATUSES).optional(),
  severity: z.enum(ALERT_SEVERITIES).optional(),
  kind: z.enum(ALERT_KINDS).optional(),
  participantId: id('par').optional(),
});

const EXAMPLE = {
  id: EXAMPLE_IDS.alr,
  kind: 'budget_threshold',
  severity: 'warning',
  status: 'open',
  participantId: EXAMPLE_IDS.par,
  planId: EXAMPLE_IDS.pln,
  budgetId: EXAMPLE_IDS.bud,
  periodStart: '2026-10-01',
  threshold: 75,
  figures: { spentCents: 478_100, releasedCents: 625_000 },
  at: '2026-11-23T03:15:00.000Z',
  acknowledgedAt: null,
  acknowledgedBy: null,
  resolvedAt: null,
  resolvedBy: null,
};

export const Alert = z
  .object({
    id: id('alr'),
    kind: z.enum(ALERT_KINDS),
    severity: z.enum(ALERT_SEVERITIES),
    status: z.enum(ALERT_STATUSES),
    participantId: id('par'),
    planId: id('pln').nullable(),
    budgetId: id('bud').nullable().meta({ description: 'The first line of the pool.' }),
    periodStart: calendarDate().meta({ description: "The funding period's first day, or the plan's." }),
    threshold: z.int().meta({
      description:
        'Per cent of what is released up to the period’s end; of `run_out` and `plan_expiry` days, of `underspend` per cent of the allocation, of `compliance` the score.',
    }),
    figures: z.record(z.string(), z.unknown()).meta({ description: 'What it was raised by.' }),
    at: instant(),
    acknowledgedAt: instant().nullable(),
    acknowledgedBy: id('usr').nullable(),
    resolvedAt: instant().nullable(),
    resolvedBy: id('usr').nullable().meta({ description: 'Null when what it was about has passed.' }),
  })
  .meta({ id: 'Alert', examples: [EXAMPLE] });
export type AlertView = z.infer<typeof Alert>;

export const AlertList = z
  .object({ data: z.array(Alert), nextCursor: nextCursor() })
  .meta({ id: 'AlertList', examples: [{ data: [EXAMPLE], nextCursor: null }] });
