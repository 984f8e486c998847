import sql from 'sql-template-tag';
import type * as z from 'zod';
import type { Context } from '../../context.ts';
import { mergePatch } from '../../http/patch.ts';
import { invalid } from '../../http/validate.ts';
import { difference } from '../audit/rules.ts';
import { checkedFile } from './announce.ts';
import { type UpdateDocument, Updated } from './schemas.ts';
import { detailsOf, type ShownRow } from './view.ts';
import { replaceWords } from './words.ts';
import { changeDocument } from './write.ts';

/** Changes what a merge patch names of a document's details. */
export function updateDocument(
  ctx: Context,
  { id, patch, ifMatch }: { id: string; patch: z.output<typeof UpdateDocument>; ifMatch: string | null },
): Promise<ShownRow> {
  return changeDocument<ShownRow>(ctx, {
    id,
    ifMatch,
    decide: (row) => {
      const parsed = Updated.safeParse(mergePatch(detailsOf(row), patch));
      if (!parsed.success) throw invalid(parsed.error);
      const { type, title, validFrom, validTo, tags } = parsed.data;
      const changed = difference(detailsOf(row), parsed.data);
      if (!changed) return { already: row };
      // A file that may not be an avatar does not become one.
      checkedFile(
        { fileName: row.file_name, contentType: row.content_type, sizeBytes: row.size_bytes, sha256: row.sha256 },
        { type },
      );
      const next: ShownRow = {
        ...row,
        type,
        title,
        valid_from: validFrom,
        valid_to: validTo,
        tags: JSON.stringify(tags),
        revision: row.revision + 1,
        updated_at: ctx.now,
      };
      const indexed = { documentId: id, organizationId: ctx.tenant.id, title, tags, fileName: row.file_name };
      return {
        set: sql`type = ${type}, title = ${title}, valid_from = ${validFrom}, valid_to = ${validTo}, tags = ${next.tags},
          updated_at = ${ctx.now}`,
        also: (proof) => replaceWords(indexed, proof),
        audit: { action: 'document.updated', entityId: id, ...changed },
        value: next,
      };
    },
  });
}
