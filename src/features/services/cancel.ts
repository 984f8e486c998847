import type { Context } from '../../context.ts';
import { etag } from '../../http/revision.ts';
import { newId } from '../../ids.ts';
import type { Made } from '../idempotency/once.ts';
import { askLedger, circumstance } from '../ledger/ask.ts';
import { authorizeWrite } from '../sign-in/authorize.ts';
import { findService } from './queries.ts';
import { type ServiceView, serviceView } from './view.ts';

/** Cancels a service: its money is back at once. Cancelling it again answers the same. */
export async function cancelService(ctx: Context, target: { id: string; reason: string }): Promise<Made<ServiceView>> {
  authorizeWrite(ctx, 'services.write');
  const service = await findService(ctx, target.id);
  if (service.status === 'cancelled') {
    return { body: serviceView(service), status: 200, headers: { ETag: etag(service.revision) }, recorded: false };
  }
  const command = { ...circumstance(ctx), service, reason: target.reason, changeId: newId('chg') };
  const { view, revision, written } = await askLedger(ctx, {
    participantId: service.participant_id,
    call: (ledger) => ledger.cancel(command),
  });
  return { body: view, status: 200, headers: { ETag: etag(revision) }, recorded: written && ctx.idempotency !== null };
}
