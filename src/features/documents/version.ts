import sql from 'sql-template-tag';
import type { Context } from '../../context.ts';
import { plainType } from '../file-types/rules.ts';
import type { Made } from '../idempotency/once.ts';
import { checkedFile, versionStatements, withPlace } from './announce.ts';
import type { DocumentView, NewFileOutput } from './schemas.ts';
import { documentView } from './view.ts';
import { changeDocument } from './write.ts';

/** A document with the file that was announced for it. */
export interface Announced {
  document: DocumentView;
  version: number;
  file: { contentType: string; sizeBytes: number };
}

/** Announces a new version of a document: what is there stays what is shown until the new file is confirmed. */
export function addVersion(
  ctx: Context,
  { id, input }: { id: string; input: NewFileOutput },
): Promise<Made<Announced>> {
  const organizationId = ctx.tenant.id;
  const contentType = plainType(input.contentType);
  const { sizeBytes } = input;
  return withPlace(ctx.env, {
    awaited: { organizationId, documentId: id, contentType, sizeBytes },
    commit: (place) =>
      changeDocument<Made<Announced>>(ctx, {
        id,
        decide: (row) => {
          const file = checkedFile(input, row);
          const version = row.newest_version + 1;
          const awaited = { organizationId, documentId: id, version, contentType, sizeBytes };
          const next = { ...row, pending_version: version, revision: row.revision + 1, updated_at: ctx.now };
          const body = { document: documentView(next), version, file: { contentType, sizeBytes } };
          return {
            set: sql`last_version = ${version}, updated_at = ${ctx.now}`,
            also: (proof) => versionStatements({ awaited, file, place, by: ctx.actor.userId, now: ctx.now }, proof),
            audit: { action: 'document.versioned', entityId: id, after: { version, ...file } },
            answer: { status: 201, headers: {}, body: JSON.stringify(body) },
            value: { body, status: 201, headers: {}, recorded: ctx.idempotency !== null },
          };
        },
      }),
  });
}
