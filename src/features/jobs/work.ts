import type { Database } from '../../database/database.ts';
import type { OrganizationRow } from '../organizations/table.ts';
import type { JobRunRow } from './table.ts';

/** What a job is done for and with. */
export interface Run extends Pick<JobRunRow, 'id' | 'organization_id' | 'job' | 'due_on'> {
  env: Env;
  database: Database;
  now: number;
  organization: Pick<OrganizationRow, 'id' | 'name' | 'time_zone' | 'alert_settings'>;
}

/** What a job has done, by name. */
export type Counts = Record<string, number>;
