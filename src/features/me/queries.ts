import sql from 'sql-template-tag';
import type { Context } from '../../context.ts';
import { notFound } from '../../http/problem.ts';
import { ORGANIZATION_COLUMNS } from '../organizations/queries.ts';
import type { OrganizationRow } from '../organizations/table.ts';
import { organizationFields } from '../organizations/view.ts';
import { effectivePermissions } from '../sign-in/rules.ts';
import { USER_COLUMNS } from '../users/queries.ts';
import type { UserRow } from '../users/table.ts';
import { userFields } from '../users/view.ts';
import type { MeView } from './schemas.ts';

/** Who the caller is and where, in one round trip; with the revisions that the answer is made of. */
export async function readMe(ctx: Context): Promise<{ view: MeView; revision: string; userRevision: number }> {
  const [[user], [organization]] = await ctx.database.read<[UserRow, OrganizationRow]>(
    sql`SELECT ${USER_COLUMNS} FROM users WHERE id = ${ctx.actor.userId} AND organization_id = ${ctx.tenant.id}`,
    sql`SELECT ${ORGANIZATION_COLUMNS} FROM organizations WHERE id = ${ctx.tenant.id}`,
  );
  if (!user || !organization) notFound('user');
  const { email, firstName, lastName, phone, role, permissions, preferences } = userFields(user);
  const effective = effectivePermissions(role, permissions);
  const view: MeView = {
    user: { id: user.id, email, firstName, lastName, phone, role, permissions: effective, preferences },
    organization: { id: organization.id, name: organization.name, settings: organizationFields(organization).settings },
  };
  return { view, revision: `${user.revision}-${organization.revision}`, userRevision: user.revision };
}
