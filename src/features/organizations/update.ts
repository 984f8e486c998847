import sql from 'sql-template-tag';
import type * as z from 'zod';
import type { Context } from '../../context.ts';
import { requireMatch } from '../../http/answer.ts';
import { mergePatch } from '../../http/patch.ts';
import { refuse } from '../../http/problem.ts';
import { invalid } from '../../http/validate.ts';
import { commitChange } from '../audit/commit.ts';
import { difference } from '../audit/rules.ts';
import { authorizeWrite } from '../sign-in/authorize.ts';
import { forgetUsers } from '../sign-in/users.ts';
import { findOrganization } from './queries.ts';
import { OrganizationFields, type UpdateOrganization } from './schemas.ts';
import type { OrganizationRow } from './table.ts';
import { organizationColumns, organizationFields } from './view.ts';

const MAX_ATTEMPTS = 4;

/** Changes what a merge patch names of the caller's organisation. */
export async function updateOrganization(
  ctx: Context,
  target: { patch: z.output<typeof UpdateOrganization>; ifMatch: string | null },
): Promise<OrganizationRow> {
  authorizeWrite(ctx, 'organization.write');
  for (let tries = 0; tries < MAX_ATTEMPTS; tries++) {
    const row = await findOrganization(ctx);
    requireMatch(target.ifMatch, row.revision);
    const parsed = OrganizationFields.safeParse(mergePatch(organizationFields(row), target.patch));
    if (!parsed.success) throw invalid(parsed.error);
    const changed = difference(organizationFields(row), parsed.data);
    if (!changed) return row;
    const next: OrganizationRow = {
      ...row,
      ...organizationColumns(parsed.data),
      revision: row.revision + 1,
      updated_at: ctx.now,
    };
    const done = await commitChange(ctx, {
      table: 'organizations',
      head: (changeId) => sql`UPDATE organizations SET name = ${next.name}, abn = ${next.abn},
          registration_number = ${next.registration_number}, time_zone = ${next.time_zone}, currency = ${next.currency},
          date_format = ${next.date_format}, business_hours = ${next.business_hours}, claim_duration = ${next.claim_duration}, alert_settings = ${next.alert_settings},
          contacts = ${next.contacts}, revision = ${next.revision}, change_id = ${changeId}, updated_at = ${next.updated_at}
        WHERE id = ${row.id} AND revision = ${row.revision} RETURNING id`,
      audit: { action: 'organization.updated', entityId: row.id, ...changed },
    });
    if (done) {
      forgetUsers();
      return next;
    }
  }
  refuse('CONFLICT', 'Others are changing the organisation at the same time: try again.');
}
