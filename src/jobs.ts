import * as z from 'zod';
import { openDatabase } from './database/database.ts';
import { giveUpEmail, sendEmail } from './features/emails/send.ts';
import { workOffMailings } from './features/emails/work-off.ts';
import { giveUpImport, workOffImport } from './features/import-runs/sweep.ts';
import { giveUpRun, runJob } from './features/jobs/run.ts';
import { callLedger } from './features/ledger/client.ts';
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
  /** A job of an organisation is due. */
  z.object({ type: z.literal('job.run'), runId: z.string() }),
  /** People of an organisation have to be told something by e-mail. */
  z.object({ type: z.literal('mailings'), organizationId: z.string() }),
]);
export type Job = z.infer<typeof Job>;

/** Seconds before a failed job is tried again. */
const RETRY_AFTER = 30;

async function work(job: Job, env: Env): Promise<void> {
  switch (job.type) {
    case 'ledger.poke':
      await callLedger(env, { key: job, call: (ledger) => ledger.poke() });
      return;
    case 'document.verify':
      await verifyDocument(env, job);
      return;
    case 'job.run':
      await runJob(env, job);
      return;
    case 'mailings':
      await workOffMailings(env, job.organizationId);
  }
}

const ImportMessage = z.object({ importId: z.string() });

/** Works off messages of imports; what is dead ends its import, with the reason. */
async function runImports(batch: MessageBatch, env: Env): Promise<void> {
  for (const message of batch.messages) {
    const parsed = ImportMessage.safeParse(message.body);
    if (!parsed.success) {
      message.ack();
      continue;
    }
    const { importId } = parsed.data;
    try {
      if (batch.queue.endsWith('-dead')) await giveUpImport({ env, database: openDatabase(env.DB) }, importId);
      else await workOffImport(env, importId);
      message.ack();
    } catch (error) {
      const what = error instanceof Error ? error.constructor.name : 'unknown';
      console.error(
        JSON.stringify({ level: 'error', event: 'import.failed', importId, error: what, at: placesOf(error) }),
      );
      message.retry({ delaySeconds: Math.min(300, 5 * 2 ** message.attempts) });
    }
  }
}

const EmailMessage = z.object({ emailId: z.string() });

/** Sends e-mails; one that was tried in vain is kept as failed. */
async function runEmails(batch: MessageBatch, env: Env): Promise<void> {
  for (const message of batch.messages) {
    const parsed = EmailMessage.safeParse(message.body);
    try {
      const sent = !parsed.success
        ? ({ kind: 'over' } as const)
        : batch.queue.endsWith('-dead')
          ? await giveUpEmail(env, parsed.data.emailId)
          : await sendEmail(env, parsed.data.emailId);
      if (sent.kind === 'over') message.ack();
      else message.retry({ delaySeconds: sent.afterSeconds });
    } catch {
      message.retry({ delaySeconds: RETRY_AFTER });
    }
  }
}

/** Works off a batch; each message is acknowledged or retried by itself. */
export async function runJobs(batch: MessageBatch, env: Env): Promise<void> {
  if (batch.queue.includes('imports')) return runImports(batch, env);
  if (batch.queue.includes('emails')) return runEmails(batch, env);
  for (const message of batch.messages) {
    const job = Job.safeParse(message.body);
    if (batch.queue.endsWith('-dead') || !job.success) {
      // Dead or not ours: said, and done with. The message itself stays out of the log.
      const type = job.success ? job.data.type : 'unknown';
      if (job.success && job.data.type === 'job.run') await giveUpRun(env, job.data.runId).catch(() => undefined);
      console.error(
        JSON.stringify({ level: 'error', event: 'job.dead', type, id: message.id, attempts: message.attempts }),
      );
      message.ack();
      continue;
    }
    try {
      await work(job.data, env);
      message.ack();
    } catch {
      message.retry({ delaySeconds: RETRY_AFTER });
    }
  }
}
