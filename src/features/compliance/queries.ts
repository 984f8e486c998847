import sql, { empty, type Sql } from 'sql-template-tag';
import type * as z from 'zod';
import type { Context } from '../../context.ts';
import { pageOf, readCursor } from '../../http/cursor.ts';
import type { OrganizationRow } from '../organizations/table.ts';
import { findParticipant } from '../participants/queries.ts';
import { checkCompliance } from './check.ts';
import type { ComplianceList, ComplianceView, ListCompliance } from './schemas.ts';
import type { ComplianceCheckRow } from './table.ts';

/** How a participant's records stand now. Where that differs from what the list shows, the list follows. */
export async function findCompliance(ctx: Context, participantId: string): Promise<ComplianceView> {
  const [checked] = await checkCompliance({
    database: ctx.database,
    organizationId: ctx.tenant.id,
    timeZone: ctx.tenant.timeZone,
    participantIds: [participantId],
    now: ctx.now,
  });
  // Of an archived participant nothing is asked any more.
  if (!checked) await findParticipant(ctx, participantId);
  const { score = null, hardFail = false, inputs = [] } = checked ?? {};
  return { participantId, score, hardFail, inputs, checkedAt: new Date(ctx.now).toISOString() };
}

type Listed = ComplianceCheckRow & { first_name: string; last_name: string; score: number };

/** A page of participants by their score, the worst first, as last looked at; and how the organisation stands. */
export async function listCompliance(
  ctx: Context,
  query: z.output<typeof ListCompliance>,
): Promise<z.infer<typeof ComplianceList>> {
  const organizationId = ctx.tenant.id;
  const after = readCursor(query.cursor, { name: 'compliance', shape: [0, ''] });
  const [rows, [sums]] = await ctx.database.read<[Listed, Sums]>(
    sql`SELECT kept.participant_id, kept.organization_id, kept.score, kept.hard_fail, kept.inputs, kept.checked_at,
        participants.first_name, participants.last_name
      FROM compliance_checks kept INDEXED BY compliance_checks_worst
      CROSS JOIN participants ON participants.id = kept.participant_id AND participants.status <> 'archived'
      WHERE kept.organization_id = ${organizationId} AND kept.score IS NOT NULL
        ${after ? sql`AND (kept.score, kept.participant_id) > (${after[0]}, ${after[1]})` : empty}
      ORDER BY kept.score, kept.participant_id LIMIT ${query.limit + 1}`,
    complianceSumsStatement(organizationId),
  );
  const page = pageOf(rows, {
    limit: query.limit,
    name: 'compliance',
    key: (row) => [row.score, row.participant_id],
    view: (row) => ({
      participantId: row.participant_id,
      firstName: row.first_name,
      lastName: row.last_name,
      score: row.score,
      hardFail: row.hard_fail === 1,
      inputs: JSON.parse(row.inputs),
      checkedAt: new Date(row.checked_at).toISOString(),
    }),
  });
  return { ...page, summary: complianceSummary(sums) };
}

/** What an organisation's scores add up to. */
export type Sums = Pick<OrganizationRow, 'compliance_scored' | 'compliance_points' | 'compliance_hard_fails'>;

/** The read of what an organisation's scores add up to. */
export function complianceSumsStatement(organizationId: string): Sql {
  return sql`SELECT compliance_scored, compliance_points, compliance_hard_fails FROM organizations WHERE id = ${organizationId}`;
}

/** The mean score, and of how many; null without any. */
export function complianceSummary(sums: Sums | undefined) {
  const participants = sums?.compliance_scored ?? 0;
  return {
    score: participants === 0 ? null : Math.round((sums?.compliance_points ?? 0) / participants),
    participants,
    hardFails: sums?.compliance_hard_fails ?? 0,
  };
}
