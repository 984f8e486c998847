import sql, { join, raw, type Sql } from 'sql-template-tag';
import type * as z from 'zod';
import type { Context } from '../../context.ts';
import { type Page, pageOf, readCursor } from '../../http/cursor.ts';
import { notFound } from '../../http/problem.ts';
import { searchWords } from '../../http/search.ts';
import { prefixEnd } from '../../text/rules.ts';
import type { PricingZone } from '../ledger/state.ts';
import { itemStatement, type KnownItemRow, knownItems, rememberItems, supportItem } from './cache.ts';
import { OWN_ITEM_COLUMNS, SUPPORT_ITEM_COLUMNS } from './columns.ts';
import { itemOn, type SupportItem } from './rules.ts';
import type { ListSupportItems, SupportItemView } from './schemas.ts';

function supportItemView(item: SupportItem, zone: PricingZone): SupportItemView {
  const { limits, own: _, ...rest } = item;
  return { ...rest, priceLimitCents: limits[zone] };
}

/** An item as it is on a date, for a zone. */
export async function readSupportItem(
  ctx: Context,
  wanted: { code: string; date: string | undefined; zone: PricingZone },
): Promise<SupportItemView> {
  const key = { code: wanted.code, organizationId: ctx.tenant.id };
  let items = knownItems(key, ctx.now);
  if (!items) {
    const [rows] = await ctx.database.read<[KnownItemRow]>(itemStatement(key));
    items = rememberItems(key, { rows, now: ctx.now });
  }
  const item = itemOn(items, wanted.date ?? ctx.today);
  return item ? supportItemView(item, wanted.zone) : notFound('support item on that date');
}

type Query = z.output<typeof ListSupportItems>;

const QUALIFIED = raw(SUPPORT_ITEM_COLUMNS.sql.replaceAll(/\w+/g, 'item.$&'));

/** The items that count on a date, by number: of each number's rows that cover it, the one with the latest start. */
export function listSupportItemsStatement(query: Query, date: string): Sql {
  const after = readCursor(query.cursor, { name: 'support-items', shape: [''] });
  const terms = searchWords(query.search);
  const [first, ...others] = terms;
  const word = (term: string) => sql`word >= ${term} AND word < ${prefixEnd(term)}`;
  const covers = (row: string) =>
    sql`${raw(row)}.start_date <= ${date} AND (${raw(row)}.end_date IS NULL OR ${raw(row)}.end_date >= ${date})`;
  const where = [
    sql`item.code > ${after?.[0] ?? ''}`,
    covers('item'),
    sql`NOT EXISTS (SELECT 1 FROM support_items later WHERE later.code = item.code AND later.start_date > item.start_date AND ${covers('later')})`,
    ...(query.category === undefined
      ? []
      : [sql`(item.category_code = ${query.category} OR item.pace_category_code = ${query.category})`]),
    ...others.map((term) => sql`item.code IN (SELECT code FROM support_item_words WHERE ${word(term)})`),
  ];
  const source = first
    ? sql`(SELECT DISTINCT code FROM support_item_words WHERE ${word(first)}) found CROSS JOIN support_items item ON item.code = found.code`
    : sql`support_items item`;
  return sql`SELECT ${QUALIFIED}, 0 AS own FROM ${source} WHERE ${join(where, ' AND ')} ORDER BY item.code LIMIT ${query.limit + 1}`;
}

/** The organisation's own items that count on a date, by number. */
function listOwnItemsStatement(query: Query, { date, organizationId }: { date: string; organizationId: string }): Sql {
  const after = readCursor(query.cursor, { name: 'support-items', shape: [''] });
  const covers = (row: string) =>
    sql`${raw(row)}.start_date <= ${date} AND (${raw(row)}.end_date IS NULL OR ${raw(row)}.end_date >= ${date})`;
  const where = [
    sql`own_items.organization_id = ${organizationId}`,
    sql`own_items.code > ${after?.[0] ?? ''}`,
    covers('own_items'),
    sql`NOT EXISTS (SELECT 1 FROM own_items later WHERE later.organization_id = ${organizationId} AND later.code = own_items.code
      AND later.start_date > own_items.start_date AND ${covers('later')})`,
    ...(query.category === undefined ? [] : [sql`own_items.category_code = ${query.category}`]),
    ...searchWords(query.search).map(
      (term) => sql`instr(' ' || lower(own_items.name) || ' ' || replace(own_items.code, '_', ''), ${` ${term}`}) > 0`,
    ),
  ];
  return sql`SELECT ${OWN_ITEM_COLUMNS}, 1 AS own FROM own_items WHERE ${join(where, ' AND ')} ORDER BY code LIMIT ${query.limit + 1}`;
}

/** A page of support items. */
export async function listSupportItems(ctx: Context, query: Query): Promise<Page<SupportItemView>> {
  if (query.search !== undefined && query.search.trim() !== '' && searchWords(query.search).length === 0) {
    return { data: [], nextCursor: null };
  }
  const date = query.date ?? ctx.today;
  const [listed, own] = await ctx.database.read<[KnownItemRow, KnownItemRow]>(
    listSupportItemsStatement(query, date),
    listOwnItemsStatement(query, { date, organizationId: ctx.tenant.id }),
  );
  // Each is a page by itself, so that the first of both together are the page; an own item stands for the NDIA's.
  const byCode = new Map([...listed, ...own].map((row) => [row.code, row]));
  const rows = [...byCode.values()].sort((a, b) => (a.code < b.code ? -1 : 1)).slice(0, query.limit + 1);
  return pageOf(rows, {
    limit: query.limit,
    name: 'support-items',
    key: (row) => [row.code],
    view: (row) => supportItemView(supportItem(row), query.zone),
  });
}
