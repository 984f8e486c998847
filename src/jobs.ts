import * as z from 'zod';
import { openDatabase } from './database/database.ts';
import { recheckCompliance } from './features/compliance/weekly.ts';
import { giveUpEmail, sendEmail } from './features/emails/send.ts';
import { workOffMailings } from './features/emails/work-off.ts';
import { giveUpImport, workOffImport } from './features/import-runs/sweep.ts';
import { giveUpRun, runJob } from './features/jobs/run.ts';
import { callLedger } from './features/ledger/client.ts';
import { emit } from './features/metrics/events.ts';
import { verifyDocument } from './features/uploads/verify.ts';
import { placesOf } from './http/problems.ts';

/** What travels through the queue. Each handler acts on what is true now, so a second delivery is harmless. */
const Job = z.discriminatedUnion('type', [
  /** Someone wrote past a ledger, and telling it at once did not work. */
  z.object({ type: z.literal('ledger.poke'), organizationId: z.string(), participantId: z.string() }),
  /** A file is too large to be hashed while its confirmation waits. */
  z.object({
    type: z.literal('document.verify'),
    organizationId: z.string(),
    documentId: z.string(),
    version: z.int(),
  }),
  /** A job of an organisation is due; `at` when it is done as at another instant (ms). */
  z.object({ type: z.literal('job.run'), runId: z.string(), at: z.int().optional() }),
  /** People of an organisation have to be told something by e-mail. */
  z.object({ type: z.literal('mailings'), organizationId: z.string() }),
  /** Records have changed that a participant's compliance is judged by. */
  z.object({
    type: z.literal('compliance'),
    organizationId: z.string(),
    participantId: z.string().optional(),
    workerId: z.string().optional(),
  }),
]);
export type Job = z.infer<typeof Job>;
const ImportMessage = z.object({ importId: z.string() }).transform((body) => ({ type: 'import' as const, ...body }));
const EmailMessage = z.object({ emailId: z.string() }).transform((body) => ({ type: 'email' as const, ...body }));

/** Said of a message that is to come again later, without anything having failed. */
type Again = { afterSeconds: number };

/** How the messages of a queue are worked off, and given up once they have been tried in vain. */
interface Consumer<Message extends { type: string }> {
  schema: z.ZodType<Message>;
  work: (env: Env, message: Message) => Promise<Again | undefined>;
  giveUp: (env: Env, message: Message) => Promise<unknown>;
  /** Seconds before a failed message is tried again. */
  retryAfter: (attempts: number) => number;
}

const jobs: Consumer<Job> = {
  schema: Job,
  work: async (env, job) => {
    await doJob(env, job);
    return undefined;
  },
  giveUp: async (env, job) => {
    if (job.type === 'job.run') await giveUpRun(env, job.runId).catch(() => undefined);
  },
  retryAfter: (attempts) => Math.min(1_800, 15 * 2 ** attempts),
};

async function doJob(env: Env, job: Job): Promise<void> {
  switch (job.type) {
    case 'ledger.poke':
      await callLedger(env, { key: job, call: (ledger) => ledger.poke() });
      return;
    case 'document.verify':
      await verifyDocument(env, job);
      return;
    case 'job.run':
      await runJob(env, { runId: job.runId, now: job.at ?? Date.now() });
      return;
    case 'mailings':
      await workOffMailings(env, job.organizationId);
      return;
    case 'compliance':
      await recheckCompliance(env, job);
  }
}

const imports: Consumer<z.infer<typeof ImportMessage>> = {
  schema: ImportMessage,
  work: async (env, { importId }) => {
    await workOffImport(env, importId);
    return undefined;
  },
  giveUp: (env, { importId }) => giveUpImport({ env, database: openDatabase(env.DB) }, importId),
  retryAfter: (attempts) => Math.min(300, 5 * 2 ** attempts),
};

const emails: Consumer<z.infer<typeof EmailMessage>> = {
  schema: EmailMessage,
  work: async (env, { emailId }) => {
    const sent = await sendEmail(env, emailId);
    return sent.kind === 'again' ? sent : undefined;
  },
  giveUp: (env, { emailId }) => giveUpEmail(env, emailId),
  retryAfter: () => 30,
};

/** Works off a batch; each message is acknowledged or retried by itself. */
export async function runJobs(batch: MessageBatch, env: Env): Promise<void> {
  if (batch.queue.includes('imports')) return consume(batch, { env, consumer: imports });
  if (batch.queue.includes('emails')) return consume(batch, { env, consumer: emails });
  return consume(batch, { env, consumer: jobs });
}

async function consume<Message extends { type: string }>(
  batch: MessageBatch,
  { env, consumer }: { env: Env; consumer: Consumer<Message> },
): Promise<void> {
  const isDead = batch.queue.endsWith('-dead');
  for (const message of batch.messages) {
    const started = Date.now();
    const parsed = consumer.schema.safeParse(message.body);
    const type = parsed.success ? parsed.data.type : 'unknown';
    const { id, attempts } = message;
    const count = (outcome: 'done' | 'again' | 'dead') =>
      emit(env, { event: 'queue', queue: batch.queue, type, outcome, attempts, ms: Date.now() - started });
    try {
      if (isDead || !parsed.success) {
        if (parsed.success) await consumer.giveUp(env, parsed.data);
        // Dead or not ours: said, and done with. The message itself stays out of the log.
        console.error(JSON.stringify({ level: 'error', event: 'message.dead', type, id, attempts }));
        count('dead');
        message.ack();
        continue;
      }
      const again = await consumer.work(env, parsed.data);
      if (again) message.retry({ delaySeconds: again.afterSeconds });
      else message.ack();
      count(again ? 'again' : 'done');
    } catch (error) {
      const what = error instanceof Error ? error.constructor.name : 'unknown';
      const at = placesOf(error);
      console.error(JSON.stringify({ level: 'error', event: 'message.failed', type, id, attempts, error: what, at }));
      count('again');
      message.retry({ delaySeconds: consumer.retryAfter(attempts) });
    }
  }
}
