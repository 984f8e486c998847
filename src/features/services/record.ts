import type { Context } from '../../context.ts';
import { etag } from '../../http/revision.ts';
import { newId } from '../../ids.ts';
import type { Made } from '../idempotency/once.ts';
import { askLedger, circumstance } from '../ledger/ask.ts';
import { authorizeWrite } from '../sign-in/authorize.ts';
import type { ServiceRequest, Warning } from './rules.ts';
import type { ServiceView } from './view.ts';

/** Records a service through the participant's ledger. */
export async function recordService(
  ctx: Context,
  request: ServiceRequest,
): Promise<Made<ServiceView & { warnings: Warning[] }>> {
  authorizeWrite(ctx, 'services.write');
  const command = { ...circumstance(ctx), serviceId: newId('svc'), request };
  const { service, warnings } = await askLedger(ctx, {
    participantId: request.participantId,
    call: (ledger) => ledger.record(command),
  });
  return {
    body: { ...service, warnings },
    status: 201,
    headers: { Location: `/v1/services/${service.id}`, ETag: etag(1) },
    recorded: ctx.idempotency !== null,
  };
}
