import * as z from 'zod';
import { EXAMPLE_IDS, id, instant, MAX_LIST, nextCursor, page, shortText } from '../../http/fields.ts';

const metricName = () =>
  z.string().regex(/^[A-Za-z][\w.:-]{0,99}$/, 'must be a name of up to 100 letters, digits, dots, colons, dashes');

/** Beyond this, a number is not exactly what was sent. */
const MAX_VALUE = Number.MAX_SAFE_INTEGER;

export const TrackMetric = z
  .strictObject({
    metric: metricName(),
    value: z.number('must be a number').min(-MAX_VALUE, 'is too little').max(MAX_VALUE, 'is too much'),
    tags: z
      .record(shortText(), z.union([shortText(), z.number(), z.boolean()]))
      .refine((tags) => Object.keys(tags).length <= MAX_LIST, `must have at most ${MAX_LIST} entries`)
      .default({}),
  })
  .meta({ id: 'TrackMetric', examples: [{ metric: 'shift.sync.seconds', value: 4.2, tags: { app: 'ios' } }] });
export type TrackMetricOutput = z.output<typeof TrackMetric>;

const EXAMPLE = {
  id: EXAMPLE_IDS.met,
  metric: 'shift.sync.seconds',
  value: 4.2,
  tags: { app: 'ios' },
  userId: EXAMPLE_IDS.usr,
  at: '2026-11-23T03:15:00.000Z',
};

export const Metric = z
  .object({
    id: id('met'),
    metric: z.string(),
    value: z.number(),
    tags: z.record(z.string(), z.unknown()),
    userId: id('usr').nullable().meta({ description: 'Null when the service noted it.' }),
    at: instant(),
  })
  .meta({ id: 'Metric', examples: [EXAMPLE] });
export type MetricView = z.infer<typeof Metric>;

const instantParameter = () => z.iso.datetime({ offset: true, error: 'must be an instant (RFC 3339)' });

export const ListMetrics = z.object({
  ...page,
  metric: metricName().optional(),
  from: instantParameter().optional().meta({ description: 'From this instant on.' }),
  to: instantParameter().optional().meta({ description: 'Before this instant.' }),
});

export const MetricList = z
  .object({
    data: z.array(Metric),
    nextCursor: nextCursor(),
    connections: z.int().meta({ description: 'Sockets of the organisation’s room that are open now.' }),
  })
  .meta({ id: 'MetricList', examples: [{ data: [EXAMPLE], nextCursor: null, connections: 12 }] });
