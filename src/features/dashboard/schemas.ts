import * as z from 'zod';
import { calendarDate } from '../../http/fields.ts';

export const Dashboard = z
  .object({
    asOf: calendarDate().meta({ description: "The organisation's date." }),
    participants: z.object({
      total: z.int().meta({ description: 'Those who are not archived.' }),
      active: z.int(),
    }),
    budgets: z
      .object({ green: z.int(), amber: z.int(), red: z.int() })
      .nullable()
      .meta({ description: 'The lines of the plans that contain today, by colour; null without budgets.read.' }),
    servicesThisWeek: z.int().meta({ description: 'Standing services from Monday to Sunday.' }),
    spendByDay: z
      .array(z.object({ date: calendarDate(), spentCents: z.int() }))
      .meta({ description: 'What the standing services of each of the last 30 days cost, the oldest first.' }),
    openAlerts: z.int(),
    claimsWaiting: z.int(),
    plansEnding: z.int().meta({ description: 'Plans that end within 90 days, today included.' }),
    importsRunning: z.int(),
  })
  .meta({
    id: 'Dashboard',
    examples: [
      {
        asOf: '2026-11-23',
        participants: { total: 52, active: 49 },
        budgets: { green: 131, amber: 22, red: 9 },
        servicesThisWeek: 87,
        spendByDay: [{ date: '2026-11-23', spentCents: 482_150 }],
        openAlerts: 11,
        claimsWaiting: 0,
        plansEnding: 7,
        importsRunning: 0,
      },
    ],
  });
export type DashboardView = z.infer<typeof Dashboard>;
