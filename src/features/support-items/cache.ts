import sql, { type Sql } from 'sql-template-tag';
import { SUPPORT_ITEM_COLUMNS } from './columns.ts';
import type { SupportItem } from './rules.ts';
import type { SupportItemRow } from './table.ts';

/** How old a price may be after a catalogue is loaded (ms). */
const MAX_AGE = 60_000;
const MAX_ITEMS = 2_000;

const known = new Map<string, { items: readonly SupportItem[]; at: number }>();

/** Every row of an item's number, if this isolate has read them within the last minute. */
export function knownItems(code: string, now: number): readonly SupportItem[] | undefined {
  const entry = known.get(code);
  return entry && now - entry.at < MAX_AGE ? entry.items : undefined;
}

/** Keeps what `itemStatement` answered. */
export function rememberItems(
  code: string,
  { rows, now }: { rows: readonly SupportItemRow[]; now: number },
): readonly SupportItem[] {
  const items = rows.map(supportItem);
  if (known.size >= MAX_ITEMS) known.clear();
  // An unknown number is not remembered: the catalogue may be on its way in.
  if (items.length > 0) known.set(code, { items, at: now });
  return items;
}

/** The read of every row of an item's number. */
export function itemStatement(code: string): Sql {
  return sql`SELECT ${SUPPORT_ITEM_COLUMNS} FROM support_items WHERE code = ${code} ORDER BY start_date`;
}

function flag(value: number | null): boolean | null {
  return value === null ? null : value === 1;
}

/** A row of the catalogue as the rules read it. */
export function supportItem(row: SupportItemRow): SupportItem {
  return {
    code: row.code,
    name: row.name,
    registrationGroup: row.registration_group,
    categoryCode: row.category_code,
    paceCategoryCode: row.pace_category_code,
    unit: row.unit,
    quotable: row.quotable === 1,
    limits: { national: row.national_cents, remote: row.remote_cents, very_remote: row.very_remote_cents },
    startDate: row.start_date,
    endDate: row.end_date,
    flags: {
      nonFaceToFace: flag(row.non_face_to_face),
      providerTravel: flag(row.provider_travel),
      shortNoticeCancellation: flag(row.short_notice_cancellation),
      ndiaRequestedReports: flag(row.ndia_requested_reports),
      irregularSil: flag(row.irregular_sil),
    },
  };
}
