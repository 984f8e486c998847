import { trafficLight } from '../../src/features/budgets/rules.ts';
import { dollars } from '../../src/money/rules.ts';
import { type Board, complaints, percentile, type Row, refusalsOf, screenTimes, totalsOf } from './board.ts';
import type { Line } from './live.ts';

export type Style = 'green' | 'yellow' | 'red' | 'cyan' | 'dim' | 'bold';
export interface Span {
  text: string;
  style?: Style;
}
/** One line of the screen; widths are counted in code points, each of the examples' being one column wide. */
export type ScreenLine = Span[];
export interface Size {
  columns: number;
  rows: number;
}

const LIGHTS: Record<Line['status'], Style> = { green: 'green', amber: 'yellow', red: 'red' };
const MAX_LINES = 4;
/** `$6,545`: columns of a participant's dollars. */
const AMOUNT = 6;
/** How long a name stays lit after a change (ms). */
const FLASH = 300;
const MAX_WRONG = 10;

/** The text cut or filled up to `width`. */
function sized(text: string, width: number): string {
  const characters = [...text];
  if (width <= 0) return '';
  if (characters.length > width) return `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
  return text + ' '.repeat(width - characters.length);
}

/** The line cut to `width`. */
function cut(line: ScreenLine, width: number): ScreenLine {
  let left = width;
  return line.flatMap((span) => {
    const length = [...span.text].length;
    const text = length > left ? sized(span.text, left) : span.text;
    left -= Math.min(length, left);
    return text === '' ? [] : [{ ...span, text }];
  });
}

/** A bar of `width` columns: what is spent in the light's colour, what is released, and what is not yet. */
export function bar(row: Row, width: number): ScreenLine {
  const { allocatedCents, releasedCents, spentCents } = totalsOf(row);
  const eighths = allocatedCents === 0 ? 0 : Math.round(Math.min(1, spentCents / allocatedCents) * width * 8);
  const part = eighths % 8 === 0 ? '' : ' ▏▎▍▌▋▊▉'.charAt(eighths % 8);
  const full = Math.floor(eighths / 8);
  const used = full + part.length;
  const released = allocatedCents === 0 ? 0 : Math.round(Math.min(1, releasedCents / allocatedCents) * width);
  const waiting = Math.max(0, released - used);
  return [
    { text: '█'.repeat(full) + part, style: LIGHTS[trafficLight(spentCents, allocatedCents)] },
    { text: '░'.repeat(waiting), style: 'dim' },
    { text: '·'.repeat(width - used - waiting), style: 'dim' },
  ];
}

/** A participant in `width` columns: name, bar, share, money, a light for each line. */
function cell(row: Row, { width, now }: { width: number; now: number }): ScreenLine {
  const wide = width >= 46;
  const { allocatedCents, spentCents } = totalsOf(row);
  const percent = allocatedCents === 0 ? '–' : `${Math.round((spentCents / allocatedCents) * 100)}%`;
  const amount = dollars(Math.round(spentCents / 100) * 100).slice(0, -3);
  const nameWidth = wide ? 17 : 11;
  const barWidth = Math.max(0, width - nameWidth - 4 - AMOUNT - MAX_LINES - 4);
  const name = sized(
    wide ? `${row.firstName} ${row.lastName}` : `${row.firstName.charAt(0)} ${row.lastName}`,
    nameWidth,
  );
  const style = now - row.refusedAt < 2 * FLASH ? 'red' : 'bold';
  const lit = now - row.refusedAt < 2 * FLASH || now - row.movedAt < FLASH;
  const lines = [...row.lines.values()].slice(0, MAX_LINES);
  return [
    lit ? { text: name, style } : { text: name },
    { text: ' ' },
    ...bar(row, barWidth),
    { text: ` ${percent.padStart(4)} ${amount.padStart(AMOUNT)} ` },
    ...lines.map((line) => ({ text: '●', style: LIGHTS[line.status] })),
    { text: ' '.repeat(MAX_LINES - lines.length) },
  ];
}

function grid(board: Board, { columns, now, height }: { columns: number; now: number; height: number }): ScreenLine[] {
  const rows = [...board.rows.values()];
  const two = columns >= 76;
  const width = two ? Math.min(60, Math.floor((columns - 4) / 2)) : columns - 2;
  const perColumn = Math.min(height, two ? Math.ceil(rows.length / 2) : rows.length);
  return Array.from({ length: perColumn }, (_, index) => {
    const left = rows[index];
    const right = two ? rows[index + perColumn] : undefined;
    const space = { text: ' ' };
    return [
      space,
      ...(left ? cell(left, { width, now }) : []),
      ...(right ? [space, space, ...cell(right, { width, now })] : []),
    ];
  });
}

const milliseconds = (value: number | null) => (value === null ? '–' : `${Math.round(value)} ms`);

/** Requests a second so far. */
export function rate(board: Board, now: number): number {
  const seconds = ((board.endedAt ?? now) - board.startedAt) / 1000;
  return seconds <= 0 ? 0 : Math.round(board.sent / seconds);
}

/** The figures of the requests so far, as text. */
export function figures(board: Board, now: number): string {
  const { answers } = board;
  const times = `p50 ${milliseconds(percentile(answers, 0.5))}  p99 ${milliseconds(percentile(answers, 0.99))}`;
  const screen = percentile(screenTimes(board), 0.5);
  return `${rate(board, now)}/s  ${times}${screen === null ? '' : `  on screen ${milliseconds(screen)}`}`;
}

function progress(board: Board, { columns, now }: { columns: number; now: number }): ScreenLine {
  const text = `  ${board.sent}/${board.sendings}  ${figures(board, now)}`;
  const width = Math.max(10, columns - 2 - text.length);
  const done = board.sendings === 0 ? 0 : Math.round((board.sent / board.sendings) * width);
  return [
    { text: ' ' },
    { text: '━'.repeat(done), style: 'cyan' },
    { text: '─'.repeat(width - done), style: 'dim' },
    { text },
  ];
}

const LONG_DATE = new Intl.DateTimeFormat('en-AU', { dateStyle: 'long', timeZone: 'UTC' });

/** `16–22 November 2026`. */
export function weekText({ from, to }: Board['week']): string {
  return LONG_DATE.formatRange(new Date(from), new Date(to));
}

const centsOf = (board: Board) => [...board.recorded.values()].reduce((sum, cents) => sum + cents, 0);

function counts(board: Board): ScreenLine {
  const again = board.earlier.size + board.resent;
  return [
    { text: ` ✔ ${board.recorded.size} recorded`, style: 'green' },
    ...(again === 0 ? [] : [{ text: `   ↻ ${again} sent again, counted once`, style: 'cyan' as const }]),
    { text: `   ✘ ${board.refused.size} refused`, style: 'red' },
    { text: `   ${dollars(centsOf(board))}` },
  ];
}

function refusals(board: Board): ScreenLine[] {
  const lines = refusalsOf(board).map(({ code, count, example }) => remark({ code, count, text: example }, 'red'));
  if (board.duplicates === 0) return lines;
  const text = 'Recorded, with a warning: an equal shift was there already.';
  return [...lines, remark({ code: 'POSSIBLE_DUPLICATE', count: board.duplicates, text }, 'yellow')];
}

function remark({ code, count, text }: { code: string; count: number; text: string }, style: Style): ScreenLine {
  return [
    { text: ` ${String(count).padStart(3)} `, style },
    { text: sized(code, 23), style: 'bold' },
    { text, style: 'dim' },
  ];
}

function verdict(board: Board): ScreenLine[] {
  if (board.phase === 'proof') return [[{ text: ' Reading every ledger …', style: 'dim' }]];
  const { proof } = board;
  if (!proof) return [];
  const wrong = complaints(board);
  if (wrong.length > 0) return wrong.slice(0, MAX_WRONG).map((text) => [{ text: ` ✘ ${text}`, style: 'red' }]);
  return agreement(board).map((text) => [{ text: ` ✔ ${text}`, style: 'green' }]);
}

/** What the proof says when all agrees. */
export function agreement(board: Board): string[] {
  const { proof } = board;
  if (!proof) return [];
  return [
    `${proof.entries} ledger entries make up ${proof.lines} budgets to the cent: ${dollars(proof.spentCents)} spent`,
    `Every shift is on the ledger once; all ${board.sockets} live screens ended where it did`,
  ];
}

/** The lines about what is there before the first shift. */
export function setup(board: Board): string[] {
  const lines: string[] = [];
  const { catalogue, ready, clients, found, sockets } = board;
  if (catalogue) {
    const how = catalogue.loaded ? 'loaded from examples/support-items.csv' : 'there already';
    lines.push(`${catalogue.items - catalogue.missing} support items ${how}`);
    if (catalogue.missing > 0)
      lines.push(`${catalogue.missing} are in no catalogue here: their shifts will be refused`);
  }
  if (ready > 0) {
    const how = found === 0 ? 'brought in with their plans' : `here, ${found} of them found by their NDIS numbers`;
    lines.push(`${ready} of ${clients} participants ${how}`);
  }
  if (sockets > 0) lines.push(`${sockets} live sockets open`);
  return lines;
}

function setupFrame(board: Board): ScreenLine[] {
  const what = `  the week of ${weekText(board.week)}: ${board.clients} participants, ${board.phones} phones`;
  const steps = setup(board).map((text): ScreenLine => [{ text: ' ✔ ', style: 'green' }, { text }]);
  return [[{ text: ' Caddy', style: 'bold' }, { text: what }], ...steps];
}

function title(board: Board): ScreenLine {
  const light = (style: Style, text: string): ScreenLine => [
    { text: ' ●', style },
    { text, style: 'dim' },
  ];
  return [
    { text: ' Caddy', style: 'bold' },
    { text: `  ${weekText(board.week)} ` },
    { text: ' █', style: 'green' },
    { text: ' spent ░ released · to come ', style: 'dim' },
    ...light('green', ' ≤75%'),
    ...light('yellow', ' ≤90%'),
    ...light('red', ' >90%'),
  ];
}

/** The whole screen, never taller than `size.rows`, unless it is the last one, which may scroll. */
export function frame(board: Board, { size, now }: { size: Size; now: number }): ScreenLine[] {
  const { columns } = size;
  const last = board.phase === 'done';
  const most = Math.max(1, size.rows - 1);
  const head = [title(board), progress(board, { columns, now }), counts(board)];
  const height = last ? board.rows.size : Math.max(0, most - head.length);
  const lines =
    board.phase === 'setting up'
      ? setupFrame(board)
      : [...head, ...grid(board, { columns, now, height }), ...refusals(board), ...verdict(board)];
  return (last ? lines : lines.slice(0, most)).map((line) => cut(line, columns));
}
