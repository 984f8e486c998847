import * as z from 'zod';
import { EXAMPLE_IDS, id } from '../../http/fields.ts';
import { SETTINGS_EXAMPLE, SettingsView } from '../organizations/schemas.ts';
import { PERMISSIONS, ROLES } from '../sign-in/rules.ts';

export const Me = z
  .object({
    user: z.object({
      id: id('usr'),
      email: z.string(),
      firstName: z.string(),
      lastName: z.string(),
      phone: z.string().nullable(),
      role: z.enum(ROLES),
      permissions: z
        .array(z.enum(PERMISSIONS))
        .meta({ description: "The effective ones: the role's and the user's own." }),
      preferences: z.object({
        notifications: z.object({ email: z.boolean(), inApp: z.boolean(), sms: z.boolean() }),
        defaultView: z.string(),
        shortcuts: z.array(z.string()),
      }),
    }),
    organization: z.object({ id: id('org'), name: z.string(), settings: SettingsView }),
  })
  .meta({
    id: 'Me',
    examples: [
      {
        user: {
          id: EXAMPLE_IDS.usr,
          email: 'kai.brown@example.com',
          firstName: 'Kai',
          lastName: 'Brown',
          phone: null,
          role: 'viewer',
          permissions: ['participants.read', 'services.read', 'budgets.read'],
          preferences: {
            notifications: { email: true, inApp: true, sms: false },
            defaultView: 'participants',
            shortcuts: [],
          },
        },
        organization: { id: EXAMPLE_IDS.org, name: 'Example Support Services', settings: SETTINGS_EXAMPLE },
      },
    ],
  });
export type MeView = z.infer<typeof Me>;
