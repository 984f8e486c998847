import sql, { type Sql } from 'sql-template-tag';
import { countScores } from '../dashboard/count.ts';
import { complianceFacts, type Kept, type Looking } from './facts.ts';
import { type Assessment, assessCompliance } from './rules.ts';

/** How a participant's records stand, as looked at just now. */
export interface Checked extends Assessment {
  participantId: string;
}

/** How old a look may get before an equal one renews its time (ms). */
const RENEWED = 86_400_000;

function isKept({ score, hardFail, inputs }: Assessment, { kept, now }: { kept: Kept; now: number }): boolean {
  return (
    kept.compliance_score === score &&
    kept.hard_fail === Number(hardFail) &&
    kept.inputs === JSON.stringify(inputs) &&
    now - (kept.checked_at ?? 0) < RENEWED
  );
}

/**
 * Looks at participants' records, and keeps how they stand where that has changed, so that the list shows the same
 * score. `also` is for the same batch.
 */
export async function checkCompliance(
  looking: Looking,
  also: (checked: readonly Checked[]) => Sql[] = () => [],
): Promise<Checked[]> {
  const { organizationId, now, database } = looking;
  const looked = (await complianceFacts(looking)).map(({ facts, kept }) => {
    const assessment = assessCompliance(facts);
    return { participantId: facts.participantId, ...assessment, isKept: isKept(assessment, { kept, now }) };
  });
  const changed = looked.filter((one) => !one.isKept);
  const statements = [...keepStatements(changed, { organizationId, now }), ...also(looked)];
  if (statements.length > 0) await database.write(statements);
  return looked;
}

function keepStatements(
  changed: readonly Checked[],
  { organizationId, now }: { organizationId: string; now: number },
): Sql[] {
  if (changed.length === 0) return [];
  // A job can be done as at another instant; nothing that is looked at later must seem older than that.
  const at = Math.min(now, Date.now());
  const values = JSON.stringify(
    changed.map(({ participantId, score, hardFail, inputs }) => ({
      id: participantId,
      score,
      hardFail: Number(hardFail),
      inputs: JSON.stringify(inputs),
    })),
  );
  return [
    // An older look that comes late does not take the place of a newer one.
    sql`INSERT INTO compliance_checks (participant_id, organization_id, score, hard_fail, inputs, checked_at)
      SELECT participants.id, ${organizationId}, seen.value ->> 'score', seen.value ->> 'hardFail', seen.value ->> 'inputs', ${at}
      FROM json_each(${values}) seen CROSS JOIN participants ON participants.id = seen.value ->> 'id'
        AND +participants.organization_id = ${organizationId} AND participants.status <> 'archived'
      WHERE true ON CONFLICT (participant_id) DO UPDATE SET score = excluded.score, hard_fail = excluded.hard_fail, inputs = excluded.inputs,
        checked_at = excluded.checked_at
      WHERE excluded.checked_at >= checked_at`,
    sql`UPDATE participants SET compliance_score = (SELECT score FROM compliance_checks WHERE participant_id = participants.id)
      WHERE id IN (SELECT value ->> 'id' FROM json_each(${values})) AND +organization_id = ${organizationId} AND +status <> 'archived'`,
    ...countScores(organizationId, sql`SELECT value ->> 'id' FROM json_each(${values})`),
  ];
}
