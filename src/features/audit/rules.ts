/** Every change that the audit knows, as `entity.verb`. A new one does not compile until it is named here. */
export const AUDIT_ACTIONS = [
  'organization.updated',
  'user.created',
  'user.updated',
  'participant.created',
  'participant.updated',
  'participant.archived',
  'participant.restored',
  'plan.created',
  'plan.updated',
  'budget.created',
  'budget.adjusted',
  'service.created',
  'service.cancelled',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];
