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
  'service.noted',
  'incident.created',
  'incident.updated',
  'item.created',
  'item.updated',
  'document.created',
  'document.versioned',
  'document.uploaded',
  'document.rejected',
  'document.updated',
  'document.deleted',
  'document.restored',
  'document.downloaded',
  'document.abandoned',
  'thread.created',
  'thread.updated',
  'message.created',
  'message.updated',
  'message.deleted',
  'alert.raised',
  'alert.acknowledged',
  'alert.resolved',
  'import.created',
  'import.finished',
  'import.cancelled',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

type Fields = Record<string, unknown>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * What differs between two values of the same shape, as the record keeps it: only the fields that changed, objects
 * field by field and lists as a whole. Null when nothing did.
 */
export function difference(before: Fields, after: Fields): { before: Fields; after: Fields } | null {
  const was = new Map<string, unknown>();
  const is = new Map<string, unknown>();
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [one, other] = [before[name], after[name]];
    const inside = isFields(one) && isFields(other) ? difference(one, other) : null;
    if (inside) {
      was.set(name, inside.before);
      is.set(name, inside.after);
    } else if (JSON.stringify(one) !== JSON.stringify(other)) {
      if (one !== undefined) was.set(name, one);
      if (other !== undefined) is.set(name, other);
    }
  }
  return was.size + is.size === 0 ? null : { before: Object.fromEntries(was), after: Object.fromEntries(is) };
}
