import { app } from './app.ts';
import { runCron } from './crons.ts';
import { runJobs } from './jobs.ts';

export type { AppType } from './app.ts';
export { ParticipantLedger } from './features/ledger/object.ts';

export default {
  fetch: app.fetch,
  queue: runJobs,
  async scheduled(controller, env) {
    await runCron(controller.cron, env);
  },
} satisfies ExportedHandler<Env>;
