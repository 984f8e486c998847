import type { Miniflare } from 'miniflare';

/** The schedules that the local runtime does not keep by itself, and how often each comes (ms). */
const SCHEDULES = [
  { cron: '*/5 * * * *', every: 5 * 60_000 },
  { cron: '*/30 * * * *', every: 30 * 60_000 },
  { cron: '17 * * * *', every: 60 * 60_000 },
];

/** Runs each schedule now, so that what was left lying is taken up at once, and then as the platform would. */
export async function keepSchedules(service: Miniflare): Promise<void> {
  const worker = await service.getWorker('caddy');
  for (const { cron, every } of SCHEDULES) {
    const run = () => worker.scheduled({ cron });
    await run();
    setInterval(() => void run().catch(() => undefined), every).unref();
  }
}
