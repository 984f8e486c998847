import { sql } from 'drizzle-orm';
import { check, index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { participants } from '../participants/table.ts';

/** How each participant's records stand, as last looked at. The score is in `participants` too, for their list. */
export const complianceChecks = sqliteTable(
  'compliance_checks',
  {
    participant_id: text()
      .primaryKey()
      .references(() => participants.id),
    organization_id: text().notNull(),
    /** 0 to 100; null when nothing applies to the participant. */
    score: integer(),
    /** Whether something fails that no score makes up for. */
    hard_fail: integer().notNull(),
    /** Each input, as `ComplianceInput`. */
    inputs: text().notNull(),
    checked_at: integer().notNull(),
    /** What of it is in its organisation's sums. */
    counted_score: integer(),
    counted_fail: integer().notNull().default(0),
  },
  (table) => [
    index('compliance_checks_worst')
      .on(table.organization_id, table.score, table.participant_id)
      .where(sql`score IS NOT NULL`),
    check('compliance_score', sql`${table.score} BETWEEN 0 AND 100`),
    check('compliance_inputs_json', sql`json_valid(${table.inputs})`),
  ],
);

export type ComplianceCheckRow = Omit<typeof complianceChecks.$inferSelect, 'counted_score' | 'counted_fail'>;
