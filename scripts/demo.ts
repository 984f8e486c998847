/** `npm run demo`: brings `examples/` into the running service through its API, and shows budgets move as it happens. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { dateAt } from '../src/time/rules.ts';
import { callAs, DemoError, expectBody, expectService, inParallel } from './demo/api.ts';
import { type Board, complaints, newBoard, noteMessage, noteOutcome, seatParticipants } from './demo/board.ts';
import { ensureItems } from './demo/catalogue.ts';
import { watchBudgets } from './demo/live.ts';
import { ensureParticipants } from './demo/participants.ts';
import { sendShifts } from './demo/phones.ts';
import { clientsOf } from './demo/plans.ts';
import { proveLedger } from './demo/proof.ts';
import { sendingsOf } from './demo/shifts.ts';
import { isLively, plainShow, type Show, terminalShow } from './demo/show.ts';
import { fromExamples, readBudgetRows, readItemCodes, readShiftRows } from './demo/spreadsheets.ts';
import { weekToShow } from './demo/week.ts';
import { importFile, importReport, progressBar } from './lib/importing.ts';
import { signToken } from './lib/keys.ts';
import { baseUrl, ROOT } from './lib/paths.ts';

const USAGE = `Usage: npm run demo [-- --fast]

Brings examples/ into the running local service and shows budgets move.

  --fast   as quickly as the service answers, instead of at a pace to watch`;

const PHONES = 8;
/** Shifts a second at the pace to watch: about ten seconds for the examples. */
const PACE = 30;
/** Between two drawings (ms). */
const TICK = 80;

const Me = z.object({ organization: z.object({ settings: z.object({ timeZone: z.string() }) }) });

async function run(options: { fast: boolean; shown: (show: Show) => void }): Promise<Board> {
  const clients = clientsOf(fromExamples('participants.csv', readBudgetRows));
  const shifts = fromExamples('shifts.csv', readShiftRows);
  const codes = fromExamples('support-items.csv', readItemCodes);
  await expectService();

  const admin = callAs('admin@demo.caddy.test');
  const coordinator = callAs('coordinator@demo.caddy.test');
  const me = expectBody({ status: 200, what: 'GET /v1/me', schema: Me }, await admin({ path: '/v1/me' }));
  const today = dateAt(me.organization.settings.timeZone, Date.now());
  const week = weekToShow(
    shifts.map((shift) => shift.Date),
    today,
  );

  const board = newBoard({ week, clients: clients.length, phones: PHONES });
  const show = isLively() ? terminalShow() : plainShow();
  options.shown(show);
  show.update(board);
  const ticking = setInterval(() => show.update(board), TICK);
  const sockets: (() => void)[] = [];
  try {
    board.catalogue = await ensureItems(admin, { codes, date: week.from });
    const participants = await ensureParticipants(admin, {
      clients,
      week,
      onOne: ({ found }) => {
        board.ready++;
        if (found) board.found++;
      },
    });
    seatParticipants(board, participants);
    await inParallel(participants, {
      width: PHONES,
      work: async ({ id }) => {
        const close = await watchBudgets(coordinator, {
          participantId: id,
          onMessage: (message) => noteMessage(board, { id, message, at: performance.now() }),
          onTrouble: (what) => board.unexpected.push(what),
        });
        sockets.push(close);
        board.sockets++;
      },
    });

    const sendings = sendingsOf(shifts, {
      week,
      participants: new Map(participants.map(({ id, client }) => [client.ndisNumber, id])),
    });
    const callers = new Map(sendings.map(({ worker }) => [worker, callAs(worker)]));
    board.sendings = sendings.length;
    board.startedAt = performance.now();
    board.startedOn = new Date().toISOString();
    board.phase = 'shifts';
    await sendShifts(sendings, {
      phones: PHONES,
      perSecond: options.fast ? Number.POSITIVE_INFINITY : PACE,
      callers,
      onHeard: (heard) => noteOutcome(board, heard),
    });
    board.endedAt = performance.now();
    board.phase = 'proof';
    show.update(board);
    board.proof = await proveLedger(coordinator, board);
    board.phase = 'done';
    show.update(board);
    return board;
  } finally {
    clearInterval(ticking);
    for (const close of sockets) close();
    show.close();
  }
}

/** Brings in what another product has exported, its odd columns settled by a mapping, and shows what became of it. */
async function showImport(): Promise<void> {
  const fileName = 'other-system.csv';
  const lively = isLively();
  console.log(`\n And a spreadsheet of another system: ${fileName}`);
  const done = await importFile(
    { url: baseUrl(), token: signToken('local_admin@demo.caddy.test') },
    {
      fileName,
      bytes: readFileSync(join(ROOT, 'examples', fileName)),
      kind: 'participants',
      dryRun: false,
      mapping: readFileSync(join(ROOT, 'examples/other-system.mapping.json'), 'utf8'),
      onProgress: ({ progress }) => {
        if (lively) process.stdout.write(`\r ${progressBar(progress)}`);
      },
    },
  );
  if (lively) process.stdout.write('\n');
  for (const line of importReport(done)) console.log(` ${line}`);
}

function options() {
  try {
    return parseArgs({
      options: { fast: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
    }).values;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    process.exit(2);
  }
}

const { fast, help } = options();
if (help) {
  console.log(USAGE);
  process.exit(0);
}
// Whoever pipes this into `head` has seen enough.
process.stdout.on('error', () => process.exit(0));
let shown: Show | null = null;
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.on(signal, () => {
    shown?.close();
    process.exit(code);
  });
}
try {
  const board = await run({
    fast,
    shown: (show) => {
      shown = show;
    },
  });
  await showImport();
  process.exitCode = complaints(board).length === 0 ? 0 : 1;
} catch (error) {
  console.error(error instanceof DemoError ? error.message : error);
  process.exitCode = 1;
}
