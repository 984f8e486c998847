import sql, { type Sql } from 'sql-template-tag';
import type { Context } from '../../context.ts';
import type { Template } from './table.ts';

/** Something that people have to be told by e-mail. */
export interface Mailing {
  template: Template;
  /** What it is about. */
  entityId: string;
  /** Which time, where the same thing is told several times. */
  occasion?: string;
}

/** Notes that people have to be told, for the batch of what happened. The same twice is once. */
export function mailingStatement(
  { template, entityId, occasion = '' }: Mailing,
  commit: { organizationId: string; at: number; proof: Sql },
): Sql {
  return sql`INSERT INTO mailings (organization_id, template, entity_id, occasion, at)
    SELECT ${commit.organizationId}, ${template}, ${entityId}, ${occasion}, ${commit.at} WHERE ${commit.proof}
    ON CONFLICT DO NOTHING`;
}

/** Has an organisation's mailings worked off, after the answer. Not done, the sweep finds them. */
export function askToMail(ctx: Pick<Context, 'env' | 'tenant' | 'later'>): void {
  ctx.later(sendMailingsMessage(ctx.env, ctx.tenant.id));
}

/** The message that has an organisation's mailings worked off. */
export async function sendMailingsMessage(env: Env, organizationId: string): Promise<void> {
  await env.JOBS.send({ type: 'mailings', organizationId });
}
