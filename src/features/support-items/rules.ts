import type { PricingZone } from '../ledger/state.ts';

export type Unit = 'H' | 'E' | 'D' | 'WK' | 'MON' | 'YR';

/** One row of the catalogue: an item as it is from `startDate` to `endDate` (null: open). Prices in cents. */
export interface SupportItem {
  code: string;
  name: string;
  registrationGroup: string;
  categoryCode: number;
  paceCategoryCode: number;
  unit: Unit;
  quotable: boolean;
  /** Null where the catalogue sets no limit. Each zone's limit is stored, never computed (`domain.md` §3.4). */
  limits: Record<PricingZone, number | null>;
  startDate: string;
  endDate: string | null;
  flags: {
    nonFaceToFace: boolean | null;
    providerTravel: boolean | null;
    shortNoticeCancellation: boolean | null;
    ndiaRequestedReports: boolean | null;
    irregularSil: boolean | null;
  };
}

/** The row of an item that counts on a date: of those that cover it, the one with the latest start. */
export function itemOn(rows: readonly SupportItem[], date: string): SupportItem | undefined {
  let latest: SupportItem | undefined;
  for (const row of rows) {
    if (row.startDate > date || (row.endDate !== null && row.endDate < date)) continue;
    if (latest === undefined || row.startDate > latest.startDate) latest = row;
  }
  return latest;
}
