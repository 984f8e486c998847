import type { Database } from '../../database/database.ts';
import type { OrganizationRow } from '../organizations/table.ts';
import type { JobRunRow } from './table.ts';

/** What a job is done for and with. */
export interface Run extends Pick<JobRunRow, 'id' | 'organization_id' | 'job' | 'due_on'> {
  env: Env;
  database: Database;
  now: number;
  /** Where an earlier delivery left off; empty at the beginning. */
  position: string;
  organization: Pick<OrganizationRow, 'id' | 'name' | 'time_zone' | 'alert_settings'>;
}

/** What a job has done, by name. */
export type Counts = Record<string, number>;

/** What one delivery of a job has done, and where the next one goes on; null when that was all. */
export interface Step {
  counts: Counts;
  next: string | null;
}

/** Pages of participants that one delivery looks at: with ten statements each, within D1's thousand of an invocation. */
export const PAGES_AT_ONCE = 50;
