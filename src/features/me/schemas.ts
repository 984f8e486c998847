import { z } from 'zod';
import { id } from '../../http/fields.ts';
import { SettingsView } from '../organizations/schemas.ts';
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
  .meta({ id: 'Me' });
export type MeView = z.infer<typeof Me>;
