import type { PricingZone } from '../ledger/state.ts';

export type Unit = 'H' | 'E' | 'D' | 'WK' | 'MON' | 'YR';

/** One row of the catalogue: an item as it is from `startDate` to `endDate` (null: open). Prices in cents. */
export interface SupportItem {
  /** Whether it is the organisation's own, over the NDIA's. */
  own?: boolean;
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

/** The row of an item that counts on a date: of those that cover it an own one, else the one with the latest start. */
export function itemOn(rows: readonly SupportItem[], date: string): SupportItem | undefined {
  let latest: SupportItem | undefined;
  for (const row of rows) {
    if (row.startDate > date || (row.endDate !== null && row.endDate < date)) continue;
    if (latest === undefined || precedes(row, latest)) latest = row;
  }
  return latest;
}

function precedes(row: SupportItem, other: SupportItem): boolean {
  return (row.own ?? false) === (other.own ?? false) ? row.startDate > other.startDate : row.own === true;
}
