import type { Miniflare } from 'miniflare';

/** The schedules that the local runtime does not keep by itself: what was left lying is taken up at once, then again. */
const SWEEP = '*/5 * * * *';
const EVERY = 5 * 60_000;

/** Runs the sweep now and every five minutes, as the platform would. */
export async function keepSchedules(service: Miniflare): Promise<void> {
  const worker = await service.getWorker('caddy');
  const sweep = () => worker.scheduled({ cron: SWEEP });
  await sweep();
  setInterval(() => void sweep().catch(() => undefined), EVERY).unref();
}
