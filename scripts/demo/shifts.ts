import { DemoError } from './api.ts';
import type { ShiftRow } from './spreadsheets.ts';
import { moved, type Week } from './week.ts';

/** One request to make: a row of the shifts' sheet. */
export interface Sending {
  shiftId: string;
  participantId: string;
  worker: string;
  key: string;
  body: Record<string, string | number | null>;
  /** The phone loses its connection after this many ms; it sends the shift again later in the list. Null: it does not. */
  cutAfter: number | null;
  /** The same shift once more, under the same key. */
  again: boolean;
}

/** From before the request is read to about when it is answered, so that some got through and some did not. */
const CUTS = [3, 30, 9, 60];

/** The sheet's rows as requests, in its order. A shift ID that comes twice is a phone that lost its connection. */
export function sendingsOf(
  rows: readonly ShiftRow[],
  { week, participants }: { week: Week; participants: ReadonlyMap<string, string> },
): Sending[] {
  const times = new Map<string, number>();
  for (const row of rows) times.set(row['Shift ID'], (times.get(row['Shift ID']) ?? 0) + 1);
  const seen = new Set<string>();
  let cuts = 0;
  return rows.map((row) => {
    const shiftId = row['Shift ID'];
    const participantId = participants.get(row['NDIS No']);
    if (participantId === undefined) {
      throw new DemoError(`examples/shifts.csv: ${shiftId} is for ${row['NDIS No']}, who is not in participants.csv`);
    }
    const again = seen.has(shiftId);
    seen.add(shiftId);
    const dropped = !again && (times.get(shiftId) ?? 0) > 1;
    const serviceDate = moved(row.Date, week);
    return {
      shiftId,
      participantId,
      worker: row['Worker Email'],
      key: `demo-${serviceDate}-${shiftId}`,
      body: {
        participantId,
        supportItemCode: row['Item Code'],
        serviceDate,
        startTime: row.Start,
        endTime: row.Finish,
        quantity: row.Quantity,
        unitPriceCents: row.Rate,
        notes: row.Notes,
      },
      cutAfter: dropped ? (CUTS[cuts++ % CUTS.length] ?? null) : null,
      again,
    };
  });
}
