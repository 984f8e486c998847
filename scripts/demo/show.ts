import { styleText } from 'node:util';
import { trafficLight } from '../../src/features/budgets/rules.ts';
import { dollars } from '../../src/money/rules.ts';
import { type Board, complaints, refusalsOf, totalsOf } from './board.ts';
import { agreement, figures, frame, type ScreenLine, type Size, setup, weekText } from './frame.ts';

/** How the demo is seen: redrawn in place on a terminal, line by line elsewhere. */
export interface Show {
  /** Call it often: it decides itself what there is to say. */
  update(board: Board): void;
  /** Leaves the output as it should stay. */
  close(): void;
}

/** Whether to draw in place: a terminal that was not asked to be plain. */
export function isLively(): boolean {
  return process.stdout.isTTY === true && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
}

const HIDE = '\x1b[?25l';
const SHOW = '\x1b[?25h';
/** Terminals that know it show everything between the two at once; the others ignore it. */
const [BEGIN, END] = ['\x1b[?2026h', '\x1b[?2026l'];

/** The board redrawn in place. */
export function terminalShow(): Show {
  let drawn = 0;
  const size = (): Size => ({ columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 });
  const onResize = () => {
    // What the terminal made of the old lines is unknown: begin on a clear screen.
    process.stdout.write('\x1b[2J\x1b[H');
    drawn = 0;
  };
  process.stdout.on('resize', onResize);
  process.stdout.write(HIDE);
  return {
    update: (board) => {
      const lines = frame(board, { size: size(), now: performance.now() }).map(paint);
      const up = drawn > 0 ? `\x1b[${drawn}A` : '';
      process.stdout.write(`${BEGIN}${up}\r${lines.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J${END}`);
      drawn = lines.length;
    },
    close: () => {
      process.stdout.off('resize', onResize);
      process.stdout.write(SHOW);
    },
  };
}

function paint(line: ScreenLine): string {
  return line
    .map(({ text, style }) => (style === undefined ? text : styleText(style, text, { validateStream: false })))
    .join('');
}

const STEPS = 10;

/** Plain lines for logs and pipes: the same facts, each once. */
export function plainShow(): Show {
  let phase: Board['phase'] | null = null;
  let step = 0;
  return {
    update: (board) => {
      if (phase === null) console.log(`The week of ${weekText(board.week)}, ${board.clients} participants`);
      if (phase === 'setting up' && board.phase === 'shifts') for (const line of setup(board)) console.log(line);
      if (board.phase === 'shifts' || phase === 'shifts') {
        const reached = Math.floor((board.sent * STEPS) / Math.max(1, board.sendings));
        if (reached > step) console.log(plainProgress(board));
        step = Math.max(step, reached);
      }
      if (board.phase === 'done' && phase !== 'done') for (const line of plainEnd(board)) console.log(line);
      phase = board.phase;
    },
    close: () => undefined,
  };
}

function plainProgress(board: Board): string {
  const counts = `${board.sent}/${board.sendings} sent: ${board.recorded.size} recorded, ${board.refused.size} refused`;
  return `${counts}  ${figures(board, performance.now())}`;
}

function plainEnd(board: Board): string[] {
  const people = [...board.rows.values()].map((row) => {
    const { allocatedCents, spentCents } = totalsOf(row);
    const money = `${dollars(spentCents)} of ${dollars(allocatedCents)}`;
    return `  ${trafficLight(spentCents, allocatedCents).padEnd(6)} ${row.firstName} ${row.lastName}: ${money}`;
  });
  const refused = refusalsOf(board).map(({ code, count, example }) => `  ${count} ${code}: ${example}`);
  const wrong = complaints(board);
  return [
    `${board.recorded.size} shifts recorded${board.earlier.size === 0 ? '' : `, ${board.earlier.size} of them by an earlier run: counted once`}`,
    `${board.resent} sent twice, ${board.lost} of them because the connection was cut before the answer: each counted once`,
    'Participants:',
    ...people,
    'Refused:',
    ...refused,
    ...(board.duplicates === 0 ? [] : [`Recorded with a warning: ${board.duplicates} POSSIBLE_DUPLICATE`]),
    ...(wrong.length > 0 ? wrong : agreement(board)),
  ];
}
