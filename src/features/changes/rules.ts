import type { Permission } from '../sign-in/rules.ts';

/** The permission that one needs to hear of changes of each kind of thing; what is not here is nobody's. */
const NEEDED: Record<string, Permission> = {
  user: 'users.read',
  participant: 'participants.read',
  plan: 'budgets.read',
  budget: 'budgets.read',
  service: 'services.read',
  document: 'documents.read',
  thread: 'messages.read',
  message: 'messages.read',
  alert: 'alerts.read',
  incident: 'participants.read',
  import: 'imports.read',
  item: 'services.read',
};

/** Whether someone with these permissions may hear of changes of a kind of thing. */
export function mayHear(permissions: readonly string[], entityType: string): boolean {
  if (entityType === 'organization') return true;
  const needed = NEEDED[entityType];
  return needed !== undefined && permissions.includes(needed);
}
