import sql from 'sql-template-tag';
import type { Context } from '../../context.ts';
import { AppError } from '../../http/problem.ts';

/** Refuses a support coordinator who is not a user of the organisation. */
export async function requireCoordinator(
  ctx: Context,
  { userId, pointer }: { userId: string | null | undefined; pointer: string },
): Promise<void> {
  if (userId === null || userId === undefined) return;
  const [found] = await ctx.database.read<[unknown]>(
    sql`SELECT 1 AS found FROM users WHERE id = ${userId} AND organization_id = ${ctx.tenant.id}`,
  );
  if (found.length > 0) return;
  const message = 'must be a user of the organisation';
  const detail = `supportCoordinatorId ${message}.`;
  throw new AppError({ code: 'VALIDATION_FAILED', detail, errors: [{ pointer, message }] });
}
