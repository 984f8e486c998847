/** Roles and permissions, exactly as `api.md` §2 has them. */

export const ROLES = ['admin', 'coordinator', 'support_worker', 'finance', 'viewer'] as const;
export type Role = (typeof ROLES)[number];

export const PERMISSIONS = [
  'participants.read',
  'participants.write',
  'participants.medical',
  'services.read',
  'services.write',
  'budgets.read',
  'budgets.write',
  'claims.read',
  'claims.write',
  'documents.read',
  'documents.write',
  'messages.read',
  'messages.write',
  'alerts.read',
  'alerts.write',
  'imports.read',
  'imports.write',
  'users.read',
  'users.write',
  'organization.write',
  'audit.read',
  'metrics.read',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

const OF_ROLE: Record<Role, readonly Permission[]> = {
  admin: PERMISSIONS,
  coordinator: [
    'participants.read',
    'participants.write',
    'participants.medical',
    'services.read',
    'services.write',
    'budgets.read',
    'documents.read',
    'documents.write',
    'messages.read',
    'messages.write',
    'alerts.read',
    'alerts.write',
    'users.read',
  ],
  support_worker: [
    'participants.read',
    'participants.medical',
    'services.read',
    'services.write',
    'documents.read',
    'documents.write',
    'messages.read',
    'messages.write',
  ],
  finance: [
    'services.read',
    'budgets.read',
    'claims.read',
    'claims.write',
    'documents.read',
    'alerts.read',
    'alerts.write',
  ],
  viewer: ['participants.read', 'services.read', 'budgets.read'],
};

/** What a user may do: the role's permissions and the user's own, in the order of `PERMISSIONS`. */
export function effectivePermissions(role: Role, own: readonly string[]): Permission[] {
  return PERMISSIONS.filter((permission) => OF_ROLE[role].includes(permission) || own.includes(permission));
}

/** The roles that have a permission by themselves. */
export function rolesWith(permission: Permission): Role[] {
  return ROLES.filter((role) => OF_ROLE[role].includes(permission));
}

export const FEATURES = ['imports', 'claims', 'messages'] as const;
export type Feature = (typeof FEATURES)[number];

/** The part of a subscription that a permission belongs to; null for what every subscription has. */
export function featureOf(permission: Permission): Feature | null {
  return FEATURES.find((feature) => permission.startsWith(`${feature}.`)) ?? null;
}
