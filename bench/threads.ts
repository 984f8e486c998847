import { join } from 'node:path';
import { parentPort, Worker } from 'node:worker_threads';

/** A thread that does one job at a time, beside the process that runs the runtime's own helpers. */
export interface Thread<Job, Result> {
  ask(job: Job): Promise<Result>;
  end(): Promise<void>;
}

interface Outcome<Result> {
  result?: Result;
  error?: string;
}

/** Starts a thread whose module, of this folder, calls `serveJobs` with the same types. */
export function startThread<Job, Result>(module: string, workerData: unknown): Thread<Job, Result> {
  const worker = new Worker(join(import.meta.dirname, module), { workerData });
  return {
    ask: (job) =>
      new Promise((resolve, reject) => {
        const failed = (error: unknown) => reject(error instanceof Error ? error : new Error(String(error)));
        worker.once('error', failed);
        worker.once('message', ({ result, error }: Outcome<Result>) => {
          worker.off('error', failed);
          if (error === undefined) resolve(result as Result);
          else reject(new Error(error));
        });
        worker.postMessage(job);
      }),
    end: async () => {
      await worker.terminate();
    },
  };
}

/** Answers the jobs of `startThread`, in the thread. */
export function serveJobs<Job, Result>(work: (job: Job) => Promise<Result>): void {
  parentPort?.on('message', async (job: Job) => {
    try {
      parentPort?.postMessage({ result: await work(job) });
    } catch (error) {
      parentPort?.postMessage({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
}

/** The machine's monotonic clock in ms: the same for every thread. */
export function clock(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
