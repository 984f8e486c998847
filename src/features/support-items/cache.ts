import sql, { type Sql } from 'sql-template-tag';
import { OWN_ITEM_COLUMNS, SUPPORT_ITEM_COLUMNS } from './columns.ts';
import type { SupportItem } from './rules.ts';
import type { SupportItemRow } from './table.ts';

/** How old a price may be after a catalogue is loaded (ms). */
const MAX_AGE = 60_000;
const MAX_ITEMS = 2_000;

/** A row of the catalogue, or of an organisation's own items over it. */
export type KnownItemRow = SupportItemRow & { own: number };

/** Whose item it is asked for: an organisation's own ones count before the NDIA's. */
interface Wanted {
  code: string;
  organizationId: string;
}

const keyOf = ({ code, organizationId }: Wanted) => `${organizationId} ${code}`;

const known = new Map<string, { items: readonly SupportItem[]; at: number }>();

/** Every row of an item's number, if this isolate has read them within the last minute. */
export function knownItems(wanted: Wanted, now: number): readonly SupportItem[] | undefined {
  const entry = known.get(keyOf(wanted));
  return entry && now - entry.at < MAX_AGE ? entry.items : undefined;
}

/** Keeps what `itemStatement` answered. */
export function rememberItems(
  wanted: Wanted,
  { rows, now }: { rows: readonly KnownItemRow[]; now: number },
): readonly SupportItem[] {
  const items = rows.map(supportItem);
  if (known.size >= MAX_ITEMS) known.clear();
  // An unknown number is not remembered: the catalogue may be on its way in.
  if (items.length > 0) known.set(keyOf(wanted), { items, at: now });
  return items;
}

/** The read of every row of an item's number, the organisation's own ones too. */
export function itemStatement({ code, organizationId }: Wanted): Sql {
  return sql`SELECT ${SUPPORT_ITEM_COLUMNS}, 0 AS own FROM support_items WHERE code = ${code}
    UNION ALL SELECT ${OWN_ITEM_COLUMNS}, 1 FROM own_items WHERE organization_id = ${organizationId} AND code = ${code}`;
}

/** The read of every row of many numbers. */
export function itemsStatement({ codes, organizationId }: { codes: readonly string[]; organizationId: string }): Sql {
  const list = JSON.stringify(codes);
  return sql`SELECT ${SUPPORT_ITEM_COLUMNS}, 0 AS own FROM support_items WHERE code IN (SELECT value FROM json_each(${list}))
    UNION ALL SELECT ${OWN_ITEM_COLUMNS}, 1 FROM own_items
      WHERE organization_id = ${organizationId} AND code IN (SELECT value FROM json_each(${list}))`;
}

function flag(value: number | null): boolean | null {
  return value === null ? null : value === 1;
}

/** A row of the catalogue as the rules read it. */
export function supportItem(row: KnownItemRow): SupportItem {
  return {
    own: row.own === 1,
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
