/** What work on the database cost. */
interface Cost {
  ms: number;
  trips: number;
  rowsRead: number;
  rowsWritten: number;
}

/**
 * Everything that the service says of itself. Ids, routes and figures alone: never what a request carried, nor whom
 * it was about.
 */
export type MetricEvent =
  | ({
      event: 'request';
      requestId: string;
      organizationId: string | null;
      userId: string | null;
      /** The method and the route's pattern: `GET /v1/participants/:id`. */
      route: string;
      status: number;
    } & Cost)
  | { event: 'error'; requestId: string; organizationId: string | null; route: string; code: string }
  | { event: 'queue'; queue: string; type: string; outcome: 'done' | 'again' | 'dead'; attempts: number; ms: number }
  | { event: 'alarm'; object: ObjectName; outcome: 'done' | 'failed'; ms: number }
  | { event: 'socket'; object: ObjectName; change: 'opened' | 'closed'; open: number }
  | ({ event: 'job'; job: string; runId: string; organizationId: string } & Cost);

type ObjectName = 'ledger' | 'room' | 'import';

/** The texts and the numbers of an event, each in the order in which the dataset has them. */
function pointOf({ event, ...fields }: MetricEvent): AnalyticsEngineDataPoint {
  const blobs: (string | null)[] = [event];
  const doubles: number[] = [];
  for (const value of Object.values(fields)) {
    if (typeof value === 'number') doubles.push(value);
    else blobs.push(value);
  }
  const index = 'organizationId' in fields ? (fields.organizationId ?? '') : '';
  return { indexes: [index], blobs, doubles };
}

/** Counts an event, and says it as one line of JSON. Nothing waits for it, and nothing fails by it. */
export function emit(env: Env, event: MetricEvent): void {
  try {
    // As it is: the objects say events too, and the variables' checks know the objects' types.
    if (env.EVENT_LOG !== 'off') console.log(JSON.stringify({ level: 'info', ...event }));
    env.METRICS.writeDataPoint(pointOf(event));
  } catch {
    // What is not counted is not worth an answer.
  }
}

/** Runs an object's alarm, and counts it. */
export async function timedAlarm(
  env: Env,
  { object, work }: { object: ObjectName; work: () => Promise<void> },
): Promise<void> {
  const started = Date.now();
  let outcome: 'done' | 'failed' = 'failed';
  try {
    await work();
    outcome = 'done';
  } finally {
    emit(env, { event: 'alarm', object, outcome, ms: Date.now() - started });
  }
}
