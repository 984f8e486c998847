import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  newBoard,
  noteMessage,
  noteOutcome,
  percentile,
  refusalsOf,
  seatParticipants,
} from '../../scripts/demo/board.ts';
import { frame, type ScreenLine } from '../../scripts/demo/frame.ts';
import { clientsOf, participantBody, periodsOf } from '../../scripts/demo/plans.ts';
import { serviceDifferences } from '../../scripts/demo/proof.ts';
import { type Sending, sendingsOf } from '../../scripts/demo/shifts.ts';
import { fromExamples, readBudgetRows, readItemCodes, readShiftRows } from '../../scripts/demo/spreadsheets.ts';
import { moved, weekToShow } from '../../scripts/demo/week.ts';
import { CreateParticipant } from '../../src/features/participants/schemas.ts';
import { periodErrors } from '../../src/features/plans/rules.ts';
import { CreateService } from '../../src/features/services/schemas.ts';
import { addDays } from '../../src/time/rules.ts';

const clients = clientsOf(fromExamples('participants.csv', readBudgetRows));
const shifts = fromExamples('shifts.csv', readShiftRows);
const items = new Set(fromExamples('support-items.csv', readItemCodes));
const dates = shifts.map((shift) => shift.Date);
const participants = new Map(
  clients.map(({ ndisNumber }, index) => [ndisNumber, `par_${String(index).padStart(26, '0')}`]),
);

/** Any day on which the demo may be run. */
const day = fc.integer({ min: 0, max: 4000 }).map((days) => addDays('2026-11-22', days));

describe('the examples', () => {
  test('are 30 participants and 300 shifts of theirs, eight sent twice', () => {
    expect(clients.map((client) => client.ndisNumber)).toEqual(
      Array.from({ length: 30 }, (_, index) => String(430_000_011 + index)),
    );
    expect(new Set(shifts.map((shift) => shift['Shift ID'])).size).toBe(300);
    expect(shifts).toHaveLength(308);
  });

  test('price every item that a shift uses, but the one that is out of date', () => {
    const unknown = new Set(shifts.map((shift) => shift['Item Code']).filter((code) => !items.has(code)));
    expect([...unknown]).toEqual(['01_020_0120_1_1_T']);
  });

  test('make requests that the service takes, on any day', () => {
    fc.assert(
      fc.property(day, (today) => {
        const week = weekToShow(dates, today);
        for (const client of clients) CreateParticipant.parse(participantBody(client, week));
        for (const { body } of sendingsOf(shifts, { week, participants })) CreateService.parse(body);
      }),
      { numRuns: 20 },
    );
  });

  test('use items by the day: what the files have on a Saturday falls on a Saturday', () => {
    const saturdays = new Set(['01_013_0107_1_1', '01_402_0104_1_1', '01_804_0115_1_1', '04_105_0125_6_1']);
    fc.assert(
      fc.property(day, (today) => {
        const week = weekToShow(dates, today);
        for (const shift of shifts.filter((row) => saturdays.has(row['Item Code']))) {
          expect(new Date(moved(shift.Date, week)).getUTCDay()).toBe(6);
        }
      }),
      { numRuns: 20 },
    );
  });
});

describe('the week', () => {
  test.each([
    ['2026-11-22', 0, '2026-11-16'],
    ['2026-11-23', 0, '2026-11-16'],
    ['2026-11-28', 0, '2026-11-16'],
    ['2026-11-29', 1, '2026-11-23'],
    ['2027-11-24', 52, '2027-11-15'],
    ['2026-11-21', -1, '2026-11-09'],
  ])('on %s is %i weeks on, from %s', (today, weeks, from) => {
    expect(weekToShow(dates, today)).toEqual({ weeks, from, to: addDays(from, 6) });
  });

  test('is never before the prices begin', () => {
    expect(weekToShow(dates, '2026-05-01').from).toBe('2026-07-06');
  });
});

describe('a spreadsheet', () => {
  const header = 'Shift ID,Date,Client,NDIS No,Item Code,Start,Finish,Quantity,Rate,Worker Email,Notes';

  test('is read as people write it', () => {
    const [row] = readShiftRows(
      `${header}\nS-1,01/12/2026,"O'Neil, Zoë",430 000 011,01_011_0107_1_1,22:00,06:00,,"$1,068.00",w@example.com,"a, b"`,
    );
    expect(row).toMatchObject({
      Date: '2026-12-01',
      Client: { firstName: 'Zoë', lastName: "O'Neil" },
      'NDIS No': '430000011',
      Quantity: null,
      Rate: 106_800,
      Notes: 'a, b',
    });
  });

  test.each([
    ['31/02/2026', '68.00', 'Row 2, Date: must be a date'],
    ['01/12/2026', '68', 'Row 2, Rate'],
  ])('with %s and %s names the row and the column at fault', (date, rate, message) => {
    const text = `${header}\nS-1,${date},"B, A",430000011,01_011_0107_1_1,,,,${rate},w@example.com,`;
    expect(() => readShiftRows(text)).toThrow(message);
  });
});

test('funding periods tile any plan and add up to its amount', () => {
  fc.assert(
    fc.property(
      day,
      fc.integer({ min: 0, max: 800 }),
      fc.integer({ min: 0, max: 10_000_000 }),
      fc.constantFrom('monthly' as const, 'quarterly' as const),
      (startDate, days, cents, released) => {
        const plan = { startDate, endDate: addDays(startDate, days) };
        const periods = periodsOf(plan, { released, cents }) ?? [];
        expect(periodErrors({ periods, allocatedCents: cents }, plan)).toEqual([]);
      },
    ),
  );
});

test('a shift that comes twice is cut off once and sent again, the same, under the same key', () => {
  const sendings = sendingsOf(shifts, { week: weekToShow(dates, '2026-11-24'), participants });
  const again = sendings.filter((sending) => sending.again);
  expect(again).toHaveLength(8);
  for (const second of again) {
    const first = sendings.find((sending) => sending.shiftId === second.shiftId);
    expect(first).toMatchObject({ key: second.key, body: second.body, again: false, cutAfter: expect.any(Number) });
    expect(second.cutAfter).toBeNull();
  }
  expect(sendings.filter((sending) => sending.cutAfter !== null)).toHaveLength(8);
});

describe('the board', () => {
  const line = { id: 'bud_1', allocatedCents: 10_000, releasedCents: 5_000, spentCents: 0, status: 'green' as const };

  function seated() {
    const board = newBoard({ week: weekToShow(dates, '2026-11-24'), clients: clients.length, phones: 8 });
    const people = clients.map((client, index) => ({ id: `par_${index}`, client, found: false }));
    seatParticipants(board, people);
    for (const { id } of people) {
      noteMessage(board, { id, message: { type: 'snapshot', version: 1, budgets: [line] }, at: 0 });
    }
    return board;
  }

  function heard(outcome: Parameters<typeof noteOutcome>[1]['outcome'], shiftId = 'S-1') {
    const sending: Sending = {
      shiftId,
      participantId: 'par_0',
      worker: '',
      key: shiftId,
      body: {},
      cutAfter: null,
      again: false,
    };
    return { sending, outcome, sentAt: 0, answeredAt: 10 };
  }

  test('counts a shift that was refused twice once', () => {
    const board = seated();
    for (const id of ['S-1', 'S-1', 'S-2']) {
      noteOutcome(board, heard({ kind: 'refused', code: 'NO_PLAN', detail: 'No plan.' }, id));
    }
    expect(refusalsOf(board)).toEqual([{ code: 'NO_PLAN', count: 2, example: 'No plan.' }]);
  });

  test('says so when a live version is missing', () => {
    const board = seated();
    const cause = { kind: 'service.recorded' };
    noteMessage(board, { id: 'par_0', message: { type: 'update', version: 2, budgets: [], cause }, at: 1 });
    expect(board.unexpected).toEqual([]);
    noteMessage(board, { id: 'par_0', message: { type: 'update', version: 4, budgets: [], cause }, at: 2 });
    expect(board.unexpected).toHaveLength(1);
  });

  test('fits any terminal', () => {
    const board = seated();
    for (const [index, code] of ['NO_PLAN', 'NO_BUDGET', 'PRICE_REQUIRED'].entries()) {
      noteOutcome(board, heard({ kind: 'refused', code, detail: 'x'.repeat(150) }, `S-${index}`));
    }
    const width = (screenLine: ScreenLine) => screenLine.reduce((sum, span) => sum + [...span.text].length, 0);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 250 }),
        fc.integer({ min: 1, max: 80 }),
        fc.constantFrom('setting up' as const, 'shifts' as const, 'proof' as const),
        fc.integer({ min: 0, max: 20_000 }),
        (columns, rows, phase, spentCents) => {
          board.phase = phase;
          const budgets = [{ ...line, spentCents }];
          noteMessage(board, { id: 'par_3', message: { type: 'snapshot', version: 1, budgets }, at: 5 });
          const lines = frame(board, { size: { columns, rows }, now: 100 });
          expect(lines.length).toBeLessThanOrEqual(Math.max(1, rows - 1));
          for (const screenLine of lines) expect(width(screenLine)).toBeLessThanOrEqual(columns);
        },
      ),
    );
  });
});

test('percentiles are by nearest rank', () => {
  expect(percentile([], 0.5)).toBeNull();
  expect(percentile([3, 1, 2], 0.5)).toBe(2);
  expect(
    percentile(
      Array.from({ length: 100 }, (_, index) => index + 1),
      0.99,
    ),
  ).toBe(99);
});

test('a service that is on the ledger twice, at another cost or not at all is a difference', () => {
  const entry = (serviceId: string, spentDeltaCents: number) => ({
    kind: 'service.recorded',
    allocatedDeltaCents: 0,
    spentDeltaCents,
    serviceId,
  });
  const recorded = new Map([
    ['svc_right', 100],
    ['svc_twice', 100],
    ['svc_other', 100],
    ['svc_missing', 100],
  ]);
  const entries = [entry('svc_right', 100), entry('svc_twice', 100), entry('svc_twice', 100), entry('svc_other', 99)];
  expect(serviceDifferences(recorded, entries).map((text) => text.split(':')[0])).toEqual([
    'svc_twice',
    'svc_other',
    'svc_missing',
  ]);
});
