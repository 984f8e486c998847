import sql from 'sql-template-tag';
import type * as z from 'zod';
import type { Context } from '../../context.ts';
import { newId } from '../../ids.ts';
import { commitChange } from '../audit/commit.ts';
import type { Made } from '../idempotency/once.ts';
import { mayBeAbout, refuseParticipant } from '../participants/open.ts';
import { authorizeWrite } from '../sign-in/authorize.ts';
import { checkedFile, versionStatements, withPlace } from './announce.ts';
import type { CreateDocument, DocumentView } from './schemas.ts';
import { documentView, type ShownRow } from './view.ts';
import { replaceWords } from './words.ts';

/** Announces a document: it waits for its file. */
export async function createDocument(
  ctx: Context,
  input: z.output<typeof CreateDocument>,
): Promise<Made<DocumentView>> {
  authorizeWrite(ctx, 'documents.write');
  const fields = checkedFile(input, input);
  const organizationId = ctx.tenant.id;
  const id = newId('doc');
  const { contentType, sizeBytes, participantId } = fields;
  const awaited = { organizationId, documentId: id, version: 1, contentType, sizeBytes };
  const body = documentView(newRow(ctx, { id, fields }));
  const headers = { Location: `/v1/documents/${id}` };
  return withPlace(ctx.env, {
    awaited,
    commit: async (place) => {
      const done = await commitChange(ctx, {
        table: 'documents',
        head: (
          changeId,
        ) => sql`INSERT INTO documents (id, organization_id, participant_id, type, title, valid_from, valid_to, tags, status, created_by,
            created_at, updated_at, change_id)
          SELECT ${id}, ${organizationId}, ${participantId}, ${fields.type}, ${fields.title}, ${fields.validFrom}, ${fields.validTo},
            ${JSON.stringify(fields.tags)}, 'pending_upload', ${ctx.actor.userId}, ${ctx.now}, ${ctx.now}, ${changeId}
          WHERE ${mayBeAbout(participantId, organizationId)} RETURNING id`,
        also: (proof) => [
          ...versionStatements({ awaited, file: fields, place, by: ctx.actor.userId, now: ctx.now }, proof),
          ...replaceWords({ documentId: id, organizationId, ...fields }, proof),
        ],
        audit: { action: 'document.created', entityId: id, after: fields },
        answer: { status: 201, headers, body: JSON.stringify(body) },
      });
      if (!done) await refuseParticipant(ctx, participantId);
      return { body, status: 201, headers, recorded: ctx.idempotency !== null };
    },
  });
}

function newRow(ctx: Context, { id, fields }: { id: string; fields: z.output<typeof CreateDocument> }): ShownRow {
  return {
    id,
    participant_id: fields.participantId,
    type: fields.type,
    title: fields.title,
    valid_from: fields.validFrom,
    valid_to: fields.validTo,
    tags: JSON.stringify(fields.tags),
    status: 'pending_upload',
    version: 1,
    created_by: ctx.actor.userId,
    created_at: ctx.now,
    updated_at: ctx.now,
    deleted_at: null,
    deleted_by: null,
    delete_reason: null,
    revision: 1,
    file_name: fields.fileName,
    content_type: fields.contentType,
    size_bytes: fields.sizeBytes,
    sha256: fields.sha256,
    confirmed_at: null,
    mismatch: null,
    object_key: null,
    version_status: 'pending_upload',
    pending_version: 1,
    newest_version: 1,
    participant_status: null,
  };
}
