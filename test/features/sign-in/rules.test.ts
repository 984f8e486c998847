import { describe, expect, test } from 'vitest';
import { effectivePermissions, featureOf, PERMISSIONS, ROLES } from '../../../src/features/sign-in/rules.ts';

/** The table of `api.md` §2, Roles, row by row: x where the role has the permission. Admin has every one. */
const TABLE = `
                      coordinator  support_worker  finance  viewer
participants.read     x            x               .        x
participants.write    x            .               .        .
participants.medical  x            x               .        .
services.read         x            x               x        x
services.write        x            x               .        .
budgets.read          x            .               x        x
budgets.write         .            .               .        .
claims.read           .            .               x        .
claims.write          .            .               x        .
documents.read        x            x               x        .
documents.write       x            x               .        .
messages.read         x            x               .        .
messages.write        x            x               .        .
alerts.read           x            .               x        .
alerts.write          x            .               x        .
imports.read          .            .               .        .
imports.write         .            .               .        .
users.read            x            .               .        .
users.write           .            .               .        .
organization.write    .            .               .        .
audit.read            .            .               .        .
metrics.read          .            .               .        .
`;

const [heading = [], ...rows] = TABLE.trim()
  .split('\n')
  .map((line) => line.trim().split(/\s+/));

describe('the roles', () => {
  test('are admin and those of the table', () => {
    expect([...ROLES].sort()).toEqual(['admin', ...heading].sort());
  });

  test('know the permissions of the table and no others', () => {
    expect(rows.map(([permission]) => permission)).toEqual([...PERMISSIONS]);
  });

  test.each(heading.map((role, column) => ({ role, column })))(
    '$role has what the table gives it',
    ({ role, column }) => {
      const expected = rows.filter((row) => row[column + 1] === 'x').map(([permission]) => permission);
      const known = ROLES.find((candidate) => candidate === role);
      expect(known && effectivePermissions(known, [])).toEqual(expected);
    },
  );

  test('give an administrator everything', () => {
    expect(effectivePermissions('admin', [])).toEqual([...PERMISSIONS]);
  });
});

describe("a user's own permissions", () => {
  test('add to those of the role, each once', () => {
    expect(effectivePermissions('viewer', ['services.write', 'services.read'])).toEqual([
      'participants.read',
      'services.read',
      'services.write',
      'budgets.read',
    ]);
  });

  test('that do not exist give nothing', () => {
    expect(effectivePermissions('finance', ['root', ''])).toEqual(effectivePermissions('finance', []));
  });
});

test('claims, imports and messages are features of a subscription; everything else is in each', () => {
  const featured = Object.fromEntries(PERMISSIONS.map((permission) => [permission, featureOf(permission)]));
  expect(Object.entries(featured).filter(([, feature]) => feature !== null)).toEqual([
    ['claims.read', 'claims'],
    ['claims.write', 'claims'],
    ['messages.read', 'messages'],
    ['messages.write', 'messages'],
    ['imports.read', 'imports'],
    ['imports.write', 'imports'],
  ]);
});
