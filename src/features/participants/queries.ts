import sql, { join, raw, type Sql } from 'sql-template-tag';
import type * as z from 'zod';
import type { Context } from '../../context.ts';
import { type Page, pageOf, readCursor } from '../../http/cursor.ts';
import { notFound } from '../../http/problem.ts';
import { searchWords } from '../../http/search.ts';
import { prefixEnd } from '../../text/rules.ts';
import { tagWord } from './rules.ts';
import type { ListParticipants, ParticipantListItemView } from './schemas.ts';
import type { ParticipantRow } from './table.ts';
import { type ListRow, listItemView } from './view.ts';

const LIST_COLUMNS = `id, organization_id, ndis_number, first_name, last_name, preferred_name, date_of_birth, gender, contact, address,
  emergency, preferences, tags, custom_fields, pricing_zone, status, name_key, plan_end_key, compliance_score, created_at, updated_at,
  archived_at, archived_by`;
const COLUMNS = raw(
  `${LIST_COLUMNS}, medical, ledger_version, ledger_change_id, change_id, revision, created_by, archive_reason`,
);
const PAGE_COLUMNS = raw(LIST_COLUMNS.replaceAll(/\w+/g, 'participant.$&'));

/** The read of one participant. */
export function participantStatement(id: string, organizationId: string): Sql {
  return sql`SELECT ${COLUMNS} FROM participants WHERE id = ${id} AND organization_id = ${organizationId}`;
}

/** A participant's row; `NOT_FOUND` for an unknown id or another organisation's. */
export async function findParticipant(ctx: Context, id: string): Promise<ParticipantRow> {
  const [[row]] = await ctx.database.read<[ParticipantRow]>(participantStatement(id, ctx.tenant.id));
  return row ?? notFound('participant');
}

type Query = z.output<typeof ListParticipants>;

/** How each sort runs along its index, and where a page of it ended. */
const ORDERS = {
  name: { column: 'name_key', direction: 'ASC', shape: ['', ''], key: (row: ListRow) => [row.name_key, row.id] },
  '-createdAt': {
    column: 'created_at',
    direction: 'DESC',
    shape: [0, ''],
    key: (row: ListRow) => [row.created_at, row.id],
  },
  planEnd: {
    column: 'plan_end_key',
    direction: 'ASC',
    shape: ['', ''],
    key: (row: ListRow) => [row.plan_end_key, row.id],
  },
} as const;

/** Shorter words match so many participants that walking the list finds a page sooner than collecting them. */
const SELECTIVE = 3;

interface WordRange {
  from: string;
  to: string;
}

function wordFilters(query: Query): { ranges: WordRange[]; selective: boolean; impossible: boolean } {
  const terms = searchWords(query.search);
  const ranges = terms.map((term) => ({ from: term, to: prefixEnd(term) }));
  if (query.tag !== undefined) ranges.push({ from: tagWord(query.tag), to: `${tagWord(query.tag)}\0` });
  const selective = query.tag !== undefined || (terms[0]?.length ?? 0) >= SELECTIVE;
  const nothingToFind = query.search !== undefined && query.search.trim() !== '' && terms.length === 0;
  return { ranges, selective, impossible: nothingToFind };
}

/** One page's participants. With a selective word they are collected by it; otherwise the list's index is walked. */
function pageStatement(ctx: Context, query: Query): Sql {
  const order = ORDERS[query.sort];
  const organizationId = ctx.tenant.id;
  const after = readCursor(query.cursor, { name: `participants:${query.sort}:${query.status}`, shape: order.shape });
  const { ranges, selective } = wordFilters(query);
  const [first] = ranges;
  const collected = selective && first !== undefined;
  const probes = (collected ? ranges.slice(1) : ranges).map(
    (range) => sql`EXISTS (SELECT 1 FROM participant_words INDEXED BY participant_words_participant
      WHERE participant_id = participant.id AND word >= ${range.from} AND word < ${range.to} AND organization_id = ${organizationId})`,
  );
  const column = raw(`participant.${order.column}`);
  const where = [
    sql`participant.organization_id = ${organizationId}`,
    sql`participant.status = ${query.status}`,
    ...probes,
    ...(after
      ? [sql`(${column}, participant.id) ${raw(order.direction === 'ASC' ? '>' : '<')} (${after[0]}, ${after[1]})`]
      : []),
  ];
  const source = collected
    ? sql`(SELECT DISTINCT participant_id FROM participant_words
        WHERE organization_id = ${organizationId} AND word >= ${first.from} AND word < ${first.to}) found
      CROSS JOIN participants participant ON participant.id = found.participant_id`
    : sql`participants participant`;
  return sql`SELECT ${PAGE_COLUMNS} FROM ${source} WHERE ${join(where, ' AND ')}
    ORDER BY ${column} ${raw(order.direction)}, participant.id ${raw(order.direction)} LIMIT ${query.limit + 1}`;
}

/** The list in one round trip: each participant with the totals of the plan shown today and the newest services. */
export function listStatement(ctx: Context, query: Query): Sql {
  const order = ORDERS[query.sort];
  const { today } = ctx;
  const ofParticipant = sql`FROM plans WHERE participant_id = participant.id AND organization_id = ${ctx.tenant.id}`;
  return sql`SELECT participant.*, plan.allocated_cents AS plan_allocated_cents, plan.spent_cents AS plan_spent_cents,
      (SELECT json_group_array(json_object('id', id, 'serviceDate', service_date, 'supportItemCode', support_item_code,
          'supportItemName', support_item_name, 'totalCostCents', total_cost_cents, 'status', status))
        FROM (SELECT id, service_date, support_item_code, support_item_name, total_cost_cents, status
          FROM services INDEXED BY services_by_participant WHERE participant_id = participant.id AND organization_id = ${ctx.tenant.id}
          ORDER BY service_date DESC, id DESC LIMIT 5)) AS recent_services
    FROM (${pageStatement(ctx, query)}) participant
    LEFT JOIN plans plan ON plan.id = coalesce(
      (SELECT id ${ofParticipant} AND start_date <= ${today} AND end_date >= ${today} ORDER BY start_date DESC LIMIT 1),
      (SELECT id ${ofParticipant} AND start_date > ${today} ORDER BY start_date LIMIT 1),
      (SELECT id ${ofParticipant} ORDER BY start_date DESC LIMIT 1))
    ORDER BY ${raw(`participant.${order.column} ${order.direction}, participant.id ${order.direction}`)}`;
}

/** A page of participants. */
export async function listParticipants(ctx: Context, query: Query): Promise<Page<ParticipantListItemView>> {
  const order = ORDERS[query.sort];
  const rows = wordFilters(query).impossible ? [] : (await ctx.database.read<[ListRow]>(listStatement(ctx, query)))[0];
  const reader = { budgets: ctx.actor.permissions.includes('budgets.read') };
  return pageOf(rows, {
    limit: query.limit,
    name: `participants:${query.sort}:${query.status}`,
    key: order.key,
    view: (row) => listItemView(row, reader),
  });
}
