import { env } from 'cloudflare:workers';
import { app } from './app.ts';
import { runCron } from './crons.ts';
import { configuration } from './env.ts';
import { runJobs } from './jobs.ts';

export type { AppType } from './app.ts';
export { ImportFeed } from './features/imports/feed.ts';
export { ParticipantLedger } from './features/ledger/object.ts';
export { OrganizationRoom } from './features/room/object.ts';

// A missing or malformed variable is an error of the start, not of some later request.
configuration(env);

export default {
  fetch: app.fetch,
  queue: runJobs,
  async scheduled(controller, env) {
    await runCron(controller.cron, env);
  },
} satisfies ExportedHandler<Env>;
