import type { Send } from '../client.ts';
import type { LoadJob, LoadResult } from '../load.ts';
import type { Stage } from '../stage.ts';
import type { Thread } from '../threads.ts';
import type { WatchJob, WatchResult } from '../watchers.ts';

/** How long each thing is measured: all of it in under four minutes, or a glance in under one. */
export interface Pace {
  rounds: number;
  roundMilliseconds: number;
  warmMilliseconds: number;
  /** Writes of each stretch with and without sockets. */
  writes: number;
  /** How many such stretches. */
  stretches: number;
  /** Participants in a file, and in a large one; null for none. */
  people: number;
  large: number | null;
  /** Organisations whose daily check is timed. */
  organizations: number;
  /** Services of the organisation whose dashboard is read; null for those of the seed. */
  services: number | null;
}

/** What every part works with. */
export interface Bench {
  stage: Stage;
  pace: Pace;
  /** One request at a time, from the main thread. */
  send: Send;
  load: Thread<LoadJob, LoadResult>;
  watchers: Thread<WatchJob, WatchResult>;
  /** The number of the next shift to record on a group of participants, so that no two are equal. */
  shifts: Map<unknown, number>;
}

/** Takes `count` shift numbers of a group. */
export function takeShifts(bench: Bench, { group, count }: { group: unknown; count: number }): number {
  const from = bench.shifts.get(group) ?? 0;
  bench.shifts.set(group, from + count);
  return from;
}

/** Headers of the administrator of the large organisation, or of the small one. */
export function signedIn(bench: Bench, who: 'organization' | 'smaller' = 'organization'): Record<string, string> {
  return { authorization: `Bearer ${bench.stage.tokens[who]}` };
}
